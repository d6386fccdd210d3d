/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of records for write(2) and read(2), one or a batch a call; for kernel halves with a file.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The module defines LAB_FILE, its name, and includes this once: it gets the
 * control device of LAB_CONTROL() and the operations of such a file.
 */
#ifndef LAB_FILE_H
#define LAB_FILE_H

#include <linux/poll.h>
#include <linux/wait.h>

#include "lab_kernel.h"

static DECLARE_WAIT_QUEUE_HEAD(lab_waiting);	/* readers, with LAB_QUEUED */
static atomic_long_t lab_posted;		/* records that they may read */
static bool lab_file_ended;			/* and that none will come */

static long lab_file_setup(struct lab_side *side)
{
	atomic_long_set(&lab_posted, 0);
	return 0;
}

static long lab_file_post(struct lab_side *side, unsigned long count)
{
	atomic_long_add(count, &lab_posted);
	wake_up_interruptible(&lab_waiting);
	return count;
}

static const struct lab_ops lab_file_ops = {
	.setup = lab_file_setup,
	.produce = lab_file_post,
};

LAB_CONTROL(LAB_FILE, &lab_file_ops)

/* Inline wherever it is called, lest a single record pay for batches; so is lab_file_give(). */
static __always_inline ssize_t
lab_file_take(const char __user *buf, size_t len,
	      void (*consume)(struct lab_side *side, const void *ptr, size_t len))
{
	if (len > LAB_MAX_BYTES)
		return -EMSGSIZE;
	if (copy_from_user(lab.buf, buf, len))
		return -EFAULT;
	consume(&lab, lab.buf, len);
	return len;
}

/* A batch may be larger than the buffer. */
static noinline ssize_t lab_file_take_batch(const char __user *buf, size_t len)
{
	size_t done, n;
	ssize_t ret;

	if (len > (size_t)lab.setup.batch * LAB_MAX_BYTES)
		return -EMSGSIZE;
	for (done = 0; done < len; done += n) {
		n = min_t(size_t, len - done, LAB_MAX_BYTES);
		ret = lab_file_take(buf + done, n, lab_consume_records);
		if (ret < 0)
			return done ?: ret;
	}
	return len;
}

static ssize_t lab_file_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *ppos)
{
	ssize_t ret;
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	if (likely(lab.setup.batch == 1))
		ret = lab_file_take(buf, len, lab_consume);
	else
		ret = lab_file_take_batch(buf, len);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return ret;
}

static int lab_file_wait(struct file *file)
{
	if (!(READ_ONCE(lab.setup.flags) & LAB_QUEUED))
		return 0;
	while (atomic_long_dec_if_positive(&lab_posted) < 0) {
		if (READ_ONCE(lab_file_ended))
			return -ENODEV;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(lab_waiting, atomic_long_read(&lab_posted) ||
							  READ_ONCE(lab_file_ended)))
			return -ERESTARTSYS;
	}
	return 0;
}

/* Where the file's removal waits for those who sleep in a read. */
static inline void lab_file_end(void)
{
	WRITE_ONCE(lab_file_ended, true);
	wake_up_all(&lab_waiting);
}

static __always_inline ssize_t lab_file_give(char __user *buf, size_t len)
{
	if (len < lab.setup.bytes)
		return -EMSGSIZE;
	if (copy_to_user(buf, lab_next(&lab), lab.setup.bytes))
		return -EFAULT;
	return lab.setup.bytes;
}

/* Whole records, as many as there is room for. */
static noinline ssize_t lab_file_give_batch(char __user *buf, size_t len)
{
	u32 left = lab_read_batch(&lab);
	size_t done = 0;
	ssize_t ret;

	do {
		ret = lab_file_give(buf + done, len - done);
		if (ret < 0)
			return done ?: ret;
		done += ret;
	} while (--left && len - done >= lab.setup.bytes);
	return done;
}

static ssize_t lab_file_read(struct file *file, char __user *buf, size_t len,
			     loff_t *ppos)
{
	ssize_t ret = lab_file_wait(file);
	u64 entered;

	if (ret)
		return ret;
	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	if (likely(lab.setup.batch == 1))
		ret = lab_file_give(buf, len);
	else
		ret = lab_file_give_batch(buf, len);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return ret;
}

static __poll_t lab_file_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &lab_waiting, wait);
	if (READ_ONCE(lab.setup.flags) & LAB_QUEUED && !atomic_long_read(&lab_posted))
		return EPOLLOUT | EPOLLWRNORM;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

#endif /* LAB_FILE_H */
