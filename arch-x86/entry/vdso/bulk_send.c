// SPDX-License-Identifier: GPL-2.0
/*
 * Ends the section of the vDSO's bulk_xfer() that holds a window's ring.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <uapi/linux/bulk_xfer.h>
#include <vdso/bulk_xfer.h>

#include <asm/bulk_send.h>

/* vbulk_send.S has the structures' layout by numbers. */
static_assert(offsetof(struct bulk_window_user, tx_head) == BULK_USER_TX_HEAD);
static_assert(offsetof(struct bulk_window_kernel, state) == BULK_KERNEL_STATE);
static_assert(offsetof(struct bulk_window_kernel, tx_limit) ==
	      BULK_KERNEL_TX_LIMIT);
static_assert(offsetof(struct bulk_window_kernel, tx_size) ==
	      BULK_KERNEL_TX_SIZE);
static_assert(offsetof(struct bulk_window_kernel, tx_quiet) ==
	      BULK_KERNEL_TX_QUIET);
static_assert(offsetof(struct bulk_window_kernel, tx_tail) ==
	      BULK_KERNEL_TX_TAIL);
static_assert(offsetof(struct bulk_seg, addr) == BULK_SEG_ADDR);
static_assert(offsetof(struct bulk_seg, len) == BULK_SEG_LEN);
static_assert(offsetof(struct bulk_seg, res) == BULK_SEG_RES);
static_assert(offsetof(struct bulk_seg, tag) == BULK_SEG_TAG);
static_assert(offsetof(struct bulk_seg, op) == BULK_SEG_KIND);
static_assert(sizeof(struct bulk_seg) == BULK_SEG_SIZE);
static_assert(BULK_OP_SEND == BULK_SEG_IS_SEND);

/**
 * bulk_send_abort() - free the ring and have the thread take the system call
 * @regs: registers of a thread in the section, see vbulk_send.S
 *
 * The address of the ring's lock is what the process says: it changes nothing
 * that it couldn't change itself.
 *
 * Context: Process context. May fault.
 */
void bulk_send_abort(struct pt_regs *regs)
{
	const struct vdso_image *image = current->mm->context.vdso_image;
	unsigned long base = (unsigned long)current->mm->context.vdso;
	u64 __user *lock = (u64 __user *)(regs->r8 + BULK_USER_TX_HEAD);
	u64 head;

	if (image != &vdso64_image)
		return;
	/* The first instruction finds out whether the lock was free. */
	if (regs->ip == base + image->sym_bulk_send_begin &&
	    (regs->flags & X86_EFLAGS_CF))
		return;
	/* Nobody else writes to a lock that is held, but what it holds. */
	if (!get_user(head, lock) && (head & BULK_TX_TAKEN))
		put_user(head & ~BULK_TX_TAKEN, lock);
	regs->ip = base + image->sym_bulk_send_abort;
}
