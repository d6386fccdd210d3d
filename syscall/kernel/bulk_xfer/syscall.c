// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2): a list of segments, run in order.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <uapi/linux/bulk_xfer.h>

#include "internal.h"

/**
 * struct bulk_call - one bulk_xfer(2)
 * @file: the endpoint's file
 * @ep: the endpoint
 * @nowait: answer EAGAIN instead of sleeping
 * @permitted: MAY_READ, MAY_WRITE: what the security modules have allowed
 */
struct bulk_call {
	struct file *file;
	struct bulk_endpoint *ep;
	bool nowait;
	int permitted;
};

static void bulk_check_layout(void)
{
	BUILD_BUG_ON(sizeof(struct bulk_seg) != 32);
	BUILD_BUG_ON(offsetof(struct bulk_seg, addr) != 0);
	BUILD_BUG_ON(offsetof(struct bulk_seg, len) != 8);
	BUILD_BUG_ON(offsetof(struct bulk_seg, res) != 12);
	BUILD_BUG_ON(offsetof(struct bulk_seg, tag) != 16);
	BUILD_BUG_ON(offsetof(struct bulk_seg, op) != 24);
	BUILD_BUG_ON(offsetof(struct bulk_seg, flags) != 26);
	BUILD_BUG_ON(offsetof(struct bulk_seg, lost) != 28);
	BUILD_BUG_ON(BULK_MAX_SEGS != UIO_MAXIOV);
	BUILD_BUG_ON(BULK_MAX_RECORD > S32_MAX);
}

/*
 * Fetch a segment, once. The result is written at the same time as it will be
 * if all goes well: a segment that can't be written to fails before it has an
 * effect.
 */
static int bulk_fetch_seg(struct bulk_seg *seg, struct bulk_seg __user *useg)
{
	if (!user_access_begin(useg, sizeof(*useg)))
		return -EFAULT;
	unsafe_get_user(seg->addr, &useg->addr, efault);
	unsafe_get_user(seg->len, &useg->len, efault);
	unsafe_get_user(seg->tag, &useg->tag, efault);
	unsafe_get_user(seg->op, &useg->op, efault);
	unsafe_get_user(seg->flags, &useg->flags, efault);
	unsafe_get_user(seg->lost, &useg->lost, efault);
	unsafe_put_user((s32)seg->len, &useg->res, efault);
	user_access_end();
	return 0;
efault:
	user_access_end();
	return -EFAULT;
}

static int bulk_store_received(struct bulk_seg __user *useg,
			       const struct bulk_meta *meta)
{
	if (!user_access_begin(useg, sizeof(*useg)))
		return -EFAULT;
	unsafe_put_user((s32)meta->len, &useg->res, efault);
	unsafe_put_user(meta->tag, &useg->tag, efault);
	unsafe_put_user(meta->lost, &useg->lost, efault);
	user_access_end();
	return 0;
efault:
	user_access_end();
	return -EFAULT;
}

static int bulk_permit(struct bulk_call *call, fmode_t mode, int mask)
{
	int ret;

	if (!(call->file->f_mode & mode))
		return -EBADF;
	if (likely(call->permitted & mask))
		return 0;
	ret = security_file_permission(call->file, mask);
	if (!ret)
		call->permitted |= mask;
	return ret;
}

static int bulk_seg_send(struct bulk_call *call, const struct bulk_seg *seg)
{
	struct iov_iter from;
	int ret;

	if (seg->lost)
		return -EINVAL;
	ret = bulk_permit(call, FMODE_WRITE, MAY_WRITE);
	if (ret)
		return ret;
	if (seg->len > call->ep->channel->max_record)
		return -EMSGSIZE;
	ret = import_ubuf(ITER_SOURCE, u64_to_user_ptr(seg->addr), seg->len,
			  &from);
	if (ret)
		return ret;
	return bulk_endpoint_send(call->ep, &from, seg->tag, call->nowait);
}

static int bulk_seg_recv(struct bulk_call *call, const struct bulk_seg *seg,
			 struct bulk_seg __user *useg)
{
	struct bulk_meta meta;
	struct iov_iter to;
	size_t room;
	int ret;

	ret = bulk_permit(call, FMODE_READ, MAY_READ);
	if (ret)
		return ret;
	/* Room beyond the longest record need not be there. */
	room = min_t(size_t, seg->len, call->ep->channel->max_record);
	ret = import_ubuf(ITER_DEST, u64_to_user_ptr(seg->addr), room, &to);
	if (ret)
		return ret;
	ret = bulk_endpoint_recv(call->ep, &to, &meta, call->nowait);
	if (!ret)
		/* Only a caller that unmaps its own segments can miss this. */
		(void)bulk_store_received(useg, &meta);
	else if (ret == -EMSGSIZE && put_user((u32)meta.len, &useg->len))
		ret = -EFAULT;
	return ret;
}

static int bulk_run_op(struct bulk_call *call, const struct bulk_seg *seg,
		       struct bulk_seg __user *useg)
{
	if (seg->flags)
		return -EINVAL;
	switch (seg->op) {
	case BULK_OP_SEND:
		return bulk_seg_send(call, seg);
	case BULK_OP_RECV:
		return bulk_seg_recv(call, seg, useg);
	case BULK_OP_RESERVE:
	case BULK_OP_COMMIT:
	case BULK_OP_BORROW:
	case BULK_OP_RETURN:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

static int bulk_run_seg(struct bulk_call *call, struct bulk_seg __user *useg)
{
	struct bulk_seg seg;
	int ret;

	ret = bulk_fetch_seg(&seg, useg);
	if (ret)
		return ret;
	ret = bulk_run_op(call, &seg, useg);
	if (ret && put_user(ret == -ERESTARTSYS ? -EINTR : ret, &useg->res))
		return -EFAULT;
	return ret;
}

static long bulk_run_segs(struct bulk_call *call, struct bulk_seg __user *segs,
			  unsigned int nr_segs)
{
	unsigned int done;
	int ret = 0;

	for (done = 0; done < nr_segs; done++) {
		if (done && signal_pending(current))
			break;
		ret = bulk_run_seg(call, segs + done);
		if (ret)
			break;
		cond_resched();
	}
	return done ?: ret;
}

/**
 * sys_bulk_xfer - move records between the caller and a channel's provider
 * @fd: an endpoint, that is an open /dev/bulk/NAME
 * @segs: what to do, step by step; each step's result is stored there
 * @nr_segs: how many steps, at most BULK_MAX_SEGS
 * @flags: BULK_DONTWAIT, BULK_FLUSH
 *
 * The segments run in order. The first one that fails ends the call.
 *
 * BULK_FLUSH asks that the provider has taken all that was sent before the call
 * returns. A SEND of this call hands its record over at once, so that there is
 * nothing left to wait for.
 *
 * Return: how many segments completed, or, when that is none, the first one's
 * error, which is also in its ``res``:
 *
 * - %EAGAIN: it would have to sleep, and BULK_DONTWAIT or O_NONBLOCK is set
 * - %EBADF: @fd is not open, or not for this direction
 * - %EFAULT: a segment or a record's memory is not accessible
 * - %EINTR: a signal came before a segment completed
 * - %EINVAL: @fd is not an endpoint; unknown flag or operation; too many
 *   segments; a field that must be 0 is not
 * - %EMSGSIZE: SEND of more than the channel's max_record; RECV with too little
 *   room: its ``len`` then tells how much is needed, and the record waits
 * - %ENODEV: the channel is gone
 * - %ENOMEM: out of memory, or of memory that the user may lock
 * - %EOPNOTSUPP: the operation is reserved
 * - %EACCES, %EPERM: a security module objects
 * - another errno of the provider's
 */
SYSCALL_DEFINE4(bulk_xfer, int, fd, struct bulk_seg __user *, segs,
		unsigned int, nr_segs, unsigned int, flags)
{
	struct bulk_call call = {};

	bulk_check_layout();
	if (flags & ~(BULK_DONTWAIT | BULK_FLUSH))
		return -EINVAL;
	if (nr_segs > BULK_MAX_SEGS)
		return -EINVAL;

	CLASS(fd, f)(fd);
	if (fd_empty(f))
		return -EBADF;
	call.file = fd_file(f);
	call.ep = bulk_file_endpoint(call.file);
	if (!call.ep)
		return -EINVAL;
	call.nowait = (flags & BULK_DONTWAIT) ||
		      (call.file->f_flags & O_NONBLOCK);
	return bulk_run_segs(&call, segs, nr_segs);
}
