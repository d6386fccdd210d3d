// SPDX-License-Identifier: GPL-2.0
/*
 * From the provider to the window: records that are received without a system call.
 *
 * A RECV that finds the window empty enters the kernel, is given its record,
 * and leaves with the window full of those that follow it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "internal.h"

/* Records between two looks at the scheduler, and bytes of a batch. */
#define BULK_FILL_STEP		64
#define BULK_FILL_BYTES		SZ_16K
/* Times that other receivers may be faster before this one gives way. */
#define BULK_TAKE_TRIES		64

typedef int (*bulk_produce_t)(struct bulk_endpoint *ep, void *data, size_t room,
			   struct bulk_meta *meta);

static int bulk_fill_from_queue(struct bulk_endpoint *ep, void *data,
				size_t room, struct bulk_meta *meta)
{
	struct bulk_record *rec = ep->rx_head;

	if (rec->len > room)
		return -EMSGSIZE;
	meta->len = rec->len;
	meta->lost = rec->lost;
	meta->tag = rec->tag;
	memcpy(data, rec->data, rec->len);
	WRITE_ONCE(ep->rx_head, NULL);
	bulk_queue_free(&ep->queue, rec);
	return 0;
}

static int bulk_produce_by_iter(struct bulk_endpoint *ep, void *data, size_t room,
				struct bulk_meta *meta)
{
	struct kvec vec = { .iov_base = data, .iov_len = room };
	struct iov_iter to;
	int ret;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, room);
	ret = ep->ops->recv(ep, &to, meta);
	if (likely(!ret) && unlikely(meta->len != room - iov_iter_count(&to)))
		meta->len = SIZE_MAX;
	return ret;
}

static int bulk_produce_nothing(struct bulk_endpoint *ep, void *data, size_t room,
				struct bulk_meta *meta)
{
	return -EAGAIN;
}

/* What gives records on demand, as long as the RX lock is held. */
static bulk_produce_t bulk_producer(struct bulk_endpoint *ep)
{
	if (ep->gone || !(ep->channel->flags & BULK_CHANNEL_RX_AHEAD))
		return bulk_produce_nothing;
	return ep->ops->recv_buf ?: bulk_produce_by_iter;
}

static int bulk_fill_one(struct bulk_endpoint *ep, bulk_produce_t produce, void *data,
			 size_t room, struct bulk_meta *meta)
{
	int ret, before;

	if (!ep->rx_head && READ_ONCE(ep->queue.count))
		WRITE_ONCE(ep->rx_head, bulk_queue_pop(&ep->queue));
	if (ep->rx_head)
		return bulk_fill_from_queue(ep, data, room, meta);
	*meta = (struct bulk_meta){ };
	before = bulk_provider_enter();
	ret = produce(ep, data, room, meta);
	bulk_provider_leave(ep, before);
	return ret;
}

/* The record is lost, and its receiver is told in its place. */
static noinline __cold void bulk_fill_wrong(struct bulk_endpoint *ep, int ret,
					    size_t len)
{
	if (ret)
		ep->rx_error = bulk_provider_error(ep, ret);
	else
		ep->rx_error = bulk_provider_wrong(ep, "made no record of the told length", len);
}

/**
 * bulk_trace_received() - trace a record that has left the kernel's hands
 * @ep: the endpoint, whose RX lock is held
 * @meta: the record's
 */
noinline void bulk_trace_received(struct bulk_endpoint *ep,
				  const struct bulk_meta *meta)
{
	trace_bulk_recv(bulk_channel_name(ep->channel), ep->id, meta->len,
			meta->tag, meta->lost);
}

/* Return: how many records the provider has added; @ret says why no more. */
static unsigned int bulk_fill_batch(struct bulk_endpoint *ep,
				    struct bulk_ring *rx, size_t *need,
				    int *ret)
{
	void *data = bulk_ring_at(rx, rx->head);
	size_t free = rx->tail + rx->size - rx->head;
	struct bulk_space space = {
		.next = data,
		.stop = data + min_t(size_t, free, BULK_FILL_BYTES),
		.end = data + free,
		.max_record = rx->max_record,
	};
	int before = bulk_provider_enter();

	*ret = ep->ops->recv_batch(ep, &space);
	bulk_provider_leave(ep, before);
	if (unlikely(*ret > 0))
		bulk_fill_wrong(ep, *ret, 0);
	rx->head += space.next - data;
	ep->rx.bytes += space.bytes;
	if (!*ret && !space.records) {
		*need = space.need;
		*ret = space.need ? -EMSGSIZE : -EAGAIN;
	}
	return space.records;
}

static int bulk_fill_batches(struct bulk_endpoint *ep, struct bulk_ring *ring,
			     size_t *need, unsigned int *n)
{
	int ret = 0;

	while (!ret &&
	       ring->tail + ring->size - ring->head >= sizeof(struct bulk_ring_rec)) {
		*n += bulk_fill_batch(ep, ring, need, &ret);
		bulk_ring_publish_head(ring);
		cond_resched();
	}
	return ret;
}

/* Records that wait move first, then those that @produce makes, one by one. */
static int bulk_fill_each(struct bulk_endpoint *ep, struct bulk_ring *ring,
			  bulk_produce_t produce, size_t *need, unsigned int *filled)
{
	/* The RX lock is held: a copy, which the compiler keeps in registers. */
	struct bulk_ring rx = *ring;
	/* Zeroing it would cost more than filling it. */
	struct bulk_meta meta __uninitialized;
	unsigned int n = 0;
	size_t room;
	void *data;
	int ret = 0;

	while (bulk_ring_room(&rx, &data, &room)) {
		ret = bulk_fill_one(ep, produce, data, room, &meta);
		if (unlikely(ret > 0 || (!ret && meta.len > room)))
			bulk_fill_wrong(ep, ret, meta.len);
		if (ret || unlikely(meta.len > room))
			break;
		bulk_ring_add(&rx, &meta);
		ep->rx.bytes += meta.len;
		if (trace_bulk_recv_enabled())
			bulk_trace_received(ep, &meta);
		if (++n % BULK_FILL_STEP)
			continue;
		bulk_ring_publish_head(&rx);
		cond_resched();
	}
	if (ret == -EMSGSIZE)
		*need = ep->rx_head ? ep->rx_head->len : meta.len;
	ring->head = rx.head;
	bulk_ring_publish_head(ring);
	*filled = n;
	return ret;
}

/**
 * bulk_fill_ring() - put what can be received into a ring
 * @ep: the endpoint, whose RX lock is held
 * @ring: the ring, in which there is room
 * @need: set to the length of a record that doesn't fit
 *
 * Context: Process context. May sleep, not for user space.
 * Return: why the ring gets no more: 0 when it is full; -EAGAIN, -EMSGSIZE, or
 * another errno of the provider's.
 */
int bulk_fill_ring(struct bulk_endpoint *ep, struct bulk_ring *ring,
		   size_t *need)
{
	bulk_produce_t produce = bulk_producer(ep);
	/* Not of a provider that is gone; and traces want them one by one. */
	bool batch = produce != bulk_produce_nothing && ep->ops->recv_batch &&
		     !trace_bulk_recv_enabled();
	unsigned int n;
	int ret;

	lockdep_assert_held(ep->rx_lock);
	/* They have been counted. Into their own ring they don't go: that is empty. */
	ret = bulk_ahead_has_record(ep) ? bulk_ahead_move(ep, ring, need) : 0;
	if (ret) {
		bulk_ring_publish_head(ring);
		return ret == -EAGAIN ? 0 : ret;
	}
	ret = bulk_fill_each(ep, ring, batch ? bulk_produce_nothing : produce, need,
			     &n);
	if (batch && ret == -EAGAIN)
		ret = bulk_fill_batches(ep, ring, need, &n);
	ep->rx.records += n;
	/* The queue has room again. */
	if (n)
		bulk_tx_wake(ep);
	return ret;
}

/*
 * A window that nobody maps is of no use once it is empty. Where somebody else
 * holds the TX lock it stays, until another record is received or the endpoint
 * gets a new window.
 */
static void bulk_window_retire(struct bulk_endpoint *ep)
{
	struct mutex *other = ep->rx_lock == &ep->tx_lock ? &ep->rx_mutex
							  : &ep->tx_lock;
	struct bulk_window *w = ep->window;

	lockdep_assert_held(ep->rx_lock);
	if (!bulk_ring_empty(&w->rx) || !mutex_trylock(other))
		return;
	if (bulk_ring_empty(&w->tx)) {
		WRITE_ONCE(ep->window, NULL);
		bulk_window_put(w);
	}
	mutex_unlock(other);
}

/**
 * bulk_fill_locked() - put what can be received into the window, if it is empty
 * @ep: the endpoint, whose RX lock is held
 * @need: set to the length of the next record, if that is what doesn't fit; or
 *	NULL
 *
 * Context: Process context. May sleep, not for user space.
 * Return: 0; otherwise why no more records are there, which most needn't know:
 * -EAGAIN, -EMSGSIZE, -EBADMSG, or another errno of the provider's.
 */
int bulk_fill_locked(struct bulk_endpoint *ep, size_t *need)
{
	struct bulk_window *w = ep->window;

	size_t unused;

	lockdep_assert_held(ep->rx_lock);
	if (!w || w->bad)
		return 0;
	if (!atomic_read(&w->maps)) {
		bulk_window_retire(ep);
		return 0;
	}
	if (bulk_ring_fetch_tail(&w->rx))
		return bulk_window_spoil(ep, w);
	if (!bulk_ring_empty(&w->rx))
		return 0;
	return bulk_fill_ring(ep, &w->rx, need ?: &unused);
}

static int bulk_window_copy(struct bulk_window *w, struct iov_iter *to,
			    struct bulk_meta *meta)
{
	void *data;
	int ret = bulk_ring_peek(&w->rx, meta, &data);

	if (ret)
		return ret;
	if (w->rx.borrowed)
		return -EBUSY;
	if (meta->len > iov_iter_count(to))
		return -EMSGSIZE;
	if (copy_to_iter(data, meta->len, to) != meta->len)
		return -EFAULT;
	if (bulk_ring_claim(&w->rx, meta->len))
		return 0;
	iov_iter_revert(to, meta->len);
	return BULK_RECV_BEATEN;
}

/**
 * bulk_window_recv() - receive the first record in the window, if there is one
 * @ep: the endpoint, whose RX lock is held
 * @to: room for the record
 * @meta: zeroed; filled in
 *
 * Another thread may be receiving from the window without a system call: the
 * record is whose compare-and-exchange succeeds.
 *
 * Context: Process context, page faults disabled.
 * Return: 0; -EAGAIN when there is none; -EMSGSIZE; -EFAULT for a page that is
 * missing; BULK_RECV_BEATEN; -EBADMSG; -EBUSY when it is borrowed.
 */
int bulk_window_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		     struct bulk_meta *meta)
{
	struct bulk_window *w = ep->window;
	int ret, try = 0;

	lockdep_assert_held(ep->rx_lock);
	if (!w)
		return -EAGAIN;
	if (w->bad)
		return -EBADMSG;
	do {
		ret = bulk_ring_fetch_tail(&w->rx);
		if (!ret)
			ret = bulk_window_copy(w, to, meta);
	} while (ret == BULK_RECV_BEATEN && ++try < BULK_TAKE_TRIES);
	if (ret == -EBADMSG)
		return bulk_window_spoil(ep, w);
	return ret;
}

/**
 * bulk_window_has_record() - could a RECV be served from a ring?
 * @ep: the endpoint
 *
 * Context: Process context. Takes the RX lock.
 * Return: true if so, or if a RECV would say -EBADMSG.
 */
bool bulk_window_has_record(struct bulk_endpoint *ep)
{
	struct bulk_window *w;

	if (!READ_ONCE(ep->window))
		return bulk_ahead_has_record(ep);
	guard(mutex)(ep->rx_lock);
	if (bulk_ahead_has_record(ep))
		return true;
	w = ep->window;
	if (!w)
		return false;
	if (!w->bad && bulk_ring_fetch_tail(&w->rx))
		bulk_window_spoil(ep, w);
	return w->bad || !bulk_ring_empty(&w->rx);
}

static int bulk_window_discard(struct bulk_endpoint *ep)
{
	struct bulk_window *w = ep->window;
	int try;

	if (!w || w->bad)
		return 0;
	for (try = 0; try < BULK_TAKE_TRIES; try++) {
		if (bulk_ring_fetch_tail(&w->rx))
			break;
		if (w->rx.borrowed)
			return -EBUSY;
		if (bulk_ring_discard(&w->rx))
			return 0;
	}
	/* No process receives that fast and means it. */
	bulk_window_spoil(ep, w);
	return 0;
}

/**
 * bulk_rx_discard() - take back the records that were made ahead
 * @ep: the endpoint
 *
 * For a provider that produces ahead of the receiver (BULK_CHANNEL_RX_AHEAD)
 * and was told to produce something else. Records that were pushed must not be
 * among them.
 *
 * Context: Process context, from @send or @send_buf of a channel with
 * BULK_CHANNEL_SERIAL.
 * Return: 0; -EBUSY when the process reads the records where they lie, which it
 * goes on to do: the provider says so to whoever sends.
 */
int bulk_rx_discard(struct bulk_endpoint *ep)
{
	int ret;

	lockdep_assert_held(ep->rx_lock);
	ret = bulk_window_discard(ep);
	if (!ret)
		bulk_ahead_discard(ep);
	return ret;
}
EXPORT_SYMBOL_GPL(bulk_rx_discard);
