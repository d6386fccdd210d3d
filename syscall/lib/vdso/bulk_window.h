/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic part of the vDSO's bulk_xfer(): the window, as all parts look at it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _VDSO_BULK_WINDOW_H
#define _VDSO_BULK_WINDOW_H

#include <linux/types.h>
#include <asm/vdso/bulk_xfer.h>
#include <uapi/asm-generic/errno.h>
#include <vdso/bits.h>
#include <vdso/bulk_xfer.h>

/* Beside a number of segments: the kernel wants a call for what they sent. */
#define BULK_RUN_KICKS	BIT(16)
/* Likewise: the last moved less than it was to, and none may run after it. */
#define BULK_RUN_ENDS	BIT(17)

static __always_inline struct bulk_window_kernel *vdso_kernel_page(void *window)
{
	return window + BULK_WINDOW_PAGE;
}

static __always_inline struct bulk_record *
vdso_ring_at(void *ring, __u64 size, __u64 pos)
{
	return ring + (pos & (size - 1));
}

static __always_inline void *vdso_rx_at(void *window, __u64 size, __u64 pos)
{
	return vdso_ring_at(window + 2 * BULK_WINDOW_PAGE + 2 * size, size,
			    pos);
}

/* More is in the ring than the kernel lets be without a call. */
static __always_inline bool
vdso_ring_is_loud(const struct bulk_window_kernel *k, __u64 end)
{
	return end - __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED) >
	       __atomic_load_n(&k->tx_quiet, __ATOMIC_RELAXED);
}

static __always_inline bool vdso_window_moved(struct bulk_window_user *u,
					      __u64 tail)
{
	return __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE) != tail;
}

/*
 * A call without segments: the kernel looks at the window. A filter may refuse
 * it, and the SENDs are done: that must not keep them from a sleeper. poll(2)
 * has the kernel look here, too.
 */
static __always_inline void vdso_call_kernel(int fd)
{
	long ret = bulk_xfer_syscall(fd, (void *)0, 0, 0);

	if (ret < 0 && ret != -EBADMSG)
		bulk_poll_syscall(fd);
}

#endif /* _VDSO_BULK_WINDOW_H */
