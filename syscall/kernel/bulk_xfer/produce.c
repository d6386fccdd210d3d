// SPDX-License-Identifier: GPL-2.0
/*
 * Records that a provider makes on demand, ahead of their receiver, in a ring.
 *
 * A RECV that finds nothing enters the kernel, is given its record, and leaves
 * the window full of those that follow it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sizes.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "endpoint.h"
#include "produce.h"
#include "provider.h"
#include "ring.h"
#include "rx.h"
#include "window.h"

/* Bytes of records between two looks at the scheduler. */
#define BULK_PRODUCE_BYTES	SZ_16K

static int bulk_produce_by_iter(struct bulk_endpoint *ep, void *data,
				size_t room, struct bulk_meta *meta)
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

static int bulk_produce_one(struct bulk_endpoint *ep, void *data, size_t room,
			    struct bulk_meta *meta)
{
	int before = bulk_provider_enter();
	int ret;

	*meta = (struct bulk_meta){ };
	if (ep->ops->recv_buf)
		ret = ep->ops->recv_buf(ep, data, room, meta);
	else
		ret = bulk_produce_by_iter(ep, data, room, meta);
	bulk_provider_leave(ep, before);
	return ret;
}

/* The record is lost, and its receiver is told in its place. */
static noinline __cold void bulk_produce_wrong(struct bulk_endpoint *ep,
					       int ret, size_t len)
{
	if (ret)
		ep->rx_error = bulk_provider_error(ep, ret);
	else
		ep->rx_error = bulk_provider_wrong(ep, "made no record of the told length", len);
}

/* One by one, where each is traced, or the provider wants it so. */
static int bulk_produce_each(struct bulk_endpoint *ep, struct bulk_space *space)
{
	struct bulk_packed *rec;
	struct bulk_meta meta;
	size_t left, room;
	int ret;

	while (space->next < space->stop) {
		left = space->end - space->next;
		if (left < sizeof(*rec))
			return 0;
		rec = space->next;
		room = min(left - sizeof(*rec), space->max_record);
		ret = bulk_produce_one(ep, rec->data, room, &meta);
		if (unlikely(ret == -EMSGSIZE))
			space->need = meta.len;
		if (unlikely(ret > 0 || (!ret && meta.len > room))) {
			bulk_produce_wrong(ep, ret, meta.len);
			return -EIO;
		}
		if (ret)
			return ret == -EMSGSIZE ? 0 : ret;
		bulk_space_next(space, meta.len, meta.tag);
		*bulk_record_losses((struct bulk_record *)rec) = meta.lost;
		if (trace_bulk_recv_enabled() && bulk_window_is_mapped(ep))
			bulk_trace_received(ep, &meta);
	}
	return 0;
}

static int bulk_produce_batch(struct bulk_endpoint *ep,
			      struct bulk_space *space)
{
	int before = bulk_provider_enter();
	int ret = ep->ops->recv_batch(ep, space);

	bulk_provider_leave(ep, before);
	if (unlikely(ret > 0))
		bulk_produce_wrong(ep, ret, 0);
	return ret;
}

/*
 * Some records. Return: why there are no more:
 * 0 when there is no room for them.
 */
static int bulk_produce_run(struct bulk_endpoint *ep, struct bulk_rx_run *run,
			    size_t *need)
{
	void *data = bulk_rx_at(run->ring, run->start);
	struct bulk_space space = {
		.next = data,
		.stop = data + min_t(size_t, run->room, BULK_PRODUCE_BYTES),
		.end = data + run->room,
		.max_record = bulk_rx_share(run->ring->size) -
			      sizeof(struct bulk_record),
	};
	int ret;

	if (ep->ops->recv_batch && !trace_bulk_recv_enabled())
		ret = bulk_produce_batch(ep, &space);
	else
		ret = bulk_produce_each(ep, &space);
	bulk_rx_run_end(&ep->records, run, space.next - data, space.records,
			space.bytes);
	if (!ret && !space.records) {
		*need = space.need;
		return space.need ? -EMSGSIZE : -EAGAIN;
	}
	return ret;
}

/**
 * bulk_produce() - have the provider make records ahead of their receiver
 * @ep: the endpoint, whose RX lock is held, and for which nothing waits
 * @room: bytes that there is a use for
 * @need: set to the length of the next record, if that is what doesn't fit
 *
 * Context: Process context. May sleep, not for user space.
 * Return: why there are no more: 0 when there is no room; -EAGAIN; -EMSGSIZE;
 * or another errno of the provider's.
 */
int bulk_produce(struct bulk_endpoint *ep, size_t room, size_t *need)
{
	struct bulk_rx_run run;
	size_t made = 0;
	int ret = 0;

	lockdep_assert_held(ep->rx_lock);
	if (ep->gone || !(ep->channel->flags & BULK_CHANNEL_RX_AHEAD))
		return -EAGAIN;
	while (!ret && made < room &&
	       bulk_rx_run_begin(&ep->records, &run, room)) {
		made += run.room;
		ret = bulk_produce_run(ep, &run, need);
		cond_resched();
	}
	return ret;
}

/**
 * bulk_produce_window() - have records in the window, if it is empty
 * @ep: the endpoint, whose RX lock is held
 * @need: set to the length of the next record, if that is what doesn't fit; or
 *	NULL
 *
 * Context: Process context. May sleep, not for user space.
 * Return: 0; otherwise why no more records are there, which most needn't know:
 * -EAGAIN, -EMSGSIZE, -EBADMSG, or another errno of the provider's.
 */
int bulk_produce_window(struct bulk_endpoint *ep, size_t *need)
{
	struct bulk_window *w = ep->window;
	struct bulk_rx_ring *ring;
	size_t unused;

	lockdep_assert_held(ep->rx_lock);
	if (bulk_rx_was_full(&ep->records))
		bulk_tx_wake(ep);
	bulk_rx_tidy(&ep->records);
	if (!w || w->bad)
		return 0;
	if (!w->rx.mapped) {
		bulk_window_retire(ep);
		return 0;
	}
	if (bulk_rx_first(&ep->records, &ring) == -EBADMSG)
		return bulk_window_spoil(ep, w);
	if (ring != &w->rx || ring->tail != ring->end)
		return 0;
	return bulk_produce(ep, ring->size, need ?: &unused);
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
	ret = bulk_rx_take_all(&ep->records);
	/* No process receives that fast and means it. */
	if (ret && ret != -EBUSY) {
		if (ep->window)
			bulk_window_spoil(ep, ep->window);
		return 0;
	}
	return ret;
}
EXPORT_SYMBOL_GPL(bulk_rx_discard);
