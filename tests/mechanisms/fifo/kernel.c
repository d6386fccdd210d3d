// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel writes into a named pipe that a program reads, or reads what it writes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user, who makes the pipe. Directions: k2u, u2k; u2u without this
 * module. Synchronous: no, the pipe holds 64 KiB by default. Loss: none as
 * long as the kernel minds a full pipe; here it is refused and goes on later.
 * Unit: any; up to 4096 bytes (PIPE_BUF) stay together. Privilege: mode of the
 * pipe for the program; the kernel opens it as whoever calls.
 *
 * Choose it for nothing new: a path means something in one mount namespace
 * only, may be anything else by the time it is opened, and writing may sleep,
 * so that no interrupt can do it. Without a reader, whoever happens to run in
 * the kernel gets SIGPIPE. A character device does the same for less.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "lab_kernel.h"
#include "lab_fifo.h"

static char path[128] = LAB_FIFO_PATH;
module_param_string(path, path, sizeof(path), 0444);
MODULE_PARM_DESC(path, "the named pipe");

static long fifo_setup(struct lab_side *side);
static long fifo_produce(struct lab_side *side, unsigned long count);
static long fifo_consume(struct lab_side *side, unsigned long count);

static const struct lab_ops fifo_ops = {
	.setup = fifo_setup,
	.produce = fifo_produce,
	.consume = fifo_consume,
};

LAB_CONTROL("fifo", &fifo_ops)

static struct file *fifo;
static u32 done;	/* bytes of a record of which the rest is to follow */

static void fifo_release(void)
{
	if (fifo)
		filp_close(fifo, NULL);
	fifo = NULL;
	done = 0;
}

/* Only a reader that is to sleep waits; a writer without a reader: ENXIO. */
static long fifo_setup(struct lab_side *side)
{
	u32 flags = side->setup.flags;
	int mode = flags & LAB_FIFO_WRITE ? O_WRONLY : O_RDONLY;
	struct file *file;

	fifo_release();
	if (!(flags & (LAB_FIFO_WRITE | LAB_FIFO_READ)))
		return 0;
	if (flags & LAB_FIFO_WRITE && flags & LAB_FIFO_READ)
		return -EINVAL;
	file = filp_open(path, mode | O_NONBLOCK | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (!S_ISFIFO(file_inode(file)->i_mode)) {
		filp_close(file, NULL);
		return -EINVAL;
	}
	if (flags & LAB_QUEUED) {
		spin_lock(&file->f_lock);
		file->f_flags &= ~O_NONBLOCK;
		spin_unlock(&file->f_lock);
	}
	fifo = file;
	return 0;
}

/* A record of more than PIPE_BUF may go in pieces. */
static ssize_t fifo_write_record(struct lab_side *side)
{
	loff_t pos = 0;
	ssize_t ret;

	if (!done)
		lab_next(side);
	while (done < side->setup.bytes) {
		ret = kernel_write(fifo, side->buf + done, side->setup.bytes - done, &pos);
		if (ret < 0)
			break;
		done += ret;
	}
	if (done == side->setup.bytes) {
		done = 0;
		return 0;
	}
	if (!done)
		side->seq--;
	return ret;
}

static long fifo_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;
	ssize_t ret = 0;

	if (!fifo || !(side->setup.flags & LAB_FIFO_WRITE))
		return -EBADF;
	for (n = 0; n < count && !lab_killed(n); n++) {
		ret = fifo_write_record(side);
		if (ret)
			break;
	}
	return ret && ret != -EAGAIN ? ret : n;
}

static ssize_t fifo_read_record(struct lab_side *side)
{
	loff_t pos = 0;
	ssize_t ret;

	while (done < side->setup.bytes) {
		ret = kernel_read(fifo, side->buf + done, side->setup.bytes - done, &pos);
		if (ret <= 0)
			return ret ?: -EPIPE;
		done += ret;
	}
	lab_consume(side, side->buf, done);
	done = 0;
	return 0;
}

static long fifo_consume(struct lab_side *side, unsigned long count)
{
	unsigned long n;
	ssize_t ret = 0;

	if (!fifo || !(side->setup.flags & LAB_FIFO_READ))
		return -EBADF;
	for (n = 0; n < count && !lab_killed(n); n++) {
		ret = fifo_read_record(side);
		if (ret)
			break;
	}
	return ret && ret != -EAGAIN ? ret : n;
}

static int __init lab_fifo_init(void)
{
	return lab_control_init();
}
module_init(lab_fifo_init);

static void __exit lab_fifo_exit(void)
{
	fifo_release();
	lab_control_exit();
}
module_exit(lab_fifo_exit);

MODULE_DESCRIPTION("Laboratory: named pipe");
MODULE_LICENSE("GPL");
