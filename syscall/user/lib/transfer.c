// SPDX-License-Identifier: MIT
/*
 * Sending and receiving records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <poll.h>

#include <bulk_xfer.h>

#include "internal.h"

/* One call. Return: segments completed, or a negative errno. */
long bulk_run(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	      unsigned int flags)
{
	if (b->window)
		return b->vdso(b->fd, segs, nr, flags, b->window);
	if (flags & BULK_NO_SYSCALL)
		return bulk_stay(segs, nr, flags);
	if (!b->has_call)
		return bulk_fallback(b->fd, segs, nr, flags & ~BULK_NO_RESTART);
	return bulk_xfer(b->fd, segs, nr, flags);
}

/* The kernel looks at the window, as the call without segments makes it do. */
static long look(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : 0;
}

/*
 * A filter may have come after bulk_open(), and for this thread alone. It
 * refuses a call before anything was done. write(2) and read(2) go behind what
 * is in the window, so that order is kept, but nothing tells when all of it was
 * taken.
 */
long bulk_answer(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
		 unsigned int flags, long ret)
{
	if (ret >= 0 || !b->has_call || !bulk_is_withheld(ret))
		return ret;
	if (b->window && (flags & BULK_FLUSH))
		return -ENOSYS;
	if (!nr && !flags)
		return look(b->fd);
	return bulk_fallback(b->fd, segs, nr, flags & ~BULK_NO_RESTART);
}

long bulk_run_anyhow(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
		     unsigned int flags)
{
	long ret = bulk_run(b, segs, nr, flags);

	return ret < 0 ? bulk_answer(b, segs, nr, flags, ret) : ret;
}

long bulk_failed(long err)
{
	errno = -err;
	return -1;
}

int bulk_send(struct bulk *b, const void *buf, size_t len, uint64_t tag)
{
	struct bulk_seg seg;
	long ret;

	if (len > UINT32_MAX)
		return bulk_failed(-EMSGSIZE);
	seg = bulk_seg_send(buf, len, tag);
	ret = bulk_run_anyhow(b, &seg, 1, 0);
	return ret < 0 ? bulk_failed(ret) : 0;
}

/* @plain: nobody asks for tag and losses, so that read(2) will do. */
long bulk_recv_seg(struct bulk *b, struct bulk_seg *seg, bool plain)
{
	long ret;

	if (!b->has_call && plain)
		return bulk_fallback_recv(b->fd, seg);
	ret = bulk_run(b, seg, 1, 0);
	if (ret >= 0 || !b->has_call || !bulk_is_withheld(ret))
		return ret;
	return plain ? bulk_fallback_recv(b->fd, seg) : -ENOSYS;
}

ssize_t bulk_recv(struct bulk *b, void *buf, size_t room, uint64_t *tag,
		  uint32_t *lost)
{
	struct bulk_seg seg = bulk_seg_recv(buf, bulk_room(room));
	long ret = bulk_recv_seg(b, &seg, !tag && !lost);

	if (ret < 0)
		return bulk_failed(ret);
	if (tag)
		*tag = seg.tag;
	if (lost)
		*lost = seg.lost;
	return seg.res;
}

/* A part after others that completed is no more started over than they are. */
static long bulk_run_parts(struct bulk *b, struct bulk_seg *segs,
			   unsigned int nr, unsigned int flags)
{
	unsigned int done = 0, part;
	long ret;

	do {
		part = nr - done;
		if (part > BULK_MAX_SEGS)
			part = BULK_MAX_SEGS;
		ret = bulk_run_anyhow(b, segs + done, part,
				      done ? flags | BULK_NO_RESTART : flags);
		if (ret < 0)
			return done ? (long)done : ret;
		done += ret;
	} while (done < nr && ret == (long)part &&
		 !bulk_is_short(&segs[done - 1]));
	return done;
}

long bulk_call(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	       unsigned int flags)
{
	unsigned int late = flags & BULK_NO_SYSCALL ? 0 : flags & BULK_FLUSH;
	long done, ret = 0;

	if (nr <= BULK_MAX_SEGS)
		done = bulk_run_anyhow(b, segs, nr, flags);
	else
		done = bulk_run_parts(b, segs, nr, flags & ~late);
	/* With the last part, its failure would be taken for a segment's. */
	if (nr > BULK_MAX_SEGS && late && done >= 0)
		ret = bulk_run_anyhow(b, NULL, 0, flags | BULK_NO_RESTART);
	if (done < 0 || ret < 0)
		return bulk_failed(done < 0 ? done : ret);
	return done;
}

int bulk_flush(struct bulk *b)
{
	long ret = bulk_run(b, NULL, 0, BULK_FLUSH);

	if (ret < 0)
		ret = bulk_answer(b, NULL, 0, BULK_FLUSH, ret);
	return ret < 0 ? bulk_failed(ret) : 0;
}
