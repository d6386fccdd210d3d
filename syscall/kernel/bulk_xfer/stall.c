// SPDX-License-Identifier: GPL-2.0
/*
 * Records of threads that must wait for their reader, though not where they
 * push them: a thread that makes a call waits at the end of it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/wait.h>

#include "endpoint.h"
#include "rx.h"

/* GFP_ATOMIC, for probes of tracepoints run with preemption off. */
#define BULK_GFP_STALL	(GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN)

/* A record that waits. */
struct bulk_stalled {
	struct list_head node;
	u64 tag;
	size_t len;
	u8 data[];
};

/**
 * struct bulk_stall - the records of one thread that wait for one endpoint
 * @work: has the thread wait
 * @node: place in bulk_stalls
 * @task: the thread, which alone uses what follows
 * @ep: the endpoint, with a reference
 * @records: the records, in order
 */
struct bulk_stall {
	struct callback_head work;
	struct hlist_node node;
	struct task_struct *task;
	struct bulk_endpoint *ep;
	struct list_head records;
};

/* Those of all threads, so that the next record of one finds the last. */
static DEFINE_HASHTABLE(bulk_stalls, 6);
static DEFINE_RAW_SPINLOCK(bulk_stalls_lock);
static atomic_t bulk_nr_stalls = ATOMIC_INIT(0);

static struct bulk_stall *bulk_stall_find(struct bulk_endpoint *ep)
{
	struct bulk_stall *stall, *found = NULL;
	unsigned long flags;

	if (likely(!atomic_read(&bulk_nr_stalls)))
		return NULL;
	raw_spin_lock_irqsave(&bulk_stalls_lock, flags);
	hash_for_each_possible(bulk_stalls, stall, node,
			       (unsigned long)current) {
		if (stall->task == current && stall->ep == ep) {
			found = stall;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&bulk_stalls_lock, flags);
	return found;
}

static void bulk_stall_link(struct bulk_stall *stall)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bulk_stalls_lock, flags);
	hash_add(bulk_stalls, &stall->node, (unsigned long)stall->task);
	raw_spin_unlock_irqrestore(&bulk_stalls_lock, flags);
	atomic_inc(&bulk_nr_stalls);
	atomic_inc(&stall->ep->stalls);
}

static void bulk_stall_unlink(struct bulk_stall *stall)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bulk_stalls_lock, flags);
	hash_del(&stall->node);
	raw_spin_unlock_irqrestore(&bulk_stalls_lock, flags);
	atomic_dec(&bulk_nr_stalls);
	atomic_dec(&stall->ep->stalls);
}

static void bulk_stall_free(struct bulk_stall *stall)
{
	bulk_endpoint_put(stall->ep);
	kfree(stall);
}

/* Return: 0; -EAGAIN when there is no room; another errno when it is lost. */
static int bulk_stalled_push(struct bulk_endpoint *ep,
			     const struct bulk_stalled *s)
{
	/* No provider goes while one of these is held. */
	guard(mutex)(ep->rx_lock);
	if (ep->gone)
		return -ENODEV;
	return bulk_push(ep, s->data, s->len, s->tag, GFP_KERNEL);
}

/* A signal can't end a wait of a thread that already ends by one. */
static bool bulk_is_killed(void)
{
	return current->flags & PF_EXITING && current->exit_code & 0x7f;
}

static int bulk_stalled_wait(struct bulk_endpoint *ep,
			     const struct bulk_stalled *s)
{
	int seen, ret;

	for (;;) {
		seen = atomic_read_acquire(&ep->tx.events);
		ret = bulk_stalled_push(ep, s);
		if (ret != -EAGAIN)
			return ret;
		if (bulk_is_killed())
			return -EINTR;
		ret = wait_event_killable(ep->wait,
					  atomic_read(&ep->tx.events) != seen);
		if (ret)
			return ret;
	}
}

static void bulk_stall_work(struct callback_head *work)
{
	struct bulk_stall *stall = container_of(work, struct bulk_stall, work);
	struct bulk_endpoint *ep = stall->ep;
	struct bulk_stalled *s, *next;
	int ret = 0;

	list_for_each_entry_safe(s, next, &stall->records, node) {
		if (!ret)
			ret = bulk_stalled_wait(ep, s);
		if (ret)
			bulk_rx_lose_one(&ep->records, s->data, s->len);
		kfree(s);
	}
	bulk_stall_unlink(stall);
	/* The provider may have more to say after the last record. */
	bulk_rx_wake(ep);
	bulk_stall_free(stall);
}

static struct bulk_stall *bulk_stall_create(struct bulk_endpoint *ep)
{
	struct bulk_stall *stall = kzalloc(sizeof(*stall), BULK_GFP_STALL);

	if (!stall)
		return NULL;
	INIT_LIST_HEAD(&stall->records);
	init_task_work(&stall->work, bulk_stall_work);
	stall->task = current;
	stall->ep = ep;
	if (task_work_add(current, &stall->work, TWA_RESUME)) {
		/* It is past its last work. */
		kfree(stall);
		return NULL;
	}
	/* The work runs in this thread, so not yet. */
	kref_get(&ep->ref);
	bulk_stall_link(stall);
	return stall;
}

static int bulk_stall_add(struct bulk_endpoint *ep, struct bulk_stall *stall,
			  const void *data, size_t len, u64 tag)
{
	struct bulk_stalled *s = kmalloc(struct_size(s, data, len),
					 BULK_GFP_STALL);

	if (s && !stall)
		stall = bulk_stall_create(ep);
	if (!s || !stall) {
		kfree(s);
		bulk_rx_lose_one(&ep->records, data, len);
		return -ENOMEM;
	}
	s->tag = tag;
	s->len = len;
	memcpy(s->data, data, len);
	list_add_tail(&s->node, &stall->records);
	return 0;
}

/**
 * bulk_push_wait() - give a reader a copy of a record, and wait for room later
 * @ep: the endpoint, whose policy is to block
 * @data: the record
 * @len: its bytes
 * @tag: travels with it
 *
 * Where there is no room, the calling thread sleeps until there is, before it
 * returns to user space or ends: after the call in which it pushes, in which it
 * may be allowed to sleep no more. Its next records for @ep stay behind this
 * one. If it is killed, or the endpoint goes, they are lost, counted, and
 * @dropped is told.
 *
 * Context: A task with a user space, in any context but interrupts and NMIs;
 * between the provider's open() and release().
 * Return: 0; -ENOMEM when the record is lost, counted, and @dropped was told; or
 * as bulk_reserve().
 */
int bulk_push_wait(struct bulk_endpoint *ep, const void *data, size_t len,
		   u64 tag)
{
	struct bulk_stall *stall = bulk_stall_find(ep);
	int ret;

	if (likely(!stall)) {
		ret = bulk_push(ep, data, len, tag, GFP_ATOMIC);
		if (likely(ret != -EAGAIN && ret != -ENOMEM))
			return ret;
	}
	return bulk_stall_add(ep, stall, data, len, tag);
}
EXPORT_SYMBOL_GPL(bulk_push_wait);

/**
 * bulk_has_stalled() - are there records whose threads wait for room?
 * @ep: the endpoint
 *
 * Context: Any.
 * Return: true if so; receivers are woken when there are no more.
 */
bool bulk_has_stalled(struct bulk_endpoint *ep)
{
	return atomic_read(&ep->stalls);
}
EXPORT_SYMBOL_GPL(bulk_has_stalled);
