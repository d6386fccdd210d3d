/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queue of the records that wait for an endpoint's reader.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_QUEUE_H
#define _BULK_XFER_QUEUE_H

#include <linux/bulk_xfer.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct ucounts;

/**
 * struct bulk_record - a record in kernel memory
 * @list: place in &bulk_queue.records
 * @tag: the producer's 64 bits
 * @len: bytes of @data
 * @lost: records lost just before this one
 * @data: what the reader gets; a producer fills all of it before the commit
 */
struct bulk_record {
	struct list_head list;
	u64 tag;
	u32 len;
	u32 lost;
	u8 data[] __aligned(8);
};

/**
 * struct bulk_queue - records, first in first out, within a limit of bytes
 * @lock: protects all below; producers may hold it in hard interrupts
 * @records: those committed and not yet taken
 * @count: how many these are
 * @bytes: occupied by them, by reserved ones, and by taken ones until freed
 * @limit: largest value of @bytes
 * @policy: what gives way at @limit
 * @pending_lost: records lost since the last commit
 * @total_lost: records lost since the start
 * @ucounts: whose locked memory @bytes are, or NULL to charge nobody
 * @memlock: pages that this user may lock
 * @charged: pages charged for this queue
 */
struct bulk_queue {
	spinlock_t lock; /* protects all below */
	struct list_head records;
	unsigned int count;
	size_t bytes;
	size_t limit;
	enum bulk_rx_policy policy;
	u32 pending_lost;
	u64 total_lost;
	struct ucounts *ucounts;
	unsigned long memlock;
	unsigned long charged;
};

void bulk_queue_init(struct bulk_queue *q, size_t limit,
		     enum bulk_rx_policy policy);
void bulk_queue_charge_to(struct bulk_queue *q, struct ucounts *ucounts,
			  unsigned long memlock);
void bulk_queue_destroy(struct bulk_queue *q);
bool bulk_queue_lock_memory(struct bulk_queue *q, unsigned long pages);
void bulk_queue_unlock_memory(struct bulk_queue *q, unsigned long pages);

struct bulk_record *bulk_queue_reserve(struct bulk_queue *q, size_t len,
				       gfp_t gfp, unsigned int *dropped);
void bulk_queue_commit(struct bulk_queue *q, struct bulk_record *rec, u64 tag);
struct bulk_record *bulk_queue_take(struct bulk_queue *q);
void bulk_queue_free(struct bulk_queue *q, struct bulk_record *rec);
bool bulk_queue_has_room(struct bulk_queue *q, size_t len);

#endif /* _BULK_XFER_QUEUE_H */
