// SPDX-License-Identifier: GPL-2.0
/*
 * From the window to the provider: records sent without a system call.
 *
 * They are taken whenever the kernel is entered for the endpoint: by a SEND, a
 * RECV, a poll or a flush, when the ring is half full or a sleeper wants them,
 * when the window is unmapped, a descriptor or the file closed; by the
 * channel's poller, or when its deadline has come.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "channel.h"
#include "deliver.h"
#include "drain.h"
#include "endpoint.h"
#include "provider.h"
#include "ring.h"
#include "rx.h"
#include "side.h"
#include "window.h"

/* Records between two looks at the scheduler, and at the process's progress. */
#define BULK_DRAIN_STEP		64
/* At least so long until the next try when there was no memory, or no room. */
#define BULK_DEADLINE_STARVED_US 10000U

static noinline int bulk_deliver_short(struct bulk_endpoint *ep,
				       const void *data, size_t len, u64 tag)
{
	/* Zeroing it would cost more than filling it. */
	u64 copy[BULK_SHORT / sizeof(u64)] __uninitialized;

	memcpy(copy, data, len);
	return bulk_deliver(ep, copy, len, tag);
}

/* Where records are copied to before the provider sees them, or NULL. */
static void *bulk_window_copy_buffer(struct bulk_endpoint *ep,
				     struct bulk_window *w)
{
	if (!w->copy)
		w->copy = kvmalloc(bulk_window_copy_size(w),
				   bulk_kthread_gfp(ep, BULK_GFP_ACCOUNT));
	return w->copy;
}

static noinline int bulk_deliver_long(struct bulk_endpoint *ep,
				      const void *data, size_t len, u64 tag)
{
	void *copy = bulk_window_copy_buffer(ep, ep->window);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	return bulk_deliver(ep, copy, len, tag);
}

/* The process can write to @data all the while: the provider gets a copy. */
static int bulk_deliver_copy(struct bulk_endpoint *ep, const void *data,
			     size_t len, u64 tag)
{
	if (len <= BULK_SHORT)
		return bulk_deliver_short(ep, data, len, tag);
	return bulk_deliver_long(ep, data, len, tag);
}

static noinline void bulk_trace_drained(struct bulk_endpoint *ep,
					size_t len, u64 tag)
{
	trace_bulk_send(bulk_channel_name(ep->channel), ep->id, len, tag);
}

/*
 * Does the provider want the record later? Otherwise it won't have it at all.
 */
static bool bulk_refused(struct bulk_endpoint *ep, int ret)
{
	if (ret == -EAGAIN || ret == -ENOMEM)
		return false;
	ret = bulk_provider_error(ep, ret);
	ep->tx_error = ep->tx_error ?: ret;
	ep->tx_refused++;
	return true;
}

static int bulk_drain_one(struct bulk_endpoint *ep, bool in_place, void *data,
			  const struct bulk_meta *meta)
{
	int before = bulk_provider_enter();
	int ret;

	if (in_place)
		ret = bulk_deliver(ep, data, meta->len, meta->tag);
	else
		ret = bulk_deliver_copy(ep, data, meta->len, meta->tag);
	bulk_provider_leave(ep, before);
	if (likely(!ret)) {
		ep->tx.records++;
		ep->tx.bytes += meta->len;
		if (trace_bulk_send_enabled())
			bulk_trace_drained(ep, meta->len, meta->tag);
	}
	return ret;
}

/* Until the ring is empty, or the first record has to wait. */
static int bulk_drain_ring(struct bulk_endpoint *ep, struct bulk_ring *ring)
{
	bool in_place = ep->channel->flags & BULK_CHANNEL_TX_IN_PLACE;
	/*
	 * The TX lock is held: a copy, which the compiler keeps in registers.
	 */
	struct bulk_ring tx = *ring;
	/* Zeroing it would cost more than filling it. */
	struct bulk_meta meta __uninitialized;
	unsigned int n = 0;
	void *data;
	int ret;

	while (!(ret = bulk_ring_peek(&tx, &meta, &data))) {
		ret = bulk_drain_one(ep, in_place, data, &meta);
		if (unlikely(ret) && !bulk_refused(ep, ret))
			break;
		bulk_ring_skip(&tx, meta.len);
		if (++n % BULK_DRAIN_STEP)
			continue;
		bulk_ring_publish_tail(&tx);
		cond_resched();
	}
	ring->tail = tx.tail;
	bulk_ring_publish_tail(ring);
	/* An empty ring says EAGAIN as well. */
	return bulk_ring_empty(ring) ? 0 : ret;
}

/* The first records of the ring, from a copy where the provider wants one. */
static int bulk_drain_batch(struct bulk_endpoint *ep, struct bulk_window *w,
			    struct bulk_delivered *taken)
{
	void *data = bulk_ring_at(&w->tx, w->tx.tail);
	size_t len = w->tx.head - w->tx.tail;

	*taken = (struct bulk_delivered){ };
	if (!(ep->channel->flags & BULK_CHANNEL_TX_IN_PLACE)) {
		void *copy = bulk_window_copy_buffer(ep, w);

		if (!copy)
			return -ENOMEM;
		len = min(len, bulk_window_copy_size(w));
		data = memcpy(copy, data, len);
	}
	return bulk_deliver_batch(ep, data, len, w->tx.max_record, taken);
}

/* As bulk_drain_ring(), for a provider that takes many records at a time. */
static int bulk_drain_batches(struct bulk_endpoint *ep, struct bulk_window *w)
{
	struct bulk_delivered taken;
	int ret;

	while (!bulk_ring_empty(&w->tx)) {
		ret = bulk_drain_batch(ep, w, &taken);
		w->tx.tail += taken.bytes;
		if (ret == BULK_NO_RECORD)
			return -EBADMSG;
		if (ret && bulk_refused(ep, ret)) {
			w->tx.tail += taken.refused;
			ret = 0;
		}
		bulk_ring_publish_tail(&w->tx);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int bulk_drain_any(struct bulk_endpoint *ep, struct bulk_window *w)
{
	if (ep->ops->send_batch)
		return bulk_drain_batches(ep, w);
	return bulk_drain_ring(ep, &w->tx);
}

/* The provider allocates for the process whose window it is. */
static int bulk_drain_charged(struct bulk_endpoint *ep, struct bulk_window *w)
{
	struct mem_cgroup *outer;
	int ret;

	if (likely(current->mm == w->mm))
		return bulk_drain_any(ep, w);
	outer = set_active_memcg(w->memcg);
	ret = bulk_drain_any(ep, w);
	set_active_memcg(outer);
	return ret;
}

/*
 * A sleeper that asked to be woken has been,
 * and asks again before the next sleep.
 */
static void bulk_drain_disarm(struct bulk_endpoint *ep, struct bulk_window *w)
{
	if ((w->kernel->state & BULK_WINDOW_WANTED) &&
	    atomic_read(&ep->rx.events) != w->armed)
		bulk_window_clear(w, BULK_WINDOW_WANTED);
}

/*
 * Nothing tells a receiver of memory that is free again: it tells its caller.
 * Once is enough, and all there may be: a receiver that is woken comes here.
 */
static void bulk_drain_starve(struct bulk_endpoint *ep, struct bulk_window *w,
			      bool starved)
{
	if (starved && !w->starved)
		bulk_rx_wake(ep);
	w->starved = starved;
}

/**
 * bulk_deadline_arm() - from now on records may be sent that nobody tells of
 * @ep: the endpoint, whose TX lock is held
 * @w: its window
 *
 * Context: Process context.
 */
void bulk_deadline_arm(struct bulk_endpoint *ep, struct bulk_window *w)
{
	struct bulk_deadline *dl = &ep->deadline;

	lockdep_assert_held(&ep->tx_lock);
	if (bulk_deadline_start(dl, READ_ONCE(ep->channel->deadline_us)))
		dl->seen = w->tx.tail;
}

/**
 * bulk_deadline_stop_calls() - SENDs need make no call for the deadline
 * @w: the window, with the TX lock of its endpoint
 *
 * Every SEND reads the line that this is in: it is written to if need be.
 */
void bulk_deadline_stop_calls(struct bulk_window *w)
{
	if (READ_ONCE(w->kernel->state) & BULK_WINDOW_DEADLINE)
		bulk_window_clear(w, BULK_WINDOW_DEADLINE);
}

/*
 * A window was drained, with the TX lock held, whose channel has a deadline.
 * @drained: 0; -EAGAIN or -ENOMEM when the first of its records still waits.
 */
static noinline void bulk_deadline_follow(struct bulk_endpoint *ep,
					  struct bulk_window *w, int drained)
{
	struct bulk_channel *ch = ep->channel;

	lockdep_assert_held(&ep->tx_lock);
	/*
	 * Nothing tells of memory that is free again. The process goes on
	 * making calls, in which it can wait for memory.
	 */
	if (drained == -ENOMEM) {
		bulk_deadline_start(&ep->deadline,
				    max(READ_ONCE(ch->deadline_us),
					BULK_DEADLINE_STARVED_US));
		return;
	}
	if (!drained && bulk_deadline_applies(ch))
		bulk_deadline_arm(ep, w);
	/* A process that reads from its window makes room, and tells nobody. */
	else if (drained == -EAGAIN && READ_ONCE(ep->records.was_full) &&
		 bulk_deadline_applies(ch))
		bulk_deadline_start(&ep->deadline,
				    max(READ_ONCE(ch->deadline_us),
					BULK_DEADLINE_STARVED_US));
	bulk_deadline_stop_calls(w);
}

/**
 * bulk_drain_locked() - hand the provider what waits in the window
 * @ep: the endpoint, whose TX lock is held
 *
 * Records that the process sends meanwhile aren't waited for.
 *
 * Context: Process context. May sleep, not for user space.
 * Return: 0 when all was taken; -EAGAIN or -ENOMEM when the provider could not
 * take the next record now; -EBADMSG when the window holds nonsense; -ENODEV.
 */
int bulk_drain_locked(struct bulk_endpoint *ep)
{
	struct bulk_window *w = ep->window;
	int room, ret, try = 0;

	lockdep_assert_held(&ep->tx_lock);
	if (!w)
		return 0;
	if (w->bad)
		return -EBADMSG;
	if (bulk_ring_fetch_head(&w->tx))
		return bulk_window_spoil(ep, w);
	if (bulk_ring_empty(&w->tx))
		return 0;
	if (ep->gone)
		return -ENODEV;
	do {
		room = atomic_read(&ep->tx.events);
		ret = bulk_drain_charged(ep, w);
		WRITE_ONCE(ep->tx_stalled, ret == -EAGAIN);
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		smp_mb();
		/*
		 * Once more is enough: from now on
		 * bulk_tx_wake() finds @tx_stalled set.
		 */
	} while (ret == -EAGAIN && atomic_read(&ep->tx.events) != room &&
		 !try++);
	if (ret == -EBADMSG)
		return bulk_window_spoil(ep, w);
	bulk_drain_disarm(ep, w);
	bulk_drain_starve(ep, w, ret == -ENOMEM);
	if (unlikely(READ_ONCE(ep->channel->deadline_us)))
		bulk_deadline_follow(ep, w, ret);
	return ret;
}

/**
 * bulk_drain() - hand the provider what waits in the window, if there is one
 * @ep: the endpoint
 *
 * Context: Process context. Takes the TX lock.
 * Return: as bulk_drain_locked().
 */
int bulk_drain(struct bulk_endpoint *ep)
{
	if (!READ_ONCE(ep->window))
		return 0;
	bulk_poller_kick(ep);
	guard(mutex)(&ep->tx_lock);
	return bulk_drain_locked(ep);
}

static int bulk_flush_once(struct bulk_endpoint *ep)
{
	guard(mutex)(&ep->tx_lock);
	return bulk_drain_locked(ep);
}

/**
 * bulk_flush() - wait until the provider has taken what was sent
 * @ep: the endpoint
 * @nowait: -EAGAIN instead of waiting for the provider
 *
 * Context: Process context. Takes the TX lock.
 * Return: 0; -EAGAIN, -ERESTARTSYS for a signal, -EBADMSG, -ENODEV, -ENOMEM.
 */
int bulk_flush(struct bulk_endpoint *ep, bool nowait)
{
	int ret, seen;

	do {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->tx.events);
		ret = bulk_flush_once(ep);
		if (ret != -EAGAIN)
			return ret;
		ret = bulk_wait(ep, &ep->tx, seen, nowait);
	} while (!ret);
	return ret;
}

/**
 * bulk_flush_error() - tell, once, that the provider refused a record
 * @ep: the endpoint
 *
 * Context: Process context. Takes the TX lock.
 * Return: 0, or what the provider said to the first record that it did not take
 * from the window since this was asked last.
 */
int bulk_flush_error(struct bulk_endpoint *ep)
{
	int ret = 0;

	guard(mutex)(&ep->tx_lock);
	swap(ret, ep->tx_error);
	return ret;
}

/**
 * bulk_drain_arm() - have the vDSO call when something is sent
 * @ep: the endpoint
 *
 * For a receiver that is about to sleep: a record in the window may be what
 * makes the provider answer. What is there already is drained. Until the events
 * change, every SEND enters the kernel.
 *
 * Context: Process context. Takes the TX lock.
 */
void bulk_drain_arm(struct bulk_endpoint *ep)
{
	struct bulk_window *w;

	if (!READ_ONCE(ep->window))
		return;
	guard(mutex)(&ep->tx_lock);
	w = ep->window;
	if (!w || w->bad)
		return;
	/*
	 * A sleeper with an older count does not sleep,
	 * and one with this is told.
	 */
	w->armed = atomic_read(&ep->rx.events);
	bulk_window_set(w, BULK_WINDOW_WANTED);
	/* Pairs with the exchange in bulk_send_one() of the vDSO. */
	smp_mb();
	bulk_drain_locked(ep);
}
