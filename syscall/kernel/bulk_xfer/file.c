// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints as files: one write(2) is one SEND, one read(2) one RECV, mmap(2) the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/splice.h>

#include "internal.h"

static int bulk_file_open(struct inode *inode, struct file *file)
{
	struct bulk_channel *ch = container_of(inode->i_cdev,
					       struct bulk_channel, cdev);
	struct bulk_endpoint *ep = bulk_endpoint_create(ch, file->f_mode);

	if (IS_ERR(ep))
		return PTR_ERR(ep);
	file->private_data = ep;
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

static int bulk_file_release(struct inode *inode, struct file *file)
{
	bulk_endpoint_destroy(file->private_data);
	return 0;
}

static bool bulk_nowait(struct kiocb *iocb)
{
	return (iocb->ki_flags & IOCB_NOWAIT) ||
	       (iocb->ki_filp->f_flags & O_NONBLOCK);
}

static ssize_t bulk_file_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct bulk_meta meta;
	int ret;

	ret = bulk_endpoint_recv(iocb->ki_filp->private_data, to, &meta,
				 bulk_nowait(iocb));
	return ret ?: meta.len;
}

static ssize_t bulk_file_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t len = iov_iter_count(from);
	int ret;

	ret = bulk_endpoint_send(iocb->ki_filp->private_data, from, 0,
				 bulk_nowait(iocb));
	return ret ?: len;
}

static __poll_t bulk_file_poll(struct file *file, poll_table *wait)
{
	struct bulk_endpoint *ep = file->private_data;

	poll_wait(file, &ep->tx.wait, wait);
	poll_wait(file, &ep->rx.wait, wait);
	return bulk_endpoint_poll(ep);
}

static int bulk_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	return bulk_window_mmap(file->private_data, vma);
}

/* Every close of a descriptor, also at exit. */
static int bulk_file_flush(struct file *file, fl_owner_t id)
{
	bulk_drain(file->private_data);
	return 0;
}

static void bulk_file_fdinfo(struct seq_file *m, struct file *file)
{
	bulk_endpoint_show(m, file->private_data);
}

const struct file_operations bulk_endpoint_fops = {
	.open = bulk_file_open,
	.release = bulk_file_release,
	.read_iter = bulk_file_read,
	.write_iter = bulk_file_write,
	.poll = bulk_file_poll,
	.mmap = bulk_file_mmap,
	.flush = bulk_file_flush,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.show_fdinfo = bulk_file_fdinfo,
};
