// SPDX-License-Identifier: GPL-2.0
/*
 * Strings and stacks of a caller: copied if they are in memory, never waited
 * for.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>

#include "recorder.h"

static size_t syscalls_part_end(struct bulk_syscalls_part *part)
{
	size_t size = ALIGN(part->len, 8);

	memset(part->data + part->len, 0, size - part->len);
	return sizeof(*part) + size;
}

/* A frame as compilers make it with -fno-omit-frame-pointer. */
struct syscalls_frame {
	u64 next;
	u64 caller;
};

/**
 * syscalls_stack_part() - add the return addresses of a caller's stack
 * @to: where to, room for BULK_SYSCALLS_MAX_STACK
 * @regs: the caller's registers
 * @depth: how many at most, that of the call's own instruction included
 *
 * Context: Any; user memory is looked at only where it is present.
 * Return: bytes of the part.
 */
size_t syscalls_stack_part(void *to, struct pt_regs *regs,
			   unsigned int depth)
{
	struct bulk_syscalls_part *part = to;
	u64 *addr = (u64 *)part->data, fp = regs->bp;
	struct syscalls_frame frame;
	unsigned int n = 0;

	*part = (struct bulk_syscalls_part){
		.kind = BULK_SYSCALLS_PART_STACK,
	};
	addr[n++] = instruction_pointer(regs);
	/* Frames lie one above the other, or it is no chain of them. */
	while (fp && n < depth) {
		if (copy_from_user_nofault(&frame, (void __user *)fp,
					   sizeof(frame))) {
			part->flags = BULK_SYSCALLS_PART_FAULT;
			break;
		}
		/* Nothing but user addresses is told, whatever is there. */
		if (!frame.caller || frame.caller >= TASK_SIZE_MAX)
			break;
		addr[n++] = frame.caller;
		if (frame.next <= fp)
			break;
		fp = frame.next;
	}
	if (n == depth && fp)
		part->flags |= BULK_SYSCALLS_PART_CUT;
	part->len = n * sizeof(*addr);
	return syscalls_part_end(part);
}

static size_t syscalls_path_part(struct bulk_syscalls_part *part,
				 unsigned int arg, u64 from)
{
	size_t len = 0, step, n;
	char end;

	*part = (struct bulk_syscalls_part){
		.kind = BULK_SYSCALLS_PART_PATH,
		.flags = BULK_SYSCALLS_PART_CUT,
		.arg = arg,
	};
	/* Page by page: the string may end before one that is not there. */
	while (len < BULK_SYSCALLS_MAX_PATH) {
		step = min_t(size_t, BULK_SYSCALLS_MAX_PATH - len,
			     PAGE_SIZE - offset_in_page(from + len));
		if (copy_from_user_nofault(part->data + len,
					   (void __user *)(from + len), step)) {
			part->flags = BULK_SYSCALLS_PART_FAULT;
			break;
		}
		n = strnlen(part->data + len, step);
		len += n;
		if (n < step) {
			part->flags = 0;
			break;
		}
	}
	if (len == BULK_SYSCALLS_MAX_PATH &&
	    !copy_from_user_nofault(&end, (void __user *)(from + len), 1) &&
	    !end)
		part->flags = 0;
	part->len = len;
	return syscalls_part_end(part);
}

/* Which arguments of a 64-bit or x32 call are paths: a bit for each. */
static unsigned int syscalls_paths_of(u32 nr)
{
	switch (nr) {
	case __NR_open:
	case __NR_creat:
	case __NR_stat:
	case __NR_lstat:
	case __NR_access:
	case __NR_execve:
	case __NR_truncate:
	case __NR_chdir:
	case __NR_mkdir:
	case __NR_rmdir:
	case __NR_unlink:
	case __NR_readlink:
	case __NR_chmod:
	case __NR_chown:
	case __NR_lchown:
	case __NR_mknod:
	case __NR_statfs:
	case __NR_chroot:
		return BIT(0);
	case __NR_rename:
	case __NR_link:
	case __NR_symlink:
	case __NR_mount:
		return BIT(0) | BIT(1);
	case __NR_openat:
	case __NR_openat2:
	case __NR_execveat:
	case __NR_mkdirat:
	case __NR_mknodat:
	case __NR_fchownat:
	case __NR_newfstatat:
	case __NR_unlinkat:
	case __NR_readlinkat:
	case __NR_fchmodat:
	case __NR_faccessat:
	case __NR_faccessat2:
	case __NR_statx:
		return BIT(1);
	case __NR_renameat:
	case __NR_renameat2:
	case __NR_linkat:
		return BIT(1) | BIT(3);
	case __NR_symlinkat:
		return BIT(0) | BIT(2);
	default:
		return 0;
	}
}

/* The same of 32-bit callers: numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
static unsigned int syscalls_paths_of_32(u32 nr)
{
	switch (nr) {
	case 5:		/* open */
	case 8:		/* creat */
	case 10:	/* unlink */
	case 11:	/* execve */
	case 12:	/* chdir */
	case 33:	/* access */
	case 39:	/* mkdir */
	case 40:	/* rmdir */
	case 195:	/* stat64 */
	case 196:	/* lstat64 */
		return BIT(0);
	case 38:	/* rename */
		return BIT(0) | BIT(1);
	case 295:	/* openat */
	case 300:	/* fstatat64 */
	case 301:	/* unlinkat */
	case 358:	/* execveat */
	case 383:	/* statx */
	case 437:	/* openat2 */
		return BIT(1);
	default:
		return 0;
	}
}

/**
 * syscalls_path_parts() - add the paths that a call is given
 * @to: where to, room for two
 * @abi: the call's numbering
 * @nr: its number
 * @args: its arguments
 *
 * Context: Any; user memory is looked at only where it is present.
 * Return: bytes of the parts.
 */
size_t syscalls_path_parts(void *to, unsigned int abi, u32 nr, const u64 *args)
{
	unsigned int paths, arg;
	size_t size = 0;

	if (abi == BULK_SYSCALLS_ABI_32)
		paths = syscalls_paths_of_32(nr);
	else
		paths = syscalls_paths_of(nr & ~__X32_SYSCALL_BIT);
	for (arg = 0; paths; arg++, paths >>= 1)
		if (paths & 1 && args[arg])
			size += syscalls_path_part(to + size, arg, args[arg]);
	return size;
}
