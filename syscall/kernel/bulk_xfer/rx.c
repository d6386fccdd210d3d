// SPDX-License-Identifier: GPL-2.0
/*
 * The RX rings of an endpoint: what their producers and their reader share.
 *
 * Room is reserved under a lock, in order; a mark says that the record is not
 * there yet. A commit takes the mark away, and moves the end of what can be
 * received over all records without one, whoever has committed them: the reader
 * gets them in the order of their reservations. An NMI tries for the lock.
 *
 * The ring of a window is read by its process, which also writes where its
 * first record is. That is not trusted: see bulk_rx_look().
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/overflow.h>

#include "rx.h"

/**
 * bulk_rx_look() - look how far a ring was read
 * @ring: the ring
 *
 * A process may have written what it likes. What lies behind the old value, or
 * before what is committed, is ignored here: the ring looks full, and its
 * reader finds out.
 *
 * Context: Any. &bulk_rx.lock is held.
 */
void bulk_rx_look(struct bulk_rx_ring *ring)
{
	/*
	 * Pairs with the exchange in vdso_window_try_recv(): it has been read.
	 */
	u64 tail = smp_load_acquire(ring->shared_tail) & ~BULK_RX_BORROWED;
	u64 end = READ_ONCE(*ring->shared_head);

	if (tail - ring->low > end - ring->low || !IS_ALIGNED(tail, 8))
		return;
	ring->low = tail;
	if (tail == ring->head)
		ring->skipped = 0;
}

static u64 bulk_rx_used(const struct bulk_rx_ring *ring)
{
	u64 filled = ring->head - ring->low;

	return filled - min(ring->skipped, filled);
}

static size_t bulk_rx_used_by_all(const struct bulk_rx *rx)
{
	size_t used = rx->far_bytes;
	struct bulk_rx_ring *ring;

	list_for_each_entry(ring, &rx->rings, node)
		used += bulk_rx_used(ring);
	return used;
}

/**
 * bulk_rx_within() - would a record stay below the limit?
 * @rx: the rings, whose lock is held
 * @cost: what it occupies
 * @freed: bytes that give way to it
 *
 * Return: true if so.
 */
bool bulk_rx_within(const struct bulk_rx *rx, size_t cost, size_t freed)
{
	size_t used = bulk_rx_used_by_all(rx);

	return cost <= rx->limit && used - min(freed, used) <= rx->limit - cost;
}

/**
 * bulk_rx_below_limit() - how much may be added to what waits
 * @rx: the rings, whose lock is held
 *
 * Return: bytes, a multiple of 8.
 */
size_t bulk_rx_below_limit(const struct bulk_rx *rx)
{
	return ALIGN_DOWN(rx->limit - min(bulk_rx_used_by_all(rx), rx->limit),
			  8);
}

/**
 * bulk_rx_room() - how much has room in a ring, in one piece
 * @rx: the rings, whose lock is held
 * @ring: the last of them
 *
 * Return: bytes, a multiple of 8, without those that NMIs have a claim to.
 */
u64 bulk_rx_room(const struct bulk_rx *rx, const struct bulk_rx_ring *ring)
{
	u64 room = ring->size - (ring->head - ring->low);
	u64 spare = min_t(u64, rx->nmi_room, ring->size / 2);

	room -= min(room, spare);
	if (!ring->mirrored)
		room = min(room, ring->size - (ring->head & (ring->size - 1)));
	return room;
}

/**
 * bulk_rx_pad() - bytes up to where a record would be in one piece
 * @ring: the ring
 * @need: what the record occupies there
 *
 * Return: the bytes, 0 in a ring that is mapped twice.
 */
u64 bulk_rx_pad(const struct bulk_rx_ring *ring, size_t need)
{
	u64 rest = ring->size - (ring->head & (ring->size - 1));

	return ring->mirrored || need <= rest ? 0 : rest;
}

/**
 * bulk_rx_fits() - would a record fit into a ring?
 * @rx: the rings, whose lock is held
 * @ring: the ring, or NULL
 * @need: what the record occupies there
 * @freed: bytes of the ring that give way to it
 * @nmi: the room that is kept for NMIs may be used
 *
 * Return: true if so.
 */
bool bulk_rx_fits(const struct bulk_rx *rx, const struct bulk_rx_ring *ring,
		  size_t need, u64 freed, bool nmi)
{
	u64 spare;

	if (!ring)
		return false;
	/* A window may be smaller than what NMIs were promised. */
	spare = nmi ? 0 : min_t(u64, rx->nmi_room, ring->size / 2);
	return bulk_rx_pad(ring, need) + need + spare <=
	       ring->size - (ring->head - ring->low - freed);
}

/**
 * bulk_rx_set_odd() - only the system call receives what ends here
 * @ring: the ring
 * @pos: where it ends
 *
 * Context: Any, NMI included. The reader can't have it yet.
 */
void bulk_rx_set_odd(struct bulk_rx_ring *ring, u64 pos)
{
	u64 old = READ_ONCE(*ring->odd);

	while ((s64)(pos - old) > 0 && !try_cmpxchg(ring->odd, &old, pos))
		;
}

/**
 * bulk_rx_far_at() - find the memory of a record that is too long for its ring
 * @rx: the rings, whose lock is held
 * @ring: the ring
 * @pos: where the record's place is
 *
 * Return: the memory, or NULL when there is none at @pos.
 */
struct bulk_far *bulk_rx_far_at(const struct bulk_rx *rx,
				const struct bulk_rx_ring *ring, u64 pos)
{
	struct bulk_far *far;

	list_for_each_entry(far, &rx->far, node)
		if (far->ring == ring && (s64)(far->pos - pos) >= 0)
			return far->pos == pos ? far : NULL;
	return NULL;
}

/**
 * bulk_rx_space_at() - what a record that is committed occupies in its ring
 * @rx: the rings, whose lock is held
 * @ring: the ring
 * @pos: where the record should be
 * @room: bytes from there on
 *
 * A process may have put the tail of its window where no record begins.
 *
 * Return: the bytes, or 0 for what no record can be.
 */
u64 bulk_rx_space_at(const struct bulk_rx *rx, const struct bulk_rx_ring *ring,
		     u64 pos, u64 room)
{
	u32 word = READ_ONCE(*bulk_record_word(bulk_rx_at(ring, pos)));
	u64 space = bulk_rx_space(word);

	if (word & BULK_REC_BUSY || !IS_ALIGNED(space, 8) || space > room)
		return 0;
	if (word & BULK_REC_FAR && !(word & BULK_REC_SKIP) &&
	    !bulk_rx_far_at(rx, ring, pos))
		return 0;
	return space;
}

/**
 * bulk_rx_unuse() - a producer looks at a ring no longer
 * @ring: the ring, which may be freed once it is read
 *
 * Context: Any, NMI included.
 */
void bulk_rx_unuse(struct bulk_rx_ring *ring)
{
	/* Pairs with the acquire in bulk_rx_free_drained(). */
	smp_mb__before_atomic();
	atomic_dec(&ring->users);
}

/* --- Losses --- */

/**
 * bulk_rx_lost_add() - add up counts of lost records
 * @a: some
 * @b: others
 *
 * Return: their sum, or U32_MAX where it would be more.
 */
u32 bulk_rx_lost_add(u32 a, u32 b)
{
	u32 sum;

	return check_add_overflow(a, b, &sum) ? U32_MAX : sum;
}

/**
 * bulk_rx_count_nmi_lost() - count what NMIs have lost, which they can't
 * @rx: the rings, whose lock is held
 */
void bulk_rx_count_nmi_lost(struct bulk_rx *rx)
{
	u32 lost;

	if (likely(!atomic_read(&rx->nmi_lost)))
		return;
	lost = atomic_xchg(&rx->nmi_lost, 0);
	rx->pending_lost = bulk_rx_lost_add(rx->pending_lost, lost);
	rx->total_lost += lost;
}

/**
 * bulk_rx_take_lost() - tell of losses with a record that is in no ring
 * @rx: the rings, in which nothing waits
 *
 * Context: Any but NMI. Takes the rings' lock.
 * Return: records lost since the last one that told of any.
 */
u32 bulk_rx_take_lost(struct bulk_rx *rx)
{
	unsigned long flags;
	u32 lost;

	if (likely(!READ_ONCE(rx->pending_lost)))
		return 0;
	flags = bulk_rx_lock(rx);
	lost = rx->pending_lost;
	rx->pending_lost = 0;
	bulk_rx_unlock(rx, flags);
	return lost;
}

/**
 * bulk_rx_lose() - records were lost just before a position
 * @rx: the rings
 * @ring: the ring
 * @pos: where the next record is, or will be
 * @lost: how many
 *
 * Context: Any. &bulk_rx.lock is held, and nobody receives that record
 * meanwhile.
 */
void bulk_rx_lose(struct bulk_rx *rx, struct bulk_rx_ring *ring, u64 pos,
		  u32 lost)
{
	u32 *losses = &rx->pending_lost;

	lockdep_assert_held(&rx->lock);
	while (pos == ring->head && !list_is_last(&ring->node, &rx->rings)) {
		ring = list_next_entry(ring, node);
		pos = ring->low;
	}
	/* A run gets its heads later. */
	if (pos != ring->head && pos != ring->run)
		losses = bulk_record_losses(bulk_rx_at(ring, pos));
	WRITE_ONCE(*losses, bulk_rx_lost_add(*losses, lost));
}

/**
 * bulk_rx_lost() - records lost since the start
 * @rx: the rings
 *
 * Context: Any but NMI. Takes the rings' lock.
 * Return: how many, those included that no receiver was told of yet.
 */
u64 bulk_rx_lost(struct bulk_rx *rx)
{
	unsigned long flags;
	u64 lost;

	flags = bulk_rx_lock(rx);
	bulk_rx_count_nmi_lost(rx);
	lost = rx->total_lost;
	bulk_rx_unlock(rx, flags);
	return lost;
}

/**
 * bulk_rx_stop_telling() - drop records without telling anybody
 * @rx: the rings
 *
 * Context: Any but NMI. Takes the rings' lock: nobody is being told any more.
 */
void bulk_rx_stop_telling(struct bulk_rx *rx)
{
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	rx->dropped = NULL;
	bulk_rx_unlock(rx, flags);
}

/**
 * bulk_rx_lose_one() - a record that was never reserved is lost
 * @rx: the rings
 * @data: the record
 * @len: its bytes
 *
 * Context: Any but NMI. Takes the rings' lock.
 */
void bulk_rx_lose_one(struct bulk_rx *rx, const void *data, size_t len)
{
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	rx->pending_lost = bulk_rx_lost_add(rx->pending_lost, 1);
	rx->total_lost++;
	if (rx->dropped)
		rx->dropped(rx, data, len);
	bulk_rx_unlock(rx, flags);
}
