// SPDX-License-Identifier: GPL-2.0
/*
 * The sides of an endpoint: events, threads that wait for them, and the
 * doorbells of those that drain its window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "channel.h"
#include "endpoint.h"
#include "side.h"

/* --- Doorbells --- */

/**
 * bulk_poller_kick() - the doorbell of the poller:
 * something may wait to be drained
 * @ep: the endpoint
 *
 * Context: Any but NMI.
 */
void bulk_poller_kick(struct bulk_endpoint *ep)
{
	struct bulk_poller *p = &ep->channel->poller;

	if (!READ_ONCE(p->task))
		return;
	atomic_inc(&p->kicks);
	/*
	 * wq_has_sleeper()'s barrier pairs with the one of prepare_to_wait().
	 */
	if (wq_has_sleeper(&p->wait))
		wake_up(&p->wait);
}

/**
 * bulk_deadline_start() - the doorbell of the deadline: start its timer
 * @dl: the deadline of an endpoint
 * @us: microseconds until it has the window drained
 *
 * Context: Any but NMI.
 * Return: true unless the timer runs already, which must not be put off.
 */
bool bulk_deadline_start(struct bulk_deadline *dl, unsigned int us)
{
	unsigned long flags;
	bool starts;

	spin_lock_irqsave(&dl->lock, flags);
	starts = !dl->armed && !dl->dead;
	if (starts) {
		dl->armed = true;
		hrtimer_start(&dl->timer, ns_to_ktime((u64)us * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
	}
	spin_unlock_irqrestore(&dl->lock, flags);
	return starts;
}

/* The provider has room for what waits in a window. */
static void bulk_deadline_room(struct bulk_endpoint *ep)
{
	if (bulk_deadline_applies(ep->channel))
		bulk_deadline_start(&ep->deadline,
				    READ_ONCE(ep->channel->deadline_us));
}

/* --- Those who tell of events --- */

static void bulk_side_wake(struct bulk_endpoint *ep, struct bulk_side *side,
			   __poll_t mask)
{
	/*
	 * Whoever reads the new count must find what it announces. Pairs with
	 * atomic_read_acquire() in bulk_endpoint_send() and _recv().
	 */
	smp_mb__before_atomic();
	atomic_inc(&side->events);
	/* Pairs with the barrier that prepare_to_wait() has. */
	if (wq_has_sleeper(&ep->wait))
		wake_up_poll(&ep->wait, mask);
}

/**
 * bulk_tx_wake() - tell senders that the provider may have room again
 * @ep: the endpoint
 *
 * Context: Any but NMI.
 */
void bulk_tx_wake(struct bulk_endpoint *ep)
{
	bulk_side_wake(ep, &ep->tx, EPOLLOUT | EPOLLWRNORM);
	/*
	 * A receiver may sleep whose answer a record in the window will bring,
	 * which nobody but a receiver that wakes, the poller, or the deadline's
	 * timer drains.
	 */
	if (READ_ONCE(ep->tx_stalled)) {
		bulk_side_wake(ep, &ep->rx, EPOLLIN | EPOLLRDNORM |
					    EPOLLOUT | EPOLLWRNORM);
		bulk_poller_kick(ep);
		bulk_deadline_room(ep);
	}
}
EXPORT_SYMBOL_GPL(bulk_tx_wake);

/**
 * bulk_endpoint_wake() - wake all that wait for an endpoint
 * @ep: the endpoint
 * @mask: EPOLL* events that have happened
 *
 * Context: Any but NMI.
 */
void bulk_endpoint_wake(struct bulk_endpoint *ep, __poll_t mask)
{
	bulk_side_wake(ep, &ep->tx, mask);
	bulk_side_wake(ep, &ep->rx, mask);
}

/**
 * bulk_rx_wake() - tell receivers that there may be a record
 * @ep: the endpoint
 *
 * bulk_commit() and bulk_push() do it by themselves.
 *
 * Context: Any but NMI.
 */
void bulk_rx_wake(struct bulk_endpoint *ep)
{
	bulk_side_wake(ep, &ep->rx, EPOLLIN | EPOLLRDNORM);
}
EXPORT_SYMBOL_GPL(bulk_rx_wake);

/* --- Those who wait for them --- */

/* A thread that waits for an event of one direction, in the queue for both. */
struct bulk_sleeper {
	struct wait_queue_entry entry;
	struct bulk_side *side;
	int seen;
};

static bool bulk_has_event(const struct bulk_sleeper *s)
{
	return atomic_read(&s->side->events) != s->seen;
}

/* The other direction's events wake nobody who sleeps for this one's. */
static int bulk_sleeper_wake(struct wait_queue_entry *entry, unsigned int mode,
			     int sync, void *key)
{
	if (!bulk_has_event(container_of(entry, struct bulk_sleeper, entry)))
		return 0;
	return autoremove_wake_function(entry, mode, sync, key);
}

/* wait_event_interruptible() with a wake function of its own. */
static int bulk_sleep(struct bulk_endpoint *ep, struct bulk_sleeper *s)
{
	int ret = 0;

	init_wait(&s->entry);
	s->entry.func = bulk_sleeper_wake;
	for (;;) {
		prepare_to_wait(&ep->wait, &s->entry, TASK_INTERRUPTIBLE);
		if (bulk_has_event(s))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	finish_wait(&ep->wait, &s->entry);
	return ret;
}

/**
 * bulk_wait() - wait for a refused operation to have a chance
 * @ep: the endpoint
 * @side: the direction
 * @seen: value of its events before the operation was tried
 * @nowait: don't
 *
 * Context: Process context. Sleeps.
 * Return: 0, -EAGAIN, or -ERESTARTSYS for a signal.
 */
int bulk_wait(struct bulk_endpoint *ep, struct bulk_side *side, int seen,
	      bool nowait)
{
	struct bulk_sleeper sleeper = { .side = side, .seen = seen };

	if (nowait)
		return -EAGAIN;
	/*
	 * A provider that refuses and wakes in one go
	 * must not keep a killed process.
	 */
	if (signal_pending(current))
		return -ERESTARTSYS;
	cond_resched();
	return bulk_sleep(ep, &sleeper);
}
