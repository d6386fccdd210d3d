// SPDX-License-Identifier: GPL-2.0
/*
 * Records that are queued in NMIs, where nothing can be allocated or locked.
 *
 * They live in spares, made ready before. A free one is had by an exchange; a
 * committed one goes to a list without a lock, from which whoever comes next to
 * the queue with its lock gathers it; and when its reader is done with it, it
 * is a spare again.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "queue.h"

/* An NMI may look at every spare. */
#define BULK_SPARES_MAX		256

/**
 * struct bulk_spares - records for NMIs
 * @len: longest record
 * @nr: how many there are
 * @stride: bytes from one to the next
 * @mem: all of them
 * @free: those not in use, in no order; the other places are NULL
 */
struct bulk_spares {
	size_t len;
	unsigned int nr;
	size_t stride;
	void *mem;
	struct bulk_record *free[] __counted_by(nr);
};

static size_t bulk_spares_size(const struct bulk_spares *s)
{
	return size_add(struct_size(s, free, s->nr),
			size_mul(s->nr, s->stride));
}

static struct bulk_spares *bulk_spares_alloc(unsigned int nr, size_t len)
{
	const gfp_t gfp = BULK_GFP_ACCOUNT | __GFP_ZERO;
	struct bulk_spares *s = kmalloc(struct_size(s, free, nr), gfp);
	unsigned int i;

	if (!s)
		return NULL;
	s->nr = nr;
	s->len = len;
	s->stride = ALIGN(size_add(sizeof(struct bulk_record), len), 8);
	s->mem = kvmalloc_array(nr, s->stride, gfp);
	if (!s->mem) {
		kfree(s);
		return NULL;
	}
	for (i = 0; i < nr; i++)
		s->free[i] = s->mem + i * s->stride;
	return s;
}

/**
 * bulk_queue_prepare_nmi() - make spares
 * @q: the queue, which nobody else uses yet
 * @nr: how many, at most 256
 * @len: bytes of the longest record, at most BULK_MAX_RECORD
 *
 * They do not count against the queue's limit, but against what the user may
 * lock.
 *
 * Context: Process context. May sleep.
 * Return: 0, -EINVAL, -EBUSY when there are some, -ENOMEM.
 */
int bulk_queue_prepare_nmi(struct bulk_queue *q, unsigned int nr, size_t len)
{
	struct bulk_spares *s;

	if (!nr || nr > BULK_SPARES_MAX || len > BULK_MAX_RECORD)
		return -EINVAL;
	if (q->spares)
		return -EBUSY;
	s = bulk_spares_alloc(nr, len);
	if (!s)
		return -ENOMEM;
	if (!bulk_queue_grow(q, bulk_spares_size(s))) {
		kvfree(s->mem);
		kfree(s);
		return -ENOMEM;
	}
	WRITE_ONCE(q->spares, s);
	return 0;
}

/**
 * bulk_spares_own() - is a record a spare?
 * @q: the queue that it came from
 * @rec: the record
 *
 * Context: Any.
 * Return: true if so.
 */
bool bulk_spares_own(const struct bulk_queue *q, const struct bulk_record *rec)
{
	const struct bulk_spares *s = q->spares;

	return s && (void *)rec >= s->mem &&
	       (void *)rec < s->mem + s->nr * s->stride;
}

/**
 * bulk_spares_put() - be done with a spare
 * @q: the queue that it came from
 * @rec: the record
 *
 * Context: Any.
 */
void bulk_spares_put(struct bulk_queue *q, struct bulk_record *rec)
{
	struct bulk_spares *s = q->spares;
	unsigned int i;

	/* No longer reserved, whoever comes with it again. */
	rec->list.next = LIST_POISON1;
	/* There are as many places as spares: one is left for each in use. */
	for (i = 0; i < s->nr; i++)
		if (!READ_ONCE(s->free[i]) && !cmpxchg(&s->free[i], NULL, rec))
			return;
	WARN_ON_ONCE(1);
}

static struct bulk_record *bulk_spares_get(struct bulk_spares *s)
{
	struct bulk_record *rec;
	unsigned int i;

	for (i = 0; i < s->nr; i++) {
		rec = READ_ONCE(s->free[i]) ? xchg(&s->free[i], NULL) : NULL;
		if (rec)
			return rec;
	}
	return NULL;
}

/**
 * bulk_spares_free() - free all spares
 * @q: the queue, with none of them in use
 *
 * Context: Any but NMI. Takes the queue's lock.
 */
void bulk_spares_free(struct bulk_queue *q)
{
	struct bulk_spares *s = q->spares;

	if (!s)
		return;
	bulk_queue_shrink(q, bulk_spares_size(s));
	q->spares = NULL;
	kvfree(s->mem);
	kfree(s);
}

/**
 * bulk_queue_reserve_nmi() - get a spare for one record
 * @q: the queue
 * @len: bytes of the record
 * @dropped: incremented when the policy let this record go
 *
 * Context: Any, NMI included. Takes no lock.
 * Return: a record to fill and to commit or free; or -EMSGSIZE when there are
 * no spares so long, and when all are in use -EAGAIN if the policy is to block,
 * else -ENOSPC: nothing older can be freed here to make room.
 */
struct bulk_record *bulk_queue_reserve_nmi(struct bulk_queue *q, size_t len,
					   unsigned int *dropped)
{
	struct bulk_spares *s = READ_ONCE(q->spares);
	struct bulk_record *rec;

	if (!s || len > s->len)
		return ERR_PTR(-EMSGSIZE);
	rec = bulk_spares_get(s);
	if (rec) {
		rec->len = len;
		INIT_LIST_HEAD(&rec->list);
		return rec;
	}
	if (q->policy == BULK_RX_BLOCK)
		return ERR_PTR(-EAGAIN);
	atomic_inc(&q->nmi_lost);
	(*dropped)++;
	return ERR_PTR(-ENOSPC);
}

/**
 * bulk_queue_commit_nmi() - let the reader have a reserved record
 * @q: the queue
 * @rec: the record, all of its data written
 * @tag: the record's tag
 *
 * It is queued once bulk_queue_gather() was called, or another record
 * committed.
 *
 * Context: Any, NMI included. Takes no lock.
 * Return: false, with nothing done, when it was committed or aborted before.
 */
bool bulk_queue_commit_nmi(struct bulk_queue *q, struct bulk_record *rec,
			   u64 tag)
{
	if (!bulk_record_is_reserved(rec))
		return false;
	rec->tag = tag;
	rec->lost = atomic_read(&q->nmi_lost);
	llist_add(&rec->incoming, &q->incoming);
	return true;
}

/**
 * bulk_queue_abort_nmi() - give a spare back
 * @q: the queue
 * @rec: the record
 *
 * Context: Any, NMI included. Takes no lock.
 * Return: false, with nothing done, when it is no spare, or not reserved.
 */
bool bulk_queue_abort_nmi(struct bulk_queue *q, struct bulk_record *rec)
{
	if (!bulk_spares_own(q, rec) || !bulk_record_is_reserved(rec))
		return false;
	bulk_spares_put(q, rec);
	return true;
}

/* Of those that NMIs lost, count what was not yet, up to the @until-th. */
static void bulk_queue_lose_nmi(struct bulk_queue *q, u32 until)
{
	u32 lost = until - q->nmi_counted;

	/* NMIs on two CPUs may commit in another order than they counted in. */
	if ((s32)lost <= 0)
		return;
	q->nmi_counted = until;
	bulk_queue_count_lost(q, lost);
}

/**
 * bulk_queue_gather_locked() - queue what was committed in NMIs
 * @q: the queue, whose lock is held
 */
void bulk_queue_gather_locked(struct bulk_queue *q)
{
	/* First: a later loss belongs before a record that is not seen yet. */
	u32 lost = atomic_read(&q->nmi_lost);
	struct llist_node *newest = llist_del_all(&q->incoming);
	struct bulk_record *rec, *next;

	lockdep_assert_held(&q->lock);
	llist_for_each_entry_safe(rec, next, llist_reverse_order(newest),
				  incoming) {
		/* An NMI may commit what was reserved elsewhere. */
		if (!bulk_spares_own(q, rec))
			q->reserved--;
		bulk_queue_lose_nmi(q, rec->lost);
		bulk_queue_add(q, rec);
	}
	bulk_queue_lose_nmi(q, lost);
}

/**
 * bulk_queue_gather() - queue what was committed in NMIs
 * @q: the queue
 *
 * Context: Any but NMI. Takes the queue's lock.
 */
void bulk_queue_gather(struct bulk_queue *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	bulk_queue_gather_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
}
