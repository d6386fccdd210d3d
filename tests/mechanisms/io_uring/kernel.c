// SPDX-License-Identifier: GPL-2.0
/*
 * A character device for io_uring: never blocks where it was asked not to, and takes commands.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous or not: the call may return
 * before the work is done, the completion tells. Loss: none. Unit: any.
 * Privilege: the node's mode; some kernels allow io_uring to nobody. Choose it
 * for many operations at a time on files that others offer; uring_cmd for
 * commands that an ioctl would do one by one.
 */
#include <linux/io_uring/cmd.h>
#include <linux/poll.h>
#include <linux/uio.h>

#include "lab_kernel.h"
#include "uring_cmd.h"

static struct lab_side lab;
static DEFINE_MUTEX(uring_lock);	/* of lab; held for a copy at most */
static DECLARE_WAIT_QUEUE_HEAD(waiting);
static atomic_long_t posted;

static int uring_open(struct inode *inode, struct file *file)
{
	/* Else every request would go to a worker thread. */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

static ssize_t uring_take(struct iov_iter *from)
{
	size_t done = 0, n;

	while (iov_iter_count(from)) {
		n = min_t(size_t, iov_iter_count(from), LAB_MAX_BYTES);
		n = copy_from_iter(lab.buf, n, from);
		if (!n)
			return done ?: -EFAULT;
		lab_consume(&lab, lab.buf, n);
		done += n;
	}
	return done;
}

static ssize_t uring_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t ret;
	u64 entered;

	mutex_lock(&uring_lock);
	entered = lab_enter(&lab);
	ret = uring_take(from);
	lab_leave(&lab, entered);
	mutex_unlock(&uring_lock);
	return ret;
}

/* With LAB_QUEUED a read takes what LAB_PRODUCE posted. */
static int uring_wait(struct kiocb *iocb)
{
	if (!(READ_ONCE(lab.setup.flags) & LAB_QUEUED))
		return 0;
	while (atomic_long_dec_if_positive(&posted) < 0) {
		if (iocb->ki_flags & IOCB_NOWAIT || iocb->ki_filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(waiting, atomic_long_read(&posted)))
			return -ERESTARTSYS;
	}
	return 0;
}

static ssize_t uring_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	size_t n = min_t(size_t, iov_iter_count(to), lab.setup.bytes);
	ssize_t ret = uring_wait(iocb);
	u64 entered;

	if (ret)
		return ret;
	mutex_lock(&uring_lock);
	entered = lab_enter(&lab);
	ret = copy_to_iter(lab_next(&lab), n, to);
	lab_leave(&lab, entered);
	mutex_unlock(&uring_lock);
	return ret || !n ? ret : -EFAULT;
}

static int uring_cmd_send(const struct lab_uring_cmd *cmd)
{
	if (copy_from_user(lab.buf, u64_to_user_ptr(cmd->addr), cmd->len))
		return -EFAULT;
	lab_consume(&lab, lab.buf, cmd->len);
	return cmd->len;
}

static int uring_cmd_recv(const struct lab_uring_cmd *cmd)
{
	if (cmd->len < lab.setup.bytes)
		return -EMSGSIZE;
	if (copy_to_user(u64_to_user_ptr(cmd->addr), lab_next(&lab), lab.setup.bytes))
		return -EFAULT;
	return lab.setup.bytes;
}

/* The command lies in memory that its user may still write: copied, then checked. */
static int uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	const struct lab_uring_cmd *shared = io_uring_sqe_cmd(ioucmd->sqe, struct lab_uring_cmd);
	struct lab_uring_cmd cmd = {
		.addr = READ_ONCE(shared->addr),
		.len = READ_ONCE(shared->len),
		.reserved = READ_ONCE(shared->reserved),
	};
	u64 entered;
	int ret;

	if (ioucmd->cmd_op != LAB_URING_SEND && ioucmd->cmd_op != LAB_URING_RECV)
		return -ENOTTY;
	if (cmd.reserved || cmd.len > LAB_MAX_BYTES)
		return -EINVAL;
	mutex_lock(&uring_lock);
	entered = lab_enter(&lab);
	ret = ioucmd->cmd_op == LAB_URING_SEND ? uring_cmd_send(&cmd) : uring_cmd_recv(&cmd);
	lab_leave(&lab, entered);
	mutex_unlock(&uring_lock);
	return ret;
}

static __poll_t uring_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &waiting, wait);
	if (READ_ONCE(lab.setup.flags) & LAB_QUEUED && !atomic_long_read(&posted))
		return EPOLLOUT | EPOLLWRNORM;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

static long uring_post(struct lab_side *side, unsigned long count)
{
	atomic_long_add(count, &posted);
	wake_up_interruptible(&waiting);
	return count;
}

static long uring_setup(struct lab_side *side)
{
	atomic_long_set(&posted, 0);
	return 0;
}

static const struct lab_ops uring_ops = {
	.setup = uring_setup,
	.produce = uring_post,
};

static long uring_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	mutex_lock(&uring_lock);
	ret = lab_ioctl(&lab, &uring_ops, cmd, arg);
	mutex_unlock(&uring_lock);
	return ret;
}

static const struct file_operations uring_fops = {
	.owner = THIS_MODULE,
	.open = uring_open,
	.write_iter = uring_write_iter,
	.read_iter = uring_read_iter,
	.uring_cmd = uring_cmd,
	.poll = uring_poll,
	.unlocked_ioctl = uring_ioctl,
};

static struct miscdevice uring_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_io_uring",
	.fops = &uring_fops,
};

static int __init uring_init(void)
{
	int ret = lab_side_init(&lab);

	if (ret)
		return ret;
	ret = misc_register(&uring_device);
	if (ret)
		lab_side_free(&lab);
	return ret;
}
module_init(uring_init);

static void __exit uring_exit(void)
{
	misc_deregister(&uring_device);
	lab_side_free(&lab);
}
module_exit(uring_exit);

MODULE_DESCRIPTION("Laboratory: device for io_uring");
MODULE_LICENSE("GPL");
