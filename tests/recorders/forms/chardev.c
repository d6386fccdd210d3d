// SPDX-License-Identifier: GPL-2.0
/*
 * The character device /dev/lab_log: open begins a recording, close ends it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * ioctl(2) says whom to record and in what format a read gives it. As in the
 * surveys, write(2) has no use and is not there. All the other ways to read are
 * controlled from here, too.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "log.h"

static unsigned long format;	/* of the one open file */

static int device_open(struct inode *inode, struct file *file)
{
	int ret = log_open();

	if (ret)
		return ret;
	WRITE_ONCE(format, LOG_BINARY);
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	log_close();
	return 0;
}

static ssize_t device_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct log_ring *ring = log_ring_get();
	bool nowait = file->f_flags & O_NONBLOCK;
	ssize_t ret;

	if (!ring)
		return -ENODEV;
	if (READ_ONCE(format) == LOG_TEXT)
		ret = log_ring_read_text(ring, buf, len, nowait);
	else
		ret = log_ring_read(ring, buf, len, nowait);
	log_ring_put(ring);
	return ret;
}

/* The ring outlives who polls here: it goes when this file is closed. */
static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct log_ring *ring = log_ring_get();
	__poll_t ret;

	if (!ring)
		return log_shared_poll(file, wait);
	ret = log_ring_poll(ring, file, wait);
	log_ring_put(ring);
	return ret;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	return log_shared_mmap(vma);
}

static long record(const void __user *arg)
{
	struct log_setup setup;

	if (copy_from_user(&setup, arg, sizeof(setup)))
		return -EFAULT;
	return log_record(&setup);
}

static long tell_totals(void __user *arg)
{
	struct log_totals totals;

	log_total(&totals);
	return copy_to_user(arg, &totals, sizeof(totals)) ? -EFAULT : 0;
}

static long set_format(unsigned long arg)
{
	if (arg > LOG_TEXT)
		return -EINVAL;
	WRITE_ONCE(format, arg);
	return 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case LOG_RECORD:
		return record((const void __user *)arg);
	case LOG_TOTALS:
		return tell_totals((void __user *)arg);
	case LOG_FORMAT:
		return set_format(arg);
	case LOG_FLUSH:
		log_flush();
		return 0;
	case LOG_CALL:
		return log_call_fd();
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.mmap = device_mmap,
	.unlocked_ioctl = device_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_log",
	.fops = &device_fops,
	.mode = 0600,
};

int log_device_init(void)
{
	return misc_register(&device);
}

void log_device_exit(void)
{
	misc_deregister(&device);
}
