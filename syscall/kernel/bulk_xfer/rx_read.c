// SPDX-License-Identifier: GPL-2.0
/*
 * The reader of the RX rings in the kernel, which a system call is.
 *
 * It takes records as the vDSO does: copies, then moves the tail by
 * compare-and-exchange. Whoever was faster, a process in its window or a
 * producer that overwrites, has the record, and the copy is nothing.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uio.h>

#include "rx.h"

/* Times that others may be faster before this reader gives way. */
#define BULK_TAKE_TRIES		64
/* Records that are counted between two looks at the scheduler. */
#define BULK_COUNT_STEP		4096

/* Have the ring's positions up to date. Return: 0, or -EBADMSG. */
static __always_inline int bulk_rx_fetch(struct bulk_rx *rx,
					 struct bulk_rx_ring *ring)
{
	/*
	 * Pairs with the exchanges that move it:
	 * what was read may be written over.
	 */
	u64 tail = smp_load_acquire(ring->shared_tail);
	unsigned long flags;
	u64 end;

	if (unlikely(tail & BULK_RX_BORROWED)) {
		/*
		 * By the process, or by an eviction, which ends with the lock.
		 */
		flags = bulk_rx_lock(rx);
		tail = READ_ONCE(*ring->shared_tail);
		bulk_rx_unlock(rx, flags);
	}
	ring->borrowed = tail & BULK_RX_BORROWED;
	tail &= ~BULK_RX_BORROWED;
	/*
	 * After the tail, which never passes it. Pairs with bulk_rx_publish().
	 */
	end = smp_load_acquire(ring->shared_head);
	if (tail - ring->tail > end - ring->tail ||
	    end - tail > ring->size || !IS_ALIGNED(tail, 8))
		return -EBADMSG;
	ring->tail = tail;
	ring->end = end;
	return 0;
}

/* The ring after @ring, or the first. */
static struct bulk_rx_ring *bulk_rx_next(struct bulk_rx *rx,
					 struct bulk_rx_ring *ring)
{
	struct list_head *node = ring ? &ring->node : &rx->rings;

	return node->next == &rx->rings ? NULL :
	       list_entry(node->next, struct bulk_rx_ring, node);
}

/* Records that a window's ring had no room for move there, when it is empty. */
static void bulk_rx_refill(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	if (ring->tail == ring->end && !ring->borrowed) {
		bulk_rx_move_on(rx, ring);
		bulk_rx_fetch(rx, ring);
	}
	/* When all of it has moved, producers come back, too. */
	bulk_rx_drain(rx, bulk_rx_next(rx, ring));
}

static noinline int bulk_rx_first_of_many(struct bulk_rx *rx,
					  struct bulk_rx_ring **ring)
{
	struct bulk_rx_ring *at, *next;
	int ret;

	*ring = NULL;
	for (at = bulk_rx_next(rx, NULL); at; at = next) {
		*ring = at;
		ret = at->mapped && at->bad ? -EBADMSG : bulk_rx_fetch(rx, at);
		if (ret)
			return ret;
		if (at->mapped && bulk_rx_next(rx, at))
			bulk_rx_refill(rx, at);
		/*
		 * A record that is reserved here
		 * comes before those in the next one.
		 */
		if (at->tail != READ_ONCE(at->head))
			break;
		next = bulk_rx_next(rx, at);
		if (bulk_rx_drain(rx, at))
			*ring = NULL;
	}
	*ring = *ring ?: bulk_rx_last(rx);
	if (*ring)
		bulk_rx_reap(rx, *ring, (*ring)->tail);
	if (unlikely(!list_empty(&rx->drained)))
		bulk_rx_free_drained(rx);
	return 0;
}

/* Is there but one ring, and nothing to be done about it? */
static bool bulk_rx_is_simple(const struct bulk_rx *rx,
			      const struct bulk_rx_ring *ring)
{
	return list_is_singular(&rx->rings) && list_empty(&rx->far) &&
	       list_empty(&rx->drained) &&
	       (ring->mapped || (!ring->release && ring->size <= SZ_64K));
}

/**
 * bulk_rx_first() - the ring that the next record is in
 * @rx: the rings, with the RX lock of their endpoint
 * @ring: set to it, or to NULL if there is none
 *
 * Context: Process context. May sleep.
 * Return: 0 with its positions up to date; -EBADMSG when those of a process are
 * none.
 */
int bulk_rx_first(struct bulk_rx *rx, struct bulk_rx_ring **ring)
{
	struct bulk_rx_ring *first;

	first = list_first_entry_or_null(&rx->rings, struct bulk_rx_ring, node);
	*ring = first;
	if (!first && likely(list_empty(&rx->drained)))
		return 0;
	if (unlikely(!first || !bulk_rx_is_simple(rx, first)))
		return bulk_rx_first_of_many(rx, ring);
	if (unlikely(first->mapped && first->bad))
		return -EBADMSG;
	return bulk_rx_fetch(rx, first);
}

/* The place of an aborted record, or a rest. */
static void bulk_rx_skip(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			 u64 space, u32 lost)
{
	u64 tail = ring->tail;
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	if (cmpxchg(ring->shared_tail, tail, tail | BULK_RX_BORROWED) == tail) {
		bulk_rx_lose(rx, ring, tail + space, lost);
		ring->skipped -= min(ring->skipped, space);
		/* Only now may anybody receive what follows. */
		smp_store_release(ring->shared_tail, tail + space);
	}
	bulk_rx_unlock(rx, flags);
}

/* No errno: it was no record, or is none any more: look again. */
#define BULK_RX_AGAIN	1

/**
 * bulk_rx_claim() - take the first records, as the process may at the same time
 * @ring: the ring
 * @bytes: what they occupy
 *
 * Return: false when somebody else took some of them.
 */
bool bulk_rx_claim(struct bulk_rx_ring *ring, size_t bytes)
{
	u64 tail = ring->tail;

	if (cmpxchg(ring->shared_tail, tail, tail + bytes) != tail)
		return false;
	ring->tail = tail + bytes;
	return true;
}

static bool bulk_rx_has_moved(const struct bulk_rx_ring *ring)
{
	return (READ_ONCE(*ring->shared_tail) & ~BULK_RX_BORROWED) !=
	       ring->tail;
}

/*
 * There can't be a record at the tail. It may have been overwritten in between;
 * or a process has put the tail there: of a window that is no more, the rest is
 * dropped.
 */
static int bulk_rx_no_record(struct bulk_rx_ring *ring)
{
	/* After the look at what is there. */
	smp_rmb();
	if (bulk_rx_has_moved(ring))
		return BULK_RX_AGAIN;
	if (ring->mapped)
		return -EBADMSG;
	bulk_rx_claim(ring, ring->end - ring->tail);
	return BULK_RX_AGAIN;
}

static int bulk_rx_peek_once(struct bulk_rx *rx, struct bulk_rx_ring **first,
			     struct bulk_meta *meta, u32 *word)
{
	int ret = bulk_rx_first(rx, first);
	struct bulk_rx_ring *ring = *first;
	struct bulk_record *rec;
	u64 head, space, filled;

	if (ret)
		return ret;
	filled = ring ? ring->end - ring->tail : 0;
	if (!filled)
		return -EAGAIN;
	if (!ring->mirrored)
		filled = min(filled,
			     ring->size - (ring->tail & (ring->size - 1)));
	rec = bulk_rx_at(ring, ring->tail);
	head = READ_ONCE(rec->head);
	*word = bulk_record_len(head);
	space = bulk_rx_space(*word);
	if (unlikely(!space || *word & BULK_REC_BUSY || space > filled ||
		     !IS_ALIGNED(space, 8)))
		return bulk_rx_no_record(ring);
	meta->lost = bulk_record_lost(head);
	if (!(*word & BULK_REC_SKIP)) {
		meta->len = bulk_rx_len(ring, ring->tail, *word);
		meta->tag = READ_ONCE(rec->tag);
	}
	/*
	 * All of that is one record's,
	 * which has not been overwritten meanwhile.
	 */
	smp_rmb();
	if (unlikely(bulk_rx_has_moved(ring)))
		return BULK_RX_AGAIN;
	if (likely(!(*word & BULK_REC_SKIP)))
		return 0;
	if (ring->borrowed)
		return -EBUSY;
	bulk_rx_skip(rx, ring, space, meta->lost);
	return BULK_RX_AGAIN;
}

static int bulk_rx_peek_word(struct bulk_rx *rx, struct bulk_rx_ring **ring,
			     struct bulk_meta *meta, u32 *word)
{
	int ret, try = 0;

	do {
		ret = bulk_rx_peek_once(rx, ring, meta, word);
	} while (unlikely(ret == BULK_RX_AGAIN) && ++try < BULK_TAKE_TRIES);
	return ret == BULK_RX_AGAIN ? BULK_RECV_BEATEN : ret;
}

/**
 * bulk_rx_peek() - look at the next record
 * @rx: the rings, with the RX lock of their endpoint
 * @ring: set to the ring that it is in, or NULL
 * @meta: filled in
 *
 * A process may have put the tail where no record begins, and others may
 * receive or overwrite the record: of @meta no more is known than that a claim
 * succeeds or not.
 *
 * Context: Process context. May sleep.
 * Return: 0; -EAGAIN when there is none; -EBADMSG; -EBUSY when the process has
 * borrowed what is none; BULK_RECV_BEATEN.
 */
int bulk_rx_peek(struct bulk_rx *rx, struct bulk_rx_ring **ring,
		 struct bulk_meta *meta)
{
	u32 word;

	return bulk_rx_peek_word(rx, ring, meta, &word);
}

/* The memory of a long record, with a reference. */
static struct bulk_far *bulk_rx_get_far(struct bulk_rx *rx,
					const struct bulk_rx_ring *ring)
{
	struct bulk_far *far;
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	far = list_first_entry_or_null(&rx->far, struct bulk_far, node);
	if (far && far->ring == ring && far->pos == ring->tail)
		refcount_inc(&far->refs);
	else
		far = NULL;
	bulk_rx_unlock(rx, flags);
	return far;
}

static size_t bulk_far_copy(struct bulk_far *far, struct iov_iter *to)
{
	size_t copied = 0, len, n;

	if (far->data)
		return copy_to_iter(far->data, far->len, to);
	do {
		len = min_t(size_t, far->len - copied, PAGE_SIZE);
		n = copy_page_to_iter(bulk_far_page(far, copied / PAGE_SIZE), 0,
				      len, to);
		copied += n;
	} while (n == len && copied < far->len);
	return copied;
}

/* The record is at the tail, and behind its head if it is not @far. */
static __always_inline int bulk_rx_copy_out(struct bulk_rx_ring *ring,
					    struct bulk_far *far,
					    struct iov_iter *to,
					    struct bulk_meta *meta)
{
	size_t space = far ? BULK_FAR_SPACE : bulk_record_space(meta->len);
	size_t copied;

	if (ring->borrowed)
		return -EBUSY;
	if (meta->len > iov_iter_count(to))
		return -EMSGSIZE;
	if (far)
		copied = bulk_far_copy(far, to);
	else
		copied = copy_to_iter(bulk_rx_at(ring, ring->tail)->data,
				      meta->len, to);
	if (copied != meta->len)
		return -EFAULT;
	if (likely(bulk_rx_claim(ring, space)))
		return 0;
	iov_iter_revert(to, meta->len);
	return BULK_RX_AGAIN;
}

static int bulk_rx_recv_far(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			    struct iov_iter *to, struct bulk_meta *meta)
{
	struct bulk_far *far = bulk_rx_get_far(rx, ring);
	int ret;

	if (!far)
		return bulk_rx_no_record(ring);
	meta->len = far->len;
	ret = bulk_rx_copy_out(ring, far, to, meta);
	if (!ret)
		bulk_rx_reap(rx, ring, ring->tail);
	bulk_far_put(rx, far);
	return ret;
}

static int bulk_rx_recv_once(struct bulk_rx *rx, struct iov_iter *to,
			     struct bulk_meta *meta)
{
	struct bulk_rx_ring *ring;
	u32 word;
	int ret = bulk_rx_peek_word(rx, &ring, meta, &word);

	if (ret)
		return ret;
	if (unlikely(word & BULK_REC_FAR))
		return bulk_rx_recv_far(rx, ring, to, meta);
	return bulk_rx_copy_out(ring, NULL, to, meta);
}

/**
 * bulk_rx_recv() - receive the next record
 * @rx: the rings, with the RX lock of their endpoint
 * @to: room for the record
 * @meta: filled in
 *
 * Context: Process context, page faults disabled if @to is user memory.
 * Return: 0; otherwise the record, if there is one, is still the next one:
 * -EAGAIN, -EMSGSIZE, -EFAULT for a page that is missing, -EBUSY when it is
 * borrowed, -EBADMSG, BULK_RECV_BEATEN when others are faster.
 */
int bulk_rx_recv(struct bulk_rx *rx, struct iov_iter *to,
		 struct bulk_meta *meta)
{
	int ret, try = 0;

	do {
		ret = bulk_rx_recv_once(rx, to, meta);
	} while (unlikely(ret == BULK_RX_AGAIN) && ++try < BULK_TAKE_TRIES);
	return ret == BULK_RX_AGAIN ? BULK_RECV_BEATEN : ret;
}

static int bulk_rx_find_pages(struct bulk_rx *rx, struct bulk_rx_ring **ring,
			      struct bulk_far **far, struct bulk_meta *meta)
{
	u32 word;
	int ret = bulk_rx_peek_word(rx, ring, meta, &word);

	if (ret)
		return ret;
	if ((*ring)->borrowed)
		return -EBUSY;
	if (!(word & BULK_REC_FAR))
		return -EOPNOTSUPP;
	*far = bulk_rx_get_far(rx, *ring);
	if (!*far)
		return bulk_rx_no_record(*ring) < 0 ? -EBADMSG :
						       BULK_RECV_BEATEN;
	meta->len = (*far)->len;
	if (bulk_far_is_in_pages(*far))
		return 0;
	bulk_far_put(rx, *far);
	return -EOPNOTSUPP;
}

/**
 * bulk_rx_get_pages() - look at the next record, which is in pages
 * @rx: the rings, with the RX lock of their endpoint
 * @far: set to the record, with a reference for bulk_far_put()
 * @meta: filled in
 *
 * Context: Process context. May sleep.
 * Return: 0; -EOPNOTSUPP for another record; otherwise as bulk_rx_recv().
 */
int bulk_rx_get_pages(struct bulk_rx *rx, struct bulk_far **far,
		      struct bulk_meta *meta)
{
	struct bulk_rx_ring *ring;

	return bulk_rx_find_pages(rx, &ring, far, meta);
}

/**
 * bulk_rx_claim_pages() - receive a record in pages,
 * if it is still the next one
 * @rx: the rings, with the RX lock of their endpoint
 * @far: from bulk_rx_get_pages(); the lock may have been let go in between
 * @meta: filled in
 *
 * Context: Process context. May sleep.
 * Return: 0; BULK_RECV_BEATEN when it is not; -EBUSY, -EBADMSG.
 */
int bulk_rx_claim_pages(struct bulk_rx *rx, struct bulk_far *far,
			struct bulk_meta *meta)
{
	struct bulk_rx_ring *ring;
	struct bulk_far *next;
	int ret;

	ret = bulk_rx_find_pages(rx, &ring, &next, meta);
	if (ret)
		return ret == -EBUSY || ret == -EBADMSG ?
		       ret : BULK_RECV_BEATEN;
	if (next == far && bulk_rx_claim(ring, BULK_FAR_SPACE))
		bulk_rx_reap(rx, ring, ring->tail);
	else
		ret = BULK_RECV_BEATEN;
	bulk_far_put(rx, next);
	return ret;
}

/**
 * bulk_rx_plain() - find the records at the tail that lie in one piece
 * @ring: the ring, with its positions up to date
 * @len: bytes that may be looked at
 * @records: set to how many they are
 *
 * Return: the bytes that they occupy, before the first that is not plain, or
 * doesn't end there.
 */
size_t bulk_rx_plain(const struct bulk_rx_ring *ring, size_t len, u64 *records)
{
	size_t rest = ring->size - (ring->tail & (ring->size - 1));
	struct bulk_walk walk;

	len = min_t(size_t, len, ring->end - ring->tail);
	if (!ring->mirrored)
		len = min(len, rest);
	bulk_records_walk(&walk, bulk_rx_at(ring, ring->tail), ring->size,
			  U64_MAX, len);
	*records = walk.records;
	return walk.space;
}

/**
 * bulk_rx_take_all() - take all records
 * @rx: the rings, with the RX lock of their endpoint
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY when the process has borrowed some; -EBADMSG;
 * BULK_RECV_BEATEN.
 */
int bulk_rx_take_all(struct bulk_rx *rx)
{
	struct bulk_rx_ring *ring;
	unsigned long flags;
	int ret, try;

	for (try = 0; try < BULK_TAKE_TRIES; try++) {
		ret = bulk_rx_first(rx, &ring);
		if (ret || !ring || ring->tail == ring->end)
			return ret;
		if (ring->borrowed)
			return -EBUSY;
		if (!bulk_rx_claim(ring, ring->end - ring->tail))
			continue;
		flags = bulk_rx_lock(rx);
		bulk_rx_look(ring);
		bulk_rx_unlock(rx, flags);
		bulk_rx_reap(rx, ring, ring->tail);
	}
	return BULK_RECV_BEATEN;
}

/* --- Figures --- */

static void bulk_rx_count_ring(struct bulk_rx_ring *ring, u64 *records,
			       u64 *bytes, u64 *occupied)
{
	u64 pos = ring->tail, space;
	unsigned int n = 0;
	u32 word, len;

	while (pos != ring->end) {
		word = READ_ONCE(*bulk_record_word(bulk_rx_at(ring, pos)));
		space = bulk_rx_space(word & ~BULK_REC_BUSY);
		/* Overwritten since, or where none begins. */
		if (!space || !IS_ALIGNED(space, 8) || space > ring->end - pos)
			return;
		len = bulk_rx_len(ring, pos, word);
		pos += space;
		if (!(++n % BULK_COUNT_STEP))
			cond_resched();
		if (word & BULK_REC_SKIP)
			continue;
		(*records)++;
		*bytes += len;
		*occupied += bulk_record_space(len);
	}
}

/**
 * bulk_rx_waiting() - count what can be received
 * @rx: the rings, with the RX lock of their endpoint
 * @records: set to the number of records
 * @bytes: set to the bytes in them
 * @occupied: set to what they occupy
 *
 * Context: Process context. May sleep.
 */
void bulk_rx_waiting(struct bulk_rx *rx, u64 *records, u64 *bytes,
		     u64 *occupied)
{
	struct bulk_rx_ring *ring;

	*records = 0;
	*bytes = 0;
	*occupied = 0;
	list_for_each_entry(ring, &rx->rings, node)
		if (!bulk_rx_fetch(rx, ring))
			bulk_rx_count_ring(ring, records, bytes, occupied);
}
