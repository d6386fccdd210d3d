/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The channel syscalls: recordings of system calls. Which file has which part:
 *
 *	channel.c	requests, and the life of recordings and lanes
 *	filter.c	which calls are recorded, and whose may be
 *	probes.c	the tracepoints
 *	emit.c		records on their way to a lane, and their losses
 *	parts.c		strings and stacks of a caller
 *	threads.c	what is remembered of each thread
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_SYSCALLS_RECORDER_H
#define _BULK_SYSCALLS_RECORDER_H

#include <linux/atomic.h>
#include <linux/bulk_xfer.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/uidgid.h>
#include <uapi/linux/bulk_syscalls.h>

struct cgroup;

/* Bytes of the longest record, by which the kernel's own rings are made, too. */
#define SYSCALLS_MAX_RECORD	(SZ_8K - sizeof(struct bulk_packed))

/* --- Threads: threads.c --- */

/**
 * enum syscalls_phase - what is known of the call that a thread is in
 * @SYSCALLS_UNSEEN: it has begun before the recording, or there is none
 * @SYSCALLS_WANTED: its exit is recorded
 * @SYSCALLS_UNWANTED: its exit is not recorded
 */
enum syscalls_phase {
	SYSCALLS_UNSEEN,
	SYSCALLS_WANTED,
	SYSCALLS_UNWANTED,
};

/**
 * struct syscalls_thread - what a recording remembers of a thread
 * @entered: time of its call's entry, in nanoseconds
 * @turn: its calls since the last one of a sample
 * @phase: &enum syscalls_phase, the thread's own
 * @listed: the filter's pids have it, or it descends from them; anybody's
 */
struct syscalls_thread {
	u64 entered;
	u32 turn;
	u8 phase;
	bool listed;
};

/* Threads whose memory is in one piece, of 8 KiB. */
#define SYSCALLS_CHUNK		512

/* --- Filters: filter.c --- */

/**
 * struct syscalls_filter - which calls are recorded, as it was asked for
 * @asked: the request's part
 * @late: it is known only at a call's end
 * @uid: of @asked.uid
 * @cgroup: of @asked.cgroup, with a reference; or NULL
 */
struct syscalls_filter {
	struct bulk_syscalls_filter asked;
	bool late;
	kuid_t uid;
	struct cgroup *cgroup;
};

/* --- Recordings and their lanes: channel.c --- */

/* Slots of a lane's counters: a number of a call has one, and one for none. */
#define SYSCALLS_SLOTS	(BULK_SYSCALLS_NR + BULK_SYSCALLS_NR32 + 2)

/**
 * struct syscalls_losses - records of one call that were lost
 * @overwritten: written under the lock of the endpoint's rings
 * @refused: by those that record
 * @killed: written as @overwritten
 */
struct syscalls_losses {
	u32 overwritten;
	atomic_t refused;
	u32 killed;
};

/**
 * struct syscalls_lane - an endpoint of a recording
 * @node: place in &syscalls_recording.all_lanes
 * @recording: the recording, with a reference
 * @ep: the endpoint
 * @cpu: the CPU whose records it is for; -1: all that have no other
 * @owed: BULK_SYSCALLS_TOTALS is to be received
 * @answers_lost: BULK_SYSCALLS_TOTALS that gave way
 * @made: records, those lost included; of each CPU
 * @losses: by the slot of a call
 */
struct syscalls_lane {
	struct list_head node;
	struct syscalls_recording *recording;
	struct bulk_endpoint *ep;
	int cpu;
	bool owed;
	u64 answers_lost;
	u64 __percpu *made;
	struct syscalls_losses losses[SYSCALLS_SLOTS];
};

/**
 * struct syscalls_recording - what one process has recorded
 * @ref: held by its lanes
 * @node: place in the list of all
 * @id: its number
 * @lock: protects its start, its end, and its lanes
 * @policy: &enum bulk_syscalls_policy
 * @ring_bytes: bytes that may wait in a lane
 * @owner: process that started it
 * @cred: as which it did
 * @ns: where its pids are from
 * @privileged: others' processes may be recorded
 * @probing: the tracepoints are on
 * @filter: the filter; NULL: nothing is recorded
 * @leader: lane of the endpoint that it was started on; NULL once that is closed
 * @all_lanes: the lanes, that of the leader included
 * @lanes: of each CPU, or NULL
 * @unseen: threads that there was no memory for
 * @threads: by their number in the initial pid namespace
 */
struct syscalls_recording {
	struct kref ref;
	struct list_head node;
	u64 id;
	struct mutex lock; /* protects its start, its end, and its lanes */
	enum bulk_syscalls_policy policy;
	u32 ring_bytes;
	struct pid *owner;
	const struct cred *cred;
	struct pid_namespace *ns;
	bool privileged;
	bool probing;
	struct syscalls_filter __rcu *filter;
	struct syscalls_lane __rcu *leader;
	struct list_head all_lanes;
	struct syscalls_lane __rcu **lanes;
	atomic64_t unseen;
	struct syscalls_thread **threads;
};

/* threads.c */
int syscalls_threads_init(struct syscalls_recording *rec);
void syscalls_threads_free(struct syscalls_recording *rec);
struct syscalls_thread *syscalls_thread_get(struct syscalls_recording *rec,
					    u32 pid);
void syscalls_threads_unlist(struct syscalls_recording *rec);
void syscalls_threads_list(struct syscalls_recording *rec, struct pid *pid);

static inline struct syscalls_thread *
syscalls_thread_find(const struct syscalls_recording *rec, u32 pid)
{
	struct syscalls_thread *chunk;

	/* Pairs with the exchange in syscalls_thread_get(). */
	chunk = READ_ONCE(rec->threads[pid / SYSCALLS_CHUNK]);
	return chunk ? chunk + pid % SYSCALLS_CHUNK : NULL;
}

/* filter.c */
struct syscalls_filter *
syscalls_filter_create(const struct bulk_syscalls_request *rq);
void syscalls_filter_free(struct syscalls_filter *filter);
bool syscalls_is_privileged(void);
int syscalls_may_record(const struct syscalls_recording *rec, struct pid *pid);

/* probes.c */
int syscalls_probes_find(void);
int syscalls_probes_start(struct syscalls_recording *rec);
void syscalls_probes_stop(struct syscalls_recording *rec);
void syscalls_name_threads(struct syscalls_recording *rec, struct pid *pid);

/* emit.c */
struct syscalls_lane *syscalls_lane_here(const struct syscalls_recording *rec);
void syscalls_emit(const struct syscalls_recording *rec,
		   struct syscalls_lane *lane, const void *data, size_t len,
		   u64 time);
void syscalls_dropped(struct bulk_endpoint *ep, const void *data, size_t len);
int syscalls_totals_fill(struct syscalls_lane *lane,
			 struct bulk_syscalls_totals *to, size_t room,
			 size_t *len);

/**
 * syscalls_head_fill() - begin a record
 * @rec: the recording
 * @head: where it begins
 * @type: one of &enum bulk_syscalls_type
 * @task: the thread that it tells of
 */
static inline void
syscalls_head_fill(const struct syscalls_recording *rec,
		   struct bulk_syscalls_head *head, u16 type,
		   struct task_struct *task)
{
	*head = (struct bulk_syscalls_head){
		.type = type,
		.cpu = raw_smp_processor_id(),
	};
	if (likely(rec->ns == &init_pid_ns)) {
		head->pid = task->tgid;
		head->tid = task->pid;
	} else {
		head->pid = task_tgid_nr_ns(task, rec->ns);
		head->tid = task_pid_nr_ns(task, rec->ns);
	}
}

/* parts.c */
size_t syscalls_stack_part(void *to, struct pt_regs *regs,
			   unsigned int depth);
size_t syscalls_path_parts(void *to, unsigned int abi, u32 nr,
			   const u64 *args);

/* Bytes of the longest record of a call, with all of its parts. */
#define SYSCALLS_MAX_CALL						\
	(sizeof(struct bulk_syscalls_exit) + 6 * sizeof(u64) +		\
	 sizeof(struct bulk_syscalls_part) +				\
	 BULK_SYSCALLS_MAX_STACK * sizeof(u64) +			\
	 2 * (sizeof(struct bulk_syscalls_part) + BULK_SYSCALLS_MAX_PATH))

#endif /* _BULK_SYSCALLS_RECORDER_H */
