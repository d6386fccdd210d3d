// SPDX-License-Identifier: GPL-2.0
/*
 * Old records that give way to new ones, where the policy is to overwrite them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/minmax.h>

#include "rx.h"

/*
 * Most records that give way to a new one. They are looked for with interrupts
 * off; there may be thousands without a byte.
 */
#define BULK_EVICT_MAX		64

/**
 * struct bulk_eviction - the oldest records of a ring,
 * as far as they have to go
 * @pos: where they end
 * @n: how many they are
 * @steps: these, and places that hold none
 * @lost: these, and those lost before each of them
 * @bytes: bytes in them
 * @freed: what they occupy
 * @freed_far: likewise, in memory of their own
 */
struct bulk_eviction {
	u64 pos;
	unsigned int n;
	unsigned int steps;
	u32 lost;
	u64 bytes;
	u64 freed;
	size_t freed_far;
};

/* Count one more in. Return: false for what no record can be. */
static bool bulk_evict_next(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			    u64 end, struct bulk_eviction *e)
{
	u64 space = bulk_rx_space_at(rx, ring, e->pos, end - e->pos);
	struct bulk_record *rec = bulk_rx_at(ring, e->pos);
	u32 word = READ_ONCE(*bulk_record_word(rec));
	struct bulk_far *far;

	if (!space)
		return false;
	e->lost = bulk_rx_lost_add(e->lost,
				   READ_ONCE(*bulk_record_losses(rec)));
	e->pos += space;
	if (word & BULK_REC_SKIP)
		return true;
	e->freed += space;
	e->n++;
	e->lost = bulk_rx_lost_add(e->lost, 1);
	if (!(word & BULK_REC_FAR)) {
		e->bytes += word & BULK_REC_LEN;
		return true;
	}
	far = bulk_rx_far_at(rx, ring, e->pos - space);
	e->bytes += far->len;
	e->freed_far += bulk_record_space(far->len) - space;
	return true;
}

static void bulk_evict_far(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			   u64 pos, struct list_head *victims)
{
	struct bulk_far *far, *next;

	list_for_each_entry_safe(far, next, &rx->far, node) {
		if (far->ring != ring || (s64)(far->pos - pos) >= 0)
			break;
		rx->far_bytes -= bulk_record_space(far->len) - BULK_FAR_SPACE;
		list_move_tail(&far->node, victims);
	}
}

/* Tell the provider of each record that goes. */
static void bulk_evict_tell(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			    u64 end)
{
	u64 pos = ring->low, space;
	struct bulk_record *rec;
	u32 word;

	for (; pos != end; pos += space) {
		rec = bulk_rx_at(ring, pos);
		word = READ_ONCE(*bulk_record_word(rec));
		space = bulk_rx_space_at(rx, ring, pos, end - pos);
		if (word & BULK_REC_FAR)
			rx->dropped(rx, bulk_rx_far_at(rx, ring, pos)->data,
				    bulk_rx_len(ring, pos, word));
		else if (!(word & BULK_REC_SKIP))
			rx->dropped(rx, rec->data, word & BULK_REC_LEN);
	}
}

static void bulk_evict_done(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			    struct bulk_eviction *e, struct list_head *victims)
{
	u64 gone = e->pos - ring->low - e->freed;

	if (rx->dropped)
		bulk_evict_tell(rx, ring, e->pos);
	bulk_evict_far(rx, ring, e->pos, victims);
	bulk_rx_lose(rx, ring, e->pos, e->lost);
	ring->skipped -= min(ring->skipped, gone);
	ring->low = e->pos;
	rx->total_lost += e->n;
	atomic64_sub(e->n, &rx->records);
	atomic64_sub(e->bytes, &rx->bytes);
}

/**
 * bulk_rx_evict() - the oldest records give way to a new one
 * @rx: the rings, whose lock is held, and which have been looked at
 * @cost: what the new record occupies
 * @need: what it occupies in the last ring
 * @victims: memory of those that were long, for bulk_far_put_all()
 *
 * While they are looked at, the tail has the process find nothing to receive:
 * what it, or a reader in the kernel, is receiving at the moment it has not
 * received. Records that it has borrowed are not overwritten.
 *
 * Context: Any but NMI.
 * Return: how many gave way; 0 when there is no room all the same.
 */
unsigned int bulk_rx_evict(struct bulk_rx *rx, size_t cost, size_t need,
			   struct list_head *victims)
{
	struct bulk_rx_ring *ring, *last = bulk_rx_last(rx);
	struct bulk_eviction e = {};
	bool enough = false;
	u64 end, tail;

	lockdep_assert_held(&rx->lock);
	if (!last || rx->policy != BULK_RX_OVERWRITE_OLDEST || cost > rx->limit)
		return 0;
	ring = list_first_entry(&rx->rings, struct bulk_rx_ring, node);
	/*
	 * That of a window is passed when it is empty,
	 * and what came after it isn't.
	 */
	while (ring != last && ring->low == READ_ONCE(*ring->shared_head))
		ring = list_next_entry(ring, node);
	tail = ring->low;
	if (cmpxchg(ring->shared_tail, tail, tail | BULK_RX_BORROWED) != tail)
		return 0;
	end = READ_ONCE(*ring->shared_head);
	e.pos = tail;
	while (e.pos != end && e.steps++ < BULK_EVICT_MAX && !enough &&
	       bulk_evict_next(rx, ring, end, &e))
		enough = bulk_rx_within(rx, cost, e.freed + e.freed_far) &&
			 bulk_rx_fits(rx, last, need,
				      ring == last ? e.pos - tail : 0, false);
	if (enough)
		bulk_evict_done(rx, ring, &e, victims);
	/*
	 * Only now may anybody receive what follows, or write where they were.
	 */
	smp_store_release(ring->shared_tail, ring->low);
	return enough ? e.n : 0;
}
