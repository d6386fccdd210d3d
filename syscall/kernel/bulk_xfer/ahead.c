// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of the kernel's own, for regions that are received without a window.
 *
 * What can be received is put there in one go, and copied out in one piece. What
 * a caller has had no room for stays, and is received before anything else but
 * what is in a window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "internal.h"

#define BULK_AHEAD_MIN	SZ_4K
#define BULK_AHEAD_MAX	SZ_64K

/**
 * struct bulk_ahead - records that were made ahead of their receiver
 * @ring: where they are. It is filled from its start, so that none is in two pieces
 * @head: what @ring shares with nobody
 * @tail: nor this
 * @pages: that the endpoint's owner is charged for
 * @data: the records
 */
struct bulk_ahead {
	struct bulk_ring ring;
	u64 head;
	u64 tail;
	unsigned long pages;
	u8 data[] __aligned(8);
};

/**
 * bulk_ahead_has_record() - is there a record that was made ahead?
 * @ep: the endpoint
 *
 * Context: The RX lock is held, or the answer may be old.
 */
bool bulk_ahead_has_record(struct bulk_endpoint *ep)
{
	struct bulk_ahead *a = READ_ONCE(ep->ahead);

	return a && !bulk_ring_empty(&a->ring);
}

/**
 * bulk_ahead_free() - free the ring
 * @ep: the endpoint, whose RX lock is held, or which nobody uses any more
 *
 * Context: Process context.
 */
void bulk_ahead_free(struct bulk_endpoint *ep)
{
	struct bulk_ahead *a = ep->ahead;

	if (!a)
		return;
	WRITE_ONCE(ep->ahead, NULL);
	bulk_queue_unlock_memory(&ep->queue, a->pages);
	kvfree(a);
}

static struct bulk_ahead *bulk_ahead_create(struct bulk_endpoint *ep, u32 size)
{
	struct bulk_ahead *a;
	unsigned long pages = DIV_ROUND_UP(struct_size(a, data, size), PAGE_SIZE);

	if (!bulk_queue_lock_memory(&ep->queue, pages))
		return NULL;
	a = kvmalloc(struct_size(a, data, size), BULK_GFP_ACCOUNT);
	if (!a) {
		bulk_queue_unlock_memory(&ep->queue, pages);
		return NULL;
	}
	a->pages = pages;
	bulk_ring_init(&a->ring, a->data, size, &a->head, &a->tail);
	a->ring.max_record = size - sizeof(struct bulk_ring_rec);
	return a;
}

/**
 * bulk_ahead_fill() - have records in the ring
 * @ep: the endpoint, whose RX lock is held, without a window in use
 * @room: bytes that there is a use for
 *
 * Context: Process context. May sleep, not for user space.
 * Return: the ring, or NULL when nothing that can be received goes into it.
 */
struct bulk_ring *bulk_ahead_fill(struct bulk_endpoint *ep, size_t room)
{
	u32 size = roundup_pow_of_two(clamp_t(size_t, room, BULK_AHEAD_MIN,
					      BULK_AHEAD_MAX));
	struct bulk_ahead *a = ep->ahead;
	size_t unused;

	lockdep_assert_held(ep->rx_lock);
	if (bulk_ahead_has_record(ep))
		return &a->ring;
	if (a && a->ring.size < size) {
		bulk_ahead_free(ep);
		a = NULL;
	}
	if (!a)
		a = bulk_ahead_create(ep, size);
	if (!a)
		return NULL;
	a->head = 0;
	a->tail = 0;
	a->ring.head = 0;
	a->ring.tail = 0;
	WRITE_ONCE(ep->ahead, a);
	bulk_fill_ring(ep, &a->ring, &unused);
	return bulk_ring_empty(&a->ring) ? NULL : &a->ring;
}

/**
 * bulk_ahead_recv() - receive the first record
 * @ep: the endpoint, whose RX lock is held
 * @to: room for the record
 * @meta: filled in
 *
 * Context: Process context, page faults disabled.
 * Return: 0, -EMSGSIZE, -EFAULT.
 */
int bulk_ahead_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		    struct bulk_meta *meta)
{
	struct bulk_ring *ring = &ep->ahead->ring;
	void *data;

	lockdep_assert_held(ep->rx_lock);
	bulk_ring_peek(ring, meta, &data);
	if (meta->len > iov_iter_count(to))
		return -EMSGSIZE;
	if (copy_to_iter(data, meta->len, to) != meta->len)
		return -EFAULT;
	bulk_ring_claim(ring, meta->len);
	return 0;
}

/**
 * bulk_ahead_move() - put the records into another ring
 * @ep: the endpoint, whose RX lock is held
 * @to: the ring, for a window that was mapped since
 * @need: set to the length of a record that is too long for it
 *
 * Context: Process context.
 * Return: 0 when there are none any more; -EAGAIN when @to is full, -EMSGSIZE.
 */
int bulk_ahead_move(struct bulk_endpoint *ep, struct bulk_ring *to,
		    size_t *need)
{
	struct bulk_ring *ring = &ep->ahead->ring;
	struct bulk_meta meta;
	void *data, *place;
	size_t room;

	lockdep_assert_held(ep->rx_lock);
	while (!bulk_ring_peek(ring, &meta, &data)) {
		if (!bulk_ring_room(to, &place, &room))
			return -EAGAIN;
		if (meta.len > room) {
			*need = meta.len;
			return -EMSGSIZE;
		}
		memcpy(place, data, meta.len);
		bulk_ring_add(to, &meta);
		bulk_ring_claim(ring, meta.len);
	}
	return 0;
}

/**
 * bulk_ahead_discard() - take back all records
 * @ep: the endpoint, whose RX lock is held
 */
void bulk_ahead_discard(struct bulk_endpoint *ep)
{
	lockdep_assert_held(ep->rx_lock);
	if (ep->ahead)
		bulk_ring_discard(&ep->ahead->ring);
}
