// SPDX-License-Identifier: GPL-2.0
/*
 * Queue of the records that wait for an endpoint's reader.
 *
 * A record's memory counts against the queue from its reservation until it is
 * freed, also while a reader copies from it: what a user can pin is bounded by
 * &bulk_queue.limit whatever the user does between the two.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>

#include "queue.h"

/*
 * Most records that give way to a new one. They are looked for with interrupts
 * off and freed by its producer; there may be thousands without a byte.
 */
#define BULK_EVICT_MAX		64

/**
 * bulk_queue_init() - make an empty queue that charges nobody
 * @q: the queue
 * @limit: bytes that its records may occupy, overhead included
 * @policy: what gives way at @limit
 */
void bulk_queue_init(struct bulk_queue *q, size_t limit,
		     enum bulk_rx_policy policy)
{
	memset(q, 0, sizeof(*q));
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->records);
	q->limit = limit;
	q->policy = policy;
}

static size_t bulk_record_size(size_t len)
{
	return size_add(sizeof(struct bulk_record), len);
}

static u32 lost_add(u32 a, u32 b)
{
	u32 sum;

	return check_add_overflow(a, b, &sum) ? U32_MAX : sum;
}

/* Is there room for @size bytes without @old ones that are there? */
static bool bulk_queue_fits(struct bulk_queue *q, size_t size, size_t old)
{
	return size <= q->limit && q->bytes - old <= q->limit - size;
}

static struct bulk_record *bulk_queue_unlink_first(struct bulk_queue *q)
{
	struct bulk_record *rec;

	lockdep_assert_held(&q->lock);
	rec = list_first_entry_or_null(&q->records, struct bulk_record, list);
	if (!rec)
		return NULL;
	list_del(&rec->list);
	WRITE_ONCE(q->count, q->count - 1);
	return rec;
}

static void bulk_queue_lose(struct bulk_queue *q, struct bulk_record *after,
			    u32 lost)
{
	lockdep_assert_held(&q->lock);
	if (after)
		after->lost = lost_add(after->lost, lost);
	else
		q->pending_lost = lost_add(q->pending_lost, lost);
}

static void bulk_queue_catch_up(struct bulk_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (unlikely(!llist_empty(&q->incoming) ||
		     atomic_read(&q->nmi_lost) != q->nmi_counted))
		bulk_queue_gather_locked(q);
}

static void bulk_queue_drop(struct bulk_queue *q, struct bulk_record *rec,
			    struct list_head *victims)
{
	struct bulk_record *after = NULL;

	if (!list_is_last(&rec->list, &q->records))
		after = list_next_entry(rec, list);
	list_move(&rec->list, victims);
	WRITE_ONCE(q->count, q->count - 1);
	bulk_queue_put_bytes(q, bulk_record_size(rec->len));
	bulk_queue_lose(q, after, lost_add(rec->lost, 1));
	q->total_lost++;
}

/*
 * Bytes of the oldest records that have to go for @size bytes to fit, as far as
 * BULK_EVICT_MAX records have these.
 */
static size_t bulk_queue_evictable(struct bulk_queue *q, size_t size)
{
	unsigned int n = 0;
	size_t bytes = 0;
	struct bulk_record *rec;

	lockdep_assert_held(&q->lock);
	if (size > q->limit || bulk_queue_fits(q, size, 0))
		return 0;
	list_for_each_entry(rec, &q->records, list) {
		/* The memory of a spare is nobody else's. */
		if (bulk_spares_own(q, rec))
			continue;
		bytes += bulk_record_size(rec->len);
		if (++n == BULK_EVICT_MAX || bulk_queue_fits(q, size, bytes))
			break;
	}
	return bytes;
}

/* Move the oldest records, of @bytes in all, to @victims. */
static unsigned int bulk_queue_evict(struct bulk_queue *q, size_t bytes,
				     struct list_head *victims)
{
	struct bulk_record *rec, *next;
	unsigned int evicted = 0;

	list_for_each_entry_safe(rec, next, &q->records, list) {
		if (!bytes)
			break;
		if (bulk_spares_own(q, rec))
			continue;
		bytes -= bulk_record_size(rec->len);
		bulk_queue_drop(q, rec, victims);
		evicted++;
	}
	return evicted;
}

static int bulk_queue_get_bytes(struct bulk_queue *q, size_t size,
				struct list_head *victims,
				unsigned int *dropped)
{
	size_t old = 0;

	lockdep_assert_held(&q->lock);
	if (q->policy == BULK_RX_OVERWRITE_OLDEST)
		old = bulk_queue_evictable(q, size);
	if (!bulk_queue_fits(q, size, old)) {
		q->was_full = true;
		return q->policy == BULK_RX_BLOCK ? -EAGAIN : -ENOSPC;
	}
	if (!bulk_queue_charge(q, DIV_ROUND_UP(q->bytes - old + size, PAGE_SIZE)))
		return -ENOMEM;
	/* First, lest dropping gives back what was just charged. */
	q->bytes += size;
	*dropped += bulk_queue_evict(q, old, victims);
	return 0;
}

/* A record that the policy lets go is counted; with BLOCK its producer has it. */
static void bulk_queue_refuse(struct bulk_queue *q, unsigned int *dropped)
{
	lockdep_assert_held(&q->lock);
	if (q->policy == BULK_RX_BLOCK)
		return;
	bulk_queue_lose(q, NULL, 1);
	q->total_lost++;
	(*dropped)++;
}

static void bulk_queue_unreserve(struct bulk_queue *q, size_t size,
				 unsigned int *dropped)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->reserved--;
	bulk_queue_put_bytes(q, size);
	bulk_queue_refuse(q, dropped);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* NORETRY: the memory cgroup then answers ENOMEM and kills nobody. */
static struct bulk_record *bulk_record_alloc(size_t size, gfp_t gfp)
{
	gfp |= __GFP_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN;
	/* An interrupt must not get into vmalloc(), whatever its flags. */
	if (!gfpflags_allow_blocking(gfp))
		return kmalloc(size, gfp);
	return kvmalloc(size, gfp);
}

/* For producers, of any context but NMI: vfree() may sleep. */
static void bulk_record_free_atomic(struct bulk_record *rec)
{
	if (is_vmalloc_addr(rec))
		vfree_atomic(rec);
	else
		kfree(rec);
}

/* Find room for @size bytes, unless @ret says that it is too late for that. */
static int bulk_queue_admit(struct bulk_queue *q, size_t size, int ret,
			    struct list_head *victims, unsigned int *dropped)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	bulk_queue_catch_up(q);
	if (!ret)
		ret = bulk_queue_get_bytes(q, size, victims, dropped);
	if (ret)
		bulk_queue_refuse(q, dropped);
	else
		q->reserved++;
	spin_unlock_irqrestore(&q->lock, flags);
	return ret;
}

/**
 * bulk_queue_reserve() - get memory for one record
 * @q: the queue
 * @len: bytes of the record, at most U32_MAX
 * @gfp: how the memory may be allocated; it is charged to the memory cgroup,
 *	and a cgroup at its limit is an error, not a reason to kill
 * @dropped: incremented by the number of records that the policy let go, this
 *	one perhaps among them
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: a record to fill and to commit or abort; or -EAGAIN when the queue is
 * full and the policy is to block, -ENOSPC when it is full under another
 * policy, or so full of small records that more than BULK_EVICT_MAX would have
 * to go, -ENOMEM when memory or the user's right to lock it is short.
 */
struct bulk_record *bulk_queue_reserve(struct bulk_queue *q, size_t len,
				       gfp_t gfp, unsigned int *dropped)
{
	size_t size = bulk_record_size(len);
	struct bulk_record *rec = NULL, *old, *next;
	LIST_HEAD(victims);
	int ret = 0;

	/* No record is lost for one that there is no memory for. */
	if (q->policy == BULK_RX_OVERWRITE_OLDEST && size <= READ_ONCE(q->limit)) {
		rec = bulk_record_alloc(size, gfp);
		ret = rec ? 0 : -ENOMEM;
	}
	ret = bulk_queue_admit(q, size, ret, &victims, dropped);
	list_for_each_entry_safe(old, next, &victims, list)
		bulk_record_free_atomic(old);
	if (!ret && !rec) {
		rec = bulk_record_alloc(size, gfp);
		if (!rec) {
			bulk_queue_unreserve(q, size, dropped);
			ret = -ENOMEM;
		}
	}
	if (ret) {
		bulk_record_free_atomic(rec);
		return ERR_PTR(ret);
	}
	rec->len = len;
	INIT_LIST_HEAD(&rec->list);
	return rec;
}

/**
 * bulk_queue_was_full() - has a record been refused since this was asked last?
 * @q: the queue
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: true if so: its producer may wait for room.
 */
bool bulk_queue_was_full(struct bulk_queue *q)
{
	unsigned long flags;
	bool full = false;

	spin_lock_irqsave(&q->lock, flags);
	swap(full, q->was_full);
	spin_unlock_irqrestore(&q->lock, flags);
	return full;
}

/**
 * bulk_queue_count_lost() - records were lost after the last one queued
 * @q: the queue, whose lock is held
 * @lost: how many
 */
void bulk_queue_count_lost(struct bulk_queue *q, u32 lost)
{
	bulk_queue_lose(q, NULL, lost);
	q->total_lost += lost;
}

/**
 * bulk_queue_add() - put a record at the end
 * @q: the queue, whose lock is held
 * @rec: the record
 */
void bulk_queue_add(struct bulk_queue *q, struct bulk_record *rec)
{
	lockdep_assert_held(&q->lock);
	rec->lost = q->pending_lost;
	q->pending_lost = 0;
	list_add_tail(&rec->list, &q->records);
	WRITE_ONCE(q->count, q->count + 1);
}

/*
 * Is a record one that is reserved? Then it is no longer. Where none is, it may
 * be memory that was freed, and is not looked at.
 */
static bool bulk_queue_claim(struct bulk_queue *q, struct bulk_record *rec)
{
	lockdep_assert_held(&q->lock);
	if (unlikely(q->spares) && bulk_spares_own(q, rec))
		return bulk_record_is_reserved(rec);
	if (!q->reserved || !bulk_record_is_reserved(rec))
		return false;
	q->reserved--;
	return true;
}

/**
 * bulk_queue_commit() - let the reader have a reserved record
 * @q: the queue
 * @rec: from bulk_queue_reserve(), all of its data written
 * @tag: the record's tag
 *
 * Records are queued in the order of their commits.
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: false, with nothing done, when it was committed or aborted before. A
 * record whose memory was freed since is found out if none is reserved.
 */
bool bulk_queue_commit(struct bulk_queue *q, struct bulk_record *rec, u64 tag)
{
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&q->lock, flags);
	bulk_queue_catch_up(q);
	ours = bulk_queue_claim(q, rec);
	if (likely(ours)) {
		rec->tag = tag;
		bulk_queue_add(q, rec);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return ours;
}

/**
 * bulk_queue_pop() - take the record that waits longest
 * @q: the queue
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: a record for bulk_queue_free(), or NULL when none waits.
 */
struct bulk_record *bulk_queue_pop(struct bulk_queue *q)
{
	struct bulk_record *rec;
	unsigned long flags;

	/* A record that is just being committed announces itself later. */
	if (!READ_ONCE(q->count))
		return NULL;
	spin_lock_irqsave(&q->lock, flags);
	rec = bulk_queue_unlink_first(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return rec;
}

/* Return: true when the record's memory is to be freed. */
static bool bulk_queue_release(struct bulk_queue *q, struct bulk_record *rec)
{
	unsigned long flags;

	if (bulk_spares_own(q, rec)) {
		bulk_spares_put(q, rec);
		return false;
	}
	spin_lock_irqsave(&q->lock, flags);
	bulk_queue_put_bytes(q, bulk_record_size(rec->len));
	spin_unlock_irqrestore(&q->lock, flags);
	return true;
}

/**
 * bulk_queue_free() - free a record that was taken
 * @q: the queue that it came from
 * @rec: the record
 *
 * Context: Process context. Takes the queue's lock. May sleep.
 */
void bulk_queue_free(struct bulk_queue *q, struct bulk_record *rec)
{
	if (bulk_queue_release(q, rec))
		kvfree(rec);
}

/**
 * bulk_queue_abort() - give a reserved record back
 * @q: the queue that it came from
 * @rec: the record
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: as bulk_queue_commit().
 */
bool bulk_queue_abort(struct bulk_queue *q, struct bulk_record *rec)
{
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&q->lock, flags);
	ours = bulk_queue_claim(q, rec);
	spin_unlock_irqrestore(&q->lock, flags);
	if (ours && bulk_queue_release(q, rec))
		bulk_record_free_atomic(rec);
	return ours;
}

/**
 * bulk_queue_has_room() - would a record be accepted now without a loss?
 * @q: the queue
 * @len: its bytes
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: true if so.
 */
bool bulk_queue_has_room(struct bulk_queue *q, size_t len)
{
	unsigned long flags;
	bool fits;

	spin_lock_irqsave(&q->lock, flags);
	fits = bulk_queue_fits(q, bulk_record_size(len), 0);
	q->was_full |= !fits;
	spin_unlock_irqrestore(&q->lock, flags);
	return fits;
}

/**
 * bulk_queue_lost() - records lost since the start
 * @q: the queue
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: how many, those included that no receiver was told of yet.
 */
u64 bulk_queue_lost(struct bulk_queue *q)
{
	unsigned long flags;
	u64 lost;

	spin_lock_irqsave(&q->lock, flags);
	bulk_queue_catch_up(q);
	lost = q->total_lost;
	spin_unlock_irqrestore(&q->lock, flags);
	return lost;
}

/**
 * bulk_queue_destroy() - free what waits and return what was charged
 * @q: the queue; nobody else may use it any more
 */
void bulk_queue_destroy(struct bulk_queue *q)
{
	struct bulk_record *rec;

	bulk_queue_gather(q);
	while ((rec = bulk_queue_pop(q)))
		bulk_queue_free(q, rec);
	bulk_spares_free(q);
	bulk_queue_uncharge(q, q->charged);
	if (q->ucounts)
		put_ucounts(q->ucounts);
}
