/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of a TX ring, which a process writes.
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
 * struct bulk_ring - the TX ring of a window
 * @data: @size bytes of records, mapped twice in a row
 * @size: a power of two
 * @max_record: longest record; a ring holds several, longer ones go past it
 * @head: end of the records, the last one of the process's that was valid
 * @tail: start of the records
 * @shared_head: what the process writes
 * @shared_tail: what it reads
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
	u64 *shared_head;
	u64 *shared_tail;
};

/**
 * struct bulk_walk - records that follow each other
 * @space: what they occupy
 * @records: how many they are
 * @bytes: bytes in them
 */
struct bulk_walk {
	size_t space;
	u64 records;
	u64 bytes;
};

void bulk_ring_init(struct bulk_ring *ring, void *data, u32 size,
		    u64 *shared_head, u64 *shared_tail);

int bulk_ring_fetch_head(struct bulk_ring *ring);
void bulk_records_walk(struct bulk_walk *walk, const void *first,
		       u32 max_record, u64 limit, size_t len);

int bulk_ring_move(struct bulk_ring *to, struct bulk_ring *from);

static inline struct bulk_record *bulk_ring_at(const struct bulk_ring *ring,
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
 * The process may change the bytes of the ring at any time: what @meta says is
 * within bounds, and more is not known of it.
 *
 * Return: 0; -EAGAIN when there is no record, -EBADMSG when what is there
 * can't be one.
 */
static inline int bulk_ring_peek(const struct bulk_ring *ring,
				 struct bulk_meta *meta, void **data)
{
	struct bulk_record *rec = bulk_ring_at(ring, ring->tail);
	u64 filled = ring->head - ring->tail;
	u64 head;
	u32 len;

	if (!filled)
		return -EAGAIN;
	/* Positions are multiples of 8, and so may be just short of a head. */
	if (filled < sizeof(*rec))
		return -EBADMSG;
	head = READ_ONCE(rec->head);
	len = bulk_record_len(head);
	if (len > ring->max_record || bulk_record_space(len) > filled)
		return -EBADMSG;
	meta->len = len;
	meta->lost = bulk_record_lost(head);
	meta->tag = READ_ONCE(rec->tag);
	*data = rec->data;
	return 0;
}

/**
 * bulk_ring_skip() - be done with the first record
 * @ring: the ring
 * @len: the length that bulk_ring_peek() told
 */
static inline void bulk_ring_skip(struct bulk_ring *ring, size_t len)
{
	ring->tail += bulk_record_space(len);
}

/**
 * bulk_ring_publish_tail() - give the process the room of what was skipped
 * @ring: the ring
 */
static inline void bulk_ring_publish_tail(struct bulk_ring *ring)
{
	/* Pairs with the load of the tail in bulk_send_one() of the vDSO. */
	smp_store_release(ring->shared_tail, ring->tail);
}

static inline bool bulk_ring_empty(const struct bulk_ring *ring)
{
	return ring->head == ring->tail;
}

#endif /* _BULK_XFER_RING_H */
