// SPDX-License-Identifier: GPL-2.0
/*
 * A character device that takes records by write(2) and makes them for read(2).
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous: the call returns when the
 * driver has, or has made, the record. Loss: none, the caller waits. Unit: any
 * length. Privilege: the node's mode. Choose it for a stream or a device of
 * one's own: it is what every program can use.
 */
#include <linux/poll.h>
#include <linux/wait.h>

#include "lab_kernel.h"

/**
 * struct chardev - one open file
 * @lock: two threads may share the file
 * @side: what it has received and sent
 * @waiting: readers, with LAB_QUEUED
 * @posted: records that they may read
 */
struct chardev {
	struct mutex lock;	/* of side */
	struct lab_side side;
	wait_queue_head_t waiting;
	atomic_long_t posted;
};

static int chardev_open(struct inode *inode, struct file *file)
{
	struct chardev *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!c)
		return -ENOMEM;
	ret = lab_side_init(&c->side);
	if (ret) {
		kfree(c);
		return ret;
	}
	mutex_init(&c->lock);
	init_waitqueue_head(&c->waiting);
	file->private_data = c;
	return stream_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct chardev *c = file->private_data;

	lab_side_free(&c->side);
	kfree(c);
	return 0;
}

/* Unlike a record, a write may be longer than the buffer. Inline, lest a record pay for batches. */
static __always_inline ssize_t
chardev_take(struct lab_side *side, const char __user *buf, size_t len,
	     void (*consume)(struct lab_side *side, const void *ptr, size_t len))
{
	size_t done, left, n;

	for (done = 0; done < len; done += n) {
		n = min_t(size_t, len - done, LAB_MAX_BYTES);
		left = copy_from_user(side->buf, buf + done, n);
		consume(side, side->buf, n - left);
		if (left)
			return done + n - left ?: -EFAULT;
	}
	return len;
}

static noinline ssize_t chardev_take_batch(struct lab_side *side, const char __user *buf,
					   size_t len)
{
	return chardev_take(side, buf, len, lab_consume_records);
}

static ssize_t chardev_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *ppos)
{
	struct chardev *c = file->private_data;
	ssize_t ret;
	u64 entered;

	mutex_lock(&c->lock);
	entered = lab_enter(&c->side);
	if (likely(c->side.setup.batch == 1))
		ret = chardev_take(&c->side, buf, len, lab_consume);
	else
		ret = chardev_take_batch(&c->side, buf, len);
	lab_leave(&c->side, entered);
	mutex_unlock(&c->lock);
	return ret;
}

/* With LAB_QUEUED a read takes what LAB_PRODUCE posted. */
static int chardev_wait(struct chardev *c, struct file *file)
{
	if (!(READ_ONCE(c->side.setup.flags) & LAB_QUEUED))
		return 0;
	while (atomic_long_dec_if_positive(&c->posted) < 0) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(c->waiting, atomic_long_read(&c->posted)))
			return -ERESTARTSYS;
	}
	return 0;
}

/*
 * One record a read; what doesn't fit the reader's buffer is cut off. Inline
 * wherever it is called, lest a single record pay for batches.
 */
static __always_inline ssize_t chardev_give(struct lab_side *side, char __user *buf, size_t len)
{
	size_t n = min_t(size_t, len, side->setup.bytes);
	size_t left = copy_to_user(buf, lab_next(side), n);

	return left == n && n ? -EFAULT : n - left;
}

/* A batch a read: as many records as there is room for, but one in any case. */
static noinline ssize_t chardev_give_batch(struct lab_side *side, char __user *buf, size_t len)
{
	ssize_t bytes = side->setup.bytes, done = 0, ret;
	u32 left = lab_read_batch(side);

	do {
		ret = chardev_give(side, buf + done, len - done);
		if (ret > 0)
			done += ret;
	} while (ret == bytes && --left && len - done >= bytes);
	return done ?: ret;
}

static ssize_t chardev_read(struct file *file, char __user *buf, size_t len,
			    loff_t *ppos)
{
	struct chardev *c = file->private_data;
	ssize_t ret = chardev_wait(c, file);
	u64 entered;

	if (ret)
		return ret;
	mutex_lock(&c->lock);
	entered = lab_enter(&c->side);
	if (likely(c->side.setup.batch == 1))
		ret = chardev_give(&c->side, buf, len);
	else
		ret = chardev_give_batch(&c->side, buf, len);
	lab_leave(&c->side, entered);
	mutex_unlock(&c->lock);
	return ret;
}

static __poll_t chardev_poll(struct file *file, poll_table *wait)
{
	struct chardev *c = file->private_data;

	poll_wait(file, &c->waiting, wait);
	if (READ_ONCE(c->side.setup.flags) & LAB_QUEUED && !atomic_long_read(&c->posted))
		return EPOLLOUT | EPOLLWRNORM;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

static long chardev_post(struct lab_side *side, unsigned long count)
{
	struct chardev *c = container_of(side, struct chardev, side);

	atomic_long_add(count, &c->posted);
	wake_up_interruptible(&c->waiting);
	return count;
}

static const struct lab_ops chardev_ops = { .produce = chardev_post };

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct chardev *c = file->private_data;
	long ret;

	mutex_lock(&c->lock);
	ret = lab_ioctl(&c->side, &chardev_ops, cmd, arg);
	mutex_unlock(&c->lock);
	return ret;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.write = chardev_write,
	.read = chardev_read,
	.poll = chardev_poll,
	.unlocked_ioctl = chardev_ioctl,
};

static struct miscdevice chardev_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_chardev",
	.fops = &chardev_fops,
};
module_misc_device(chardev_device);

MODULE_DESCRIPTION("Laboratory: character device");
MODULE_LICENSE("GPL");
