// SPDX-License-Identifier: MIT
/*
 * Sending and receiving many records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>

#include <bulk_xfer.h>

#include "internal.h"

/* Segments that are made at a time: 2 KiB of stack. */
#define PART	64

static unsigned int part_of(unsigned int nr)
{
	return nr < PART ? nr : PART;
}

/* Return: segments made; less than @nr before a record that none can hold. */
static unsigned int make_sends(struct bulk_seg *segs,
			       const struct iovec *records, unsigned int nr,
			       const uint64_t *tags)
{
	unsigned int i;

	for (i = 0; i < nr && records[i].iov_len <= UINT32_MAX; i++)
		segs[i] = bulk_seg_send(records[i].iov_base,
					records[i].iov_len, tags ? tags[i] : 0);
	return i;
}

long bulk_send_many(struct bulk *b, const struct iovec *records,
		    unsigned int nr, const uint64_t *tags)
{
	struct bulk_seg segs[PART];
	unsigned int done = 0, n;
	long ret = 0;

	while (done < nr) {
		n = make_sends(segs, records + done, part_of(nr - done),
			       tags ? tags + done : NULL);
		ret = n ? bulk_run(b, segs, n, 0) : -EMSGSIZE;
		if (ret < 0)
			ret = bulk_answer(b, segs, n, 0, ret);
		if (ret > 0)
			done += ret;
		if (ret < (long)n || !n)
			break;
	}
	return done || !nr ? (long)done : bulk_failed(ret);
}

static void make_recvs(struct bulk_seg *segs, const struct iovec *room,
		       unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		segs[i] = bulk_seg_recv(room[i].iov_base,
					bulk_room(room[i].iov_len));
}

static void take_results(const struct bulk_seg *segs, struct iovec *room,
			 unsigned int nr, uint64_t *tags, uint32_t *lost)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		room[i].iov_len = segs[i].res;
		if (tags)
			tags[i] = segs[i].tag;
		if (lost)
			lost[i] = segs[i].lost;
	}
}

/* What is there: none of it is held back until more has come. */
static unsigned int recv_ready(struct bulk *b, struct iovec *room,
			       unsigned int nr, uint64_t *tags, uint32_t *lost)
{
	struct bulk_seg segs[PART];
	unsigned int done = 0, n;
	long ret;

	while (done < nr) {
		n = part_of(nr - done);
		make_recvs(segs, room + done, n);
		ret = bulk_run(b, segs, n, BULK_DONTWAIT);
		if (ret <= 0)
			break;
		take_results(segs, room + done, ret, tags ? tags + done : NULL,
			     lost ? lost + done : NULL);
		done += ret;
		if (ret < (long)n)
			break;
	}
	return done;
}

long bulk_recv_many(struct bulk *b, struct iovec *room, unsigned int nr,
		    uint64_t *tags, uint32_t *lost)
{
	struct bulk_seg seg;
	long ret;

	if (!nr)
		return 0;
	make_recvs(&seg, room, 1);
	ret = bulk_recv_seg(b, &seg, !tags && !lost);
	if (ret == -EMSGSIZE)
		room->iov_len = seg.len;
	if (ret < 0)
		return bulk_failed(ret);
	take_results(&seg, room, 1, tags, lost);
	/* read(2) can't be told not to wait for an empty record. */
	if (!b->has_call)
		return 1;
	return 1 + recv_ready(b, room + 1, nr - 1, tags ? tags + 1 : NULL,
			      lost ? lost + 1 : NULL);
}
