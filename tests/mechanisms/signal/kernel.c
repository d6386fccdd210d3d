// SPDX-License-Identifier: GPL-2.0
/*
 * Signals from the kernel to a thread that has written its number into a file.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Direction: k2u only. Not synchronous. Loss: a standard
 * signal that is pending already is not sent again, and nobody learns of it; a
 * real-time signal queues up to RLIMIT_SIGPENDING of its receiver, then the
 * sender gets EAGAIN. Unit: 32 bits, in si_int. Privilege: the kernel asks
 * nobody; here root tells it the number. Choose it to interrupt a program that
 * does something else, not for data: eventfd and poll cost less.
 */
#include <linux/debugfs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "lab_parts.h"
#include "lab_signal.h"

static struct pid *target;	/* under lab_control_lock */

static long signal_setup(struct lab_side *side)
{
	lab_part_off = 0;
	return side->setup.unit == SIGNAL_UNIT ? 0 : -EMSGSIZE;
}

static int send_word(const struct lab_side *side, u32 word)
{
	int sig = side->setup.flags & SIGNAL_STANDARD ? SIGUSR1 : SIGNAL_NUMBER;
	struct kernel_siginfo info;
	struct task_struct *task;
	int ret = -ESRCH;

	clear_siginfo(&info);
	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_int = word;
	rcu_read_lock();
	task = pid_task(target, PIDTYPE_PID);
	if (task)
		ret = send_sig_info(sig, &info, task);
	rcu_read_unlock();
	return ret;
}

/* A record that is cut off by a full queue goes on with the next call. */
static long signal_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n = 0;
	u32 len;
	int ret;

	while (n < count && !lab_killed(n)) {
		ret = send_word(side, *(const u32 *)lab_part(side, &len));
		if (ret == -EAGAIN)
			break;
		if (ret)
			return ret;
		if (lab_part_done(side, len))
			n++;
	}
	return n;
}

static const struct lab_ops signal_ops = {
	.setup = signal_setup,
	.produce = signal_produce,
};

LAB_CONTROL("signal", &signal_ops)

static void set_target(struct pid *pid)
{
	mutex_lock(&lab_control_lock);
	swap(target, pid);
	mutex_unlock(&lab_control_lock);
	put_pid(pid);
}

static ssize_t pid_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	struct pid *pid;
	int nr, ret = kstrtoint_from_user(buf, len, 10, &nr);

	if (ret)
		return ret;
	if (nr <= 0)
		return -EINVAL;
	pid = find_get_pid(nr);
	if (!pid)
		return -ESRCH;
	set_target(pid);
	return len;
}

static const struct file_operations pid_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = pid_write,
};

static struct dentry *dir;

static int __init signal_lab_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	dir = debugfs_create_dir("lab_signal", NULL);
	debugfs_create_file("signalconfpid", 0200, dir, NULL, &pid_fops);
	return 0;
}
module_init(signal_lab_init);

static void __exit signal_lab_exit(void)
{
	debugfs_remove(dir);
	set_target(NULL);
	lab_control_exit();
}
module_exit(signal_lab_exit);

MODULE_DESCRIPTION("Laboratory: signals");
MODULE_LICENSE("GPL");
