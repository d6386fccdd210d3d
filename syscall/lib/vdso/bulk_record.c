// SPDX-License-Identifier: GPL-2.0
/*
 * Generic part of the vDSO's bulk_xfer(): records, one a segment.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/types.h>
#include <asm/vdso/bulk_xfer.h>
#include <uapi/asm-generic/errno.h>
#include <uapi/linux/bulk_xfer.h>
#include <vdso/bulk_xfer.h>

#include "bulk_window.h"

/*
 * What a segment asks for, in one load: its operation, and above it all that
 * must be 0, but for @lost of a RECV, which is cut off.
 */
static __always_inline __u64 vdso_seg_kind(const struct bulk_seg *seg)
{
	return seg->op | (__u64)seg->flags << 16 | (__u64)seg->lost << 32;
}

static __always_inline bool vdso_seg_is_send(const struct bulk_seg *seg)
{
	return vdso_seg_kind(seg) == BULK_OP_SEND;
}

static __always_inline bool vdso_seg_is_recv(const struct bulk_seg *seg)
{
	return (__u32)vdso_seg_kind(seg) == BULK_OP_RECV;
}

/*
 * Sends the first segment and those that are SENDs, too, right behind it, as
 * long as there is room. @quiet is for who makes no system call, and for what
 * needs no second look. Returns how many were sent, with BULK_RUN_KICKS when
 * the kernel is to be told, up to @end; or -EAGAIN when the system call is to
 * do it. The kernel sets the limit to 0 when the window is of no use, and in a
 * forked child it reads as 0.
 */
static __always_inline long vdso_window_send(struct bulk_seg *segs,
					     unsigned int nr_segs, bool quiet,
					     void *window, __u64 *end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_sent s;
	__u32 state;

	s = bulk_send_row(segs, nr_segs, quiet, window);
	if (s.sent < 0)
		return s.sent;
	state = __atomic_load_n(&k->state, __ATOMIC_RELAXED);
	/*
	 * Forked since: this is a child, whose parent has published the
	 * records. A fork within the section has ended it, because a signal
	 * came first.
	 */
	if (!state)
		return s.sent;
	if (state == BULK_WINDOW_READY &&
	    (quiet || !vdso_ring_is_loud(k, s.end)))
		return s.sent;
	*end = s.end;
	return s.sent | BULK_RUN_KICKS;
}

/*
 * The kernel wants to be called for @sent records up to @end. Its answer does
 * not matter but where the channel went away in between: what the kernel has
 * not taken by then it will not take. Returns how many it has, or -ENODEV.
 */
static noinline long vdso_doorbell(int fd, struct bulk_seg *segs, long sent,
				   void *window, __u64 end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	__u64 tail;
	long taken;

	vdso_call_kernel(fd);
	tail = __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if ((__s64)(end - tail) <= 0 ||
	    !(__atomic_load_n(&k->state, __ATOMIC_RELAXED) & BULK_WINDOW_GONE))
		return sent;
	for (taken = sent; taken && (__s64)(end - tail) > 0; taken--)
		end -= bulk_record_space(segs[taken - 1].len);
	segs[taken].res = -ENODEV;
	return taken ?: -ENODEV;
}

/*
 * Receives into the first segment and those that are RECVs, too, right behind
 * it, as long as there are records. Returns how many; -EAGAIN when the system
 * call is to do it; -EMSGSIZE; or -ESTALE when somebody else received a record
 * meanwhile, be it another thread or a signal handler: then the ring has moved
 * on, and what is in the segments and their buffers is nothing.
 */
static __always_inline long vdso_window_try_recv(struct bulk_seg *segs,
						 unsigned int nr_segs,
						 void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	struct bulk_record *rec;
	struct bulk_seg *seg = segs;
	__u64 filled, tail, size, head, pos;
	__u32 len;

	tail = __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE);
	/* 0 if the window is of no use, or read in a child forked meanwhile. */
	size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	/* Pairs with the release in bulk_rx_publish() of the kernel. */
	filled = __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - tail;
	/* Nothing, or more than there can be; in one comparison. */
	if (filled - 1 >= size)
		return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	pos = tail;
	do {
		rec = vdso_rx_at(window, size, pos);
		head = __atomic_load_n(&rec->head, __ATOMIC_RELAXED);
		len = bulk_record_len(head);
		if (bulk_record_space(len) > filled || len > seg->len) {
			if (seg != segs)
				break;
			if (vdso_window_moved(u, tail))
				return -ESTALE;
			if (bulk_record_space(len) > filled)
				return -EAGAIN;
			seg->len = len;
			seg->res = -EMSGSIZE;
			return -EMSGSIZE;
		}
		seg->res = len;
		seg->tag = __atomic_load_n(&rec->tag, __ATOMIC_RELAXED);
		seg->lost = bulk_record_lost(head);
		bulk_copy((void *)(unsigned long)seg->addr, rec->data, len);
		pos += bulk_record_space(len);
		filled -= bulk_record_space(len);
	} while (++seg < segs + nr_segs && filled && vdso_seg_is_recv(seg));
	/* Pairs with the acquire in bulk_rx_fetch() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail, pos, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has received from a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	return seg - segs;
}

/* Another receiver that was faster has made progress: this ends. */
static __always_inline long vdso_window_recv(struct bulk_seg *segs,
					     unsigned int nr_segs, void *window)
{
	long ret;

	do {
		ret = vdso_window_try_recv(segs, nr_segs, window);
		/* Less to lose the next time. */
		nr_segs = 1;
	} while (ret == -ESTALE);
	return ret;
}
