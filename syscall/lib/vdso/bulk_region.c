// SPDX-License-Identifier: GPL-2.0
/*
 * Generic part of the vDSO's bulk_xfer(): regions.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/types.h>
#include <asm/vdso/bulk_xfer.h>
#include <uapi/asm-generic/errno.h>
#include <uapi/linux/bulk_xfer.h>
#include <vdso/bulk_xfer.h>

#include "bulk_window.h"

/**
 * struct vdso_walk - records that follow each other
 * @bytes: what they occupy
 * @records: how many they are
 * @next: head of the one behind them, if @more
 * @more: there is one
 */
struct vdso_walk {
	__u64	bytes;
	__u64	records;
	__u64	next;
	bool	more;
};

/*
 * The records at @first whose heads are below @limit, in at most @len bytes; a
 * limit below 2^32 lets no head pass that tells of losses.
 */
static __always_inline void vdso_walk(struct vdso_walk *walk, const void *first,
				      __u64 len, __u64 limit)
{
	const struct bulk_record *rec;
	__u64 done = 0, records = 0, head = 0, space;
	bool more = false;

	while (len - done >= sizeof(*rec)) {
		rec = first + done;
		head = __atomic_load_n(&rec->head, __ATOMIC_RELAXED);
		space = bulk_record_space(bulk_record_len(head));
		more = true;
		if (head >= limit || space > len - done)
			break;
		done += space;
		records++;
		more = false;
	}
	walk->bytes = done;
	walk->records = records;
	walk->next = head;
	walk->more = more;
}

static __always_inline long vdso_seg_failed(struct bulk_seg *seg, long error)
{
	seg->res = error;
	return error;
}

/*
 * Of the region at @first, the kernel has taken no more than @left bytes less.
 */
static __always_inline long vdso_region_gone(struct bulk_seg *seg,
					     const void *first, __u64 left)
{
	struct vdso_walk walk;

	vdso_walk(&walk, first, seg->res - left, ~0ULL);
	if (!walk.bytes)
		return vdso_seg_failed(seg, -ENODEV);
	seg->res = walk.bytes;
	seg->tag = walk.records;
	return 1 | BULK_RUN_ENDS;
}

/*
 * @seg has sent what its @res and @tag say, up to @end: have the kernel called
 * if it wants that. Return: 1, perhaps with BULK_RUN_ENDS, or -ENODEV.
 */
static __always_inline long vdso_region_sent(int fd, struct bulk_seg *seg,
					     const void *first,
					     unsigned int flags, void *window,
					     __u64 end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	__u32 state = __atomic_load_n(&k->state, __ATOMIC_RELAXED);
	__u64 tail;

	/* Forked since, or by a caller that makes a system call in the end. */
	if (!state || (flags & BULK_NO_SYSCALL))
		return 1;
	if (state == BULK_WINDOW_READY && !vdso_ring_is_loud(k, end))
		return 1;
	vdso_call_kernel(fd);
	/* As for vdso_doorbell(). */
	tail = __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if ((__s64)(end - tail) <= 0 ||
	    !(__atomic_load_n(&k->state, __ATOMIC_RELAXED) & BULK_WINDOW_GONE))
		return 1;
	if (end - tail > (__u64)seg->res)
		tail = end - seg->res;
	return vdso_region_gone(seg, first, end - tail);
}

/* Records for which the ring has no room go by the system call, if they may. */
static __always_inline long vdso_region_rest(int fd, struct bulk_seg *seg,
					     unsigned int flags)
{
	struct bulk_seg rest;
	__u32 done = seg->res;

	if (flags & BULK_NO_SYSCALL)
		return 1 | BULK_RUN_ENDS;
	rest.addr = seg->addr + done;
	rest.len = seg->len - done;
	rest.res = 0;
	rest.tag = 0;
	rest.op = BULK_OP_SEND;
	rest.flags = BULK_SEG_PACKED;
	rest.lost = 0;
	if (bulk_xfer_syscall(fd, &rest, 1, flags | BULK_NO_RESTART) != 1)
		return 1 | BULK_RUN_ENDS;
	seg->res = done + rest.res;
	seg->tag += rest.tag;
	return (__u32)seg->res == seg->len ? 1 : 1 | BULK_RUN_ENDS;
}

/*
 * The first record, whose head is @next of @walk if @more, does not go through
 * the ring. Return: what the kernel would say if it is none; -EAGAIN.
 */
static __always_inline long vdso_region_refused(struct bulk_seg *seg,
						const struct vdso_walk *walk,
						__u32 limit)
{
	if (seg->len < sizeof(struct bulk_record))
		return vdso_seg_failed(seg, -EINVAL);
	if (!walk->more)
		return -EAGAIN;
	if (bulk_record_lost(walk->next))
		return vdso_seg_failed(seg, -EINVAL);
	if (bulk_record_len(walk->next) < limit &&
	    bulk_record_space(bulk_record_len(walk->next)) > seg->len)
		return vdso_seg_failed(seg, -EINVAL);
	return -EAGAIN;
}

/* The first records of a region, as many as there is room for. */
static noinline long vdso_region_send(int fd, struct bulk_seg *seg,
				      unsigned int flags, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	const void *first = (const void *)(unsigned long)seg->addr;
	unsigned int quiet = flags & BULK_NO_SYSCALL ? 1 : 0;
	struct bulk_window_user *u = window;
	struct vdso_walk walk;
	struct bulk_sent s;
	__u64 room, filled;
	__u32 limit;
	long ret;

	limit = __atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED);
	if (seg->lost || seg->addr & 7 || (__s32)seg->len < 0)
		return vdso_seg_failed(seg, -EINVAL);
	if (!limit || !seg->len)
		return -EAGAIN;
	if (quiet && __atomic_load_n(&k->state, __ATOMIC_RELAXED) !=
		     BULK_WINDOW_READY)
		return -EAGAIN;
	room = quiet ? __atomic_load_n(&k->tx_quiet, __ATOMIC_RELAXED)
		     : __atomic_load_n(&k->tx_size, __ATOMIC_RELAXED);
	filled = (__atomic_load_n(&u->tx_head, __ATOMIC_RELAXED) &
		  ~(__u64)BULK_TX_BUSY) -
		 __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if (filled >= room)
		return -EAGAIN;
	room -= filled;
	vdso_walk(&walk, first, seg->len < room ? seg->len : room, limit);
	if (!walk.bytes)
		return vdso_region_refused(seg, &walk, limit);
	s = bulk_send_piece(first, walk.bytes, quiet, window);
	if (s.sent < 0)
		return -EAGAIN;
	seg->res = walk.bytes;
	seg->tag = walk.records;
	ret = vdso_region_sent(fd, seg, first, flags, window, s.end);
	if (ret == 1 && (__u32)seg->res < seg->len)
		return vdso_region_rest(fd, seg, flags);
	return ret;
}

/* The RX ring's @tail and @size. Return: how much can be received. */
static __always_inline __u64 vdso_rx_look(void *window, __u64 *tail,
					  __u64 *size)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 filled;

	*tail = __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE);
	*size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	/* Pairs with the release in bulk_rx_publish() of the kernel. */
	filled = __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - *tail;
	return filled <= *size ? filled : 0;
}

/* @more: a record is there that does not fit. Return: -EMSGSIZE or -EAGAIN. */
static __always_inline long vdso_region_too_small(struct bulk_seg *seg,
						  const struct vdso_walk *walk,
						  __u64 filled)
{
	__u64 space = bulk_record_space(bulk_record_len(walk->next));

	if (!walk->more || space > filled)
		return -EAGAIN;
	seg->len = space;
	return vdso_seg_failed(seg, -EMSGSIZE);
}

static __always_inline long vdso_region_try_recv(struct bulk_seg *seg,
						 void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 filled, tail, size, len;
	struct vdso_walk walk;

	filled = vdso_rx_look(window, &tail, &size);
	if (!filled)
		return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	len = seg->len & ~7U;
	vdso_walk(&walk, vdso_rx_at(window, size, tail),
		  len < filled ? len : filled, ~0ULL);
	if (!walk.bytes) {
		if (vdso_window_moved(u, tail))
			return -ESTALE;
		return vdso_region_too_small(seg, &walk, filled);
	}
	bulk_copy((void *)(unsigned long)seg->addr,
		  vdso_rx_at(window, size, tail), walk.bytes);
	/* Pairs with the acquire in bulk_rx_fetch() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail, tail + walk.bytes,
					 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has received from a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = walk.bytes;
	seg->tag = walk.records;
	seg->lost = 0;
	return 1;
}

static noinline long vdso_region_recv(struct bulk_seg *seg, void *window)
{
	long ret;

	if (seg->addr & 7)
		return -EAGAIN;
	do {
		ret = vdso_region_try_recv(seg, window);
	} while (ret == -ESTALE);
	return ret;
}
