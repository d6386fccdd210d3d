// SPDX-License-Identifier: GPL-2.0
/*
 * Generic part of the vDSO's bulk_xfer(): the query, and the way into the kernel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/types.h>
#include <asm/vdso/bulk_xfer.h>
#include <uapi/asm-generic/errno.h>
#include <uapi/linux/bulk_xfer.h>

/* Store by store: a structure's copy or clearing may become a call of memset. */
static __always_inline long bulk_query(struct bulk_params *params)
{
	params->abi = BULK_ABI;
	params->syscall_nr = __NR_bulk_xfer;
	params->mmap_prot = 0;
	params->mmap_flags = 0;
	params->window_min = 0;
	params->window_max = 0;
	params->window_default = 0;
	params->reserved[0] = 0;
	params->reserved[1] = 0;
	params->reserved[2] = 0;
	return 0;
}

/**
 * __cvdso_bulk_xfer - generic vDSO implementation of bulk_xfer()
 * @fd: as for bulk_xfer(2); -1 for the query
 * @segs: as for bulk_xfer(2)
 * @nr_segs: as for bulk_xfer(2)
 * @flags: as for bulk_xfer(2); or BULK_QUERY alone; or, in addition,
 *	BULK_NO_SYSCALL: -EAGAIN for whatever takes a system call
 * @window: for the query, where the &struct bulk_params go; otherwise NULL
 *
 * What this function can't do itself it leaves to the system call, whose
 * results it returns.
 *
 * Return: 0 for the query; otherwise as bulk_xfer(2), or -EAGAIN.
 */
static __always_inline long
__cvdso_bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		  unsigned int flags, void *window)
{
	if (flags == BULK_QUERY && fd == -1)
		return bulk_query(window);
	if (flags & BULK_NO_SYSCALL)
		return -EAGAIN;
	return bulk_xfer_syscall(fd, segs, nr_segs, flags);
}
