// SPDX-License-Identifier: GPL-2.0
/*
 * Producers of the records that wait for an endpoint's reader: what was
 * reserved is committed or given back.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/atomic.h>
#include <linux/container_of.h>

#include "rx.h"

/**
 * bulk_rx_publish() - let the reader have what is committed
 * @rx: the rings
 * @ring: the ring
 *
 * A commit does it for all: another record may have waited for this one.
 *
 * Context: Any, NMI included.
 */
void bulk_rx_publish(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	struct bulk_record *rec;
	u64 pos, head, next;
	u32 word, len;

	/* Pairs with itself, after the commit of the record at @pos. */
	smp_mb();
	for (;;) {
		/*
		 * In this order: a ring's @head goes back
		 * no further than to @pos.
		 */
		pos = smp_load_acquire(ring->shared_head);
		/* Pairs with the release in bulk_rx_place(). */
		head = smp_load_acquire(&ring->head);
		/* Pairs with the release in bulk_rx_run_end(). */
		if (pos == head || pos == smp_load_acquire(&ring->run))
			return;
		rec = bulk_rx_at(ring, pos);
		/* Pairs with the release in bulk_rx_commit(). */
		word = smp_load_acquire(bulk_record_word(rec));
		if (word & BULK_REC_BUSY)
			return;
		len = bulk_rx_len(ring, pos, word);
		/* Another CPU that publishes, too, is as good. */
		next = pos + bulk_rx_space(word);
		if (cmpxchg(ring->shared_head, pos, next) != pos ||
		    word & BULK_REC_SKIP)
			continue;
		atomic64_inc(&rx->records);
		atomic64_add(len, &rx->bytes);
		/*
		 * A record that is reserved since is published by its commit.
		 */
		if (next == head)
			return;
	}
}

static struct bulk_rx_ring *bulk_rx_ring_of(struct bulk_rx *rx,
					    const struct bulk_record *rec)
{
	return rx->slots[rec->tag & (BULK_RX_RINGS - 1)];
}

/*
 * Is a record one that is reserved? Where none is, it may be memory that was
 * freed, and is not looked at.
 */
static bool bulk_rx_is_reserved(struct bulk_rx *rx, struct bulk_record *rec)
{
	return atomic_read(&rx->reserved) &&
	       READ_ONCE(*bulk_record_word(rec)) & BULK_REC_BUSY;
}

/* The place in its ring of a record in memory of its own. */
static struct bulk_record *bulk_far_place(const struct bulk_far *far)
{
	return bulk_rx_at(far->ring, far->pos);
}

/**
 * bulk_rx_reserved_meta() - tell of a reserved record
 * @rx: the rings
 * @rec: the record
 * @meta: its length and the losses before it are filled in
 *
 * Context: Any, NMI included.
 * Return: false when it is not reserved, as for bulk_rx_commit().
 */
bool bulk_rx_reserved_meta(struct bulk_rx *rx, struct bulk_record *rec,
			   struct bulk_meta *meta)
{
	u32 word;

	if (!bulk_rx_is_reserved(rx, rec))
		return false;
	word = *bulk_record_word(rec);
	meta->len = word & BULK_REC_LEN;
	if (word & BULK_REC_FAR) {
		struct bulk_far *far = container_of(rec, struct bulk_far, rec);

		meta->len = far->len;
		rec = bulk_far_place(far);
	}
	meta->lost = *bulk_record_losses(rec);
	return true;
}

/**
 * bulk_rx_commit() - let the reader have a reserved record
 * @rx: the rings
 * @rec: from bulk_rx_reserve(), all of its data written
 * @tag: the record's tag
 *
 * Context: Any, NMI included. Takes no lock.
 * Return: false, with nothing done, when it was committed or aborted before. A
 * record whose memory was freed since is found out if none is reserved.
 */
bool bulk_rx_commit(struct bulk_rx *rx, struct bulk_record *rec, u64 tag)
{
	struct bulk_rx_ring *ring;
	u32 word;

	if (unlikely(!bulk_rx_is_reserved(rx, rec)))
		return false;
	word = *bulk_record_word(rec) & ~BULK_REC_BUSY;
	if (unlikely(word & BULK_REC_FAR)) {
		struct bulk_far *far = container_of(rec, struct bulk_far, rec);

		*bulk_record_word(rec) = word;
		ring = far->ring;
		rec = bulk_far_place(far);
	} else {
		ring = bulk_rx_ring_of(rx, rec);
	}
	rec->tag = tag;
	/* Pairs with the acquire in bulk_rx_publish(). */
	smp_store_release(bulk_record_word(rec), word);
	atomic_dec(&rx->reserved);
	bulk_rx_publish(rx, ring);
	bulk_rx_unuse(ring);
	return true;
}

/* The place of a record that is not committed. */
static u64 bulk_rx_pos(const struct bulk_rx_ring *ring,
		       const struct bulk_record *rec)
{
	u64 end = READ_ONCE(*ring->shared_head);

	return end + (((void *)rec - ring->data - end) & (ring->size - 1));
}

static bool bulk_rx_is_pending(const struct bulk_rx_ring *ring, u64 pos)
{
	u64 end = READ_ONCE(*ring->shared_head);

	return pos - end < ring->head - end;
}

/* No record is at a place that was reserved: the reader passes it. */
static void bulk_rx_void(struct bulk_rx_ring *ring, u64 pos)
{
	struct bulk_record *rec = bulk_rx_at(ring, pos);
	u64 space = bulk_rx_space(*bulk_record_word(rec) & ~BULK_REC_BUSY);

	bulk_rx_set_odd(ring, pos + space);
	/* Pairs with the acquire in bulk_rx_publish(). */
	smp_store_release(bulk_record_word(rec), BULK_REC_SKIP | (u32)space);
}

/* Give the place of a record back: to the next one, if it is the last. */
static void bulk_rx_give_up(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			    u64 pos)
{
	struct bulk_record *rec = bulk_rx_at(ring, pos);
	u64 space = bulk_rx_space(*bulk_record_word(rec) & ~BULK_REC_BUSY);

	lockdep_assert_held(&rx->lock);
	if (pos + space != ring->head) {
		ring->skipped += space;
		bulk_rx_void(ring, pos);
		return;
	}
	/* The mark stays: see bulk_rx_publish(). */
	WRITE_ONCE(ring->head, pos);
	bulk_rx_lose(rx, ring, pos, *bulk_record_losses(rec));
}

/* Return: false for one that was given back, at the end of its ring. */
static bool bulk_rx_abort_locked(struct bulk_rx *rx, struct bulk_record *rec,
				 struct list_head *victims)
{
	struct bulk_rx_ring *ring;
	u64 pos;

	if (*bulk_record_word(rec) & BULK_REC_FAR) {
		struct bulk_far *far = container_of(rec, struct bulk_far, rec);

		*bulk_record_word(rec) = 0;
		ring = far->ring;
		pos = far->pos;
		rx->far_bytes -= bulk_record_space(far->len) - BULK_FAR_SPACE;
		list_move_tail(&far->node, victims);
	} else {
		ring = bulk_rx_ring_of(rx, rec);
		pos = bulk_rx_pos(ring, rec);
		if (!bulk_rx_is_pending(ring, pos))
			return false;
	}
	atomic_dec(&rx->reserved);
	bulk_rx_give_up(rx, ring, pos);
	bulk_rx_publish(rx, ring);
	bulk_rx_unuse(ring);
	return true;
}

/**
 * bulk_rx_abort() - give a reserved record back
 * @rx: the rings
 * @rec: the record
 *
 * Context: Any but NMI. Takes the rings' lock.
 * Return: as bulk_rx_commit().
 */
bool bulk_rx_abort(struct bulk_rx *rx, struct bulk_record *rec)
{
	LIST_HEAD(victims);
	unsigned long flags;
	bool ours;

	flags = bulk_rx_lock(rx);
	ours = bulk_rx_is_reserved(rx, rec);
	if (ours)
		ours = bulk_rx_abort_locked(rx, rec, &victims);
	bulk_rx_unlock(rx, flags);
	bulk_far_put_all(rx, &victims);
	return ours;
}

/**
 * bulk_rx_abort_nmi() - give a reserved record back in an NMI
 * @rx: the rings
 * @rec: the record, which was reserved in an NMI
 *
 * Context: Any, NMI included. Takes no lock.
 * Return: as bulk_rx_commit().
 */
bool bulk_rx_abort_nmi(struct bulk_rx *rx, struct bulk_record *rec)
{
	struct bulk_rx_ring *ring;

	if (!bulk_rx_is_reserved(rx, rec) ||
	    *bulk_record_word(rec) & BULK_REC_FAR)
		return false;
	ring = bulk_rx_ring_of(rx, rec);
	bulk_rx_void(ring, bulk_rx_pos(ring, rec));
	atomic_dec(&rx->reserved);
	bulk_rx_publish(rx, ring);
	bulk_rx_unuse(ring);
	return true;
}

/* Records of one ring that nobody commits any more. */
static void bulk_rx_forsake_ring(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	u64 pos = *ring->shared_head, space;
	u32 word;

	while (pos != ring->head) {
		word = *bulk_record_word(bulk_rx_at(ring, pos));
		space = bulk_rx_space(word & ~BULK_REC_BUSY);
		if (word & BULK_REC_BUSY) {
			bulk_rx_give_up(rx, ring, pos);
			bulk_rx_unuse(ring);
		}
		if (pos != ring->head)
			pos += space;
	}
	bulk_rx_publish(rx, ring);
}

/**
 * bulk_rx_forsake() - the producers are gone
 * @rx: the rings; nobody reserves, commits or aborts any more
 *
 * A record that is still reserved would keep later ones from the reader.
 *
 * Context: Process context. Takes the rings' lock.
 * Return: how many records that was.
 */
unsigned int bulk_rx_forsake(struct bulk_rx *rx)
{
	unsigned int left = atomic_read(&rx->reserved);
	struct bulk_far *far, *next;
	struct bulk_rx_ring *ring;
	unsigned long flags;
	LIST_HEAD(victims);

	if (!left)
		return 0;
	flags = bulk_rx_lock(rx);
	list_for_each_entry(ring, &rx->rings, node)
		bulk_rx_forsake_ring(rx, ring);
	list_for_each_entry_safe(far, next, &rx->far, node) {
		if (!(far->rec.head & BULK_REC_BUSY))
			continue;
		rx->far_bytes -= bulk_record_space(far->len) - BULK_FAR_SPACE;
		list_move_tail(&far->node, &victims);
	}
	atomic_set(&rx->reserved, 0);
	bulk_rx_unlock(rx, flags);
	bulk_far_put_all(rx, &victims);
	return left;
}
