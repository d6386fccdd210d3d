// SPDX-License-Identifier: GPL-2.0
/*
 * The probes at tracepoints that make the records, and follow forks.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The probes of calls may be entered preemptible (since 6.13) or not, and never
 * sleep: per-CPU buffers need preemption off anyhow.
 */
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/version.h>
#include <asm/syscall.h>

#include "log.h"

static u8 abi_of(long nr)
{
	if (in_ia32_syscall())
		return BULK_SYSCALLS_ABI_32;
	if (nr >= 0 && nr & __X32_SYSCALL_BIT)
		return BULK_SYSCALLS_ABI_X32;
	return BULK_SYSCALLS_ABI_64;
}

static void fill_head(struct bulk_syscalls_head *head, u16 type, u8 abi, u8 flags)
{
	head->type = type;
	head->abi = abi;
	head->flags = flags;
	head->cpu = smp_processor_id();
	head->pid = task_tgid_nr(current);
	head->tid = task_pid_nr(current);
}

static void on_enter(void *data, struct pt_regs *regs, long nr)
{
	struct log_enter record = { 0 };
	struct log_thread *t;
	unsigned long args[6];
	int i;

	guard(preempt)();
	t = log_thread_find(current);
	if (!t)
		return;
	t->entered = ktime_get_ns();
	t->nr = nr;
	t->abi = abi_of(nr);
	record.time = t->entered;
	fill_head(&record.call.head, BULK_SYSCALLS_ENTER, t->abi, 0);
	record.call.nr = nr;
	syscall_get_arguments(current, regs, args);
	for (i = 0; i < ARRAY_SIZE(args); i++)
		record.call.args[i] = args[i];
	log_keep(&record, sizeof(record));
}

/* The registers may have no number any more: sigreturn(2) restores those of before. */
static void on_exit(void *data, struct pt_regs *regs, long result)
{
	struct log_exit record = { 0 };
	struct log_thread *t;
	u8 flags = 0;
	int nr;

	guard(preempt)();
	t = log_thread_find(current);
	if (!t)
		return;
	record.time = ktime_get_ns();
	if (t->entered) {
		record.call.duration_ns = record.time - t->entered;
	} else {
		nr = syscall_get_nr(current, regs);
		t->nr = nr;
		t->abi = abi_of(nr);
		flags = BULK_SYSCALLS_UNTIMED;
	}
	t->entered = 0;
	fill_head(&record.call.head, BULK_SYSCALLS_EXIT, t->abi, flags);
	record.call.nr = t->nr;
	record.call.result = result;
	log_keep(&record, sizeof(record));
}

/* The child has not run yet. */
static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	bool recorded;

	scoped_guard(preempt)
		recorded = log_thread_find(parent);
	if (recorded)
		log_thread_add(child);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static void on_end(void *data, struct task_struct *task)
#else
static void on_end(void *data, struct task_struct *task, bool group_dead)
#endif
{
	log_thread_remove(task);
}

static struct hook {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} hooks[] = {
	{ "sched_process_exit", on_end },
	{ "sched_process_fork", on_fork },
	{ "sys_exit", on_exit },
	{ "sys_enter", on_enter },
};

static void compare(struct tracepoint *tp, void *priv)
{
	struct hook *hook;

	for (hook = hooks; hook < hooks + ARRAY_SIZE(hooks); hook++)
		if (!strcmp(tp->name, hook->name))
			hook->tp = tp;
}

/* 0, or -ENOENT where the kernel lacks one. */
int log_hooks_find(void)
{
	int i;

	for_each_kernel_tracepoint(compare, NULL);
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!hooks[i].tp)
			return -ENOENT;
	return 0;
}

static void off(int nr)
{
	while (nr--)
		tracepoint_probe_unregister(hooks[nr].tp, hooks[nr].probe, NULL);
	tracepoint_synchronize_unregister();
}

int log_hooks_on(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		ret = tracepoint_probe_register(hooks[i].tp, hooks[i].probe, NULL);
		if (ret) {
			off(i);
			return ret;
		}
	}
	return 0;
}

/* No probe runs any more. */
void log_hooks_off(void)
{
	off(ARRAY_SIZE(hooks));
}
