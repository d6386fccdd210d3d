/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queue of the records that wait for an endpoint's reader.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_QUEUE_H
#define _BULK_XFER_QUEUE_H

#include <linux/atomic.h>
#include <linux/bulk_xfer.h>
#include <linux/gfp_types.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/spinlock.h>

struct bulk_spares;
struct ucounts;

/*
 * For memory that a user can grow. NORETRY: at its memory cgroup's limit the answer
 * is ENOMEM, and nobody is killed.
 */
#define BULK_GFP_ACCOUNT	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | \
				 __GFP_NOWARN)

/**
 * struct bulk_record - a record in kernel memory
 * @list: place in &bulk_queue.records; empty while the record is reserved
 * @incoming: place in &bulk_queue.incoming, before that
 * @tag: the producer's 64 bits
 * @len: bytes of @data
 * @lost: records lost just before this one; in &bulk_queue.incoming, those
 *	that NMIs had lost since the start
 * @data: what the reader gets; a producer fills all of it before the commit
 */
struct bulk_record {
	union {
		struct list_head list;
		struct llist_node incoming;
	};
	u64 tag;
	u32 len;
	u32 lost;
	u8 data[] __aligned(8);
};

/**
 * struct bulk_queue - records, first in first out, within a limit of bytes
 * @lock: protects all below but what NMIs use, which is @spares, @incoming and
 *	@nmi_lost; producers may hold it in hard interrupts
 * @records: those committed and not yet taken
 * @count: how many these are
 * @bytes: occupied by them, by reserved ones, and by taken ones until freed
 * @limit: largest value of @bytes
 * @reserved: those reserved, and neither committed nor aborted yet; spares are
 *	not among them
 * @was_full: a producer found it so, see bulk_queue_was_full()
 * @policy: what gives way at @limit
 * @pending_lost: records lost since the last commit
 * @total_lost: records lost since the start
 * @spares: records for NMIs, which cannot allocate, or NULL
 * @incoming: records committed in NMIs and not yet among @records
 * @nmi_lost: records that NMIs lost since the start, modulo 2^32
 * @nmi_counted: how many of these @total_lost has
 * @ucounts: whose locked memory @bytes are, or NULL to charge nobody
 * @memlock: pages that this user may lock
 * @charged: pages charged for this queue
 */
struct bulk_queue {
	spinlock_t lock; /* protects all below but what NMIs use */
	struct list_head records;
	unsigned int count;
	size_t bytes;
	size_t limit;
	unsigned int reserved;
	bool was_full;
	enum bulk_rx_policy policy;
	u32 pending_lost;
	u64 total_lost;
	struct bulk_spares *spares;
	struct llist_head incoming;
	atomic_t nmi_lost;
	u32 nmi_counted;
	struct ucounts *ucounts;
	unsigned long memlock;
	unsigned long charged;
};

static inline bool bulk_record_is_reserved(const struct bulk_record *rec)
{
	return list_empty(&rec->list);
}

void bulk_queue_init(struct bulk_queue *q, size_t limit,
		     enum bulk_rx_policy policy);
void bulk_queue_charge_to(struct bulk_queue *q, struct ucounts *ucounts,
			  unsigned long memlock);
void bulk_queue_destroy(struct bulk_queue *q);
bool bulk_queue_lock_memory(struct bulk_queue *q, unsigned long pages);
void bulk_queue_unlock_memory(struct bulk_queue *q, unsigned long pages);

/* Pages that stay charged to an idle queue, lest every record pays twice. */
#define BULK_CHARGE_SLACK	16

static inline bool bulk_queue_charge(struct bulk_queue *q, unsigned long pages)
{
	if (pages <= q->charged)
		return true;
	if (!bulk_queue_lock_memory(q, pages - q->charged))
		return false;
	q->charged = pages;
	return true;
}

static inline void bulk_queue_uncharge(struct bulk_queue *q, unsigned long pages)
{
	bulk_queue_unlock_memory(q, pages);
	q->charged -= pages;
}

static inline void bulk_queue_put_bytes(struct bulk_queue *q, size_t size)
{
	unsigned long pages;

	lockdep_assert_held(&q->lock);
	q->bytes -= size;
	pages = DIV_ROUND_UP(q->bytes, PAGE_SIZE);
	if (q->charged > pages + BULK_CHARGE_SLACK)
		bulk_queue_uncharge(q, q->charged - pages);
}

struct bulk_record *bulk_queue_reserve(struct bulk_queue *q, size_t len,
				       gfp_t gfp, unsigned int *dropped);
bool bulk_queue_commit(struct bulk_queue *q, struct bulk_record *rec, u64 tag);
struct bulk_record *bulk_queue_pop(struct bulk_queue *q);
void bulk_queue_free(struct bulk_queue *q, struct bulk_record *rec);
bool bulk_queue_abort(struct bulk_queue *q, struct bulk_record *rec);
bool bulk_queue_has_room(struct bulk_queue *q, size_t len);
bool bulk_queue_was_full(struct bulk_queue *q);
u64 bulk_queue_lost(struct bulk_queue *q);

int bulk_queue_prepare_nmi(struct bulk_queue *q, unsigned int nr, size_t len);
struct bulk_record *bulk_queue_reserve_nmi(struct bulk_queue *q, size_t len,
					   unsigned int *dropped);
bool bulk_queue_commit_nmi(struct bulk_queue *q, struct bulk_record *rec,
			   u64 tag);
bool bulk_queue_abort_nmi(struct bulk_queue *q, struct bulk_record *rec);
void bulk_queue_gather(struct bulk_queue *q);

bool bulk_queue_grow(struct bulk_queue *q, size_t size);
void bulk_queue_shrink(struct bulk_queue *q, size_t size);
void bulk_queue_count_lost(struct bulk_queue *q, u32 lost);
void bulk_queue_add(struct bulk_queue *q, struct bulk_record *rec);
void bulk_queue_gather_locked(struct bulk_queue *q);
bool bulk_spares_own(const struct bulk_queue *q, const struct bulk_record *rec);
void bulk_spares_put(struct bulk_queue *q, struct bulk_record *rec);
void bulk_spares_free(struct bulk_queue *q);

#endif /* _BULK_XFER_QUEUE_H */
