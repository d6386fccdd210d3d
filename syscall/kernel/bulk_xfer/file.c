// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints as files: one write(2) is one SEND, one read(2) one RECV, mmap(2)
 * the window, or room for pages.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include <uapi/linux/bulk_xfer.h>

#include "channel.h"
#include "drain.h"
#include "endpoint.h"
#include "file.h"
#include "mmap.h"
#include "page_room.h"
#include "transfer.h"
#include "window.h"

static int bulk_file_open(struct inode *inode, struct file *file)
{
	struct bulk_channel *ch = container_of(inode->i_cdev,
					       struct bulk_channel, cdev);
	struct bulk_endpoint *ep = bulk_channel_open(ch, file->f_mode);

	if (IS_ERR(ep))
		return PTR_ERR(ep);
	file->private_data = ep;
	/*
	 * No FMODE_NOWAIT: a provider may sleep for memory or a short lock,
	 * what waits in the window goes first, and user memory is faulted in.
	 */
	return stream_open(inode, file);
}

static int bulk_file_release(struct inode *inode, struct file *file)
{
	bulk_channel_close(file->private_data);
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

static void bulk_splice_free(struct bio_vec *bv, unsigned int nr)
{
	while (nr--)
		put_page(bv[nr].bv_page);
}

static int bulk_splice_alloc(struct bio_vec *bv, unsigned int nr)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		page = alloc_page(GFP_USER);
		if (!page) {
			bulk_splice_free(bv, i);
			return -ENOMEM;
		}
		bvec_set_page(&bv[i], page, PAGE_SIZE, 0);
	}
	return 0;
}

/* The pages become the pipe's. It still has room, for its mutex is held. */
static ssize_t bulk_splice_add(struct pipe_inode_info *pipe, struct bio_vec *bv,
			       size_t len)
{
	ssize_t ret, added = 0;

	for (; len > added; bv++) {
		struct pipe_buffer buf = {
			.ops = &default_pipe_buf_ops,
			.page = bv->bv_page,
			.len = min_t(size_t, len - added, PAGE_SIZE),
		};

		ret = add_to_pipe(pipe, &buf);
		if (WARN_ON_ONCE(ret < 0))
			return ret;
		added += ret;
	}
	return added;
}

static ssize_t bulk_splice_record(struct file *in, struct pipe_inode_info *pipe,
				  struct bio_vec *bv, unsigned int pages,
				  size_t len)
{
	struct bulk_meta meta;
	struct iov_iter to;
	unsigned int used;
	int ret;

	iov_iter_bvec(&to, ITER_DEST, bv, pages, len);
	/*
	 * The caller holds the pipe's mutex: all others who use the pipe would
	 * wait for a record, too, and no signal would end that.
	 */
	ret = bulk_endpoint_recv(in->private_data, &to, &meta, true);
	used = ret ? 0 : DIV_ROUND_UP(meta.len, PAGE_SIZE);
	bulk_splice_free(bv + used, pages - used);
	return ret ?: bulk_splice_add(pipe, bv, meta.len);
}

static ssize_t bulk_file_splice_read(struct file *in, loff_t *ppos,
				     struct pipe_inode_info *pipe, size_t len,
				     unsigned int flags)
{
	unsigned int used = pipe_occupancy(pipe->head, pipe->tail);
	unsigned int pages = pipe->max_usage > used ?
			     pipe->max_usage - used : 0;
	struct bio_vec *bv;
	ssize_t ret;

	len = min_t(size_t, len, (size_t)pages * PAGE_SIZE);
	pages = DIV_ROUND_UP(len, PAGE_SIZE);
	if (!pages)
		return -EAGAIN;
	bv = kvcalloc(pages, sizeof(*bv), BULK_GFP_ACCOUNT);
	if (!bv)
		return -ENOMEM;
	ret = bulk_splice_alloc(bv, pages);
	if (!ret)
		ret = bulk_splice_record(in, pipe, bv, pages, len);
	kvfree(bv);
	return ret;
}

static __poll_t bulk_file_poll(struct file *file, poll_table *wait)
{
	struct bulk_endpoint *ep = file->private_data;

	poll_wait(file, &ep->wait, wait);
	return bulk_endpoint_poll(ep);
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

static int bulk_file_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff == BULK_OFF_PAGES >> PAGE_SHIFT)
		return bulk_page_room_mmap_prepare(desc);
	return bulk_mmap_prepare(desc);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/*
 * Where huge pages can be mapped; a mapping that moves has its offset already.
 */
static unsigned long bulk_file_area(struct file *file, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags)
{
	return thp_get_unmapped_area(file, addr, len,
				     pgoff ?: BULK_WINDOW_PGOFF, flags);
}
#else
#define bulk_file_area	NULL
#endif

const struct file_operations bulk_endpoint_fops = {
	.open = bulk_file_open,
	.release = bulk_file_release,
	.read_iter = bulk_file_read,
	.write_iter = bulk_file_write,
	.poll = bulk_file_poll,
	.mmap_prepare = bulk_file_mmap_prepare,
	.get_unmapped_area = bulk_file_area,
	.flush = bulk_file_flush,
	.splice_read = bulk_file_splice_read,
	.splice_write = iter_file_splice_write,
	.show_fdinfo = bulk_file_fdinfo,
};
