// SPDX-License-Identifier: GPL-2.0
/*
 * The poller: a thread that looks after the windows of a channel.
 *
 * While it is awake, processes send and receive without any system call. When
 * no record came for a while it goes to sleep; the next SEND finds the flag
 * that asks for a call, and the call wakes it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

#include "channel.h"
#include "deadline.h"
#include "drain.h"
#include "endpoint.h"
#include "poller.h"
#include "produce.h"
#include "window.h"

/**
 * enum bulk_poller_state - what the processes are told of the poller
 * @BULK_POLLER_OFF: there is none
 * @BULK_POLLER_UP: it looks
 * @BULK_POLLER_ASLEEP: it wants to be woken
 */
enum bulk_poller_state {
	BULK_POLLER_OFF,
	BULK_POLLER_UP,
	BULK_POLLER_ASLEEP,
};

/**
 * bulk_poller_init() - no thread yet
 * @p: the poller
 */
void bulk_poller_init(struct bulk_poller *p)
{
	mutex_init(&p->lock);
	init_waitqueue_head(&p->wait);
	atomic_set(&p->kicks, 0);
}

static bool bulk_poll_tx(struct bulk_endpoint *ep)
{
	u64 before = ep->tx.records;

	lockdep_assert_held(&ep->tx_lock);
	bulk_drain_locked(ep);
	return ep->tx.records != before;
}

static bool bulk_poll_rx(struct bulk_endpoint *ep)
{
	u64 before = atomic64_read(&ep->records.records);

	lockdep_assert_held(ep->rx_lock);
	bulk_produce_window(ep, NULL);
	return atomic64_read(&ep->records.records) != before;
}

static void bulk_poller_set_quiet(struct bulk_window *w, u64 quiet)
{
	if (w->kernel->tx_quiet != quiet)
		WRITE_ONCE(w->kernel->tx_quiet, quiet);
}

static void bulk_poller_set_flag(struct bulk_window *w, bool flag)
{
	if (flag == !!(READ_ONCE(w->kernel->state) & BULK_WINDOW_POLLER))
		return;
	if (flag)
		bulk_window_set(w, BULK_WINDOW_POLLER);
	else
		bulk_window_clear(w, BULK_WINDOW_POLLER);
	/* Pairs with the exchange in bulk_send_one() of the vDSO. */
	smp_mb();
}

/*
 * While the poller is up, no fill level of the ring is worth a system call;
 * while it sleeps, any record is. Every SEND reads the line that this is in:
 * it is written to when something changes.
 */
static void bulk_poller_tell(struct bulk_window *w,
			     enum bulk_poller_state state)
{
	bulk_poller_set_quiet(w, state == BULK_POLLER_UP ? w->tx.size
							 : w->tx.size / 2);
	bulk_poller_set_flag(w, state == BULK_POLLER_ASLEEP);
}

/* Memory that the provider allocates is for the process. */
static bool bulk_poll_window(struct bulk_endpoint *ep, struct bulk_window *w,
			     enum bulk_poller_state state)
{
	struct mem_cgroup *outer;
	bool moved;

	/* The process can wait for memory, in a call of its own. */
	if (w->starved && state == BULK_POLLER_UP)
		state = BULK_POLLER_ASLEEP;
	bulk_poller_tell(w, state);
	outer = set_active_memcg(w->memcg);
	moved = bulk_poll_tx(ep);
	if (ep->rx_lock == &ep->tx_lock) {
		moved |= bulk_poll_rx(ep);
	} else if (mutex_trylock(ep->rx_lock)) {
		moved |= bulk_poll_rx(ep);
		mutex_unlock(ep->rx_lock);
	}
	set_active_memcg(outer);
	return moved;
}

static bool bulk_poll_locked(struct bulk_endpoint *ep,
			     enum bulk_poller_state state)
{
	struct bulk_window *w = ep->window;

	lockdep_assert_held(&ep->tx_lock);
	if (!w || !atomic_read(&w->maps))
		return false;
	return bulk_poll_window(ep, w, state);
}

/*
 * A task that holds the lock may be throttled, so the poller doesn't wait for
 * it, but it doesn't go to sleep either: records are on their way. Only its end
 * every window has to be told of.
 */
static bool bulk_poll_endpoint(struct bulk_endpoint *ep,
			       enum bulk_poller_state state)
{
	bool moved;

	if (state == BULK_POLLER_OFF)
		mutex_lock(&ep->tx_lock);
	else if (!READ_ONCE(ep->window))
		return false;
	else if (!mutex_trylock(&ep->tx_lock))
		return true;
	moved = bulk_poll_locked(ep, state);
	mutex_unlock(&ep->tx_lock);
	return moved;
}

/* The first of the list goes to its end, and is returned with a reference. */
static struct bulk_endpoint *bulk_poll_next(struct bulk_channel *ch)
{
	struct bulk_endpoint *ep;

	guard(mutex)(&ch->lock);
	if (list_empty(&ch->endpoints))
		return NULL;
	list_rotate_left(&ch->endpoints);
	ep = list_last_entry(&ch->endpoints, struct bulk_endpoint, node);
	kref_get(&ep->ref);
	return ep;
}

/* Each endpoint once, without the channel's lock, which others need. */
static bool bulk_poll_all(struct bulk_channel *ch, enum bulk_poller_state state)
{
	unsigned int left = READ_ONCE(ch->nr_endpoints);
	struct bulk_endpoint *ep;
	bool moved = false;

	while (left-- && (ep = bulk_poll_next(ch))) {
		moved |= bulk_poll_endpoint(ep, state);
		bulk_endpoint_put(ep);
		cond_resched();
	}
	return moved;
}

static void bulk_poller_sleep(struct bulk_channel *ch)
{
	struct bulk_poller *p = &ch->poller;
	int seen = atomic_read(&p->kicks);

	if (bulk_poll_all(ch, BULK_POLLER_ASLEEP))
		return;
	wait_event_interruptible(p->wait,
				 atomic_read(&p->kicks) != seen ||
				 kthread_should_stop());
}

static int bulk_poller_run(void *data)
{
	struct bulk_channel *ch = data;
	ktime_t last = ktime_get();

	while (!kthread_should_stop()) {
		if (bulk_poll_all(ch, BULK_POLLER_UP)) {
			last = ktime_get();
		} else if (ktime_us_delta(ktime_get(), last) >=
			   READ_ONCE(ch->poller.idle_us)) {
			bulk_poller_sleep(ch);
			last = ktime_get();
		}
		cond_resched_tasks_rcu_qs();
	}
	bulk_poll_all(ch, BULK_POLLER_OFF);
	return 0;
}

static void bulk_poller_stop(struct bulk_channel *ch)
{
	kthread_stop(ch->poller.task);
	WRITE_ONCE(ch->poller.task, NULL);
}

static int bulk_poller_start(struct bulk_channel *ch)
{
	struct task_struct *task;

	task = kthread_create(bulk_poller_run, ch, "bulk/%s",
			      bulk_channel_name(ch));
	if (IS_ERR(task))
		return PTR_ERR(task);
	WRITE_ONCE(ch->poller.task, task);
	wake_up_process(task);
	return 0;
}

/**
 * bulk_poller_set() - have a poller, or none
 * @ch: the channel
 * @idle_us: microseconds without a record before it goes to sleep; 0: no poller
 *
 * Context: Process context. Takes the channel's lock. Sleeps until the thread
 * has ended, or started.
 * Return: 0, or an errno when no thread could be made.
 */
int bulk_poller_set(struct bulk_channel *ch, unsigned int idle_us)
{
	struct bulk_poller *p = &ch->poller;
	int ret = 0;

	guard(mutex)(&p->lock);
	WRITE_ONCE(p->idle_us, idle_us);
	if (!idle_us == !p->task)
		return 0;
	if (idle_us)
		ret = bulk_poller_start(ch);
	else
		bulk_poller_stop(ch);
	if (ret)
		WRITE_ONCE(p->idle_us, 0);
	/* With a poller there is no timer, without one there may have to be. */
	if (READ_ONCE(ch->deadline_us))
		bulk_deadline_update(ch);
	return ret;
}
