// SPDX-License-Identifier: GPL-2.0
/*
 * The deadline: a bound on the time that a record waits in a window.
 *
 * A window whose channel has a deadline, and no poller, is in one of these
 * states. Everybody who drains it moves it on, under the TX lock: see
 * bulk_deadline_follow().
 *
 *	asleep	No timer runs. BULK_WINDOW_DEADLINE is set: the next SEND enters
 *		the kernel, and is drained: armed.
 *	armed	SENDs need no call. The timer has the window drained in the end:
 *		if records went through since it was started, it is started
 *		again; if none did, asleep.
 *	stalled	The provider has no room. No timer runs, for there is nothing to
 *		do before bulk_tx_wake() tells of room: armed. Only where it is
 *		the RX rings that have none does the timer go on, because a
 *		process that makes some by reading its window tells nobody.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "channel.h"
#include "deadline.h"
#include "drain.h"
#include "endpoint.h"
#include "side.h"
#include "window.h"

/* Until the next try when somebody holds the TX lock. */
#define BULK_DEADLINE_BUSY_US	1000U

static struct workqueue_struct *bulk_deadline_wq __ro_after_init;

static void bulk_deadline_look_now(struct bulk_deadline *dl)
{
	unsigned long flags;

	spin_lock_irqsave(&dl->lock, flags);
	if (!dl->dead)
		queue_work(bulk_deadline_wq, &dl->work);
	spin_unlock_irqrestore(&dl->lock, flags);
}

/*
 * A timer that is started from now on is for records that this look may miss.
 */
static void bulk_deadline_begin(struct bulk_deadline *dl)
{
	unsigned long flags;

	spin_lock_irqsave(&dl->lock, flags);
	dl->armed = false;
	hrtimer_try_to_cancel(&dl->timer);
	spin_unlock_irqrestore(&dl->lock, flags);
}

static void bulk_deadline_sleep(struct bulk_endpoint *ep, struct bulk_window *w)
{
	bulk_window_set(w, BULK_WINDOW_DEADLINE);
	/* Pairs with the exchange in bulk_send_one() of the vDSO. */
	smp_mb();
	bulk_drain_locked(ep);
}

static void bulk_deadline_look(struct bulk_endpoint *ep, struct bulk_window *w)
{
	u64 seen = ep->deadline.seen;
	int ret = bulk_drain_locked(ep);

	/*
	 * Unmapped, it must read that there is no window: no bit is to be set.
	 */
	if (!bulk_deadline_applies(ep->channel) || !atomic_read(&w->maps))
		bulk_deadline_stop_calls(w);
	else if (!ret && w->tx.tail != seen)
		bulk_deadline_arm(ep, w);
	else if (!ret)
		bulk_deadline_sleep(ep, w);
}

/*
 * A task that holds the lock may be throttled: it must not keep a worker that
 * others need. Nor must the memory that one of them may not have: see
 * bulk_kthread_gfp().
 */
static void bulk_deadline_work(struct work_struct *work)
{
	struct bulk_deadline *dl = container_of(work, struct bulk_deadline,
						work);
	struct bulk_endpoint *ep = container_of(dl, struct bulk_endpoint,
						deadline);

	bulk_deadline_begin(dl);
	if (!mutex_trylock(&ep->tx_lock)) {
		bulk_deadline_start(dl, BULK_DEADLINE_BUSY_US);
		return;
	}
	WRITE_ONCE(dl->task, current);
	if (ep->window)
		bulk_deadline_look(ep, ep->window);
	WRITE_ONCE(dl->task, NULL);
	mutex_unlock(&ep->tx_lock);
}

static enum hrtimer_restart bulk_deadline_expired(struct hrtimer *timer)
{
	struct bulk_deadline *dl = container_of(timer, struct bulk_deadline,
						timer);

	queue_work(bulk_deadline_wq, &dl->work);
	return HRTIMER_NORESTART;
}

/**
 * bulk_deadline_init() - no timer yet
 * @dl: the deadline of a new endpoint
 */
void bulk_deadline_init(struct bulk_deadline *dl)
{
	spin_lock_init(&dl->lock);
	INIT_WORK(&dl->work, bulk_deadline_work);
	hrtimer_setup(&dl->timer, bulk_deadline_expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
	/*
	 * Without the queue, which an early boot had no memory for,
	 * there is none.
	 */
	dl->dead = !bulk_deadline_wq;
}

/**
 * bulk_deadline_end() - no timer any more, and nothing that it has started
 * @dl: the deadline of an endpoint that ends
 *
 * Context: Process context, without the endpoint's locks. Sleeps.
 */
void bulk_deadline_end(struct bulk_deadline *dl)
{
	unsigned long flags;

	spin_lock_irqsave(&dl->lock, flags);
	dl->dead = true;
	spin_unlock_irqrestore(&dl->lock, flags);
	/* The timer first: it queues the work. */
	hrtimer_cancel(&dl->timer);
	cancel_work_sync(&dl->work);
}

/**
 * bulk_deadline_update() - whether there are deadlines has changed
 * @ch: the channel
 *
 * Each window is looked at soon, and not waited for: its locks may be taken.
 *
 * Context: Process context. Takes the channel's lock.
 */
void bulk_deadline_update(struct bulk_channel *ch)
{
	struct bulk_endpoint *ep;

	guard(mutex)(&ch->lock);
	list_for_each_entry(ep, &ch->endpoints, node)
		bulk_deadline_look_now(&ep->deadline);
}

/**
 * bulk_deadline_set() - have a deadline, or none
 * @ch: the channel
 * @us: microseconds that a record may wait in a window; 0: any time
 *
 * Context: Process context. Takes the channel's lock.
 * Return: 0, or -EINVAL for more than BULK_MAX_DEADLINE_US.
 */
int bulk_deadline_set(struct bulk_channel *ch, unsigned int us)
{
	if (us > BULK_MAX_DEADLINE_US)
		return -EINVAL;
	WRITE_ONCE(ch->deadline_us, us);
	bulk_deadline_update(ch);
	return 0;
}

static int __init bulk_deadline_queue(void)
{
	bulk_deadline_wq = alloc_workqueue("bulk_xfer", WQ_UNBOUND, 0);
	return bulk_deadline_wq ? 0 : -ENOMEM;
}
subsys_initcall(bulk_deadline_queue);
