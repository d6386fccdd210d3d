// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side of a TX ring, which a process writes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <uapi/linux/bulk_xfer.h>
#include <vdso/bulk_xfer.h>

#include "ring.h"

/* A record in a ring is one of a region. */
static_assert(sizeof(struct bulk_record) == sizeof(struct bulk_packed));
static_assert(offsetof(struct bulk_record, tag) ==
	      offsetof(struct bulk_packed, tag));
static_assert(offsetof(struct bulk_record, data) ==
	      offsetof(struct bulk_packed, data));

/**
 * bulk_ring_init() - make an empty ring
 * @ring: the ring
 * @data: memory for the records, @size bytes mapped twice in a row
 * @size: bytes, a power of two
 * @shared_head: the end of the records, shared
 * @shared_tail: their start, shared
 */
void bulk_ring_init(struct bulk_ring *ring, void *data, u32 size,
		    u64 *shared_head, u64 *shared_tail)
{
	*ring = (struct bulk_ring) {
		.data = data,
		.size = size,
		.max_record = size / BULK_RING_SHARE -
			      sizeof(struct bulk_record),
		.shared_head = shared_head,
		.shared_tail = shared_tail,
	};
}

/**
 * bulk_ring_fetch_head() - look how far the process has written
 * @ring: the ring
 *
 * Return: 0 with @ring->head up to date, or -EBADMSG when the process's value
 * lies behind the old one or beyond the ring.
 */
int bulk_ring_fetch_head(struct bulk_ring *ring)
{
	/* Pairs with the exchange at the end of bulk_send_one() of the vDSO. */
	u64 head = smp_load_acquire(ring->shared_head) & ~BULK_TX_BUSY;

	if (head - ring->tail > ring->size ||
	    head - ring->tail < ring->head - ring->tail ||
	    !IS_ALIGNED(head, 8))
		return -EBADMSG;
	ring->head = head;
	return 0;
}

/**
 * bulk_records_walk() - find the records in a piece of memory
 * @walk: filled in with those that are whole, before the first that isn't
 * @first: the first of them
 * @max_record: bytes of the longest that there can be
 * @limit: what no head may be above: with one below 2^32, none may tell of
 *	losses
 * @len: bytes that may be looked at
 *
 * A process may write there all the while: each head is read once.
 */
void bulk_records_walk(struct bulk_walk *walk, const void *first,
		       u32 max_record, u64 limit, size_t len)
{
	const struct bulk_record *rec;
	u64 head, records = 0, bytes = 0;
	size_t done = 0;
	u32 one;

	while (len - done >= sizeof(*rec)) {
		rec = first + done;
		head = READ_ONCE(rec->head);
		one = bulk_record_len(head);
		if (one > max_record || head > limit ||
		    bulk_record_space(one) > len - done)
			break;
		done += bulk_record_space(one);
		bytes += one;
		records++;
	}
	walk->space = done;
	walk->records = records;
	walk->bytes = bytes;
}

/**
 * bulk_ring_move() - carry over the records of a ring to an empty one
 * @to: a ring that nobody else uses yet
 * @from: a ring that nobody else uses any more
 *
 * Return: 0, or -EBUSY when there are some and @to is the smaller ring.
 */
int bulk_ring_move(struct bulk_ring *to, struct bulk_ring *from)
{
	u64 filled = from->head - from->tail;

	if (filled && to->size < from->size)
		return -EBUSY;
	memcpy(to->data, bulk_ring_at(from, from->tail), filled);
	to->head = filled;
	WRITE_ONCE(*to->shared_head, to->head);
	return 0;
}
