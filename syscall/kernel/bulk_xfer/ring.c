// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side of a ring that it shares with a process.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <vdso/bulk_xfer.h>

#include "ring.h"

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
			      sizeof(struct bulk_ring_rec),
		.shared_head = shared_head,
		.shared_tail = shared_tail,
	};
}

/**
 * bulk_ring_fetch_head() - look how far the process has written
 * @ring: a TX ring
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
 * bulk_ring_fetch_tail() - look how far the process has read
 * @ring: an RX ring
 *
 * Return: 0 with @ring->tail and @ring->borrowed up to date, or -EBADMSG when
 * the process's value lies behind the old one or beyond the records.
 */
int bulk_ring_fetch_tail(struct bulk_ring *ring)
{
	/*
	 * Pairs with the compare-and-exchange in vdso_window_try_recv():
	 * what lies before the tail has been read, and may be written over.
	 */
	u64 tail = smp_load_acquire(ring->shared_tail);

	ring->borrowed = tail & BULK_RX_BORROWED;
	tail &= ~BULK_RX_BORROWED;

	if (tail - ring->tail > ring->head - ring->tail || !IS_ALIGNED(tail, 8))
		return -EBADMSG;
	ring->tail = tail;
	return 0;
}

static bool bulk_ring_move_tail(struct bulk_ring *ring, u64 tail)
{
	if (cmpxchg(ring->shared_tail, ring->tail, tail) != ring->tail)
		return false;
	ring->tail = tail;
	return true;
}

/**
 * bulk_ring_claim() - take the first record, as the process may at the same time
 * @ring: an RX ring
 * @len: the length that bulk_ring_peek() told
 *
 * Return: false when somebody else took it.
 */
bool bulk_ring_claim(struct bulk_ring *ring, size_t len)
{
	return bulk_ring_move_tail(ring, ring->tail + bulk_ring_space(len));
}

/**
 * bulk_ring_claim_bytes() - take the first records, as the process may, too
 * @ring: an RX ring
 * @bytes: what bulk_ring_walk() told
 *
 * Return: false when somebody else took some of them.
 */
bool bulk_ring_claim_bytes(struct bulk_ring *ring, size_t bytes)
{
	return bulk_ring_move_tail(ring, ring->tail + bytes);
}

/**
 * bulk_ring_walk() - find the records in a part of a ring
 * @ring: the ring
 * @pos: where they begin
 * @limit: what no head may be above: with one below 2^32, none may tell of losses
 * @len: bytes that may be looked at
 * @records: set to how many they are
 *
 * Each head is read once.
 *
 * Return: the bytes of those that are whole, before the first that isn't.
 */
size_t bulk_ring_walk(const struct bulk_ring *ring, u64 pos, u64 limit,
		      size_t len, u64 *records)
{
	size_t done = 0;
	u64 head, n = 0;
	u32 bytes;

	while (len - done >= sizeof(struct bulk_ring_rec)) {
		head = READ_ONCE(bulk_ring_at(ring, pos + done)->head);
		bytes = bulk_ring_rec_len(head);
		if (bytes > ring->max_record || head > limit ||
		    bulk_ring_space(bytes) > len - done)
			break;
		done += bulk_ring_space(bytes);
		n++;
	}
	*records = n;
	return done;
}

/**
 * bulk_ring_discard() - take all records
 * @ring: an RX ring
 *
 * Return: false when somebody else took some of them.
 */
bool bulk_ring_discard(struct bulk_ring *ring)
{
	return bulk_ring_move_tail(ring, ring->head);
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
