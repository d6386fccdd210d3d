/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of a ring that it shares with a process.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_RING_H
#define _BULK_XFER_RING_H

#include <linux/align.h>
#include <linux/bulk_xfer.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <vdso/bulk_xfer.h>

/* The longest record takes this part of a ring. */
#define BULK_RING_SHARE		8

/**
 * struct bulk_ring - one direction of a window
 * @data: @size bytes of records, mapped twice in a row
 * @size: a power of two
 * @max_record: longest record; a ring holds several, longer ones go past it
 * @head: end of the records; TX: the last one of the process's that was valid
 * @tail: start of the records; RX: likewise
 * @borrowed: RX: the process reads the records where they lie
 * @shared_head: what the other side reads, or for TX what it writes
 * @shared_tail: what the other side writes, or for TX what it reads
 *
 * Of what a process can write, nothing is read twice, and nothing is used
 * before it was found to lie within bounds.
 */
struct bulk_ring {
	void *data;
	u32 size;
	u32 max_record;
	u64 head;
	u64 tail;
	bool borrowed;
	u64 *shared_head;
	u64 *shared_tail;
};

void bulk_ring_init(struct bulk_ring *ring, void *data, u32 size,
		    u64 *shared_head, u64 *shared_tail);

int bulk_ring_fetch_head(struct bulk_ring *ring);
int bulk_ring_fetch_tail(struct bulk_ring *ring);

bool bulk_ring_claim(struct bulk_ring *ring, size_t len);
bool bulk_ring_claim_bytes(struct bulk_ring *ring, size_t bytes);
size_t bulk_ring_walk(const struct bulk_ring *ring, u64 pos, u64 limit,
		      size_t len, u64 *records);
bool bulk_ring_discard(struct bulk_ring *ring);

int bulk_ring_move(struct bulk_ring *to, struct bulk_ring *from);

static inline struct bulk_ring_rec *bulk_ring_at(const struct bulk_ring *ring,
						 u64 pos)
{
	return ring->data + (pos & (ring->size - 1));
}

/**
 * bulk_ring_peek() - look at the first record
 * @ring: the ring
 * @meta: filled in
 * @data: where the record's bytes are, in one piece
 *
 * The process may change the bytes of a TX ring at any time, and have put an
 * RX ring's tail where no record starts: what @meta says is within bounds, and
 * more is not known of it.
 *
 * Return: 0; -EAGAIN when there is no record, -EBADMSG when what is there
 * can't be one.
 */
static inline int bulk_ring_peek(const struct bulk_ring *ring,
				 struct bulk_meta *meta, void **data)
{
	struct bulk_ring_rec *rec = bulk_ring_at(ring, ring->tail);
	u64 filled = ring->head - ring->tail;
	u64 head;
	u32 len;

	if (!filled)
		return -EAGAIN;
	/* Positions are multiples of 8, and so may be just short of a head. */
	if (filled < sizeof(*rec))
		return -EBADMSG;
	head = READ_ONCE(rec->head);
	len = bulk_ring_rec_len(head);
	if (len > ring->max_record || bulk_ring_space(len) > filled)
		return -EBADMSG;
	meta->len = len;
	meta->lost = bulk_ring_rec_lost(head);
	meta->tag = READ_ONCE(rec->tag);
	*data = rec->data;
	return 0;
}

/**
 * bulk_ring_skip() - be done with the first record
 * @ring: a TX ring
 * @len: the length that bulk_ring_peek() told
 */
static inline void bulk_ring_skip(struct bulk_ring *ring, size_t len)
{
	ring->tail += bulk_ring_space(len);
}

/**
 * bulk_ring_room() - room for one more record
 * @ring: an RX ring
 * @data: where its bytes go
 * @room: how long it can be
 *
 * Return: false when there is no room even for an empty one.
 */
static inline bool bulk_ring_room(const struct bulk_ring *ring, void **data,
				  size_t *room)
{
	u64 free = ring->tail + ring->size - ring->head;

	if (free < sizeof(struct bulk_ring_rec))
		return false;
	*room = min_t(u64, free - sizeof(struct bulk_ring_rec),
		      ring->max_record);
	*data = bulk_ring_at(ring, ring->head)->data;
	return true;
}

/**
 * bulk_ring_add() - add the record that was written to bulk_ring_room()
 * @ring: an RX ring
 * @meta: what comes with it
 *
 * It is received once bulk_ring_publish_head() was called.
 */
static inline void bulk_ring_add(struct bulk_ring *ring,
				 const struct bulk_meta *meta)
{
	struct bulk_ring_rec *rec = bulk_ring_at(ring, ring->head);
	u32 len = meta->len;

	rec->head = bulk_ring_rec_head(len, meta->lost);
	rec->tag = meta->tag;
	ring->head += bulk_ring_space(len);
}

/**
 * bulk_ring_publish_tail() - give the process the room of what was skipped
 * @ring: a TX ring
 */
static inline void bulk_ring_publish_tail(struct bulk_ring *ring)
{
	/* Pairs with the load of the tail in bulk_send_one() of the vDSO. */
	smp_store_release(ring->shared_tail, ring->tail);
}

/**
 * bulk_ring_publish_head() - let the process have what was added
 * @ring: an RX ring
 */
static inline void bulk_ring_publish_head(struct bulk_ring *ring)
{
	/* Pairs with the acquire in vdso_window_try_recv(). */
	smp_store_release(ring->shared_head, ring->head);
}

static inline bool bulk_ring_empty(const struct bulk_ring *ring)
{
	return ring->head == ring->tail;
}

#endif /* _BULK_XFER_RING_H */
