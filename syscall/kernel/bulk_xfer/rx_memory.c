// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the RX rings that are the kernel's own.
 *
 * An endpoint has no ring before its first record, then a small one, and a
 * larger one after it each time that one is full, up to its limit. What is
 * drained is freed, but for the last.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "memlock.h"
#include "rx.h"

/* Records that NMIs may have in the ring. */
#define BULK_NMI_MAX		256

static void bulk_rx_set_max(struct bulk_rx *rx)
{
	size_t room = size_add(rx->limit, rx->limit / BULK_RING_SHARE);

	room = clamp_t(size_t, size_add(room, rx->nmi_room), BULK_RX_OWN_MIN,
		       BULK_RING_MAX);
	rx->own_max = roundup_pow_of_two(room);
}

/**
 * bulk_rx_init() - no rings yet
 * @rx: the rings, zeroed
 * @memlock: who pays for them
 * @limit: bytes that records may occupy, with the heads that they have in a
 *	ring
 * @policy: what gives way at @limit
 */
void bulk_rx_init(struct bulk_rx *rx, struct bulk_memlock *memlock,
		  size_t limit, enum bulk_rx_policy policy)
{
	raw_spin_lock_init(&rx->lock);
	INIT_LIST_HEAD(&rx->rings);
	INIT_LIST_HEAD(&rx->drained);
	INIT_LIST_HEAD(&rx->far);
	rx->memlock = memlock;
	rx->limit = limit;
	rx->policy = policy;
	bulk_rx_set_max(rx);
}

/**
 * bulk_rx_destroy() - free all that waits
 * @rx: the rings, which nobody uses any more
 *
 * Context: Process context. May sleep.
 */
void bulk_rx_destroy(struct bulk_rx *rx)
{
	struct bulk_rx_ring *ring, *next;

	bulk_far_put_all(rx, &rx->far);
	list_splice_init(&rx->drained, &rx->rings);
	list_for_each_entry_safe(ring, next, &rx->rings, node) {
		list_del(&ring->node);
		bulk_rx_ring_free(rx, ring);
	}
}

/**
 * bulk_rx_alloc() - get memory for what waits
 * @size: its bytes
 * @gfp: how it may be allocated; an interrupt does not get into vmalloc(),
 *	whatever its flags
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the memory, for bulk_rx_free_atomic(); or NULL.
 */
void *bulk_rx_alloc(size_t size, gfp_t gfp)
{
	gfp = bulk_rx_gfp(gfp);
	return gfpflags_allow_blocking(gfp) ? kvmalloc(size, gfp)
					    : kmalloc(size, gfp);
}

/**
 * bulk_rx_free_atomic() - free it
 * @mem: the memory
 *
 * Context: Any but NMI, as that of producers: vfree() may sleep.
 */
void bulk_rx_free_atomic(void *mem)
{
	if (is_vmalloc_addr(mem))
		vfree_atomic(mem);
	else
		kfree(mem);
}

/**
 * bulk_rx_ring_init() - an empty ring, which is no window's
 * @ring: the ring, zeroed
 * @data: its memory
 * @size: bytes of that, a power of two
 */
void bulk_rx_ring_init(struct bulk_rx_ring *ring, void *data, u32 size)
{
	ring->data = data;
	ring->size = size;
	ring->share = bulk_rx_share(size);
	ring->run = BULK_RX_NO_RUN;
	ring->shared_head = &ring->own_head;
	ring->shared_tail = &ring->own_tail;
	ring->odd = &ring->own_odd;
}

/**
 * bulk_rx_ring_create() - make a ring of the kernel's own
 * @rx: the rings
 * @size: its bytes, a power of two
 * @gfp: how its memory may be allocated
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the ring, for bulk_rx_append() or bulk_rx_ring_free(); or NULL.
 */
struct bulk_rx_ring *bulk_rx_ring_create(struct bulk_rx *rx, u32 size,
					 gfp_t gfp)
{
	unsigned long pages = size >> PAGE_SHIFT;
	struct bulk_rx_ring *ring;
	void *data;

	if (!bulk_memlock_charge(rx->memlock, pages))
		return NULL;
	ring = bulk_rx_alloc(sizeof(*ring), gfp | __GFP_ZERO);
	/*
	 * Between two records are bytes that nobody writes,
	 * and that the reader gets.
	 */
	data = ring ? bulk_rx_alloc(size, gfp | __GFP_ZERO) : NULL;
	if (!data) {
		kfree(ring);
		bulk_memlock_uncharge(rx->memlock, pages);
		return NULL;
	}
	bulk_rx_ring_init(ring, data, size);
	ring->pages = pages;
	return ring;
}

/**
 * bulk_rx_ring_free() - free a ring that is in no list
 * @rx: the rings
 * @ring: the ring
 *
 * Context: Any but NMI; process context for that of a window.
 */
void bulk_rx_ring_free(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	if (ring->release) {
		ring->release(ring);
		return;
	}
	bulk_memlock_uncharge(rx->memlock, ring->pages);
	bulk_rx_free_atomic(ring->data);
	kfree(ring);
}

/**
 * bulk_rx_append() - let producers use a ring from now on
 * @rx: the rings, whose lock is held
 * @ring: the ring, which is empty
 *
 * Return: false when there are too many.
 */
bool bulk_rx_append(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	unsigned int slot;

	lockdep_assert_held(&rx->lock);
	for (slot = 0; slot < BULK_RX_RINGS; slot++)
		if (!rx->slots[slot])
			break;
	if (slot == BULK_RX_RINGS)
		return false;
	ring->slot = slot;
	rx->slots[slot] = ring;
	list_add_tail(&ring->node, &rx->rings);
	return true;
}

/**
 * bulk_rx_prepare_nmi() - have a ring in which NMIs find room
 * @rx: the rings, which nobody else uses yet
 * @nr: for how many records, at most 256
 * @len: bytes of the longest, at most BULK_MAX_RECORD
 *
 * The room is beside the limit.
 *
 * Context: Process context. May sleep.
 * Return: 0, -EINVAL, -EBUSY when there is one, -ENOMEM.
 */
int bulk_rx_prepare_nmi(struct bulk_rx *rx, unsigned int nr, size_t len)
{
	struct bulk_rx_ring *ring;
	unsigned long flags;
	u64 room;

	if (!nr || nr > BULK_NMI_MAX || len > BULK_MAX_RECORD)
		return -EINVAL;
	room = nr * bulk_record_space(len);
	if (room > BULK_RING_MAX / 2)
		return -EINVAL;
	if (rx->nmi_room)
		return -EBUSY;
	rx->nmi_room = room;
	rx->nmi_len = len;
	bulk_rx_set_max(rx);
	ring = bulk_rx_ring_create(rx, rx->own_max, GFP_KERNEL);
	if (!ring) {
		rx->nmi_room = 0;
		bulk_rx_set_max(rx);
		return -ENOMEM;
	}
	flags = bulk_rx_lock(rx);
	bulk_rx_append(rx, ring);
	bulk_rx_unlock(rx, flags);
	return 0;
}

/* The first ring, of the size that all will be of, unless there is one. */
static int bulk_rx_prepare(struct bulk_rx *rx)
{
	struct bulk_rx_ring *ring;
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	ring = bulk_rx_last(rx);
	bulk_rx_unlock(rx, flags);
	if (ring)
		return 0;
	ring = bulk_rx_ring_create(rx, rx->own_max, GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	flags = bulk_rx_lock(rx);
	if (!bulk_rx_last(rx) && bulk_rx_append(rx, ring))
		ring = NULL;
	bulk_rx_unlock(rx, flags);
	/* That of a window came meanwhile. */
	if (ring)
		bulk_rx_ring_free(rx, ring);
	return 0;
}

/**
 * bulk_rx_set_policy() - change what happens to records that find no room
 * @rx: the rings
 * @policy: what gives way at @limit
 * @limit: bytes that may wait. Of a window that there is, no more than it has
 *	room for: what came after it would be taken from it, not be older
 *
 * There is a ring from then on, so that a producer that can't wait for memory
 * needs none.
 *
 * Context: Process context. Takes the rings' lock. May sleep.
 * Return: 0, or -ENOMEM, with the policy changed.
 */
int bulk_rx_set_policy(struct bulk_rx *rx, enum bulk_rx_policy policy,
		       size_t limit)
{
	struct bulk_rx_ring *ring;
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	ring = bulk_rx_last(rx);
	if (ring && ring->mapped)
		limit = min_t(size_t, limit, ring->size);
	rx->policy = policy;
	rx->limit = limit;
	bulk_rx_set_max(rx);
	bulk_rx_unlock(rx, flags);
	return bulk_rx_prepare(rx);
}
