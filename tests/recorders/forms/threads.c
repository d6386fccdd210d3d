// SPDX-License-Identifier: GPL-2.0
/*
 * Whose calls are recorded: a table of threads.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/hashtable.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "log.h"

#define TABLE_BITS	8

static DEFINE_HASHTABLE(threads, TABLE_BITS);
static DEFINE_SPINLOCK(threads_lock);	/* of those who change the table */

/* The caller can't be preempted, or has the lock. */
struct log_thread *log_thread_find(const struct task_struct *task)
{
	struct log_thread *t;

	hash_for_each_possible_rcu(threads, t, node, (unsigned long)task,
				   lockdep_is_held(&threads_lock))
		if (t->task == task)
			return t;
	return NULL;
}

/* Any context but interrupts. */
void log_thread_add(struct task_struct *task)
{
	struct log_thread *t = kzalloc(sizeof(*t), GFP_NOWAIT);

	if (!t) {
		log_unseen();
		return;
	}
	spin_lock(&threads_lock);
	if (log_thread_find(task)) {
		kfree(t);
	} else {
		t->task = get_task_struct(task);
		hash_add_rcu(threads, &t->node, (unsigned long)task);
	}
	spin_unlock(&threads_lock);
}

static void drop(struct log_thread *t)
{
	hash_del_rcu(&t->node);
	put_task_struct(t->task);
	kfree_rcu(t, rcu);
}

void log_thread_remove(const struct task_struct *task)
{
	struct log_thread *t;

	spin_lock(&threads_lock);
	t = log_thread_find(task);
	if (t)
		drop(t);
	spin_unlock(&threads_lock);
}

/**
 * log_process_get() - a process that may be recorded
 * @pid: as the caller's pid namespace has it
 *
 * Return: it, to be put; ERR_PTR(-ESRCH); ERR_PTR(-EINVAL): the caller's own.
 */
struct task_struct *log_process_get(pid_t pid)
{
	struct pid *ref = find_get_pid(pid);
	struct task_struct *process = get_pid_task(ref, PIDTYPE_TGID);

	put_pid(ref);
	if (!process)
		return ERR_PTR(-ESRCH);
	if (!same_thread_group(process, current))
		return process;
	put_task_struct(process);
	return ERR_PTR(-EINVAL);
}

/*
 * All of its threads. One that is made meanwhile is either further down the
 * list, or its maker is in the table already when the hook looks.
 */
void log_process_add(struct task_struct *process)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_thread(process, task)
		log_thread_add(task);
	rcu_read_unlock();
}

/* Also those that had ended when they were added. */
void log_threads_clear(void)
{
	struct log_thread *t;
	struct hlist_node *next;
	int bucket;

	spin_lock(&threads_lock);
	hash_for_each_safe(threads, bucket, next, t, node)
		drop(t);
	spin_unlock(&threads_lock);
}
