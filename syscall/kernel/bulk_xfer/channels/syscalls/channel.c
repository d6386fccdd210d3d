// SPDX-License-Identifier: GPL-2.0
/*
 * The channel syscalls: requests, and the life of recordings and their lanes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "recorder.h"

static struct bulk_channel *syscalls;

/* All recordings that have begun, for endpoints that join one. */
static LIST_HEAD(syscalls_recordings);
static DEFINE_MUTEX(syscalls_lock);
static u64 syscalls_last_id;

/* --- Lanes --- */

static void syscalls_lane_free(struct syscalls_lane *lane)
{
	if (lane)
		free_percpu(lane->made);
	kvfree(lane);
}

static struct syscalls_lane *syscalls_lane_create(struct bulk_endpoint *ep,
						  int cpu)
{
	struct syscalls_lane *lane = kvzalloc(sizeof(*lane),
					      GFP_KERNEL_ACCOUNT);

	if (!lane)
		return NULL;
	INIT_LIST_HEAD(&lane->node);
	lane->ep = ep;
	lane->cpu = cpu;
	lane->made = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	if (!lane->made) {
		syscalls_lane_free(lane);
		return NULL;
	}
	return lane;
}

static int syscalls_lane_prepare(const struct syscalls_recording *rec,
				 struct bulk_endpoint *ep)
{
	static const enum bulk_rx_policy policies[] = {
		[BULK_SYSCALLS_OVERWRITE] = BULK_RX_OVERWRITE_OLDEST,
		[BULK_SYSCALLS_REFUSE] = BULK_RX_REFUSE_NEWEST,
		[BULK_SYSCALLS_BLOCK] = BULK_RX_BLOCK,
	};

	return bulk_set_rx_policy(ep, policies[rec->policy], rec->ring_bytes);
}

/* Where probes find a lane. */
static struct syscalls_lane __rcu **
syscalls_lane_place(struct syscalls_recording *rec, int cpu)
{
	return cpu < 0 ? &rec->leader : &rec->lanes[cpu];
}

/* The endpoint has a lane from here on, and the lane the recording. */
static void syscalls_lane_add(struct syscalls_recording *rec,
			      struct syscalls_lane *lane)
{
	lockdep_assert_held(&rec->lock);
	kref_get(&rec->ref);
	lane->recording = rec;
	list_add_tail(&lane->node, &rec->all_lanes);
	bulk_set_private(lane->ep, lane);
	rcu_assign_pointer(*syscalls_lane_place(rec, lane->cpu), lane);
}

/* Have every lane tell what was lost, once it has nothing else to tell. */
static void syscalls_owe_totals(struct syscalls_recording *rec)
{
	struct syscalls_lane *lane;

	lockdep_assert_held(&rec->lock);
	list_for_each_entry(lane, &rec->all_lanes, node) {
		WRITE_ONCE(lane->owed, true);
		bulk_rx_wake(lane->ep);
	}
}

/* --- Recordings --- */

static void syscalls_recording_destroy(struct syscalls_recording *rec)
{
	put_pid(rec->owner);
	put_cred(rec->cred);
	put_pid_ns(rec->ns);
	syscalls_threads_free(rec);
	kvfree(rec->lanes);
	kfree(rec);
}

static void syscalls_recording_free(struct kref *ref)
{
	struct syscalls_recording *rec = container_of(ref,
						      struct syscalls_recording,
						      ref);

	scoped_guard(mutex, &syscalls_lock)
		list_del_init(&rec->node);
	/* Probes that have begun look at the recording. */
	tracepoint_synchronize_unregister();
	syscalls_recording_destroy(rec);
}

static void syscalls_recording_put(struct syscalls_recording *rec)
{
	kref_put(&rec->ref, syscalls_recording_free);
}

static struct syscalls_recording *
syscalls_recording_create(const struct bulk_syscalls_request *rq)
{
	struct syscalls_recording *rec = kzalloc(sizeof(*rec),
						 GFP_KERNEL_ACCOUNT);

	if (!rec)
		return NULL;
	kref_init(&rec->ref);
	INIT_LIST_HEAD(&rec->node);
	INIT_LIST_HEAD(&rec->all_lanes);
	mutex_init(&rec->lock);
	rec->policy = rq->policy;
	rec->ring_bytes = rq->ring_bytes ?: BULK_SYSCALLS_RING;
	rec->owner = get_pid(task_tgid(current));
	rec->cred = get_current_cred();
	rec->ns = get_pid_ns(task_active_pid_ns(current));
	rec->lanes = kvcalloc(nr_cpu_ids, sizeof(*rec->lanes),
			      GFP_KERNEL_ACCOUNT);
	if (!rec->lanes || syscalls_threads_init(rec)) {
		syscalls_recording_destroy(rec);
		return NULL;
	}
	return rec;
}

static void syscalls_publish(struct syscalls_recording *rec)
{
	guard(mutex)(&syscalls_lock);
	rec->id = ++syscalls_last_id;
	list_add_tail(&rec->node, &syscalls_recordings);
}

static struct syscalls_recording *syscalls_recording_find(u64 id)
{
	struct syscalls_recording *rec;

	guard(mutex)(&syscalls_lock);
	list_for_each_entry(rec, &syscalls_recordings, node)
		if (rec->id == id && kref_get_unless_zero(&rec->ref))
			return rec;
	return NULL;
}

/* Nothing is recorded any more when this returns. */
static void syscalls_stop(struct syscalls_recording *rec)
{
	struct syscalls_filter *filter;

	lockdep_assert_held(&rec->lock);
	filter = rcu_replace_pointer(rec->filter, NULL,
				     lockdep_is_held(&rec->lock));
	syscalls_probes_stop(rec);
	/* Probes have preemption off. */
	synchronize_rcu();
	syscalls_filter_free(filter);
}

/* --- Pids of a request --- */

static struct pid *syscalls_pid(const struct syscalls_recording *rec, u32 nr)
{
	guard(rcu)();
	return get_pid(find_pid_ns(nr, rec->ns));
}

static int syscalls_check_pids(const struct syscalls_recording *rec,
			       const struct bulk_syscalls_request *rq)
{
	struct pid *pid;
	int ret = 0;
	u32 i;

	if (!rec->privileged && !(rq->filter.flags & BULK_SYSCALLS_PIDS))
		return -EPERM;
	for (i = 0; !ret && i < rq->nr_pids; i++) {
		pid = syscalls_pid(rec, rq->pids[i]);
		ret = syscalls_may_record(rec, pid);
		put_pid(pid);
	}
	return ret;
}

static void syscalls_list_pids(struct syscalls_recording *rec,
			       const struct bulk_syscalls_request *rq)
{
	struct pid *pid;
	u32 i;

	for (i = 0; i < rq->nr_pids; i++) {
		pid = syscalls_pid(rec, rq->pids[i]);
		/* It may have ended since it was checked. */
		if (pid && pid != rec->owner) {
			syscalls_threads_list(rec, pid);
			syscalls_name_threads(rec, pid);
		}
		put_pid(pid);
	}
}

/* All that may fail. */
static struct syscalls_filter *
syscalls_filter_prepare(struct syscalls_recording *rec,
			const struct bulk_syscalls_request *rq)
{
	struct syscalls_filter *filter;
	int ret;

	lockdep_assert_held(&rec->lock);
	filter = syscalls_filter_create(rq);
	if (IS_ERR(filter))
		return filter;
	rec->privileged = syscalls_is_privileged();
	ret = syscalls_check_pids(rec, rq);
	if (!ret)
		ret = syscalls_probes_start(rec);
	if (!ret)
		return filter;
	syscalls_filter_free(filter);
	return ERR_PTR(ret);
}

static void syscalls_filter_use(struct syscalls_recording *rec,
				const struct bulk_syscalls_request *rq,
				struct syscalls_filter *filter)
{
	lockdep_assert_held(&rec->lock);
	syscalls_threads_unlist(rec);
	filter = rcu_replace_pointer(rec->filter, filter,
				     lockdep_is_held(&rec->lock));
	syscalls_list_pids(rec, rq);
	if (!filter)
		return;
	/* Probes have preemption off. */
	synchronize_rcu();
	syscalls_filter_free(filter);
}

/* --- Requests --- */

static void syscalls_tell_started(struct syscalls_recording *rec,
				  struct syscalls_lane *lane)
{
	u64 now = ktime_get_mono_fast_ns();
	struct bulk_syscalls_started to = {
		.recording = rec->id,
		.realtime_ns = ktime_get_real_ns() - now,
		.cpus = nr_cpu_ids,
		.ring_bytes = rec->ring_bytes,
	};

	guard(preempt)();
	syscalls_head_fill(rec, &to.head, BULK_SYSCALLS_STARTED, current);
	syscalls_emit(rec, lane, &to, sizeof(to), now);
}

static int syscalls_start_locked(struct syscalls_recording *rec,
				 struct syscalls_lane *lane,
				 const struct bulk_syscalls_request *rq)
{
	struct syscalls_filter *filter = syscalls_filter_prepare(rec, rq);
	int ret;

	if (IS_ERR(filter))
		return PTR_ERR(filter);
	ret = syscalls_lane_prepare(rec, lane->ep);
	if (ret) {
		syscalls_probes_stop(rec);
		syscalls_filter_free(filter);
		return ret;
	}
	syscalls_publish(rec);
	syscalls_lane_add(rec, lane);
	syscalls_tell_started(rec, lane);
	syscalls_filter_use(rec, rq, filter);
	return 0;
}

static int syscalls_start(struct bulk_endpoint *ep,
			  const struct bulk_syscalls_request *rq)
{
	struct syscalls_recording *rec;
	struct syscalls_lane *lane;
	int ret = -ENOMEM;

	if (rq->policy > BULK_SYSCALLS_BLOCK ||
	    (rq->ring_bytes && (rq->ring_bytes < BULK_SYSCALLS_RING_MIN ||
				rq->ring_bytes > BULK_SYSCALLS_RING_MAX)))
		return -EINVAL;
	if (bulk_private(ep))
		return -EBUSY;
	rec = syscalls_recording_create(rq);
	if (!rec)
		return -ENOMEM;
	lane = syscalls_lane_create(ep, -1);
	if (lane) {
		scoped_guard(mutex, &rec->lock)
			ret = syscalls_start_locked(rec, lane, rq);
	}
	if (ret)
		syscalls_lane_free(lane);
	syscalls_recording_put(rec);
	return ret;
}

/* The recording of an endpoint, for the process that started it. */
static struct syscalls_recording *syscalls_own(struct bulk_endpoint *ep)
{
	struct syscalls_lane *lane = bulk_private(ep);

	if (!lane)
		return ERR_PTR(-EINVAL);
	if (lane->recording->owner != task_tgid(current))
		return ERR_PTR(-EPERM);
	return lane->recording;
}

static int syscalls_change(struct bulk_endpoint *ep,
			   const struct bulk_syscalls_request *rq)
{
	struct syscalls_recording *rec = syscalls_own(ep);
	struct syscalls_filter *filter;

	if (rq->policy || rq->ring_bytes)
		return -EINVAL;
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	guard(mutex)(&rec->lock);
	if (!rcu_access_pointer(rec->leader))
		return -ENOENT;
	filter = syscalls_filter_prepare(rec, rq);
	if (IS_ERR(filter))
		return PTR_ERR(filter);
	syscalls_filter_use(rec, rq, filter);
	syscalls_owe_totals(rec);
	return 0;
}

static int syscalls_join_locked(struct syscalls_recording *rec,
				struct bulk_endpoint *ep, u32 cpu)
{
	struct syscalls_lane *lane;
	int ret;

	if (!rcu_access_pointer(rec->leader))
		return -ENOENT;
	if (rcu_access_pointer(rec->lanes[cpu]))
		return -EBUSY;
	lane = syscalls_lane_create(ep, cpu);
	if (!lane)
		return -ENOMEM;
	ret = syscalls_lane_prepare(rec, ep);
	if (ret)
		syscalls_lane_free(lane);
	else
		syscalls_lane_add(rec, lane);
	return ret;
}

static int syscalls_join(struct bulk_endpoint *ep,
			 const struct bulk_syscalls_request *rq)
{
	struct syscalls_recording *rec;
	int ret = -EPERM;

	if (rq->policy || rq->ring_bytes || rq->nr_pids ||
	    rq->cpu >= nr_cpu_ids)
		return -EINVAL;
	if (bulk_private(ep))
		return -EBUSY;
	rec = syscalls_recording_find(rq->recording);
	if (!rec)
		return -ENOENT;
	if (rec->owner == task_tgid(current)) {
		scoped_guard(mutex, &rec->lock)
			ret = syscalls_join_locked(rec, ep, rq->cpu);
	}
	syscalls_recording_put(rec);
	return ret;
}

static int syscalls_end(struct bulk_endpoint *ep,
			const struct bulk_syscalls_request *rq)
{
	struct syscalls_recording *rec = syscalls_own(ep);

	if (rq->policy || rq->ring_bytes || rq->nr_pids)
		return -EINVAL;
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	guard(mutex)(&rec->lock);
	syscalls_stop(rec);
	syscalls_owe_totals(rec);
	return 0;
}

static int syscalls_request(struct bulk_endpoint *ep,
			    const struct bulk_syscalls_request *rq, size_t len)
{
	bool filters = rq->op == BULK_SYSCALLS_START ||
		       rq->op == BULK_SYSCALLS_FILTER;

	if (filters && (len < sizeof(*rq) ||
			rq->nr_pids > BULK_SYSCALLS_MAX_PIDS ||
			len != struct_size(rq, pids, rq->nr_pids)))
		return -EINVAL;
	if (rq->op != BULK_SYSCALLS_JOIN && (rq->recording || rq->cpu))
		return -EINVAL;
	switch (rq->op) {
	case BULK_SYSCALLS_START:
		return syscalls_start(ep, rq);
	case BULK_SYSCALLS_FILTER:
		return syscalls_change(ep, rq);
	case BULK_SYSCALLS_JOIN:
		return syscalls_join(ep, rq);
	case BULK_SYSCALLS_STOP:
		return syscalls_end(ep, rq);
	default:
		return -EINVAL;
	}
}

/* --- Operations --- */

static int syscalls_send(struct bulk_endpoint *ep, struct iov_iter *from,
			 u64 tag)
{
	size_t len = iov_iter_count(from);
	struct bulk_syscalls_request *rq;
	int ret = -EFAULT;

	if (len < offsetof(struct bulk_syscalls_request, filter) ||
	    len > struct_size(rq, pids, BULK_SYSCALLS_MAX_PIDS))
		return -EINVAL;
	rq = kmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!rq)
		return -ENOMEM;
	if (copy_from_iter_full(rq, len, from))
		ret = syscalls_request(ep, rq, len);
	kfree(rq);
	return ret;
}

/* Records that wait in stalled threads come before. */
static bool syscalls_has_totals(struct bulk_endpoint *ep)
{
	struct syscalls_lane *lane = bulk_private(ep);

	return lane && READ_ONCE(lane->owed) && !bulk_has_stalled(ep);
}

static int syscalls_recv_buf(struct bulk_endpoint *ep, void *data, size_t room,
			     struct bulk_meta *meta)
{
	struct syscalls_lane *lane = bulk_private(ep);
	int ret;

	if (!syscalls_has_totals(ep))
		return -EAGAIN;
	WRITE_ONCE(lane->owed, false);
	ret = syscalls_totals_fill(lane, data, room, &meta->len);
	meta->tag = ktime_get_mono_fast_ns();
	if (ret)
		WRITE_ONCE(lane->owed, true);
	return ret;
}

static int syscalls_recv(struct bulk_endpoint *ep, struct iov_iter *to,
			 struct bulk_meta *meta)
{
	size_t room = SYSCALLS_MAX_RECORD;
	void *data;
	int ret;

	if (!syscalls_has_totals(ep))
		return -EAGAIN;
	data = kmalloc(room, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	ret = syscalls_recv_buf(ep, data, room, meta);
	if (!ret && meta->len > iov_iter_count(to))
		ret = -EMSGSIZE;
	else if (!ret && !copy_to_iter_full(data, meta->len, to))
		ret = -EFAULT;
	kfree(data);
	if (ret && ret != -EAGAIN)
		WRITE_ONCE(((struct syscalls_lane *)bulk_private(ep))->owed, true);
	return ret;
}

static __poll_t syscalls_poll(struct bulk_endpoint *ep)
{
	return EPOLLOUT | (syscalls_has_totals(ep) ? EPOLLIN : 0);
}

/* The leader ends the recording; another one's records are the leader's. */
static void syscalls_lane_remove(struct syscalls_lane *lane)
{
	struct syscalls_recording *rec = lane->recording;

	lockdep_assert_held(&rec->lock);
	RCU_INIT_POINTER(*syscalls_lane_place(rec, lane->cpu), NULL);
	list_del(&lane->node);
	if (lane->cpu < 0) {
		syscalls_stop(rec);
		syscalls_owe_totals(rec);
	} else {
		synchronize_rcu();
	}
	bulk_set_private(lane->ep, NULL);
	syscalls_lane_free(lane);
	/* The caller has another reference. */
	kref_put(&rec->ref, syscalls_recording_free);
}

static void syscalls_release(struct bulk_endpoint *ep)
{
	struct syscalls_lane *lane = bulk_private(ep);
	struct syscalls_recording *rec;

	if (!lane)
		return;
	rec = lane->recording;
	kref_get(&rec->ref);
	scoped_guard(mutex, &rec->lock)
		syscalls_lane_remove(lane);
	syscalls_recording_put(rec);
}

static const struct bulk_channel_ops syscalls_ops = {
	.release = syscalls_release,
	.send = syscalls_send,
	.recv = syscalls_recv,
	.recv_buf = syscalls_recv_buf,
	.dropped = syscalls_dropped,
	.poll = syscalls_poll,
};

static int __init syscalls_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "syscalls",
		.mode = 0666,
		.max_record = SYSCALLS_MAX_RECORD,
		.flags = BULK_CHANNEL_RX_AHEAD,
		.ops = &syscalls_ops,
	};
	int ret = syscalls_probes_find();

	if (ret)
		return ret;
	syscalls = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(syscalls);
}
module_init(syscalls_init);

static void __exit syscalls_exit(void)
{
	bulk_channel_unregister(syscalls);
}
module_exit(syscalls_exit);

MODULE_DESCRIPTION("bulk_xfer channel: the system calls of processes");
MODULE_LICENSE("GPL");
