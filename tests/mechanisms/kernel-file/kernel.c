// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel opens a file, writes records into it and reads records from it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Directions: k2u, u2k. Not synchronous: each side finds what
 * the other has left. Loss: what is overwritten or follows a full disk. Unit:
 * any. No notification but inotify. Privilege: whoever happens to be current
 * when the kernel opens it, with that one's root folder and mounts.
 *
 * Don't. Which file, and in what form, is policy, which is user space's; the
 * path means another file in a container; it cannot be done from an interrupt
 * or under a spin lock; a file that is open keeps its file system mounted;
 * the disk may be full or the network gone while the kernel waits. The kernel
 * does it where it must by itself: core dumps, swap, firmware, process
 * accounting. Everybody else has a program read or write a file of the module.
 */
#include "lab_kernel.h"

static char path[256] = "/tmp/lab_kernel_file";
module_param_string(path, path, sizeof(path), 0644);
MODULE_PARM_DESC(path, "file that the next LAB_SETUP opens");

static struct file *file;	/* under lab_control_lock */

static void close_file(void)
{
	if (file)
		filp_close(file, NULL);
	file = NULL;
}

static long file_setup(struct lab_side *side)
{
	struct file *opened;

	close_file();
	kernel_param_lock(THIS_MODULE);
	opened = filp_open(path, O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	kernel_param_unlock(THIS_MODULE);
	if (IS_ERR(opened))
		return PTR_ERR(opened);
	file = opened;
	return 0;
}

/* A batch is at the file's beginning, record after record. */
static long file_produce(struct lab_side *side, unsigned long count)
{
	u32 bytes = side->setup.bytes;
	unsigned long n;
	loff_t pos = 0;
	ssize_t ret;

	if (!file)
		return -EBADF;
	for (n = 0; n < count && !lab_killed(n); n++) {
		ret = kernel_write(file, lab_next(side), bytes, &pos);
		if (ret < 0)
			return ret;
		if (ret < bytes)
			return -ENOSPC;
	}
	return n;
}

static long file_consume(struct lab_side *side, unsigned long count)
{
	u32 bytes = side->setup.bytes;
	loff_t pos = 0;
	ssize_t ret;

	if (!file)
		return -EBADF;
	for (; count && !lab_killed(count); count--) {
		ret = kernel_read(file, side->buf, bytes, &pos);
		if (ret < 0)
			return ret;
		if (ret < bytes)
			return -ENODATA;
		lab_consume(side, side->buf, bytes);
	}
	return 0;
}

static const struct lab_ops file_ops = {
	.setup = file_setup,
	.produce = file_produce,
	.consume = file_consume,
};

LAB_CONTROL("kernel-file", &file_ops)

static int __init file_init(void)
{
	return lab_control_init();
}
module_init(file_init);

static void __exit file_exit(void)
{
	close_file();
	lab_control_exit();
}
module_exit(file_exit);

MODULE_DESCRIPTION("Laboratory: files that the kernel reads and writes");
MODULE_LICENSE("GPL");
