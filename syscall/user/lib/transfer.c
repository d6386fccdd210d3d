// SPDX-License-Identifier: MIT
/*
 * Sending and receiving records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>

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
		return bulk_fallback(b->fd, segs, nr, flags);
	return bulk_xfer(b->fd, segs, nr, flags);
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
	ret = bulk_run(b, &seg, 1, 0);
	return ret < 0 ? bulk_failed(ret) : 0;
}

/* @plain: nobody asks for tag and losses, so that read(2) will do. */
long bulk_recv_seg(struct bulk *b, struct bulk_seg *seg, bool plain)
{
	if (!b->has_call && plain)
		return bulk_fallback_recv(b->fd, seg);
	return bulk_run(b, seg, 1, 0);
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

long bulk_call(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	       unsigned int flags)
{
	unsigned int done = 0;

	do {
		unsigned int part = nr - done;
		unsigned int now = flags;
		long ret;

		if (part > BULK_MAX_SEGS) {
			part = BULK_MAX_SEGS;
			now &= ~BULK_FLUSH; /* the last part waits for all */
		}
		ret = bulk_run(b, segs + done, part, now);
		if (ret < 0)
			return done ? (long)done : bulk_failed(ret);
		done += ret;
		if (ret < (long)part)
			break;
	} while (done < nr);
	return done;
}

int bulk_flush(struct bulk *b)
{
	long ret = bulk_run(b, NULL, 0, BULK_FLUSH);

	return ret < 0 ? bulk_failed(ret) : 0;
}
