// SPDX-License-Identifier: GPL-2.0
/*
 * Files below /proc: system-call counters as a seq_file, a rule that is read and written, records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous: the call returns when the
 * module has, or has made, what it carries. Loss: none. Unit: any with one's
 * own read and write; a seq_file grows its buffer to its largest element.
 * Privilege: mode of the file. Removal waits for calls that are under way, so
 * that a reader who sleeps must be told; files that are still open then give
 * EIO, and whoever polls one sleeps in a queue that is about to go. Choose it
 * for what belongs to a process; for anything else it is deprecated: sysfs,
 * debugfs, netlink.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/tracepoint.h>
#include <asm/unistd.h>

#define LAB_FILE "procfs"
#include "lab_file.h"

#define RULE_ROOM	16

static DEFINE_MUTEX(rule_lock);	/* of rule and counting */
static char rule[RULE_ROOM] = "none\n";
static bool counting;
static long not_counted = -1;
static atomic_long_t counts[NR_syscalls];
static struct tracepoint *sys_enter;

static void count_call(void *data, struct pt_regs *regs, long nr)
{
	if (nr >= 0 && nr < NR_syscalls && nr != READ_ONCE(not_counted))
		atomic_long_inc(&counts[nr]);
}

/* Every call of every process is slower while they are counted. */
static int count_calls(bool on)
{
	int ret = 0;

	if (on == counting)
		return 0;
	if (on)
		ret = tracepoint_probe_register(sys_enter, (void *)count_call, NULL);
	else
		tracepoint_probe_unregister(sys_enter, (void *)count_call, NULL);
	if (!ret)
		counting = on;
	return ret;
}

/* "none", "all", or "not N": all but call N. */
static int apply_rule(const char *text)
{
	long not = -1;

	if (sysfs_streq(text, "none"))
		return count_calls(false);
	if (!sysfs_streq(text, "all")) {
		if (strncmp(text, "not ", 4) || kstrtol(text + 4, 10, &not))
			return -EINVAL;
		if (not < 0 || not >= NR_syscalls)
			return -ERANGE;
	}
	WRITE_ONCE(not_counted, not);
	return count_calls(true);
}

static ssize_t rule_write(struct file *file, const char __user *buf, size_t len,
			  loff_t *ppos)
{
	char text[RULE_ROOM] = "";
	int ret;

	if (len >= RULE_ROOM)
		return -EMSGSIZE;
	if (copy_from_user(text, buf, len))
		return -EFAULT;
	mutex_lock(&rule_lock);
	ret = apply_rule(text);
	if (!ret)
		strscpy(rule, text);
	mutex_unlock(&rule_lock);
	return ret ?: len;
}

static ssize_t rule_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	ssize_t ret;

	mutex_lock(&rule_lock);
	ret = simple_read_from_buffer(buf, len, ppos, rule, strlen(rule));
	mutex_unlock(&rule_lock);
	return ret;
}

static const struct proc_ops rule_ops = {
	.proc_read = rule_read,
	.proc_write = rule_write,
	.proc_lseek = default_llseek,
};

static void *calls_start(struct seq_file *m, loff_t *pos)
{
	return *pos < NR_syscalls ? &counts[*pos] : NULL;
}

static void *calls_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return calls_start(m, pos);
}

static void calls_stop(struct seq_file *m, void *v)
{
}

static int calls_show(struct seq_file *m, void *v)
{
	atomic_long_t *count = v;

	seq_printf(m, "%ld %ld\n", (long)(count - counts), atomic_long_read(count));
	return 0;
}

static const struct seq_operations calls_ops = {
	.start = calls_start,
	.next = calls_next,
	.stop = calls_stop,
	.show = calls_show,
};

/* As many records as are read: they have no end. */
static void *records_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&lab_control_lock);
	lab.seq = *pos;
	return &lab;
}

static void *records_next(struct seq_file *m, void *v, loff_t *pos)
{
	lab.seq = ++*pos;
	return v;
}

static void records_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&lab_control_lock);
}

/* Where the buffer has no room, it is shown once more. */
static int records_show(struct seq_file *m, void *v)
{
	u64 entered = lab_enter(&lab);

	lab_produce(lab.buf, lab.setup.bytes, lab.seq);
	seq_write(m, lab.buf, lab.setup.bytes);
	lab_leave(&lab, entered);
	return 0;
}

static const struct seq_operations records_ops = {
	.start = records_start,
	.next = records_next,
	.stop = records_stop,
	.show = records_show,
};

static const struct proc_ops record_ops = {
	.proc_read = lab_file_read,
	.proc_write = lab_file_write,
	.proc_poll = lab_file_poll,
};

static void find_sys_enter(struct tracepoint *tp, void *priv)
{
	if (!strcmp(tp->name, "sys_enter"))
		sys_enter = tp;
}

static bool make_files(struct proc_dir_entry *dir)
{
	return proc_create("rule", 0644, dir, &rule_ops) &&
	       proc_create_seq("calls", 0444, dir, &calls_ops) &&
	       proc_create_seq("records", 0400, dir, &records_ops) &&
	       proc_create("record", 0600, dir, &record_ops);
}

static int __init procfs_init(void)
{
	struct proc_dir_entry *dir;
	int ret;

	for_each_kernel_tracepoint(find_sys_enter, NULL);
	if (!sys_enter)
		return -ENOENT;
	ret = lab_control_init();
	if (ret)
		return ret;
	dir = proc_mkdir("lab", NULL);
	if (dir && make_files(dir))
		return 0;
	if (dir)
		remove_proc_subtree("lab", NULL);
	lab_control_exit();
	return -ENOMEM;
}
module_init(procfs_init);

static void __exit procfs_exit(void)
{
	lab_file_end();
	remove_proc_subtree("lab", NULL);
	lab_end_polls(&lab_waiting);
	count_calls(false);
	tracepoint_synchronize_unregister();
	lab_control_exit();
}
module_exit(procfs_exit);

MODULE_DESCRIPTION("Laboratory: procfs");
MODULE_LICENSE("GPL");
