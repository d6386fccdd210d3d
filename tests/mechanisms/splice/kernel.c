// SPDX-License-Identifier: GPL-2.0
/*
 * A device for splice(2): takes a pipe's pages where they are, gives pages of its own.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k (vmsplice, splice), k2u (splice, read); tee
 * doubles what a pipe holds. Synchronous to a device, queued in a pipe. Loss:
 * none. Unit: none, a pipe is a stream; its size bounds a call. Privilege: the
 * node's mode. Choose it to move whole pages between files and sockets that
 * the program does not look at.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/vmalloc.h>

#include "lab_kernel.h"

#define AREA	(4U << 20)

static struct lab_side lab;
static DEFINE_MUTEX(splice_lock);	/* of lab and area; inside of a pipe's lock */
static u8 *area;

/* A page of the pipe, read where it is. */
static int splice_take(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
		       struct splice_desc *sd)
{
	u8 *page = kmap_local_page(buf->page);

	lab_consume_records(&lab, page + buf->offset, sd->len);
	kunmap_local(page);
	return sd->len;
}

static ssize_t splice_dev_write(struct pipe_inode_info *pipe, struct file *file, loff_t *ppos,
				size_t len, unsigned int flags)
{
	struct splice_desc sd = { .total_len = len, .flags = flags, .u.file = file };
	u64 entered = lab_enter(&lab);
	ssize_t ret;

	pipe_lock(pipe);
	mutex_lock(&splice_lock);
	ret = __splice_from_pipe(pipe, &sd, splice_take);
	mutex_unlock(&splice_lock);
	pipe_unlock(pipe);
	lab_leave(&lab, entered);
	return ret;
}

/* Pages that some pipe still has may not be written to. */
static bool splice_in_use(size_t len)
{
	size_t off;

	for (off = 0; off < len; off += PAGE_SIZE)
		if (page_count(vmalloc_to_page(area + off)) > 1)
			return true;
	return false;
}

static ssize_t splice_give(struct pipe_inode_info *pipe, size_t len)
{
	size_t off, n;

	for (off = 0; off < len; off += n) {
		struct pipe_buffer buf = {
			.ops = &nosteal_pipe_buf_ops,
			.page = vmalloc_to_page(area + off),
			.len = min_t(size_t, len - off, PAGE_SIZE),
		};
		ssize_t ret;

		n = buf.len;
		get_page(buf.page);
		ret = add_to_pipe(pipe, &buf);
		if (ret < 0)
			return off ?: ret;
	}
	return len;
}

/* Whole records, as many as the pipe and the area have room for. */
static ssize_t splice_make(struct pipe_inode_info *pipe, size_t len)
{
	size_t room = pipe->max_usage - pipe_occupancy(pipe->head, pipe->tail);
	u32 bytes = lab.setup.bytes, count, i;

	count = min3(len, room * PAGE_SIZE, (size_t)AREA) / bytes;
	if (!count)
		return -EINVAL;
	if (splice_in_use(count * bytes))
		return -EAGAIN;
	for (i = 0; i < count; i++)
		lab_produce(area + i * bytes, bytes, lab.seq++);
	return splice_give(pipe, count * bytes);
}

/* The caller has locked the pipe. */
static ssize_t splice_dev_read(struct file *file, loff_t *ppos, struct pipe_inode_info *pipe,
			       size_t len, unsigned int flags)
{
	u64 entered = lab_enter(&lab);
	ssize_t ret;

	mutex_lock(&splice_lock);
	ret = splice_make(pipe, len);
	mutex_unlock(&splice_lock);
	lab_leave(&lab, entered);
	return ret;
}

static long splice_setup(struct lab_side *side)
{
	if (splice_in_use(AREA))
		return -EBUSY;
	lab_prepare(area, AREA);
	return 0;
}

static const struct lab_ops splice_ops = { .setup = splice_setup };

static long splice_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	mutex_lock(&splice_lock);
	ret = lab_ioctl(&lab, &splice_ops, cmd, arg);
	mutex_unlock(&splice_lock);
	return ret;
}

static int splice_open(struct inode *inode, struct file *file)
{
	return stream_open(inode, file);
}

static const struct file_operations splice_fops = {
	.owner = THIS_MODULE,
	.open = splice_open,
	.splice_write = splice_dev_write,
	.splice_read = splice_dev_read,
	.unlocked_ioctl = splice_ioctl,
};

static struct miscdevice splice_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_splice",
	.fops = &splice_fops,
};

static int __init splice_init(void)
{
	int ret = lab_side_init(&lab);

	if (ret)
		return ret;
	area = vmalloc(AREA);
	if (!area) {
		ret = -ENOMEM;
		goto err_side;
	}
	lab_prepare(area, AREA);
	ret = misc_register(&splice_device);
	if (ret)
		goto err_area;
	return 0;

err_area:
	vfree(area);
err_side:
	lab_side_free(&lab);
	return ret;
}
module_init(splice_init);

static void __exit splice_exit(void)
{
	misc_deregister(&splice_device);
	vfree(area);
	lab_side_free(&lab);
}
module_exit(splice_exit);

MODULE_DESCRIPTION("Laboratory: splice");
MODULE_LICENSE("GPL");
