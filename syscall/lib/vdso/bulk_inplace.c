// SPDX-License-Identifier: GPL-2.0
/*
 * Generic part of the vDSO's bulk_xfer(): records in place.
 *
 * What is committed has been sent as a region: this comes behind bulk_region.c.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/types.h>
#include <uapi/asm-generic/errno.h>
#include <uapi/linux/bulk_xfer.h>
#include <vdso/bulk_xfer.h>

#include "bulk_window.h"

static __always_inline void *vdso_tx_at(void *window, __u64 size, __u64 pos)
{
	return vdso_ring_at(window + 2 * BULK_WINDOW_PAGE, size, pos);
}

/*
 * As vdso_seg_failed(), for what was found out in the window. Forked since: a
 * child has looked at pages of zeroes, and the system call tells it that it has
 * none.
 */
static __always_inline long vdso_inplace_failed(struct bulk_seg *seg,
						void *window, long error)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);

	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	return vdso_seg_failed(seg, error);
}

static noinline long vdso_inplace_reserve(struct bulk_seg *seg, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 head, size, room;

	if (seg->lost || !__atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED))
		return -EAGAIN;
	size = __atomic_load_n(&k->tx_size, __ATOMIC_RELAXED);
	head = __atomic_load_n(&u->tx_head, __ATOMIC_RELAXED);
	room = __atomic_load_n(&k->tx_tail, __ATOMIC_ACQUIRE) + size - head;
	if ((head & BULK_TX_BUSY) || room > size || room < seg->len ||
	    room < sizeof(struct bulk_record))
		return -EAGAIN;
	if (!__atomic_compare_exchange_n(&u->tx_head, &head,
					 head | BULK_TX_BUSY, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -EAGAIN;
	/*
	 * Forked in between: the child has reserved room in a page of zeroes.
	 */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	__atomic_store_n(&u->tx_end, head + room, __ATOMIC_RELAXED);
	seg->addr = (unsigned long)vdso_tx_at(window, size, head);
	seg->len = room;
	seg->res = room;
	return 1;
}

static noinline long vdso_inplace_commit(int fd, struct bulk_seg *seg,
					 unsigned int flags, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 old, head, size, end, reserved;
	struct vdso_walk walk;
	const void *first;
	__u32 limit;
	long ret;

	if (seg->lost || seg->len & 7)
		return vdso_seg_failed(seg, -EINVAL);
	limit = __atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED);
	size = __atomic_load_n(&k->tx_size, __ATOMIC_RELAXED);
	old = __atomic_load_n(&u->tx_head, __ATOMIC_RELAXED);
	head = old & ~(__u64)BULK_TX_BUSY;
	reserved = __atomic_load_n(&u->tx_end, __ATOMIC_RELAXED);
	if (old - head != BULK_TX_BUSY || !limit || !size ||
	    seg->len > reserved - head ||
	    seg->len > __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED) + size -
		       head)
		return -EAGAIN;
	first = vdso_tx_at(window, size, head);
	vdso_walk(&walk, first, seg->len, limit);
	if (seg->len && !walk.bytes)
		return vdso_inplace_failed(seg, window, -EINVAL);
	end = head + walk.bytes;
	head = end;
	if (walk.bytes < seg->len ||
	    (!(seg->flags & BULK_SEG_DISCARD) &&
	     (__s64)(reserved - end) >= (__s64)sizeof(struct bulk_record)))
		head |= BULK_TX_BUSY;
	/* A full barrier, as the exchange at the end of bulk_send_one(). */
	if (!__atomic_compare_exchange_n(&u->tx_head, &old, head, 0,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return vdso_inplace_failed(seg, window, -EBUSY);
	/* Forked in between: the child has nothing that it reserved. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = walk.bytes;
	seg->tag = walk.records;
	if (!walk.bytes)
		return 1;
	ret = vdso_region_sent(fd, seg, first, flags, window, end);
	return ret == 1 && walk.bytes < seg->len ? 1 | BULK_RUN_ENDS : ret;
}

static __always_inline long vdso_inplace_try_borrow(struct bulk_seg *seg,
						    void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 filled, tail, size;
	struct vdso_walk walk;

	filled = vdso_rx_look(window, &tail, &size);
	if (!filled)
		return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	if (seg->len < filled ||
	    (__s64)(__atomic_load_n(&k->rx_odd, __ATOMIC_RELAXED) - tail) > 0) {
		vdso_walk(&walk, vdso_rx_at(window, size, tail),
			  seg->len < filled ? seg->len : filled, ~0ULL);
		if (!walk.bytes)
			return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
		filled = walk.bytes;
	}
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail,
					 tail | BULK_RX_BORROWED, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has borrowed a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	__atomic_store_n(&u->rx_end, tail + filled, __ATOMIC_RELAXED);
	seg->addr = (unsigned long)vdso_rx_at(window, size, tail);
	seg->len = filled;
	seg->res = filled;
	return 1;
}

static noinline long vdso_inplace_borrow(struct bulk_seg *seg, void *window)
{
	long ret;

	if (seg->lost)
		return -EAGAIN;
	do {
		ret = vdso_inplace_try_borrow(seg, window);
	} while (ret == -ESTALE);
	return ret;
}

static noinline long vdso_inplace_return(struct bulk_seg *seg, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 old, tail, size, new, end;
	struct vdso_walk walk;

	old = __atomic_load_n(&u->rx_tail, __ATOMIC_RELAXED);
	tail = old & ~BULK_RX_BORROWED;
	size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	end = __atomic_load_n(&u->rx_end, __ATOMIC_RELAXED);
	if (seg->lost || old == tail || !size || seg->len > end - tail ||
	    seg->len > __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - tail)
		return -EAGAIN;
	vdso_walk(&walk, vdso_rx_at(window, size, tail), seg->len, ~0ULL);
	if (walk.bytes != seg->len)
		return vdso_inplace_failed(seg, window, -EINVAL);
	new = tail + seg->len;
	if (!(seg->flags & BULK_SEG_DISCARD) &&
	    (__s64)(end - new) > 0)
		new |= BULK_RX_BORROWED;
	/* Pairs with the acquire in bulk_rx_fetch() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &old, new, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return vdso_inplace_failed(seg, window, -EBUSY);
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = seg->len;
	seg->tag = walk.records;
	return 1;
}
