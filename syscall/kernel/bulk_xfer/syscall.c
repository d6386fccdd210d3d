// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2): a list of segments, run in order.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <uapi/linux/bulk_xfer.h>

#include "drain.h"
#include "endpoint.h"
#include "file.h"
#include "inplace.h"
#include "pages.h"
#include "region.h"
#include "segs.h"
#include "transfer.h"

/* Segments between two looks at the scheduler and at signals: 512 bytes. */
#define BULK_SEGS_STEP	16

/**
 * struct bulk_call - one bulk_xfer(2)
 * @file: the endpoint's file
 * @ep: the endpoint
 * @nowait: answer EAGAIN instead of sleeping
 * @permitted: MAY_READ, MAY_WRITE: what the security modules have allowed
 * @stop: the last segment moved less than it was to: those after it don't run
 */
struct bulk_call {
	struct file *file;
	struct bulk_endpoint *ep;
	bool nowait;
	int permitted;
	bool stop;
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
 * One segment; four words cost less than a call that copies, or seven fields.
 */
static int bulk_fetch_one(struct bulk_seg *segs, struct bulk_seg __user *usegs)
{
	u64 __user *from = (u64 __user *)usegs;
	u64 *to = (u64 *)segs;

	if (!user_access_begin(usegs, sizeof(*usegs)))
		return -EFAULT;
	unsafe_get_user(to[0], &from[0], efault);
	unsafe_get_user(to[1], &from[1], efault);
	unsafe_get_user(to[2], &from[2], efault);
	unsafe_get_user(to[3], &from[3], efault);
	unsafe_put_user(segs->res, &usegs->res, efault);
	user_access_end();
	return 0;
efault:
	user_access_end();
	return -EFAULT;
}

/*
 * Fetch segments, each word once. That they can be written to is found out
 * here, before a segment has had an effect that its caller couldn't be told:
 * the result is put back, and nothing beside it, which another thread may be
 * storing to.
 */
static int bulk_fetch(struct bulk_seg *segs, struct bulk_seg __user *usegs,
		      unsigned int n)
{
	struct bulk_seg *end = segs + n;

	if (n == 1)
		return bulk_fetch_one(segs, usegs);
	if (copy_from_user(segs, usegs, n * sizeof(*usegs)) ||
	    !user_access_begin(usegs, n * sizeof(*usegs)))
		return -EFAULT;
	for (; segs < end; segs++, usegs++)
		unsafe_put_user(segs->res, &usegs->res, efault);
	user_access_end();
	return 0;
efault:
	user_access_end();
	return -EFAULT;
}

/* Those that end in a bad page still have their first ones. */
static int bulk_fetch_step(struct bulk_seg *segs, struct bulk_seg __user *usegs,
			   unsigned int left)
{
	unsigned int n = min_t(unsigned int, left, BULK_SEGS_STEP);

	if (!bulk_fetch(segs, usegs, n))
		return n;
	return bulk_fetch(segs, usegs, 1) ?: 1;
}

/* A SEND of one record tells nothing but its result. */
static bool bulk_seg_is_sent(const struct bulk_seg *seg)
{
	return seg->op == BULK_OP_SEND && !(seg->flags & BULK_SEG_PACKED);
}

/* Tell the results of segments that ran. */
static int bulk_store(struct bulk_seg __user *usegs,
		      const struct bulk_seg *segs, unsigned int n)
{
	unsigned int i;

	if (!user_access_begin(usegs, n * sizeof(*usegs)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		unsafe_put_user(segs[i].res, &usegs[i].res, efault);
		if (bulk_seg_is_sent(&segs[i]))
			continue;
		if (segs[i].op > BULK_OP_RECV)
			unsafe_put_user(segs[i].addr, &usegs[i].addr, efault);
		unsafe_put_user(segs[i].len, &usegs[i].len, efault);
		unsafe_put_user(segs[i].tag, &usegs[i].tag, efault);
		unsafe_put_user(segs[i].lost, &usegs[i].lost, efault);
	}
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
	/* As rw_verify_area(), of a file without positions. */
	ret = security_file_permission(call->file, mask);
	if (!ret)
		ret = fsnotify_file_area_perm(call->file, mask, NULL, 0);
	if (!ret)
		call->permitted |= mask;
	return ret;
}

/* May the call do this? Asked once for each direction. */
static int bulk_permit_op(struct bulk_call *call, u16 op)
{
	switch (op) {
	case BULK_OP_SEND:
	case BULK_OP_RESERVE:
	case BULK_OP_COMMIT:
		return bulk_permit(call, FMODE_WRITE, MAY_WRITE);
	case BULK_OP_RECV:
	case BULK_OP_BORROW:
	case BULK_OP_RETURN:
		return bulk_permit(call, FMODE_READ, MAY_READ);
	default:
		return 0;
	}
}

/* May the call hand over what the window holds, if there is one? */
static int bulk_permit_drain(struct bulk_call *call)
{
	if (!READ_ONCE(call->ep->window))
		return 0;
	return bulk_permit(call, FMODE_WRITE, MAY_WRITE);
}

static int bulk_seg_send(struct bulk_call *call, struct bulk_seg *seg)
{
	struct iov_iter from;
	int ret;

	if (seg->lost)
		return -EINVAL;
	if (seg->len > call->ep->channel->max_record)
		return -EMSGSIZE;
	ret = import_ubuf(ITER_SOURCE, u64_to_user_ptr(seg->addr), seg->len,
			  &from);
	if (ret)
		return ret;
	ret = bulk_endpoint_send(call->ep, &from, seg->tag, call->nowait);
	if (!ret)
		seg->res = seg->len;
	return ret;
}

static int bulk_seg_recv(struct bulk_call *call, struct bulk_seg *seg)
{
	struct bulk_meta meta;
	struct iov_iter to;
	int ret;

	ret = bulk_seg_room(call->ep, seg, &to);
	if (ret)
		return ret;
	ret = bulk_endpoint_recv(call->ep, &to, &meta, call->nowait);
	if (ret == -EMSGSIZE)
		seg->len = meta.len;
	if (ret)
		return ret;
	bulk_seg_received(seg, &meta);
	return 0;
}

/* The flags that an operation may have. */
static u16 bulk_op_flags(u16 op)
{
	switch (op) {
	case BULK_OP_SEND:
		return BULK_SEG_PACKED | BULK_SEG_PIN;
	case BULK_OP_RECV:
		return BULK_SEG_PACKED | BULK_SEG_MAP;
	case BULK_OP_COMMIT:
	case BULK_OP_RETURN:
		return BULK_SEG_DISCARD;
	default:
		return 0;
	}
}

/* No two flags go together. */
static int bulk_run_send(struct bulk_call *call, struct bulk_seg *seg)
{
	switch (seg->flags) {
	case 0:
		return bulk_seg_send(call, seg);
	case BULK_SEG_PACKED:
		return bulk_region_send(call->ep, seg, call->nowait);
	case BULK_SEG_PIN:
		return bulk_pin_send(call->ep, seg, call->nowait);
	default:
		return -EINVAL;
	}
}

static int bulk_run_recv(struct bulk_call *call, struct bulk_seg *seg)
{
	switch (seg->flags) {
	case 0:
		return bulk_seg_recv(call, seg);
	case BULK_SEG_PACKED:
		return bulk_region_recv(call->ep, seg, call->nowait);
	case BULK_SEG_MAP:
		return bulk_map_recv(call->ep, seg, call->nowait);
	default:
		return -EINVAL;
	}
}

static int bulk_run_op(struct bulk_call *call, struct bulk_seg *seg)
{
	switch (seg->op) {
	case BULK_OP_SEND:
		return bulk_run_send(call, seg);
	case BULK_OP_RECV:
		return bulk_run_recv(call, seg);
	case BULK_OP_RESERVE:
		return bulk_window_reserve(call->ep, seg, call->nowait);
	case BULK_OP_COMMIT:
		return bulk_window_commit(call->ep, seg);
	case BULK_OP_BORROW:
		return bulk_window_borrow(call->ep, seg, call->nowait);
	case BULK_OP_RETURN:
		return bulk_window_return(call->ep, seg);
	default:
		return -EINVAL;
	}
}

/* One segment with all that it may need: refusals, faults, waiting. */
static int bulk_run_seg(struct bulk_call *call, struct bulk_seg *seg)
{
	int ret;

	if (seg->flags & ~bulk_op_flags(seg->op))
		return -EINVAL;
	ret = bulk_run_op(call, seg);
	if (ret != BULK_SHORT_REGION)
		return ret;
	/* The next segment must not overtake the rest of this one. */
	call->stop = true;
	return 0;
}

/* Run the segments at the start that need nothing out of the ordinary. */
static unsigned int bulk_run_plain(struct bulk_call *call,
				   struct bulk_seg *segs, unsigned int n,
				   int *error)
{
	/* In one load. */
	switch (segs->op | (u32)segs->flags << 16) {
	case BULK_OP_SEND:
		return bulk_segs_send(call->ep, segs, n, error);
	case BULK_OP_RECV:
		return bulk_segs_recv(call->ep, segs, n, error);
	default:
		return 0;
	}
}

/*
 * Run @n segments that were fetched. Return how many completed; if the next one
 * failed, @error is its errno.
 */
static unsigned int bulk_run_fetched(struct bulk_call *call,
				     struct bulk_seg *segs, unsigned int n,
				     int *error)
{
	unsigned int i = 0, ran;

	while (i < n && !call->stop) {
		*error = bulk_permit_op(call, segs[i].op);
		ran = *error ? 0 : bulk_run_plain(call, segs + i, n - i, error);
		i += ran;
		if (ran && !*error)
			continue;
		if (!*error)
			*error = bulk_run_seg(call, segs + i);
		if (*error) {
			segs[i].res = *error == -ERESTARTSYS ? -EINTR : *error;
			break;
		}
		i++;
	}
	return i;
}

static long bulk_run_segs(struct bulk_call *call, struct bulk_seg __user *usegs,
			  unsigned int nr_segs)
{
	/* Zeroing it would cost more than filling it. */
	struct bulk_seg segs[BULK_SEGS_STEP] __uninitialized;
	int n, ran, error = 0;
	long done = 0;

	while (done < nr_segs) {
		n = bulk_fetch_step(segs, usegs + done, nr_segs - done);
		if (n < 0)
			return done ?: n;
		ran = bulk_run_fetched(call, segs, n, &error);
		/* Only who unmaps the segments meanwhile misses the results. */
		if (bulk_store(usegs + done, segs, ran + !!error) && error)
			error = -EFAULT;
		done += ran;
		if (error)
			return done ?: error;
		if (done == nr_segs || call->stop || signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/*
 * BULK_FLUSH, after segments whose result is @ret. Its failure is the call's:
 * what was moved stands in the segments, which a restart must not move again.
 */
static long bulk_finish_flush(struct bulk_call *call, long ret)
{
	int error = bulk_permit_drain(call);

	if (!error)
		error = bulk_flush(call->ep, call->nowait);
	if (ret < 0)
		return ret;
	error = error ?: bulk_flush_error(call->ep);
	if (error == -ERESTARTSYS && ret)
		return -EINTR;
	return error ?: ret;
}

/*
 * No segments: the vDSO, or who wants the provider to have soon what was sent.
 * A provider without room is no error here.
 */
static long bulk_call_doorbell(struct bulk_call *call)
{
	int ret = bulk_permit_drain(call);

	if (ret)
		return ret;
	return bulk_drain(call->ep) == -EBADMSG ? -EBADMSG : 0;
}

/* The end of a call with flags that few have. */
static long bulk_finish(struct bulk_call *call, long ret, unsigned int nr_segs,
			unsigned int flags)
{
	if (flags & BULK_FLUSH)
		ret = bulk_finish_flush(call, ret);
	else if (!nr_segs)
		ret = bulk_call_doorbell(call);
	if (ret == -ERESTARTSYS && (flags & BULK_NO_RESTART))
		return -EINTR;
	return ret;
}

/**
 * sys_bulk_xfer - move records between the caller and a channel's provider
 * @fd: an endpoint, that is an open /dev/bulk/NAME
 * @segs: what to do, step by step; each step's result is stored there
 * @nr_segs: how many steps, at most BULK_MAX_SEGS
 * @flags: BULK_DONTWAIT, BULK_FLUSH, BULK_NO_RESTART
 *
 * The segments run in order. The first one that fails ends the call, as does a
 * region, or a part of one, that could not be sent whole.
 *
 * BULK_FLUSH asks that the provider has taken all that was sent before the call
 * returns, also through the window. A SEND of this call hands its record over
 * at once. If that fails it is the result, also after segments that completed:
 * only their ``res`` tells of those. A call without segments and flags starts
 * handing over, and doesn't wait.
 *
 * Return: how many segments completed, or, when that is none, the first one's
 * error, which is also in its ``res``:
 *
 * - %EAGAIN: it would have to sleep, and BULK_DONTWAIT or O_NONBLOCK is set
 * - %EBADF: @fd is not open, or not for this direction
 * - %EBADMSG: the endpoint's window holds nonsense; it must be unmapped
 * - %EFAULT: a segment or a record's memory is not accessible
 * - %EINTR: a signal came before a segment completed, or during the flush
 * - %EBUSY: the window is reserved or borrowed already, or is borrowed and this
 *   is a RECV
 * - %EINVAL: @fd is not an endpoint; unknown flag or operation; too many
 *   segments; a field that must be 0 is not; a region begins with what is no
 *   record; nothing, or less, is reserved or borrowed
 * - %EMSGSIZE: SEND of more than the channel's max_record; RECV with too little
 *   room: its ``len`` then tells how much is needed, and the record waits
 * - %ENODEV: the channel is gone
 * - %ENOMEM: out of memory, or of memory that the user may lock
 * - %EOPNOTSUPP: the operation needs a window, or one that takes such records;
 *   or the next record is not in pages, which BULK_SEG_MAP needs
 * - %EACCES, %EPERM: a security module objects
 * - another errno of the provider's
 */
SYSCALL_DEFINE4(bulk_xfer, int, fd, struct bulk_seg __user *, segs,
		unsigned int, nr_segs, unsigned int, flags)
{
	struct bulk_call call;
	long ret;

	bulk_check_layout();
	if (flags & ~(BULK_DONTWAIT | BULK_FLUSH | BULK_NO_RESTART))
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
	call.permitted = 0;
	call.stop = false;
	call.nowait = (flags & BULK_DONTWAIT) ||
		      (call.file->f_flags & O_NONBLOCK);
	ret = bulk_run_segs(&call, segs, nr_segs);
	if (flags & (BULK_FLUSH | BULK_NO_RESTART))
		return bulk_finish(&call, ret, nr_segs, flags);
	return nr_segs ? ret : bulk_call_doorbell(&call);
}
