/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals and the section of the vDSO's bulk_xfer() that holds a window's ring.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _ASM_X86_BULK_SEND_H
#define _ASM_X86_BULK_SEND_H

#include <linux/sched.h>
#include <asm/ptrace.h>
#include <asm/vdso.h>

#ifdef CONFIG_BULK_XFER_SYSCALL

void bulk_send_abort(struct pt_regs *regs);

/**
 * bulk_send_signal() - take a thread out of the section before it gets a signal
 * @regs: its registers in user space
 *
 * The thread may stop now, or leave its frame for good, and others need the
 * ring.
 *
 * Context: Process context, on the way to user mode. May fault.
 */
static inline void bulk_send_signal(struct pt_regs *regs)
{
	unsigned long begin = (unsigned long)current->mm->context.vdso +
			      vdso64_image.sym_bulk_send_begin;

	if (unlikely(regs->ip - begin <
		     (unsigned long)vdso64_image.sym_bulk_send_len))
		bulk_send_abort(regs);
}

#else

static inline void bulk_send_signal(struct pt_regs *regs) { }

#endif

#endif /* _ASM_X86_BULK_SEND_H */
