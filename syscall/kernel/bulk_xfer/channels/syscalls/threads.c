// SPDX-License-Identifier: GPL-2.0
/*
 * What a recording remembers of each thread: a sparse table by its number in
 * the initial pid namespace, which probes look at without a lock.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/threads.h>

#include "recorder.h"

#define SYSCALLS_CHUNKS	DIV_ROUND_UP(PID_MAX_LIMIT, SYSCALLS_CHUNK)

/**
 * syscalls_threads_init() - nothing is known of any thread
 * @rec: the recording
 *
 * Return: 0, or -ENOMEM.
 */
int syscalls_threads_init(struct syscalls_recording *rec)
{
	rec->threads = kvcalloc(SYSCALLS_CHUNKS, sizeof(*rec->threads),
				GFP_KERNEL_ACCOUNT);
	return rec->threads ? 0 : -ENOMEM;
}

/**
 * syscalls_threads_free() - forget all threads
 * @rec: the recording, which no probe uses any more
 */
void syscalls_threads_free(struct syscalls_recording *rec)
{
	unsigned int i;

	for (i = 0; rec->threads && i < SYSCALLS_CHUNKS; i++)
		kfree(rec->threads[i]);
	kvfree(rec->threads);
}

/**
 * syscalls_thread_get() - have a place for a thread
 * @rec: the recording
 * @pid: its number in the initial pid namespace
 *
 * Context: Any but interrupts.
 * Return: the place; NULL when there is no memory for it, which is counted.
 */
struct syscalls_thread *syscalls_thread_get(struct syscalls_recording *rec,
					    u32 pid)
{
	struct syscalls_thread **place = &rec->threads[pid / SYSCALLS_CHUNK];
	struct syscalls_thread *chunk = READ_ONCE(*place), *old;

	if (likely(chunk))
		return chunk + pid % SYSCALLS_CHUNK;
	chunk = kcalloc(SYSCALLS_CHUNK, sizeof(*chunk),
			GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!chunk) {
		atomic64_inc(&rec->unseen);
		return NULL;
	}
	/* Another thread's probe may be faster. */
	old = cmpxchg(place, NULL, chunk);
	if (old)
		kfree(chunk);
	return (old ?: chunk) + pid % SYSCALLS_CHUNK;
}

/**
 * syscalls_threads_unlist() - have no thread listed
 * @rec: the recording
 */
void syscalls_threads_unlist(struct syscalls_recording *rec)
{
	struct syscalls_thread *chunk;
	unsigned int i, n;

	for (i = 0; i < SYSCALLS_CHUNKS; i++) {
		chunk = READ_ONCE(rec->threads[i]);
		for (n = 0; chunk && n < SYSCALLS_CHUNK; n++)
			WRITE_ONCE(chunk[n].listed, false);
		cond_resched();
	}
}

/**
 * syscalls_threads_list() - list all threads of a process
 * @rec: the recording, whose probes list those that these make meanwhile
 * @pid: the process
 *
 * One that has ended meanwhile is no mistake; those that there is no memory for
 * are counted.
 */
void syscalls_threads_list(struct syscalls_recording *rec, struct pid *pid)
{
	struct syscalls_thread *th;
	struct task_struct *p, *t;

	guard(rcu)();
	p = pid_task(pid, PIDTYPE_TGID);
	if (!p)
		return;
	for_each_thread(p, t) {
		th = syscalls_thread_get(rec, t->pid);
		if (th)
			WRITE_ONCE(th->listed, true);
	}
}
