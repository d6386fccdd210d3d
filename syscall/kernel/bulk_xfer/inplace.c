// SPDX-License-Identifier: GPL-2.0
/*
 * Records in place: written and read where they lie in the window.
 *
 * RESERVE holds the TX ring's lock, so that no other thread sends through it,
 * and says so in a bit of its own; what is sent by the system call meanwhile
 * goes past it. BORROW has the position of the RX ring look as if nothing could
 * be received. Both are words that the process writes, too, and what it says
 * there is checked: it can disturb its own window, and nothing else.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <uapi/linux/bulk_xfer.h>

#include "drain.h"
#include "endpoint.h"
#include "inplace.h"
#include "produce.h"
#include "ring.h"
#include "rx.h"
#include "side.h"
#include "transfer.h"
#include "window.h"

/* A thread that sends has the ring for less than this, unless it can't run. */
#define BULK_TAKEN_TRIES	1000

/* The window as its own process has it, under a lock that keeps it. */
static struct bulk_window *bulk_own_window(struct bulk_endpoint *ep)
{
	struct bulk_window *w = ep->window;

	return w && w->mm == current->mm && atomic_read(&w->maps) ? w : NULL;
}

static u64 bulk_window_address(const struct bulk_window *w, const void *at)
{
	return READ_ONCE(w->start) + (at - w->area);
}

/* --- To the kernel --- */

/* Return: -EAGAIN without room; BULK_RECV_BEATEN while another thread sends. */
static int bulk_reserve_locked(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	struct bulk_window *w = bulk_own_window(ep);
	u64 head, room;
	int ret;

	lockdep_assert_held(&ep->tx_lock);
	if (ep->gone)
		return -ENODEV;
	if (!w || !(ep->channel->flags & BULK_CHANNEL_TX_LATER))
		return -EOPNOTSUPP;
	if (seg->len > w->tx.size)
		return -EMSGSIZE;
	ret = bulk_drain_locked(ep);
	if (ret && ret != -EAGAIN)
		return ret;
	head = READ_ONCE(*w->tx.shared_head);
	if (head & BULK_TX_BUSY)
		return head & BULK_TX_RESERVED ? -EBUSY : BULK_RECV_BEATEN;
	if (bulk_ring_fetch_head(&w->tx))
		return bulk_window_spoil(ep, w);
	room = w->tx.tail + w->tx.size - head;
	/* It has sent in between: look again. */
	if (w->tx.head != head)
		return BULK_RECV_BEATEN;
	if (room < max_t(u64, seg->len, sizeof(struct bulk_record)))
		return -EAGAIN;
	if (cmpxchg(w->tx.shared_head, head, head | BULK_TX_BUSY) != head)
		return BULK_RECV_BEATEN;
	WRITE_ONCE(w->user->tx_end, head + room);
	seg->addr = bulk_window_address(w, bulk_ring_at(&w->tx, head));
	seg->len = room;
	seg->res = room;
	return 0;
}

/**
 * bulk_window_reserve() - reserve room in the TX ring
 * @ep: the endpoint, open for writing
 * @seg: the segment; its result goes there
 * @nowait: -EAGAIN instead of waiting for room
 *
 * Context: Process context. Takes the TX lock.
 * Return: 0; -EOPNOTSUPP without a window that takes records; -EBUSY when there
 * is a reservation, or another thread stays in the ring; -EMSGSIZE for more
 * than the ring has; -EINVAL, -EAGAIN, -ERESTARTSYS, -ENODEV, -ENOMEM,
 * -EBADMSG.
 */
int bulk_window_reserve(struct bulk_endpoint *ep, struct bulk_seg *seg,
			bool nowait)
{
	unsigned int tries = 0;
	int ret, seen;

	if (seg->lost)
		return -EINVAL;
	do {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->tx.events);
		mutex_lock(&ep->tx_lock);
		ret = bulk_reserve_locked(ep, seg);
		mutex_unlock(&ep->tx_lock);
		if (ret == BULK_RECV_BEATEN) {
			if (++tries == BULK_TAKEN_TRIES)
				return -EBUSY;
			if (signal_pending(current))
				return -ERESTARTSYS;
			usleep_range(50, 100);
			ret = 0;
		} else if (ret == -EAGAIN) {
			ret = bulk_wait(ep, &ep->tx, seen, nowait);
		} else {
			return ret;
		}
	} while (!ret);
	return ret;
}

static int bulk_commit_locked(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	struct bulk_window *w = bulk_own_window(ep);
	struct bulk_walk walk;
	u64 head, new, end;
	u32 len;

	lockdep_assert_held(&ep->tx_lock);
	if (!w)
		return -EOPNOTSUPP;
	if (w->bad)
		return -EBADMSG;
	/* Nobody would take it. */
	if (ep->gone)
		return -ENODEV;
	head = READ_ONCE(*w->tx.shared_head);
	if ((head & BULK_TX_BUSY) != BULK_TX_BUSY)
		return -EINVAL;
	if (bulk_ring_fetch_head(&w->tx))
		return bulk_window_spoil(ep, w);
	if (w->tx.head != (head & ~(u64)BULK_TX_BUSY))
		return -EBUSY;
	end = READ_ONCE(w->user->tx_end);
	if (seg->len > end - w->tx.head ||
	    seg->len > w->tx.tail + w->tx.size - w->tx.head)
		return -EINVAL;
	/* No loss is told this way. */
	bulk_records_walk(&walk, bulk_ring_at(&w->tx, w->tx.head),
			  w->tx.max_record, w->tx.max_record, seg->len);
	len = walk.space;
	seg->tag = walk.records;
	if (seg->len && !len)
		return -EINVAL;
	new = w->tx.head + len;
	if (len < seg->len ||
	    (!(seg->flags & BULK_SEG_DISCARD) &&
	     (s64)(end - new) >= (s64)sizeof(struct bulk_record)))
		new |= BULK_TX_BUSY;
	if (cmpxchg(w->tx.shared_head, head, new) != head)
		return -EBUSY;
	seg->res = len;
	bulk_drain_locked(ep);
	return len < seg->len ? BULK_SHORT_REGION : 0;
}

/**
 * bulk_window_commit() - send records that were written to reserved room
 * @ep: the endpoint, open for writing
 * @seg: the segment; its result goes there
 *
 * It ends before the first that is no record, and the rest stays reserved.
 *
 * Context: Process context. Takes the TX lock.
 * Return: 0; BULK_SHORT_REGION when only the first were sent; otherwise none
 * was: -EINVAL when nothing, or less, is reserved, or the first is no record;
 * -EOPNOTSUPP without a window; -EBUSY when another thread commits; -EBADMSG;
 * -ENODEV.
 */
int bulk_window_commit(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	if (seg->lost || !IS_ALIGNED(seg->len, 8))
		return -EINVAL;
	guard(mutex)(&ep->tx_lock);
	return bulk_commit_locked(ep, seg);
}

/* --- To user space --- */

/* Have what comes next in the ring. Return: 0, or why it isn't there. */
static int bulk_borrow_fill(struct bulk_endpoint *ep, struct bulk_window *w,
			    struct bulk_seg *seg)
{
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;
	size_t need = 0;
	int ret, made;

	ret = bulk_rx_peek(&ep->records, &ring, &meta);
	if (ret == -EBADMSG)
		return bulk_window_spoil(ep, w);
	if (ret == -EAGAIN && !ep->rx_error) {
		made = bulk_produce_window(ep, &need);
		ret = bulk_rx_peek(&ep->records, &ring, &meta);
		if (ret == -EAGAIN && made == -EMSGSIZE)
			seg->len = BULK_PACKED_SIZE(need);
		if (ret == -EAGAIN && made)
			ret = made;
	}
	if (ret && ep->rx_error)
		return xchg(&ep->rx_error, 0);
	if (ret == -EAGAIN && ep->gone)
		return -ENODEV;
	if (ret)
		return ret;
	return ring->borrowed ? -EBUSY : 0;
}

/* Bytes of the records that may be borrowed, in one piece, of @most. */
static u32 bulk_borrowable(const struct bulk_rx_ring *ring, u32 most)
{
	u64 filled = ring->end - ring->tail, records;

	if (most >= filled && (s64)(READ_ONCE(*ring->odd) - ring->tail) <= 0)
		return filled;
	return bulk_rx_plain(ring, most, &records);
}

static int bulk_borrow_locked(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	struct bulk_window *w = bulk_own_window(ep);
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;
	u64 tail;
	u32 len;
	int ret;

	lockdep_assert_held(ep->rx_lock);
	if (!w || (!ep->gone && ep->ops->recv &&
		   !(ep->channel->flags & BULK_CHANNEL_RX_AHEAD)))
		return -EOPNOTSUPP;
	if (w->bad)
		return -EBADMSG;
	ret = bulk_borrow_fill(ep, w, seg);
	if (ret)
		return ret;
	ret = bulk_rx_first(&ep->records, &ring);
	len = ring == &w->rx ? bulk_borrowable(ring, seg->len) : 0;
	if (!len) {
		/* Too long for what may be borrowed, or not in the window. */
		ret = bulk_rx_peek(&ep->records, &ring, &meta);
		if (ret)
			return ret;
		seg->len = BULK_PACKED_SIZE(meta.len);
		return -EMSGSIZE;
	}
	tail = ring->tail;
	if (cmpxchg(ring->shared_tail, tail, tail | BULK_RX_BORROWED) != tail)
		return BULK_RECV_BEATEN;
	ring->borrowed = true;
	WRITE_ONCE(w->user->rx_end, tail + len);
	seg->addr = bulk_window_address(w, bulk_rx_at(ring, tail));
	seg->len = len;
	seg->res = len;
	return 0;
}

/**
 * bulk_window_borrow() - let the process read the records where they lie
 * @ep: the endpoint, open for reading
 * @seg: the segment; its result goes there
 * @nowait: -EAGAIN instead of waiting for a record
 *
 * Context: Process context. Takes the endpoint's locks.
 * Return: 0; -EOPNOTSUPP without a window that brings records; -EBUSY when
 * there is a borrow; -EMSGSIZE for a record that is longer than @seg->len, or
 * than any in a window; otherwise as bulk_endpoint_recv().
 */
int bulk_window_borrow(struct bulk_endpoint *ep, struct bulk_seg *seg,
		       bool nowait)
{
	int ret, seen, drained;

	if (seg->lost)
		return -EINVAL;
	do {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->rx.events);
		/* The provider may answer a record that was just sent. */
		drained = bulk_drain(ep);
		if (drained == -EBADMSG)
			return drained;
		mutex_lock(ep->rx_lock);
		ret = bulk_borrow_locked(ep, seg);
		mutex_unlock(ep->rx_lock);
		if (ret == -EAGAIN && drained == -ENOMEM)
			ret = -ENOMEM;
		if (ret == BULK_RECV_BEATEN)
			ret = bulk_give_way();
		else if (ret == -EAGAIN || ret == -ENOMEM)
			ret = bulk_wait_record(ep, ret, seen, nowait);
		else
			return ret;
	} while (!ret);
	return ret;
}

static int bulk_return_locked(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	struct bulk_window *w = bulk_own_window(ep);
	struct bulk_rx_ring *ring;
	u64 tail, new, end;

	lockdep_assert_held(ep->rx_lock);
	if (!w)
		return -EOPNOTSUPP;
	if (w->bad)
		return -EBADMSG;
	if (bulk_rx_first(&ep->records, &ring) == -EBADMSG)
		return bulk_window_spoil(ep, w);
	if (ring != &w->rx || !ring->borrowed)
		return -EINVAL;
	tail = ring->tail;
	end = READ_ONCE(w->user->rx_end);
	if (seg->len > end - tail || seg->len > ring->end - tail ||
	    bulk_rx_plain(ring, seg->len, &seg->tag) != seg->len)
		return -EINVAL;
	new = tail + seg->len;
	if (!(seg->flags & BULK_SEG_DISCARD) &&
	    (s64)(end - new) > 0)
		new |= BULK_RX_BORROWED;
	if (cmpxchg(ring->shared_tail, tail | BULK_RX_BORROWED, new) !=
	    (tail | BULK_RX_BORROWED))
		return -EBUSY;
	seg->res = seg->len;
	bulk_produce_window(ep, NULL);
	return 0;
}

/**
 * bulk_window_return() - the process has read what it borrowed
 * @ep: the endpoint, open for reading
 * @seg: the segment; its result goes there
 *
 * Context: Process context. Takes the RX lock.
 * Return: 0; otherwise nothing was received: -EINVAL when nothing, or less, is
 * borrowed, or no record ends there; -EOPNOTSUPP without a window; -EBUSY when
 * another thread returns, too; -EBADMSG.
 */
int bulk_window_return(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	if (seg->lost)
		return -EINVAL;
	guard(mutex)(ep->rx_lock);
	return bulk_return_locked(ep, seg);
}
