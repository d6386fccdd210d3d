// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints that a recording hangs on.
 *
 * They are found by name, for most are not exported. Where a probe runs,
 * preemption may be on: each turns it off for as long as it uses filter and
 * lanes, which are freed after synchronize_rcu().
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/audit.h>
#include <linux/binfmts.h>
#include <linux/cgroup.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "recorder.h"

/* Where a record with parts is put together. */
static DEFINE_PER_CPU(u8[SYSCALLS_MAX_CALL], syscalls_scratch) __aligned(8);

/**
 * struct syscalls_call - the call that a probe is told of
 * @regs: the caller's registers
 * @nr: its number
 * @abi: BULK_SYSCALLS_ABI_*
 */
struct syscalls_call {
	struct pt_regs *regs;
	u32 nr;
	u8 abi;
};

static void syscalls_call_fill(struct syscalls_call *call,
			       struct pt_regs *regs, long nr)
{
	call->regs = regs;
	call->nr = nr;
	if (unlikely(syscall_get_arch(current) == AUDIT_ARCH_I386))
		call->abi = BULK_SYSCALLS_ABI_32;
	else if (unlikely(call->nr & __X32_SYSCALL_BIT && nr >= 0))
		call->abi = BULK_SYSCALLS_ABI_X32;
	else
		call->abi = BULK_SYSCALLS_ABI_64;
}

/* --- Is it recorded? --- */

static noinline bool syscalls_selects_more(const struct syscalls_filter *filter,
					   struct task_struct *task)
{
	guard(rcu)();
	if (filter->asked.flags & BULK_SYSCALLS_UID &&
	    !uid_eq(__task_cred(task)->euid, filter->uid))
		return false;
	return !filter->cgroup ||
	       cgroup_is_descendant(task_dfl_cgroup(task), filter->cgroup);
}

/*
 * Is a thread one of those that the filter selects? Inline, as some others here,
 * because they run twice for every call: with that, and with arguments copied
 * once, a recorded call takes 751 instructions, and took 841 (tcg-icount; the job
 * recorders, "bulk").
 */
static __always_inline bool
syscalls_selects(const struct syscalls_recording *rec,
		 const struct syscalls_filter *filter,
		 const struct syscalls_thread *th, struct task_struct *task)
{
	u32 flags = filter->asked.flags;

	if (flags & BULK_SYSCALLS_PIDS) {
		if (!th || !READ_ONCE(th->listed))
			return false;
	} else if (task_tgid(task) == rec->owner) {
		return false;
	}
	return likely(!(flags & (BULK_SYSCALLS_UID | BULK_SYSCALLS_CGROUP))) ||
	       syscalls_selects_more(filter, task);
}

static __always_inline bool
syscalls_has_call(const struct syscalls_filter *filter,
		  const struct syscalls_call *call)
{
	u32 nr = call->nr;

	if (likely(!(filter->asked.flags & BULK_SYSCALLS_CALLS)))
		return true;
	if (call->abi == BULK_SYSCALLS_ABI_32)
		return nr < BULK_SYSCALLS_NR32 &&
		       filter->asked.calls32[nr / 64] >> (nr % 64) & 1;
	nr &= ~__X32_SYSCALL_BIT;
	return nr < BULK_SYSCALLS_NR &&
	       filter->asked.calls[nr / 64] >> (nr % 64) & 1;
}

/* Is it this call's turn, of those that a sample is taken of? */
static bool syscalls_has_turn(const struct syscalls_filter *filter,
			      struct syscalls_thread *th)
{
	u32 one_in = filter->asked.one_in;

	if (likely(one_in <= 1))
		return true;
	if (th->turn >= one_in)
		th->turn = 0;
	return !th->turn++;
}

/* --- Entry --- */

static void syscalls_args(const struct syscalls_call *call, u64 *args)
{
	static_assert(sizeof(*args) == sizeof(unsigned long));
	syscall_get_arguments(current, call->regs, (unsigned long *)args);
}

static void syscalls_enter_fill(const struct syscalls_recording *rec,
				const struct syscalls_call *call,
				struct bulk_syscalls_enter *to)
{
	syscalls_head_fill(rec, &to->head, BULK_SYSCALLS_ENTER, current);
	to->head.abi = call->abi;
	to->nr = call->nr;
	to->parts = 0;
	syscalls_args(call, to->args);
}

static size_t syscalls_parts(const struct syscalls_filter *filter,
			     const struct syscalls_call *call, void *to,
			     const u64 *args)
{
	size_t size = 0;

	if (filter->asked.stack)
		size += syscalls_stack_part(to, call->regs,
					    filter->asked.stack);
	if (filter->asked.flags & BULK_SYSCALLS_PATHS)
		size += syscalls_path_parts(to + size, call->abi, call->nr,
					    args);
	return size;
}

static noinline void
syscalls_enter_slow(const struct syscalls_recording *rec,
		    const struct syscalls_filter *filter,
		    struct syscalls_lane *lane,
		    const struct syscalls_call *call, u64 now)
{
	struct bulk_syscalls_enter *to = this_cpu_ptr((void *)syscalls_scratch);

	syscalls_enter_fill(rec, call, to);
	to->parts = syscalls_parts(filter, call, to + 1, to->args);
	syscalls_emit(rec, lane, to, sizeof(*to) + to->parts, now);
}

static bool syscalls_has_parts(const struct syscalls_filter *filter)
{
	return filter->asked.stack ||
	       filter->asked.flags & BULK_SYSCALLS_PATHS;
}

static void syscalls_record_enter(const struct syscalls_recording *rec,
				  const struct syscalls_filter *filter,
				  const struct syscalls_call *call, u64 now)
{
	struct syscalls_lane *lane = syscalls_lane_here(rec);
	struct bulk_syscalls_enter *to = NULL;
	unsigned long flags;

	if (unlikely(!lane))
		return;
	if (likely(!syscalls_has_parts(filter) &&
		   rec->policy != BULK_SYSCALLS_BLOCK))
		to = bulk_begin(lane->ep, sizeof(*to), now, &flags);
	if (unlikely(!to)) {
		syscalls_enter_slow(rec, filter, lane, call, now);
		return;
	}
	syscalls_enter_fill(rec, call, to);
	bulk_end(lane->ep, flags);
	this_cpu_inc(*lane->made);
}

static void syscalls_probe_enter(void *data, struct pt_regs *regs, long nr)
{
	struct syscalls_recording *rec = data;
	struct syscalls_filter *filter;
	struct syscalls_thread *th;
	struct syscalls_call call;

	guard(preempt_notrace)();
	filter = rcu_dereference_sched(rec->filter);
	th = syscalls_thread_find(rec, current->pid);
	if (!filter || !syscalls_selects(rec, filter, th, current))
		return;
	if (unlikely(!th))
		th = syscalls_thread_get(rec, current->pid);
	if (unlikely(!th))
		return;
	syscalls_call_fill(&call, regs, nr);
	if (!syscalls_has_call(filter, &call) ||
	    !syscalls_has_turn(filter, th)) {
		th->phase = SYSCALLS_UNWANTED;
		return;
	}
	th->phase = SYSCALLS_WANTED;
	th->entered = ktime_get_mono_fast_ns();
	if (likely(!filter->late))
		syscalls_record_enter(rec, filter, &call, th->entered);
}

/* --- Exit --- */

/**
 * struct syscalls_outcome - how a call has ended
 * @now: when
 * @result: what it returns
 * @duration: nanoseconds that it took
 * @untimed: since when is not known
 */
struct syscalls_outcome {
	u64 now;
	long result;
	u64 duration;
	bool untimed;
};

static void syscalls_exit_fill(const struct syscalls_recording *rec,
			       const struct syscalls_call *call,
			       const struct syscalls_outcome *out,
			       struct bulk_syscalls_exit *to)
{
	syscalls_head_fill(rec, &to->head, BULK_SYSCALLS_EXIT, current);
	to->head.abi = call->abi;
	if (unlikely(out->untimed))
		to->head.flags = BULK_SYSCALLS_UNTIMED;
	to->nr = call->nr;
	to->parts = 0;
	to->result = out->result;
	to->duration_ns = out->duration;
}

/* With arguments, where no entry was recorded: registers still hold them. */
static noinline void
syscalls_exit_slow(const struct syscalls_recording *rec,
		   const struct syscalls_filter *filter,
		   struct syscalls_lane *lane, const struct syscalls_call *call,
		   const struct syscalls_outcome *out)
{
	struct bulk_syscalls_exit *to = this_cpu_ptr((void *)syscalls_scratch);
	size_t len = sizeof(*to);

	syscalls_exit_fill(rec, call, out, to);
	if (filter->late) {
		to->head.flags |= BULK_SYSCALLS_ARGS;
		syscalls_args(call, to->args);
		len += 6 * sizeof(to->args[0]);
		to->parts = syscalls_parts(filter, call, to->args + 6,
					   to->args);
		len += to->parts;
	}
	syscalls_emit(rec, lane, to, len, out->now);
}

static void syscalls_record_exit(const struct syscalls_recording *rec,
				 const struct syscalls_filter *filter,
				 const struct syscalls_call *call,
				 const struct syscalls_outcome *out)
{
	struct syscalls_lane *lane = syscalls_lane_here(rec);
	struct bulk_syscalls_exit *to = NULL;
	unsigned long flags;

	if (unlikely(!lane))
		return;
	if (likely(!filter->late && rec->policy != BULK_SYSCALLS_BLOCK))
		to = bulk_begin(lane->ep, sizeof(*to), out->now, &flags);
	if (unlikely(!to)) {
		syscalls_exit_slow(rec, filter, lane, call, out);
		return;
	}
	syscalls_exit_fill(rec, call, out, to);
	bulk_end(lane->ep, flags);
	this_cpu_inc(*lane->made);
}

static bool syscalls_wants_exit(const struct syscalls_filter *filter,
				const struct syscalls_outcome *out)
{
	if (likely(!filter->late))
		return true;
	return (!(filter->asked.flags & BULK_SYSCALLS_ERRORS) ||
		IS_ERR_VALUE(out->result)) &&
	       out->duration >= filter->asked.slower_ns;
}

static void syscalls_probe_exit(void *data, struct pt_regs *regs, long result)
{
	struct syscalls_recording *rec = data;
	struct syscalls_outcome out;
	struct syscalls_filter *filter;
	struct syscalls_thread *th;
	struct syscalls_call call;
	u8 phase;

	guard(preempt_notrace)();
	filter = rcu_dereference_sched(rec->filter);
	th = syscalls_thread_find(rec, current->pid);
	if (!filter || !syscalls_selects(rec, filter, th, current))
		return;
	phase = th ? th->phase : SYSCALLS_UNSEEN;
	if (likely(th))
		th->phase = SYSCALLS_UNSEEN;
	syscalls_call_fill(&call, regs, syscall_get_nr(current, regs));
	if (unlikely(phase != SYSCALLS_WANTED &&
		     (phase == SYSCALLS_UNWANTED ||
		      !syscalls_has_call(filter, &call))))
		return;
	out.now = ktime_get_mono_fast_ns();
	out.result = result;
	out.untimed = phase == SYSCALLS_UNSEEN;
	out.duration = out.untimed ? 0 : out.now - th->entered;
	if (syscalls_wants_exit(filter, &out))
		syscalls_record_exit(rec, filter, &call, &out);
}

/* --- Attribution --- */

static void syscalls_emit_here(const struct syscalls_recording *rec,
			       const void *data, size_t len)
{
	struct syscalls_lane *lane = syscalls_lane_here(rec);

	if (lane)
		syscalls_emit(rec, lane, data, len, ktime_get_mono_fast_ns());
}

/* A recording's probe, begun: preemption is off, and the filter selects @task. */
static struct syscalls_filter *
syscalls_filter_of(struct syscalls_recording *rec, struct task_struct *task)
{
	struct syscalls_filter *filter = rcu_dereference_sched(rec->filter);

	if (!filter ||
	    !syscalls_selects(rec, filter, syscalls_thread_find(rec, task->pid),
			      task))
		return NULL;
	return filter;
}

static void syscalls_probe_fork(void *data, struct task_struct *parent,
				struct task_struct *child)
{
	struct syscalls_recording *rec = data;
	struct bulk_syscalls_head head;
	struct bulk_syscalls_fork fork;
	struct syscalls_filter *filter;
	struct syscalls_thread *th;

	guard(preempt_notrace)();
	filter = syscalls_filter_of(rec, parent);
	if (!filter)
		return;
	th = syscalls_thread_get(rec, child->pid);
	if (th && (same_thread_group(parent, child) ||
		   filter->asked.flags & BULK_SYSCALLS_DESCENDANTS))
		WRITE_ONCE(th->listed, true);
	syscalls_head_fill(rec, &fork.head, BULK_SYSCALLS_FORK, parent);
	syscalls_head_fill(rec, &head, 0, child);
	fork.pid = head.pid;
	fork.tid = head.tid;
	syscalls_emit_here(rec, &fork, sizeof(fork));
}

/* A program of other rights is not recorded by those who have not all. */
static bool syscalls_may_follow(const struct syscalls_recording *rec,
				const struct linux_binprm *bprm)
{
	return rec->privileged ||
	       (!bprm->secureexec &&
		!(bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP) &&
		uid_eq(current_uid(), rec->cred->uid) &&
		uid_eq(current_euid(), rec->cred->uid) &&
		uid_eq(current_suid(), rec->cred->uid));
}

static void syscalls_exec_move(struct syscalls_recording *rec, pid_t old_pid,
			       struct syscalls_thread *th)
{
	struct syscalls_thread *old = syscalls_thread_find(rec, old_pid);

	if (!th || !old || old == th)
		return;
	*th = *old;
	*old = (struct syscalls_thread){ };
}

static void syscalls_probe_exec(void *data, struct task_struct *task,
				pid_t old_pid, struct linux_binprm *bprm)
{
	struct syscalls_recording *rec = data;
	struct bulk_syscalls_exec *to;
	struct syscalls_thread *th;

	guard(preempt_notrace)();
	th = syscalls_thread_find(rec, task->pid);
	syscalls_exec_move(rec, old_pid, th);
	if (!syscalls_may_follow(rec, bprm)) {
		if (th)
			WRITE_ONCE(th->listed, false);
		return;
	}
	if (!syscalls_filter_of(rec, task))
		return;
	to = this_cpu_ptr((void *)syscalls_scratch);
	syscalls_head_fill(rec, &to->head, BULK_SYSCALLS_EXEC, task);
	if (old_pid == task->pid)
		to->old_tid = to->head.tid;
	else
		to->old_tid = rec->ns == &init_pid_ns ? old_pid : 0;
	to->len = strnlen(bprm->filename, BULK_SYSCALLS_MAX_PATH);
	memcpy(to->path, bprm->filename, to->len);
	syscalls_emit_here(rec, to, sizeof(*to) + to->len);
}

static void syscalls_comm_fill(const struct syscalls_recording *rec,
			       struct bulk_syscalls_comm *to,
			       struct task_struct *task, const char *comm)
{
	syscalls_head_fill(rec, &to->head, BULK_SYSCALLS_COMM, task);
	strscpy_pad((char *)to->comm, comm, sizeof(to->comm));
}

static void syscalls_probe_rename(void *data, struct task_struct *task,
				  const char *comm)
{
	struct syscalls_recording *rec = data;
	struct bulk_syscalls_comm to;

	guard(preempt_notrace)();
	if (!syscalls_filter_of(rec, task))
		return;
	syscalls_comm_fill(rec, &to, task, comm);
	syscalls_emit_here(rec, &to, sizeof(to));
}

static void syscalls_probe_end(void *data, struct task_struct *task,
			       bool group_dead)
{
	struct syscalls_recording *rec = data;
	struct bulk_syscalls_end to = { };
	struct syscalls_thread *th;

	guard(preempt_notrace)();
	if (syscalls_filter_of(rec, task)) {
		syscalls_head_fill(rec, &to.head, BULK_SYSCALLS_END, task);
		to.code = task->exit_code;
		syscalls_emit_here(rec, &to, sizeof(to));
	}
	/* Its number may be another's next. */
	th = syscalls_thread_find(rec, task->pid);
	if (th)
		*th = (struct syscalls_thread){ };
}

/**
 * syscalls_name_threads() - record the names of a process's threads
 * @rec: the recording, whose lock is held, and which has a leader
 * @pid: the process
 *
 * Context: Process context.
 */
void syscalls_name_threads(struct syscalls_recording *rec, struct pid *pid)
{
	struct bulk_syscalls_comm to;
	struct task_struct *p, *t;

	guard(rcu)();
	p = pid_task(pid, PIDTYPE_TGID);
	if (!p)
		return;
	for_each_thread(p, t) {
		guard(preempt_notrace)();
		syscalls_comm_fill(rec, &to, t, t->comm);
		syscalls_emit_here(rec, &to, sizeof(to));
	}
}

/* --- On and off --- */

static struct syscalls_hook {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} syscalls_hooks[] = {
	/* Exits last: the first one seen is that of the call that starts it. */
	{ "task_rename", syscalls_probe_rename },
	{ "sched_process_fork", syscalls_probe_fork },
	{ "sched_process_exec", syscalls_probe_exec },
	{ "sched_process_exit", syscalls_probe_end },
	{ "sys_enter", syscalls_probe_enter },
	{ "sys_exit", syscalls_probe_exit },
};

static void syscalls_hook_find(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(syscalls_hooks); i++)
		if (!strcmp(tp->name, syscalls_hooks[i].name))
			syscalls_hooks[i].tp = tp;
}

/**
 * syscalls_probes_find() - find the tracepoints
 *
 * Return: 0, or -ENOENT.
 */
int syscalls_probes_find(void)
{
	unsigned int i;

	for_each_kernel_tracepoint(syscalls_hook_find, NULL);
	for (i = 0; i < ARRAY_SIZE(syscalls_hooks); i++)
		if (!syscalls_hooks[i].tp)
			return -ENOENT;
	return 0;
}

static void syscalls_probes_off(struct syscalls_recording *rec, unsigned int n)
{
	while (n--)
		tracepoint_probe_unregister(syscalls_hooks[n].tp,
					    syscalls_hooks[n].probe, rec);
}

/**
 * syscalls_probes_start() - turn the tracepoints on
 * @rec: the recording, whose lock is held
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int syscalls_probes_start(struct syscalls_recording *rec)
{
	unsigned int n;
	int ret;

	lockdep_assert_held(&rec->lock);
	if (rec->probing)
		return 0;
	for (n = 0; n < ARRAY_SIZE(syscalls_hooks); n++) {
		ret = tracepoint_probe_register(syscalls_hooks[n].tp,
						syscalls_hooks[n].probe, rec);
		if (ret) {
			syscalls_probes_off(rec, n);
			return ret;
		}
	}
	rec->probing = true;
	return 0;
}

/**
 * syscalls_probes_stop() - turn the tracepoints off
 * @rec: the recording, whose lock is held
 *
 * Probes may still run until tracepoint_synchronize_unregister().
 *
 * Context: Process context. May sleep.
 */
void syscalls_probes_stop(struct syscalls_recording *rec)
{
	lockdep_assert_held(&rec->lock);
	if (rec->probing)
		syscalls_probes_off(rec, ARRAY_SIZE(syscalls_hooks));
	rec->probing = false;
}
