// SPDX-License-Identifier: GPL-2.0
/*
 * Rings, and long records, that were read and are of no use any more.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/atomic.h>
#include <linux/list.h>

#include "rx.h"

/**
 * bulk_rx_reap() - free long records that a process has skipped,
 * as no vDSO does
 * @rx: the rings, with the RX lock of their endpoint
 * @ring: the ring
 * @tail: where its records begin now
 *
 * Context: Process context. May take the rings' lock.
 */
void bulk_rx_reap(struct bulk_rx *rx, struct bulk_rx_ring *ring, u64 tail)
{
	struct bulk_far *far, *next;
	unsigned long flags;
	LIST_HEAD(gone);

	if (likely(list_empty(&rx->far)))
		return;
	flags = bulk_rx_lock(rx);
	list_for_each_entry_safe(far, next, &rx->far, node) {
		if (far->ring != ring || (s64)(far->pos - tail) >= 0)
			break;
		rx->far_bytes -= bulk_record_space(far->len) - BULK_FAR_SPACE;
		list_move(&far->node, &gone);
	}
	bulk_rx_unlock(rx, flags);
	bulk_far_put_all(rx, &gone);
}

/*
 * A last ring stays, but for one that comes after a window's, that of a window
 * that is no more, and a large one.
 */
static bool bulk_rx_is_done(const struct bulk_rx *rx,
			    const struct bulk_rx_ring *ring)
{
	if (ring->head != READ_ONCE(*ring->shared_tail) || ring->mapped)
		return false;
	return ring != bulk_rx_last(rx) || !list_is_singular(&rx->rings) ||
	       (!rx->nmi_room && (ring->release || ring->size > SZ_64K));
}

/**
 * bulk_rx_free_drained() - free the rings that no producer looks at any more
 * @rx: the rings, with the RX lock of their endpoint
 *
 * Context: Process context. May sleep.
 */
void bulk_rx_free_drained(struct bulk_rx *rx)
{
	struct bulk_rx_ring *ring, *next;

	list_for_each_entry_safe(ring, next, &rx->drained, node) {
		/* Pairs with the barrier in bulk_rx_unuse(). */
		if (atomic_read_acquire(&ring->users))
			continue;
		list_del(&ring->node);
		bulk_rx_ring_free(rx, ring);
	}
}

/**
 * bulk_rx_drain() - take a ring from the others if it is empty and of no use
 * @rx: the rings, with the RX lock of their endpoint
 * @ring: the ring
 *
 * Context: Process context. May take the rings' lock.
 * Return: true if it was; bulk_rx_free_drained() frees it.
 */
bool bulk_rx_drain(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	unsigned long flags;
	bool done;

	if (likely(!bulk_rx_is_done(rx, ring)))
		return false;
	flags = bulk_rx_lock(rx);
	done = bulk_rx_is_done(rx, ring);
	if (done) {
		list_move(&ring->node, &rx->drained);
		rx->slots[ring->slot] = NULL;
	}
	bulk_rx_unlock(rx, flags);
	if (done)
		bulk_rx_reap(rx, ring, ring->head);
	return done;
}

/**
 * bulk_rx_retire() - free a ring if it is empty and of no use
 * @rx: the rings, with the RX lock of their endpoint
 * @ring: the ring
 *
 * Context: Process context. May sleep.
 */
void bulk_rx_retire(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	bulk_rx_drain(rx, ring);
	bulk_rx_free_drained(rx);
}
