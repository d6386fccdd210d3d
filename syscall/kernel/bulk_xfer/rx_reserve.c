// SPDX-License-Identifier: GPL-2.0
/*
 * Producers of the records that wait for an endpoint's reader: room for one.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "rx.h"

/* Times that an NMI tries for the lock, which its own CPU may hold. */
#define BULK_NMI_TRIES		64

/* No errno: what a reservation needs and can't have under the lock. */
#define BULK_WANT_RING		1
#define BULK_WANT_FAR		2

/**
 * struct bulk_reservation - a reservation on its way
 * @len: bytes of the record
 * @need: what it occupies in the ring
 * @is_far: it is too long for that
 * @far: memory for it then
 * @pages: where its bytes are already; or NULL
 * @fresh: a ring that takes the place of the last, if that has no room
 * @want: size of the ring that is wanted
 * @nmi: nothing can be made, and nobody gives way
 * @dropped: records that the policy let go
 * @victims: memory of some of these
 */
struct bulk_reservation {
	size_t len;
	size_t need;
	bool is_far;
	struct bulk_far *far;
	struct page *const *pages;
	struct bulk_rx_ring *fresh;
	u32 want;
	bool nmi;
	unsigned int dropped;
	struct list_head victims;
};

/* The longest record goes to memory of its own, but in an NMI. */
static bool bulk_rx_is_far(const struct bulk_rx *rx,
			   const struct bulk_rx_ring *ring, size_t len)
{
	u32 share = ring && ring->mapped ? ring->share : bulk_rx_own_share(rx);

	return bulk_record_space(len) > share;
}

/* A ring in which there is room for several records that take @need of it. */
static u32 bulk_rx_least_size(size_t need)
{
	return max_t(u32, roundup_pow_of_two(need * BULK_RING_SHARE),
		     BULK_RX_OWN_MIN);
}

/* Size of the ring after @ring, for a record of @need; 0: there is none. */
static u32 bulk_rx_next_size(const struct bulk_rx *rx,
			     const struct bulk_rx_ring *ring, size_t need)
{
	u32 size = bulk_rx_least_size(need);

	if (ring && !ring->mapped && ring->size >= rx->own_max)
		return 0;
	/*
	 * With one ring, what has to give way is what its loss makes room for.
	 */
	if (rx->policy == BULK_RX_OVERWRITE_OLDEST)
		size = rx->own_max;
	else if (ring && !ring->mapped)
		size = max(size, 2 * ring->size);
	return min(size, rx->own_max);
}

static struct bulk_record *bulk_rx_place(struct bulk_rx *rx,
					 struct bulk_rx_ring *ring,
					 struct bulk_reservation *r,
					 size_t need)
{
	struct bulk_far *far = r->is_far ? r->far : NULL;
	u64 pad = bulk_rx_pad(ring, need), pos = ring->head + pad;
	struct bulk_record *rec = bulk_rx_at(ring, pos);
	u32 word = BULK_REC_BUSY;

	lockdep_assert_held(&rx->lock);
	word |= far ? BULK_REC_FAR : r->len;
	rec->head = bulk_record_head(word, rx->pending_lost);
	/* For the commit. */
	rec->tag = ring->slot;
	if (pad) {
		ring->skipped += pad;
		bulk_rx_set_odd(ring, pos);
		/*
		 * After the mark: who publishes may have seen a later end of
		 * the ring, before a record at its end was given back.
		 */
		smp_store_release(&bulk_rx_at(ring, ring->head)->head,
				  BULK_REC_SKIP | pad);
	}
	rx->pending_lost = 0;
	if (far)
		*(u32 *)rec->data = r->len;
	atomic_inc(&rx->reserved);
	atomic_inc(&ring->users);
	/* Pairs with the acquire in bulk_rx_publish(): the mark is there. */
	smp_store_release(&ring->head, pos + need);
	if (!far)
		return rec;
	far->ring = ring;
	far->pos = pos;
	rx->far_bytes += bulk_record_space(r->len) - BULK_FAR_SPACE;
	list_add_tail(&far->node, &rx->far);
	bulk_rx_set_odd(ring, pos + need);
	return &far->rec;
}

static bool bulk_rx_try(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			size_t cost, size_t need, bool nmi)
{
	/* NMIs have their room beside the limit. */
	return bulk_rx_fits(rx, ring, need, 0, nmi) &&
	       (nmi || bulk_rx_within(rx, cost, 0));
}

/* As bulk_rx_try(), with all that was received since it was looked at last. */
static bool bulk_rx_try_anew(struct bulk_rx *rx, struct bulk_rx_ring *last,
			     size_t cost, size_t need, bool nmi)
{
	struct bulk_rx_ring *ring;

	list_for_each_entry(ring, &rx->rings, node)
		bulk_rx_look(ring);
	return bulk_rx_try(rx, last, cost, need, nmi);
}

static struct bulk_record *bulk_rx_full(struct bulk_rx *rx,
					struct bulk_rx_ring *ring,
					struct bulk_reservation *r, size_t cost,
					size_t need)
{
	WRITE_ONCE(rx->was_full, true);
	/* Pairs with the barrier in bulk_rx_was_full(). */
	smp_mb();
	if ((!r->is_far || r->far) &&
	    bulk_rx_try_anew(rx, ring, cost, need, r->nmi))
		return bulk_rx_place(rx, ring, r, need);
	return ERR_PTR(rx->policy == BULK_RX_BLOCK ? -EAGAIN : -ENOSPC);
}

/* Is it worth while to get memory for a record that costs so much? */
static bool bulk_rx_may_admit(struct bulk_rx *rx, size_t cost)
{
	if (rx->policy == BULK_RX_OVERWRITE_OLDEST)
		return cost <= rx->limit;
	bulk_rx_try_anew(rx, NULL, cost, 0, false);
	return bulk_rx_within(rx, cost, 0);
}

/*
 * Return: the record, or what there is to be made first, or why there is none.
 */
static struct bulk_record *bulk_rx_admit(struct bulk_rx *rx,
					 struct bulk_reservation *r, int *want)
{
	struct bulk_rx_ring *ring = bulk_rx_last(rx);
	size_t cost = bulk_record_space(r->len), need;
	unsigned int evicted;

	bulk_rx_count_nmi_lost(rx);
	r->is_far = r->pages ||
		    (!r->nmi && bulk_rx_is_far(rx, ring, r->len));
	need = r->is_far ? BULK_FAR_SPACE : cost;
	r->need = need;
	*want = 0;
	if (r->is_far && !r->far && bulk_rx_may_admit(rx, cost)) {
		*want = BULK_WANT_FAR;
		return NULL;
	}
	if (r->is_far && !r->far)
		return bulk_rx_full(rx, ring, r, cost, need);
	if (likely(bulk_rx_try(rx, ring, cost, need, r->nmi)) ||
	    bulk_rx_try_anew(rx, ring, cost, need, r->nmi))
		return bulk_rx_place(rx, ring, r, need);
	if (!r->nmi && bulk_rx_within(rx, cost, 0)) {
		r->want = bulk_rx_next_size(rx, ring, need);
		if (r->want && !r->fresh) {
			*want = BULK_WANT_RING;
			return NULL;
		}
		if (r->want && bulk_rx_append(rx, r->fresh)) {
			ring = r->fresh;
			r->fresh = NULL;
			return bulk_rx_place(rx, ring, r, need);
		}
	}
	evicted = r->nmi ? 0 : bulk_rx_evict(rx, cost, need, &r->victims);
	r->dropped += evicted;
	if (evicted)
		return bulk_rx_place(rx, ring, r, need);
	return bulk_rx_full(rx, ring, r, cost, need);
}

/*
 * A record that the policy lets go is counted; with BLOCK its producer has it.
 */
static void bulk_rx_refuse(struct bulk_rx *rx, struct bulk_reservation *r)
{
	if (rx->policy == BULK_RX_BLOCK)
		return;
	r->dropped++;
	rx->pending_lost = bulk_rx_lost_add(rx->pending_lost, 1);
	rx->total_lost++;
}

/* Return: false when there is no memory for what is wanted. */
static bool bulk_rx_make(struct bulk_rx *rx, struct bulk_reservation *r,
			 int want, gfp_t gfp)
{
	if (want == BULK_WANT_FAR) {
		r->far = r->pages ?
			 bulk_far_create_pages(rx, r->pages, r->len, gfp) :
			 bulk_far_create(rx, r->len, gfp);
		return r->far;
	}
	/* A smaller one is better than none. */
	do {
		r->fresh = bulk_rx_ring_create(rx, r->want, gfp);
		r->want /= 2;
	} while (!r->fresh && r->want >= bulk_rx_least_size(r->need));
	return r->fresh;
}

/* A window that came or went meanwhile may have made these of no use. */
static void bulk_rx_unmake(struct bulk_rx *rx, struct bulk_reservation *r,
			   struct bulk_record *rec)
{
	if (r->far && (IS_ERR(rec) || rec != &r->far->rec))
		bulk_far_put(rx, r->far);
	if (r->fresh)
		bulk_rx_ring_free(rx, r->fresh);
	bulk_far_put_all(rx, &r->victims);
}

static noinline struct bulk_record *
bulk_rx_reserve_slow(struct bulk_rx *rx, size_t len, struct page *const *pages,
		     gfp_t gfp, unsigned int *dropped)
{
	struct bulk_reservation r = { .len = len, .pages = pages };
	struct bulk_record *rec;
	unsigned long flags;
	int want;

	INIT_LIST_HEAD(&r.victims);
	do {
		flags = bulk_rx_lock(rx);
		rec = bulk_rx_admit(rx, &r, &want);
		if (IS_ERR(rec))
			bulk_rx_refuse(rx, &r);
		bulk_rx_unlock(rx, flags);
		if (unlikely(want) && !bulk_rx_make(rx, &r, want, gfp)) {
			flags = bulk_rx_lock(rx);
			bulk_rx_refuse(rx, &r);
			bulk_rx_unlock(rx, flags);
			rec = ERR_PTR(-ENOMEM);
			break;
		}
	} while (want);
	if (unlikely(r.far || r.fresh || !list_empty(&r.victims)))
		bulk_rx_unmake(rx, &r, rec);
	*dropped += r.dropped;
	return rec;
}

/*
 * Most records find room in the only ring there is, by what is known of it: no
 * more than this is looked at then.
 */
static __always_inline struct bulk_record *
bulk_rx_reserve_quick(struct bulk_rx *rx, size_t len)
{
	struct bulk_rx_ring *ring = bulk_rx_last(rx);
	u64 space = bulk_record_space(len), filled, head;
	struct bulk_record *rec;

	if (unlikely(!ring || !list_is_singular(&rx->rings) ||
		     space > ring->share || atomic_read(&rx->nmi_lost) ||
		     rx->nmi_room))
		return NULL;
	head = ring->head;
	filled = head - ring->low;
	if (unlikely(filled + space > ring->size ||
		     filled + rx->far_bytes + space > rx->limit ||
		     (!ring->mirrored &&
		      (head & (ring->size - 1)) + space > ring->size)))
		return NULL;
	rec = bulk_rx_at(ring, head);
	rec->head = bulk_record_head(BULK_REC_BUSY | (u32)len,
				     rx->pending_lost);
	rec->tag = ring->slot;
	rx->pending_lost = 0;
	atomic_inc(&rx->reserved);
	atomic_inc(&ring->users);
	/* Pairs with the acquire in bulk_rx_publish(): the mark is there. */
	smp_store_release(&ring->head, head + space);
	return rec;
}

static bool bulk_rx_has_space(const struct bulk_rx *rx,
			      const struct bulk_rx_ring *ring, u64 space)
{
	u64 filled = ring->head - ring->low;

	return filled + space <= ring->size &&
	       filled + rx->far_bytes + space <= rx->limit;
}

/* The same, after a look at what was received, or with the oldest gone. */
static noinline bool bulk_rx_find_space(struct bulk_rx *rx,
					struct bulk_rx_ring *ring, u64 space)
{
	LIST_HEAD(victims);

	bulk_rx_look(ring);
	if (bulk_rx_has_space(rx, ring, space))
		return true;
	/* Memory of long ones is freed without the lock. */
	return rx->policy == BULK_RX_OVERWRITE_OLDEST && list_empty(&rx->far) &&
	       bulk_rx_evict(rx, space, space, &victims);
}

/**
 * bulk_rx_begin() - write a record, with the rings locked
 * @rx: the rings
 * @len: bytes of the record
 * @tag: its tag
 * @flags: for bulk_rx_end()
 *
 * It is for a record that finds room in the only ring there is, while none
 * before it is still to be committed: it becomes the reader's by one step.
 *
 * Context: Any but NMI. Takes the rings' lock, and returns with it unless NULL.
 * Return: where its bytes go; NULL: bulk_rx_reserve() finds out.
 */
void *bulk_rx_begin(struct bulk_rx *rx, size_t len, u64 tag,
		    unsigned long *flags)
{
	u64 space = bulk_record_space(len), head;
	struct bulk_rx_ring *ring;
	struct bulk_record *rec;

	*flags = bulk_rx_lock(rx);
	ring = bulk_rx_last(rx);
	if (unlikely(!ring || !list_is_singular(&rx->rings) ||
		     space > ring->share || atomic_read(&rx->nmi_lost) ||
		     rx->nmi_room))
		goto slow;
	head = ring->head;
	if (unlikely(head != READ_ONCE(*ring->shared_head) ||
		     (!ring->mirrored &&
		      (head & (ring->size - 1)) + space > ring->size)))
		goto slow;
	if (unlikely(!bulk_rx_has_space(rx, ring, space)) &&
	    !bulk_rx_find_space(rx, ring, space))
		goto slow;
	rec = bulk_rx_at(ring, head);
	rec->head = bulk_record_head((u32)len, rx->pending_lost);
	rec->tag = tag;
	return rec->data;
slow:
	bulk_rx_unlock(rx, *flags);
	return NULL;
}

/**
 * bulk_rx_end() - let the reader have the record of bulk_rx_begin()
 * @rx: the rings, whose lock is held, and released
 * @flags: from bulk_rx_begin()
 *
 * Context: Any but NMI.
 * Return: true when nothing waited before it, so that the reader may sleep.
 */
bool bulk_rx_end(struct bulk_rx *rx, unsigned long flags)
{
	struct bulk_rx_ring *ring = bulk_rx_last(rx);
	u64 head = ring->head, next;
	u32 len = *bulk_record_word(bulk_rx_at(ring, head));
	bool first;

	lockdep_assert_held(&rx->lock);
	next = head + bulk_record_space(len);
	rx->pending_lost = 0;
	/* Pairs with the acquire in bulk_rx_publish(), which may be faster. */
	smp_store_release(&ring->head, next);
	if (likely(cmpxchg(ring->shared_head, head, next) == head)) {
		atomic64_inc(&rx->records);
		atomic64_add(len, &rx->bytes);
	}
	/*
	 * The exchange orders the new head before this look at the tail; that
	 * by which a reader takes the record before orders its tail before its
	 * look at the head: one of the two sees what the other has done.
	 */
	first = READ_ONCE(*ring->shared_tail) == head;
	bulk_rx_unlock(rx, flags);
	return first;
}

/**
 * bulk_rx_reserve() - reserve room for one record
 * @rx: the rings
 * @len: bytes of the record
 * @gfp: how memory may be allocated, for a ring or for a record that is too
 *	long for one; it is charged to the memory cgroup, and a cgroup at its
 *	limit is an error, not a reason to kill
 * @dropped: incremented by the number of records that the policy let go, this
 *	one perhaps among them
 *
 * Context: Any but NMI. Takes the rings' lock.
 * Return: a record to fill and to commit or abort; or -EAGAIN when there is no
 * room and the policy is to block, -ENOSPC when there is none under another
 * policy, or more than BULK_EVICT_MAX records would have to go, -ENOMEM when
 * memory or the user's right to lock it is short.
 */
struct bulk_record *bulk_rx_reserve(struct bulk_rx *rx, size_t len, gfp_t gfp,
				    unsigned int *dropped)
{
	struct bulk_record *rec;
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	rec = bulk_rx_reserve_quick(rx, len);
	bulk_rx_unlock(rx, flags);
	if (likely(rec))
		return rec;
	return bulk_rx_reserve_slow(rx, len, NULL, gfp, dropped);
}

/**
 * bulk_rx_reserve_pages() - reserve the place of a record that is in pages
 * @rx: the rings
 * @pages: the pages, each of which gets a reference
 * @len: bytes in them, at least a page
 * @gfp: as for bulk_rx_reserve()
 * @dropped: likewise
 *
 * Context: Any but NMI. Takes the rings' lock.
 * Return: a record to commit or abort, which is not to be filled; or as
 * bulk_rx_reserve().
 */
struct bulk_record *bulk_rx_reserve_pages(struct bulk_rx *rx,
					  struct page *const *pages, size_t len,
					  gfp_t gfp, unsigned int *dropped)
{
	return bulk_rx_reserve_slow(rx, len, pages, gfp, dropped);
}

/**
 * bulk_rx_reserve_nmi() - reserve room for one record in an NMI
 * @rx: the rings
 * @len: bytes of the record
 * @dropped: incremented when the policy let this record go
 *
 * Nobody gives way, and nothing is allocated.
 *
 * Context: NMI. Tries for the rings' lock.
 * Return: as bulk_rx_reserve(); -EMSGSIZE for a longer record than
 * bulk_rx_prepare_nmi() was told, -EAGAIN or -ENOSPC also when the lock is not
 * to be had.
 */
struct bulk_record *bulk_rx_reserve_nmi(struct bulk_rx *rx, size_t len,
					unsigned int *dropped)
{
	struct bulk_reservation r = { .len = len, .nmi = true };
	struct bulk_record *rec = NULL;
	int want, try;

	if (!READ_ONCE(rx->nmi_room) || len > rx->nmi_len)
		return ERR_PTR(-EMSGSIZE);
	for (try = 0; !rec && try < BULK_NMI_TRIES; try++) {
		if (bulk_rx_trylock_nmi(rx)) {
			rec = bulk_rx_admit(rx, &r, &want);
			raw_spin_unlock(&rx->lock);
		} else {
			cpu_relax();
		}
	}
	if (!IS_ERR_OR_NULL(rec))
		return rec;
	if (rx->policy == BULK_RX_BLOCK) {
		WRITE_ONCE(rx->was_full, true);
		return ERR_PTR(-EAGAIN);
	}
	atomic_inc(&rx->nmi_lost);
	(*dropped)++;
	return ERR_PTR(-ENOSPC);
}

static bool bulk_rx_could(struct bulk_rx *rx, struct bulk_rx_ring *ring,
			  size_t cost, size_t need)
{
	return bulk_rx_try_anew(rx, ring, cost, need, false) ||
	       (bulk_rx_within(rx, cost, 0) &&
		bulk_rx_next_size(rx, ring, need));
}

/**
 * bulk_rx_has_room_for() - would a record be accepted now without a loss?
 * @rx: the rings
 * @len: its bytes
 *
 * Context: Any but NMI. Takes the rings' lock.
 * Return: true if so, if there is memory.
 */
bool bulk_rx_has_room_for(struct bulk_rx *rx, size_t len)
{
	size_t cost = bulk_record_space(len), need;
	struct bulk_rx_ring *ring;
	unsigned long flags;
	bool fits;

	flags = bulk_rx_lock(rx);
	ring = bulk_rx_last(rx);
	need = bulk_rx_is_far(rx, ring, len) ? BULK_FAR_SPACE : cost;
	fits = bulk_rx_could(rx, ring, cost, need);
	if (!fits) {
		WRITE_ONCE(rx->was_full, true);
		/* Pairs with the barrier in bulk_rx_was_full(). */
		smp_mb();
		fits = bulk_rx_could(rx, ring, cost, need);
	}
	bulk_rx_unlock(rx, flags);
	return fits;
}
