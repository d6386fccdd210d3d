// SPDX-License-Identifier: GPL-2.0
/*
 * A call that extracts a block of the log, and does nothing else.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The surveys add a system call for it. A module cannot: the table of calls is
 * in memory that is read-only, and since 6.9 x86 does not even call through it.
 * ioctl(2) of a descriptor that knows one command is the nearest thing: above
 * what a call of its own would cost there are the look-up of the descriptor, a
 * security hook, and the fetch of two arguments from memory.
 */
#include <linux/anon_inodes.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "log.h"

static long extract(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct log_block block;

	if (cmd != LOG_EXTRACT)
		return -ENOTTY;
	if (copy_from_user(&block, (const void __user *)arg, sizeof(block)))
		return -EFAULT;
	return log_ring_read(file->private_data, u64_to_user_ptr(block.addr), block.len, true);
}

static const struct file_operations call_fops = {
	.owner = THIS_MODULE,
	.release = log_ring_file_release,
	.unlocked_ioctl = extract,
	.poll = log_ring_file_poll,
};

/* A new descriptor, or an errno; -ENODEV: no ring is recorded to. */
int log_call_fd(void)
{
	struct log_ring *ring = log_ring_get();
	int fd;

	if (!ring)
		return -ENODEV;
	fd = anon_inode_getfd("[lab_log]", &call_fops, ring, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		log_ring_put(ring);
	return fd;
}
