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
	if (!b->has_call)
		return bulk_fallback(b->fd, segs, nr, flags);
	return bulk_xfer(b->fd, segs, nr, flags);
}

static long failed(long err)
{
	errno = -err;
	return -1;
}

int bulk_send(struct bulk *b, const void *buf, size_t len, uint64_t tag)
{
	struct bulk_seg seg;
	long ret;

	if (len > UINT32_MAX)
		return failed(-EMSGSIZE);
	seg = bulk_seg_send(buf, len, tag);
	ret = bulk_run(b, &seg, 1, 0);
	return ret < 0 ? failed(ret) : 0;
}

ssize_t bulk_recv(struct bulk *b, void *buf, size_t room, uint64_t *tag,
		  uint32_t *lost)
{
	struct bulk_seg seg;
	long ret;

	/* No record is longer than .res can tell. */
	seg = bulk_seg_recv(buf, room > INT32_MAX ? INT32_MAX : room);
	if (!b->has_call && !tag && !lost)
		return bulk_fallback_recv(b->fd, buf, room);
	ret = bulk_run(b, &seg, 1, 0);
	if (ret < 0)
		return failed(ret);
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
			return done ? (long)done : failed(ret);
		done += ret;
		if (ret < (long)part)
			break;
	} while (done < nr);
	return done;
}

int bulk_flush(struct bulk *b)
{
	long ret = bulk_run(b, NULL, 0, BULK_FLUSH);

	return ret < 0 ? failed(ret) : 0;
}
