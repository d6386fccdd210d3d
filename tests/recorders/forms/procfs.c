// SPDX-License-Identifier: GPL-2.0
/*
 * The log as a file below /proc that is read: LOG_PROC.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * An open file below /proc does not keep the module: its removal would release
 * the file, and with it a queue in which somebody polls. So it is kept here; the
 * removal, which waits for the release, keeps its last instructions.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>

#include "log.h"

#define NAME	"lab_log"

static int proc_open(struct inode *inode, struct file *file)
{
	int ret;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	ret = log_ring_file_open(inode, file);
	if (ret)
		module_put(THIS_MODULE);
	return ret;
}

static int proc_release(struct inode *inode, struct file *file)
{
	log_ring_file_release(inode, file);
	module_put(THIS_MODULE);
	return 0;
}

static const struct proc_ops proc_ops = {
	.proc_open = proc_open,
	.proc_release = proc_release,
	.proc_read = log_ring_file_read,
	.proc_poll = log_ring_file_poll,
};

int log_proc_init(void)
{
	return proc_create(NAME, 0400, NULL, &proc_ops) ? 0 : -ENOMEM;
}

void log_proc_exit(void)
{
	remove_proc_entry(NAME, NULL);
}
