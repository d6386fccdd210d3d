// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/net/test: two integers with limits, and a value of its own that carries records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: none, but a value
 * that is written twice before the kernel looks is there once. Unit: any
 * below 4 MiB with a handler of one's own; the common ones take numbers and
 * strings. Privilege: mode of the file; values that start with 0644 are root's
 * to set and everybody's to read. Removal waits for calls under way, then
 * files that are still open give ENOENT, and whoever polls one sleeps in a
 * queue that is about to go. Choose it for a parameter that the administrator
 * sets at boot time from /etc/sysctl.conf.
 */
#include <linux/poll.h>
#include <linux/sysctl.h>

#include "lab_kernel.h"

static DEFINE_CTL_TABLE_POLL(news);

/* As proc_sys_poll_notify() does, which modules do not get. */
static long sysctl_post(struct lab_side *side, unsigned long count)
{
	atomic_inc(&news.event);
	wake_up_interruptible(&news.wait);
	return count;
}

static const struct lab_ops sysctl_lab_ops = { .produce = sysctl_post };

LAB_CONTROL("sysctl", &sysctl_lab_ops)

static int value1 = 10, value2 = 20;
static int least = 10, most = 20;

static int record_give(void *buffer, size_t *lenp)
{
	if (*lenp < lab.setup.bytes)
		return -EMSGSIZE;
	*lenp = lab.setup.bytes;
	memcpy(buffer, lab_next(&lab), *lenp);
	return 0;
}

static int record_handler(const struct ctl_table *table, int write, void *buffer,
			  size_t *lenp, loff_t *ppos)
{
	u64 entered;
	int ret = 0;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	if (write)
		lab_consume(&lab, buffer, *lenp);
	else
		ret = record_give(buffer, lenp);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return ret;
}

static struct ctl_table test_table[] = {
	{
		.procname = "value1",
		.data = &value1,
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = proc_dointvec_minmax,
		.extra1 = &least,
		.extra2 = &most,
	},
	{
		.procname = "value2",
		.data = &value2,
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = proc_dointvec_minmax,
		.extra1 = &least,
		.extra2 = &most,
	},
	{
		.procname = "record",
		.mode = 0600,
		.proc_handler = record_handler,
		.poll = &news,
	},
};

static struct ctl_table_header *header;

static int __init sysctl_test_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	header = register_sysctl("net/test", test_table);
	if (header)
		return 0;
	lab_control_exit();
	return -ENOMEM;
}
module_init(sysctl_test_init);

static void __exit sysctl_test_exit(void)
{
	unregister_sysctl_table(header);
	lab_end_polls(&news.wait);
	lab_control_exit();
}
module_exit(sysctl_test_exit);

MODULE_DESCRIPTION("Laboratory: sysctl");
MODULE_LICENSE("GPL");
