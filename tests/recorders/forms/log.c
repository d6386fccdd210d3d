// SPDX-License-Identifier: GPL-2.0
/*
 * A log of the system calls of a process and its descendants, as the surveys have it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The records are those of the channel /dev/bulk/syscalls. What they go to, and
 * how they are read, is one of the ways that the surveys describe.
 */
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched/task.h>

#include "log.h"

static const struct log_sort *const sorts[] = {
	[LOG_RING] = &log_ring_sort,
	[LOG_SHARED] = &log_shared_sort,
	[LOG_RELAY] = &log_relay_sort,
	[LOG_MESSAGES] = &log_genl_sort,
};

static DEFINE_MUTEX(log_lock);		/* of claimed, and of changes of sort */
static bool claimed;
static const struct log_sort *sort;	/* set before any thread is in the table */
static DEFINE_PER_CPU(struct log_totals, totals);

void log_keep(const void *record, size_t len)
{
	this_cpu_inc(totals.made);
	/* Pairs with log_record(): whose thread is in the table, there is a sort. */
	smp_rmb();
	if (!sort->write(record, len))
		this_cpu_inc(totals.lost);
}

/* Records that were taken, and are lost nevertheless. */
void log_lose(u64 records)
{
	this_cpu_add(totals.lost, records);
}

void log_unseen(void)
{
	this_cpu_inc(totals.unseen);
}

void log_total(struct log_totals *sum)
{
	const struct log_totals *part;
	int cpu;

	*sum = (struct log_totals){ 0 };
	for_each_possible_cpu(cpu) {
		part = per_cpu_ptr(&totals, cpu);
		sum->made += READ_ONCE(part->made);
		sum->lost += READ_ONCE(part->lost);
		sum->unseen += READ_ONCE(part->unseen);
	}
}

static void clear_totals(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(&totals, cpu), 0, sizeof(totals));
}

/**
 * log_open() - begin a recording, of nobody as yet
 *
 * Context: may sleep.
 * Return: 0; -EBUSY: there is one; -ENOMEM.
 */
int log_open(void)
{
	int ret;

	guard(mutex)(&log_lock);
	if (claimed)
		return -EBUSY;
	clear_totals();
	ret = log_hooks_on();
	claimed = !ret;
	return ret;
}

static bool is_valid(const struct log_setup *setup)
{
	return setup->buffer < ARRAY_SIZE(sorts) && is_power_of_2(setup->bytes) &&
	       setup->bytes >= BULK_SYSCALLS_RING_MIN && setup->bytes <= BULK_SYSCALLS_RING_MAX;
}

/**
 * log_record() - record a process from now on; of one that has opened
 * @setup: the process, and the buffer
 *
 * Context: may sleep.
 * Return: 0; -EINVAL: not as struct log_setup has it, or the caller's own
 * process; -ESRCH: no such process; -EBUSY: one is recorded; -ENOMEM.
 */
int log_record(const struct log_setup *setup)
{
	struct task_struct *process;
	int ret = -EBUSY;

	if (!is_valid(setup))
		return -EINVAL;
	process = log_process_get(setup->pid);
	if (IS_ERR(process))
		return PTR_ERR(process);
	mutex_lock(&log_lock);
	if (!sort)
		ret = sorts[setup->buffer]->start(setup->bytes);
	if (!ret) {
		/* Pairs with log_keep(). */
		smp_store_release(&sort, sorts[setup->buffer]);
		log_process_add(process);
	}
	mutex_unlock(&log_lock);
	put_task_struct(process);
	return ret;
}

void log_flush(void)
{
	guard(mutex)(&log_lock);
	if (sort && sort->flush)
		sort->flush();
}

/* The end of a recording. Context: may sleep. */
void log_close(void)
{
	guard(mutex)(&log_lock);
	log_hooks_off();
	log_threads_clear();
	if (sort)
		sort->stop();
	sort = NULL;
	claimed = false;
}

/* The device comes last, because a recording needs all the others. */
static const struct part {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ log_proc_init, log_proc_exit },
	{ log_fs_init, log_fs_exit },
	{ log_relay_init, log_relay_exit },
	{ log_genl_init, log_genl_exit },
	{ log_device_init, log_device_exit },
};

static void exit_parts(int nr)
{
	while (nr--)
		parts[nr].exit();
}

static int __init log_module_init(void)
{
	int i, ret = log_hooks_find();

	for (i = 0; !ret && i < ARRAY_SIZE(parts); i++)
		ret = parts[i].init();
	if (ret && i)
		exit_parts(i - 1);
	return ret;
}
module_init(log_module_init);

static void __exit log_module_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}
module_exit(log_module_exit);

MODULE_DESCRIPTION("Laboratory: log of system calls");
MODULE_LICENSE("GPL");
