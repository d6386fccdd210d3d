// SPDX-License-Identifier: GPL-2.0
/*
 * Which calls are recorded, as a request says it, and whose may be.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "recorder.h"

#define SYSCALLS_FILTER_FLAGS						\
	(BULK_SYSCALLS_PIDS | BULK_SYSCALLS_DESCENDANTS |		\
	 BULK_SYSCALLS_UID | BULK_SYSCALLS_CGROUP | BULK_SYSCALLS_CALLS | \
	 BULK_SYSCALLS_ERRORS | BULK_SYSCALLS_PATHS)

/* Generations between a process and its descendant that are looked at. */
#define SYSCALLS_MAX_DEPTH	256

static bool syscalls_filter_is_valid(const struct bulk_syscalls_request *rq)
{
	const struct bulk_syscalls_filter *f = &rq->filter;
	bool lists = f->flags & BULK_SYSCALLS_PIDS;

	return !(f->flags & ~SYSCALLS_FILTER_FLAGS) &&
	       (lists || !(f->flags & BULK_SYSCALLS_DESCENDANTS)) &&
	       (lists || !rq->nr_pids) &&
	       (f->flags & BULK_SYSCALLS_UID || !f->uid) &&
	       (f->flags & BULK_SYSCALLS_CGROUP || !f->cgroup) &&
	       f->stack <= BULK_SYSCALLS_MAX_STACK;
}

static int syscalls_filter_fill(struct syscalls_filter *filter)
{
	const struct bulk_syscalls_filter *f = &filter->asked;
	struct cgroup *cgroup;

	filter->late = f->flags & BULK_SYSCALLS_ERRORS || f->slower_ns;
	if (f->flags & BULK_SYSCALLS_UID) {
		filter->uid = make_kuid(current_user_ns(), f->uid);
		if (!uid_valid(filter->uid))
			return -EINVAL;
	}
	if (f->flags & BULK_SYSCALLS_CGROUP) {
		cgroup = cgroup_get_from_id(f->cgroup);
		if (IS_ERR(cgroup))
			return -ENOENT;
		filter->cgroup = cgroup;
	}
	return 0;
}

static struct syscalls_filter *
syscalls_filter_alloc(const struct bulk_syscalls_request *rq)
{
	struct syscalls_filter *filter = kzalloc(sizeof(*filter),
						 GFP_KERNEL_ACCOUNT);

	if (filter)
		filter->asked = rq->filter;
	return filter;
}

/**
 * syscalls_filter_create() - make a filter of a request
 * @rq: the request
 *
 * Return: the filter, for syscalls_filter_free(); or ERR_PTR(): -EINVAL, -ENOENT
 * for a cgroup that there is not, -ENOMEM.
 */
struct syscalls_filter *
syscalls_filter_create(const struct bulk_syscalls_request *rq)
{
	struct syscalls_filter *filter;
	int ret;

	if (!syscalls_filter_is_valid(rq))
		return ERR_PTR(-EINVAL);
	filter = syscalls_filter_alloc(rq);
	if (!filter)
		return ERR_PTR(-ENOMEM);
	ret = syscalls_filter_fill(filter);
	if (ret) {
		kfree(filter);
		return ERR_PTR(ret);
	}
	return filter;
}

/**
 * syscalls_filter_free() - free a filter
 * @filter: the filter, which no probe uses any more; or NULL
 */
void syscalls_filter_free(struct syscalls_filter *filter)
{
	if (filter && filter->cgroup)
		cgroup_put(filter->cgroup);
	kfree(filter);
}

/**
 * syscalls_is_privileged() - may the caller record others' processes?
 *
 * Return: true with CAP_PERFMON, CAP_SYS_PTRACE, or CAP_SYS_ADMIN.
 */
bool syscalls_is_privileged(void)
{
	return perfmon_capable() || capable(CAP_SYS_PTRACE);
}

static bool syscalls_is_descendant(struct task_struct *task)
{
	unsigned int depth;

	guard(rcu)();
	for (depth = 0; depth < SYSCALLS_MAX_DEPTH && task->pid; depth++) {
		task = rcu_dereference(task->real_parent);
		if (same_thread_group(task, current))
			return true;
	}
	return false;
}

/**
 * syscalls_may_record() - may a process be recorded?
 * @rec: the recording, of the caller
 * @pid: the process, or NULL
 *
 * Return: 0, for its owner too, which is not recorded; -ESRCH when it is no
 * process, or not any more; -EPERM.
 */
int syscalls_may_record(const struct syscalls_recording *rec, struct pid *pid)
{
	struct task_struct *task;
	int ret = 0;

	if (pid == rec->owner)
		return 0;
	task = get_pid_task(pid, PIDTYPE_TGID);
	if (!task)
		return -ESRCH;
	if (!rec->privileged &&
	    (!syscalls_is_descendant(task) ||
	     !ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS)))
		ret = -EPERM;
	put_task_struct(task);
	return ret;
}
