/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86's part of the vDSO's bulk_xfer(): the system call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef __ASM_VDSO_BULK_XFER_H
#define __ASM_VDSO_BULK_XFER_H

#ifndef __ASSEMBLY__

#include <asm/unistd.h>

struct bulk_seg;

/**
 * bulk_xfer_syscall - invoke bulk_xfer(2)
 * @fd: as there
 * @segs: as there
 * @nr_segs: as there
 * @flags: as there
 *
 * Return: what the kernel answers.
 */
static __always_inline long
bulk_xfer_syscall(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		  unsigned int flags)
{
	register unsigned long r10 asm("r10") = flags;
	long ret;

	asm volatile ("syscall" : "=a" (ret) :
		      "0" ((long)__NR_bulk_xfer), "D" ((long)fd), "S" (segs),
		      "d" ((unsigned long)nr_segs), "r" (r10) :
		      "rcx", "r11", "memory");

	return ret;
}

#endif /* !__ASSEMBLY__ */

#endif /* __ASM_VDSO_BULK_XFER_H */
