/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The RX rings of an endpoint: records from their producers to their reader.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_RX_H
#define _BULK_XFER_RX_H

#include <linux/atomic.h>
#include <linux/bulk_xfer.h>
#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <vdso/bulk_xfer.h>

#include "ring.h"

struct bulk_memlock;
struct page;

/*
 * No errno, for a provider may return any of these:
 * other receivers were faster.
 */
#define BULK_RECV_BEATEN	1

/* No position is as large. */
#define BULK_RX_NO_RUN		(~0ULL)

/*
 * Rings that an endpoint may have at a time;
 * most are twice as large as the last.
 */
#define BULK_RX_RINGS		16

/* The smallest ring of the kernel's own, and its longest record but in NMIs. */
#define BULK_RX_OWN_MIN		SZ_4K
#define BULK_RX_OWN_RECORD	SZ_8K

/*
 * In the first 32 bits of &struct bulk_record.head, beside a length below
 * BULK_REC_LEN. With any of them the record looks longer than what there is in
 * the ring, so that no vDSO touches it.
 */
#define BULK_REC_BUSY		BIT(31) /* reserved, and not committed */
#define BULK_REC_SKIP		BIT(30) /* none: the length is what it takes */
#define BULK_REC_FAR		BIT(29) /* its bytes are in their own memory */
#define BULK_REC_LEN		(BIT(29) - 1)

/* A record in memory of its own leaves its length in the ring, as its data. */
#define BULK_FAR_SPACE		(sizeof(struct bulk_record) + sizeof(u64))

/**
 * struct bulk_far - a record that is too long for a ring, in memory of its own
 * @node: place in &bulk_rx.far, in the order of the ring
 * @ring: where its place is kept
 * @pos: position of this place
 * @refs: held by the list, and by a reader that copies or maps
 * @charged: pages that the endpoint's owner pays for
 * @len: its bytes
 * @data: these, in @rec or in pages of their own; NULL: they are in the pages
 *	that @rec lists
 * @rec: the record
 */
struct bulk_far {
	struct list_head node;
	struct bulk_rx_ring *ring;
	u64 pos;
	refcount_t refs;
	unsigned long charged;
	u32 len;
	void *data;
	struct bulk_record rec;
};

static inline bool bulk_far_is_in_pages(const struct bulk_far *far)
{
	return far->data != far->rec.data;
}

/**
 * struct bulk_rx_ring - a ring of records for the reader
 * @node: place in &bulk_rx.rings
 * @data: @size bytes
 * @size: a power of two
 * @share: what a record may occupy of it
 * @slot: place in &bulk_rx.slots
 * @users: producers that have reserved a record here, or just committed it
 * @mirrored: @data is mapped twice in a row, so that no record is in two
 *	pieces; else one that would be starts over, and what it leaves is
 *	skipped
 * @kernel: page that tells the process of the ring, for that of a window; or
 *	NULL
 * @release: lets go of the window
 * @mapped: a process reads from it, too; protected by both locks
 * @bad: that process wrote nonsense, so nothing more is received
 * @pages: charged to the endpoint's owner for a ring of the kernel's own
 * @head: end of what is reserved; written under &bulk_rx.lock
 * @run: where records are being produced, which become the reader's when all
 *	are; BULK_RX_NO_RUN: nowhere. Written under &bulk_rx.lock
 * @low: the producers' last value of the tail; protected by &bulk_rx.lock
 * @skipped: bytes from there on that hold no record; protected by &bulk_rx.lock
 * @tail: the reader's last value of the tail, protected by the RX lock, as is
 * @end: the reader's last value of *@shared_head
 * @borrowed: the process reads the records where they lie; RX lock
 * @shared_head: end of what is committed; records become the reader's in order
 * @shared_tail: start of what was not received. Whoever takes a record,
 *	process, reader or producer, does so by compare-and-exchange
 * @odd: end of the last one that is no plain record; written under
 *	&bulk_rx.lock
 * @own_head: what *@shared_head is without a window
 * @own_tail: likewise
 * @own_odd: likewise
 */
struct bulk_rx_ring {
	struct list_head node;
	void *data;
	u32 size;
	u32 share;
	unsigned int slot;
	atomic_t users;
	bool mirrored;
	struct bulk_window_kernel *kernel;
	void (*release)(struct bulk_rx_ring *ring);
	bool mapped;
	bool bad;
	unsigned long pages;
	u64 head;
	u64 run;
	u64 low;
	u64 skipped;
	u64 tail;
	u64 end;
	bool borrowed;
	u64 *shared_head;
	u64 *shared_tail;
	u64 *odd;
	u64 own_head;
	u64 own_tail;
	u64 own_odd;
};

/**
 * struct bulk_rx - all that waits for the reader of an endpoint
 * @lock: protects all below; taken in any context, and tried in NMIs
 * @held: the lock is held, where there is one processor and so no lock
 * @rings: the first is the reader's, the last one the producers'; changed under
 *	the lock of the reader, too, where it is not appended to
 * @slots: the same, by number
 * @drained: rings that some producer may still look at; protected as @rings
 * @far: records in memory of their own
 * @limit: bytes that may wait
 * @far_bytes: those in @far
 * @own_max: size of the largest ring of the kernel's own
 * @policy: what gives way at @limit
 * @reserved: records reserved, and neither committed nor aborted
 * @was_full: a producer found it so; read without the lock
 * @pending_lost: records lost since the last one was reserved
 * @total_lost: records lost since the start
 * @nmi_lost: records that NMIs lost, and that are in neither yet
 * @nmi_len: bytes of the longest record in an NMI; 0 and no @nmi_room: none
 * @nmi_room: bytes of the last ring that are theirs
 * @records: those that have become the reader's, less those lost since
 * @bytes: bytes in them
 * @memlock: who pays
 * @dropped: told of each record that gives way, under the lock; or NULL
 */
struct bulk_rx {
	raw_spinlock_t lock; /* protects all below; tried in NMIs */
	bool held;
	struct list_head rings;
	struct bulk_rx_ring *slots[BULK_RX_RINGS];
	struct list_head drained;
	struct list_head far;
	size_t limit;
	size_t far_bytes;
	u32 own_max;
	enum bulk_rx_policy policy;
	atomic_t reserved;
	bool was_full;
	u32 pending_lost;
	u64 total_lost;
	atomic_t nmi_lost;
	size_t nmi_len;
	size_t nmi_room;
	atomic64_t records;
	atomic64_t bytes;
	struct bulk_memlock *memlock;
	void (*dropped)(struct bulk_rx *rx, const void *data, size_t len);
};

static inline struct bulk_record *bulk_rx_at(const struct bulk_rx_ring *ring,
					     u64 pos)
{
	return ring->data + (pos & (ring->size - 1));
}

/* Bytes that a record occupies in its ring, by the first word of its head. */
static inline u64 bulk_rx_space(u32 word)
{
	if (unlikely(word & (BULK_REC_SKIP | BULK_REC_FAR)))
		return word & BULK_REC_SKIP ? word & BULK_REC_LEN
					    : BULK_FAR_SPACE;
	return bulk_record_space(word & BULK_REC_LEN);
}

/*
 * Bytes of the record at @pos, wherever they are. @word may be no head, where a
 * record has been overwritten meanwhile: no more is read than there is.
 */
static inline u32 bulk_rx_len(const struct bulk_rx_ring *ring, u64 pos,
			      u32 word)
{
	if (likely(!(word & BULK_REC_FAR)))
		return word & BULK_REC_LEN;
	if (!ring->mirrored &&
	    (pos & (ring->size - 1)) > ring->size - BULK_FAR_SPACE)
		return 0;
	return *(const u32 *)bulk_rx_at(ring, pos)->data;
}

/* The two halves of a head, of which a commit writes the first only. */
static inline u32 *bulk_record_word(struct bulk_record *rec)
{
	return (u32 *)&rec->head;
}

static inline u32 *bulk_record_losses(struct bulk_record *rec)
{
	return (u32 *)&rec->head + 1;
}

/* Where the bytes of a reserved record go. */
static inline void *bulk_rx_data(struct bulk_record *rec)
{
	if (unlikely(*bulk_record_word(rec) & BULK_REC_FAR))
		return container_of(rec, struct bulk_far, rec)->data;
	return rec->data;
}

static inline struct bulk_rx_ring *bulk_rx_last(const struct bulk_rx *rx)
{
	return list_empty(&rx->rings) ? NULL :
	       list_last_entry(&rx->rings, struct bulk_rx_ring, node);
}

/*
 * A ring's last record may be the longest;
 * one of a window has room for several.
 */
static inline u32 bulk_rx_share(u32 size)
{
	return size / BULK_RING_SHARE;
}

static inline unsigned long bulk_rx_lock(struct bulk_rx *rx)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&rx->lock, flags);
	if (!IS_ENABLED(CONFIG_SMP))
		WRITE_ONCE(rx->held, true);
	return flags;
}

static inline void bulk_rx_unlock(struct bulk_rx *rx, unsigned long flags)
{
	if (!IS_ENABLED(CONFIG_SMP))
		WRITE_ONCE(rx->held, false);
	raw_spin_unlock_irqrestore(&rx->lock, flags);
}

static inline bool bulk_rx_trylock_nmi(struct bulk_rx *rx)
{
	return !READ_ONCE(rx->held) && raw_spin_trylock(&rx->lock);
}

/* NORETRY: the memory cgroup then answers ENOMEM and kills nobody. */
static inline gfp_t bulk_rx_gfp(gfp_t gfp)
{
	return gfp | __GFP_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN;
}

/* Bytes that a record may occupy of the largest ring of the kernel's own. */
static inline u32 bulk_rx_own_share(const struct bulk_rx *rx)
{
	return min_t(u32, bulk_rx_share(rx->own_max), BULK_RX_OWN_RECORD);
}

/* --- For producers and reader: rx.c --- */

void bulk_rx_look(struct bulk_rx_ring *ring);
bool bulk_rx_within(const struct bulk_rx *rx, size_t cost, size_t freed);
u64 bulk_rx_room(const struct bulk_rx *rx, const struct bulk_rx_ring *ring);
size_t bulk_rx_below_limit(const struct bulk_rx *rx);
void bulk_rx_unuse(struct bulk_rx_ring *ring);
u64 bulk_rx_pad(const struct bulk_rx_ring *ring, size_t need);
bool bulk_rx_fits(const struct bulk_rx *rx, const struct bulk_rx_ring *ring,
		  size_t need, u64 freed, bool nmi);
struct bulk_far *bulk_rx_far_at(const struct bulk_rx *rx,
				const struct bulk_rx_ring *ring, u64 pos);
u64 bulk_rx_space_at(const struct bulk_rx *rx, const struct bulk_rx_ring *ring,
		     u64 pos, u64 room);
void bulk_rx_set_odd(struct bulk_rx_ring *ring, u64 pos);
u32 bulk_rx_lost_add(u32 a, u32 b);
void bulk_rx_count_nmi_lost(struct bulk_rx *rx);
void bulk_rx_lose(struct bulk_rx *rx, struct bulk_rx_ring *ring, u64 pos,
		  u32 lost);
u64 bulk_rx_lost(struct bulk_rx *rx);
u32 bulk_rx_take_lost(struct bulk_rx *rx);
void bulk_rx_stop_telling(struct bulk_rx *rx);
void bulk_rx_lose_one(struct bulk_rx *rx, const void *data, size_t len);

/* --- Memory: rx_memory.c --- */

void bulk_rx_init(struct bulk_rx *rx, struct bulk_memlock *memlock,
		  size_t limit, enum bulk_rx_policy policy);
void bulk_rx_destroy(struct bulk_rx *rx);
void *bulk_rx_alloc(size_t size, gfp_t gfp);
void bulk_rx_free_atomic(void *mem);
void bulk_rx_ring_init(struct bulk_rx_ring *ring, void *data, u32 size);
struct bulk_rx_ring *bulk_rx_ring_create(struct bulk_rx *rx, u32 size,
					 gfp_t gfp);
void bulk_rx_ring_free(struct bulk_rx *rx, struct bulk_rx_ring *ring);
bool bulk_rx_append(struct bulk_rx *rx, struct bulk_rx_ring *ring);
int bulk_rx_prepare_nmi(struct bulk_rx *rx, unsigned int nr, size_t len);
int bulk_rx_set_policy(struct bulk_rx *rx, enum bulk_rx_policy policy,
		       size_t limit);

/* --- Long records: rx_far.c --- */

struct bulk_far *bulk_far_create(struct bulk_rx *rx, u32 len, gfp_t gfp);
struct bulk_far *bulk_far_create_pages(struct bulk_rx *rx,
				       struct page *const *pages, u32 len,
				       gfp_t gfp);
unsigned int bulk_far_nr_pages(const struct bulk_far *far);
struct page *bulk_far_page(struct bulk_far *far, unsigned int i);
void bulk_far_put(struct bulk_rx *rx, struct bulk_far *far);
void bulk_far_put_all(struct bulk_rx *rx, struct list_head *list);

/* --- Windows: rx_window.c --- */

void bulk_rx_ring_init_window(struct bulk_rx_ring *ring, void *data, u32 size,
			      struct bulk_window_user *user,
			      struct bulk_window_kernel *kernel,
			      void (*release)(struct bulk_rx_ring *ring));
bool bulk_rx_can_move(const struct bulk_rx *rx, const struct bulk_rx_ring *to);
struct bulk_rx_ring *bulk_rx_old_window(const struct bulk_rx *rx);
void bulk_rx_move_on(struct bulk_rx *rx, struct bulk_rx_ring *to);
int bulk_rx_attach(struct bulk_rx *rx, struct bulk_rx_ring *ring);
void bulk_rx_detach(struct bulk_rx *rx, struct bulk_rx_ring *ring);

/* --- Producers: rx_evict.c, rx_reserve.c, rx_commit.c --- */

unsigned int bulk_rx_evict(struct bulk_rx *rx, size_t cost, size_t need,
			   struct list_head *victims);

struct bulk_record *bulk_rx_reserve(struct bulk_rx *rx, size_t len, gfp_t gfp,
				    unsigned int *dropped);
struct bulk_record *bulk_rx_reserve_pages(struct bulk_rx *rx,
					  struct page *const *pages, size_t len,
					  gfp_t gfp, unsigned int *dropped);
void *bulk_rx_begin(struct bulk_rx *rx, size_t len, u64 tag,
		    unsigned long *flags);
bool bulk_rx_end(struct bulk_rx *rx, unsigned long flags);
struct bulk_record *bulk_rx_reserve_nmi(struct bulk_rx *rx, size_t len,
					unsigned int *dropped);
bool bulk_rx_has_room_for(struct bulk_rx *rx, size_t len);

bool bulk_rx_reserved_meta(struct bulk_rx *rx, struct bulk_record *rec,
			   struct bulk_meta *meta);
bool bulk_rx_commit(struct bulk_rx *rx, struct bulk_record *rec, u64 tag);
bool bulk_rx_abort(struct bulk_rx *rx, struct bulk_record *rec);
bool bulk_rx_abort_nmi(struct bulk_rx *rx, struct bulk_record *rec);
unsigned int bulk_rx_forsake(struct bulk_rx *rx);
void bulk_rx_publish(struct bulk_rx *rx, struct bulk_rx_ring *ring);

/* --- What was read: rx_retire.c --- */

void bulk_rx_reap(struct bulk_rx *rx, struct bulk_rx_ring *ring, u64 tail);
void bulk_rx_free_drained(struct bulk_rx *rx);
bool bulk_rx_drain(struct bulk_rx *rx, struct bulk_rx_ring *ring);
void bulk_rx_retire(struct bulk_rx *rx, struct bulk_rx_ring *ring);

/* --- The reader: rx_read.c --- */

int bulk_rx_first(struct bulk_rx *rx, struct bulk_rx_ring **ring);
int bulk_rx_peek(struct bulk_rx *rx, struct bulk_rx_ring **ring,
		 struct bulk_meta *meta);
int bulk_rx_recv(struct bulk_rx *rx, struct iov_iter *to,
		 struct bulk_meta *meta);
int bulk_rx_get_pages(struct bulk_rx *rx, struct bulk_far **far,
		      struct bulk_meta *meta);
int bulk_rx_claim_pages(struct bulk_rx *rx, struct bulk_far *far,
			struct bulk_meta *meta);
size_t bulk_rx_plain(const struct bulk_rx_ring *ring, size_t len, u64 *records);
bool bulk_rx_claim(struct bulk_rx_ring *ring, size_t bytes);
int bulk_rx_take_all(struct bulk_rx *rx);
void bulk_rx_waiting(struct bulk_rx *rx, u64 *records, u64 *bytes,
		     u64 *occupied);

/* A ring of no use is freed as soon as it has been read. */
static inline void bulk_rx_tidy(struct bulk_rx *rx)
{
	struct bulk_rx_ring *ring;

	ring = list_first_entry_or_null(&rx->rings, struct bulk_rx_ring, node);
	if (ring && !ring->mapped && ring->end == ring->tail)
		bulk_rx_retire(rx, ring);
}

/* Has a producer been refused that may have room since? Told once. */
static inline bool bulk_rx_was_full(struct bulk_rx *rx)
{
	/* Pairs with the barrier in bulk_rx_full(), which looks again. */
	smp_mb();
	return unlikely(READ_ONCE(rx->was_full)) && xchg(&rx->was_full, false);
}

/* --- Runs of records, made where they lie: rx_run.c --- */

/**
 * struct bulk_rx_run - room for records that are produced in a ring
 * @ring: the ring
 * @start: position of the room
 * @room: its bytes
 */
struct bulk_rx_run {
	struct bulk_rx_ring *ring;
	u64 start;
	size_t room;
};

bool bulk_rx_run_begin(struct bulk_rx *rx, struct bulk_rx_run *run,
		       size_t want);
bool bulk_rx_run_try(struct bulk_rx *rx, struct bulk_rx_run *run, size_t want);
void bulk_rx_run_end(struct bulk_rx *rx, struct bulk_rx_run *run,
		     size_t bytes, u64 records, u64 data);

#endif /* _BULK_XFER_RX_H */
