// SPDX-License-Identifier: GPL-2.0
/*
 * Whose locked memory the records of a queue, and what lies beside them, are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/cred.h>
#include <linux/user_namespace.h>

#include "queue.h"

/**
 * bulk_queue_charge_to() - charge an empty queue's bytes as locked memory
 * @q: the queue
 * @ucounts: the user; the queue takes over the caller's reference
 * @memlock: pages that the user may lock in all
 */
void bulk_queue_charge_to(struct bulk_queue *q, struct ucounts *ucounts,
			  unsigned long memlock)
{
	q->ucounts = ucounts;
	q->memlock = memlock;
}

/**
 * bulk_queue_lock_memory() - charge memory beside the records to a queue's user
 * @q: the queue
 * @pages: how much
 *
 * Context: Any.
 * Return: false when the user may not lock so much more.
 */
bool bulk_queue_lock_memory(struct bulk_queue *q, unsigned long pages)
{
	long locked;

	if (!q->ucounts || !pages)
		return true;
	locked = inc_rlimit_ucounts(q->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
	if (locked == LONG_MAX || locked > q->memlock) {
		dec_rlimit_ucounts(q->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
		return false;
	}
	return true;
}

/**
 * bulk_queue_unlock_memory() - give back what bulk_queue_lock_memory() charged
 * @q: the queue
 * @pages: how much
 *
 * Context: Any.
 */
void bulk_queue_unlock_memory(struct bulk_queue *q, unsigned long pages)
{
	if (q->ucounts && pages)
		dec_rlimit_ucounts(q->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
}

/**
 * bulk_queue_grow() - raise the limit by memory that is occupied from now on
 * @q: the queue
 * @size: bytes
 *
 * Context: Any but NMI. Takes the queue's lock.
 * Return: false when the user may not lock so much more.
 */
bool bulk_queue_grow(struct bulk_queue *q, size_t size)
{
	unsigned long flags;
	bool charged;

	spin_lock_irqsave(&q->lock, flags);
	charged = bulk_queue_charge(q, DIV_ROUND_UP(q->bytes + size, PAGE_SIZE));
	if (charged) {
		q->limit += size;
		q->bytes += size;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return charged;
}

/**
 * bulk_queue_shrink() - undo bulk_queue_grow()
 * @q: the queue
 * @size: bytes
 *
 * Context: Any but NMI. Takes the queue's lock.
 */
void bulk_queue_shrink(struct bulk_queue *q, size_t size)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	bulk_queue_put_bytes(q, size);
	q->limit -= size;
	spin_unlock_irqrestore(&q->lock, flags);
}
