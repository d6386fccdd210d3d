// SPDX-License-Identifier: GPL-2.0
/*
 * Runs: records that are made in a ring, where they lie, many at a time.
 *
 * A run has its room to itself until it ends; records that are pushed meanwhile
 * come after it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "memlock.h"
#include "rx.h"

/*
 * Bytes of records that are made at a time;
 * what is pushed meanwhile has the rest.
 */
#define BULK_RUN_BYTES		SZ_16K
#define BULK_RUN_RING_MAX	SZ_64K

/*
 * A ring in which there is a use for @want bytes,
 * in place of one that is smaller.
 */
static noinline void bulk_rx_run_grow(struct bulk_rx *rx, size_t want)
{
	u32 size = roundup_pow_of_two(clamp_t(size_t, want, BULK_RX_OWN_MIN,
					      BULK_RUN_RING_MAX));
	struct bulk_rx_ring *ring = bulk_rx_last(rx), *fresh;
	unsigned long flags;

	if (ring && ring->size >= size)
		return;
	fresh = bulk_rx_ring_create(rx, size, BULK_GFP_ACCOUNT);
	if (!fresh)
		return;
	flags = bulk_rx_lock(rx);
	if (bulk_rx_append(rx, fresh))
		fresh = NULL;
	bulk_rx_unlock(rx, flags);
	if (fresh)
		bulk_rx_ring_free(rx, fresh);
}

/*
 * An empty ring that isn't mapped twice starts over,
 * so that all is in one piece.
 */
static void bulk_rx_run_start_over(struct bulk_rx *rx,
				   struct bulk_rx_ring *ring)
{
	u64 rest = ring->size - (ring->head & (ring->size - 1));

	lockdep_assert_held(&rx->lock);
	if (ring->mirrored || rest == ring->size ||
	    READ_ONCE(*ring->shared_tail) != ring->head)
		return;
	bulk_rx_at(ring, ring->head)->head =
		bulk_record_head(BULK_REC_SKIP | rest, 0);
	ring->skipped += rest;
	bulk_rx_set_odd(ring, ring->head + rest);
	/* Pairs with the acquire in bulk_rx_publish(). */
	smp_store_release(&ring->head, ring->head + rest);
	bulk_rx_publish(rx, ring);
	/* After the end, which it never passes: see bulk_rx_fetch(). */
	smp_store_release(ring->shared_tail, ring->head);
	bulk_rx_look(ring);
}

static void bulk_rx_run_take(struct bulk_rx_ring *ring, struct bulk_rx_run *run,
			     size_t room)
{
	run->ring = ring;
	run->start = ring->head;
	run->room = room;
	WRITE_ONCE(ring->run, ring->head);
	/* It doesn't wait: what is pushed meanwhile has its limit to itself. */
	ring->skipped += room;
	/* The ring must not be freed. */
	atomic_inc(&ring->users);
	/* Pairs with the acquire in bulk_rx_publish(). */
	smp_store_release(&ring->head, ring->head + room);
}

/**
 * bulk_rx_run_begin() - get room for records
 * @rx: the rings, with the RX lock of their endpoint
 * @run: filled in
 * @want: bytes that there is a use for
 *
 * Context: Process context. Takes the rings' lock. May sleep for memory.
 * Return: false when there is no room.
 */
bool bulk_rx_run_begin(struct bulk_rx *rx, struct bulk_rx_run *run, size_t want)
{
	struct bulk_rx_ring *ring;
	unsigned long flags;
	u64 room = 0;

	ring = bulk_rx_last(rx);
	if (!ring || !ring->mapped)
		bulk_rx_run_grow(rx, want);
	flags = bulk_rx_lock(rx);
	bulk_rx_count_nmi_lost(rx);
	ring = bulk_rx_last(rx);
	if (ring && ring->run == BULK_RX_NO_RUN) {
		bulk_rx_look(ring);
		bulk_rx_run_start_over(rx, ring);
		room = min_t(u64, bulk_rx_room(rx, ring),
			     BULK_RUN_BYTES + bulk_rx_share(ring->size));
	}
	if (room >= sizeof(struct bulk_record))
		bulk_rx_run_take(ring, run, room);
	bulk_rx_unlock(rx, flags);
	return room >= sizeof(struct bulk_record);
}

/**
 * bulk_rx_run_try() - get room for records, if it is there
 * @rx: the rings
 * @run: filled in
 * @want: bytes that there is a use for
 *
 * Other than bulk_rx_run_begin(), it can be had under any lock of the endpoint,
 * and keeps to the limit. It makes no room, and no record is lost.
 *
 * Context: Process context. Takes the rings' lock.
 * Return: false when there is none.
 */
bool bulk_rx_run_try(struct bulk_rx *rx, struct bulk_rx_run *run, size_t want)
{
	struct bulk_rx_ring *ring;
	unsigned long flags;
	u64 room = 0;

	flags = bulk_rx_lock(rx);
	bulk_rx_count_nmi_lost(rx);
	ring = bulk_rx_last(rx);
	if (ring && ring->run == BULK_RX_NO_RUN) {
		bulk_rx_look(ring);
		room = min3(bulk_rx_room(rx, ring),
			    (u64)bulk_rx_below_limit(rx), (u64)want);
	}
	if (room >= sizeof(struct bulk_record))
		bulk_rx_run_take(ring, run, room);
	bulk_rx_unlock(rx, flags);
	return room >= sizeof(struct bulk_record);
}

/**
 * bulk_rx_run_end() - let the reader have the records
 * @rx: the rings
 * @run: from bulk_rx_run_begin() or bulk_rx_run_try()
 * @bytes: what the records occupy, from the start of the room on
 * @records: how many they are
 * @data: bytes in them
 *
 * Context: Process context. Takes the rings' lock.
 */
void bulk_rx_run_end(struct bulk_rx *rx, struct bulk_rx_run *run,
		     size_t bytes, u64 records, u64 data)
{
	struct bulk_rx_ring *ring = run->ring;
	u64 end = run->start + run->room, pos = run->start + bytes;
	unsigned long flags;
	bool behind;

	flags = bulk_rx_lock(rx);
	ring->skipped -= min_t(u64, ring->skipped, run->room);
	if (records && unlikely(rx->pending_lost) && ring->head == end) {
		*bulk_record_losses(bulk_rx_at(ring, run->start)) =
			rx->pending_lost;
		rx->pending_lost = 0;
	}
	if (ring->head == end) {
		/*
		 * For who publishes and has seen the old end:
		 * see bulk_rx_publish().
		 */
		if (!bytes)
			WRITE_ONCE(bulk_rx_at(ring, pos)->head, BULK_REC_BUSY);
		/* Pairs with the acquire in bulk_rx_publish(). */
		smp_store_release(&ring->head, pos);
	} else if (pos != end) {
		bulk_rx_at(ring, pos)->head =
			bulk_record_head(BULK_REC_SKIP | (u32)(end - pos), 0);
		ring->skipped += end - pos;
		bulk_rx_set_odd(ring, end);
		pos = end;
	}
	/* At once, unless what was reserved before is still to be committed. */
	if (likely(READ_ONCE(*ring->shared_head) == run->start)) {
		atomic64_add(records, &rx->records);
		atomic64_add(data, &rx->bytes);
		/* In this order: see bulk_rx_publish(). */
		smp_store_release(ring->shared_head, pos);
	}
	/* Pairs with the acquire in bulk_rx_publish(). */
	smp_store_release(&ring->run, BULK_RX_NO_RUN);
	behind = ring->head != READ_ONCE(*ring->shared_head);
	bulk_rx_unlock(rx, flags);
	/* Records that were reserved meanwhile may be committed. */
	if (unlikely(behind))
		bulk_rx_publish(rx, ring);
	bulk_rx_unuse(ring);
}
