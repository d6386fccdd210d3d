/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sides of an endpoint: events, threads that wait for them, and the
 * doorbells of those that drain its window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_SIDE_H
#define _BULK_XFER_SIDE_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct bulk_endpoint;
struct task_struct;

/**
 * struct bulk_side - one direction of an endpoint
 * @events: counts what may make a refused operation succeed
 * @records: records moved; of those to user space, past the RX rings
 * @bytes: bytes in them
 */
struct bulk_side {
	atomic_t events;
	u64 records;
	u64 bytes;
};

/**
 * struct bulk_poller - a thread that looks after the windows of a channel
 * @lock: serializes starting and stopping
 * @task: the thread, or NULL
 * @idle_us: microseconds without a record before it goes to sleep; 0: no thread
 * @wait: where it sleeps
 * @kicks: counts doorbells
 */
struct bulk_poller {
	struct mutex lock; /* serializes starting and stopping */
	struct task_struct *task;
	unsigned int idle_us;
	wait_queue_head_t wait;
	atomic_t kicks;
};

/**
 * struct bulk_deadline - has an endpoint's window drained in time
 * @lock: protects the timer's start, @armed and @dead; taken in any context
 * @timer: queues @work
 * @work: drains the window
 * @armed: @timer was started, and @work has not begun since
 * @dead: nothing is started any more
 * @task: the thread that runs @work, while it holds the TX lock
 * @seen: where the window's TX ring began when @timer was started; protected by
 *	the TX lock
 */
struct bulk_deadline {
	spinlock_t lock; /* protects the timer's start */
	struct hrtimer timer;
	struct work_struct work;
	bool armed;
	bool dead;
	struct task_struct *task;
	u64 seen;
};

void bulk_endpoint_wake(struct bulk_endpoint *ep, __poll_t mask);
int bulk_wait(struct bulk_endpoint *ep, struct bulk_side *side, int seen,
	      bool nowait);

void bulk_poller_kick(struct bulk_endpoint *ep);
bool bulk_deadline_start(struct bulk_deadline *dl, unsigned int us);

#endif /* _BULK_XFER_SIDE_H */
