// SPDX-License-Identifier: GPL-2.0
/*
 * RX rings of windows.
 *
 * The ring of a window comes before the kernel's own: what waits moves there
 * when it is empty, as does what comes while it is full; what comes when there
 * is nothing else is written there. Without its window it is a ring as any
 * other.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "rx.h"

/* Bytes that may be copied with interrupts off. */
#define BULK_RX_MOVE_MAX	SZ_32K

/**
 * bulk_rx_ring_init_window() - the ring of a window, which is in its memory
 * @ring: the ring, zeroed
 * @data: the memory, mapped twice in a row
 * @size: its bytes
 * @user: the window's page that the process writes
 * @kernel: the one that the kernel writes
 * @release: lets go of the window, in process context
 */
void bulk_rx_ring_init_window(struct bulk_rx_ring *ring, void *data, u32 size,
			      struct bulk_window_user *user,
			      struct bulk_window_kernel *kernel,
			      void (*release)(struct bulk_rx_ring *ring))
{
	bulk_rx_ring_init(ring, data, size);
	ring->mirrored = true;
	ring->kernel = kernel;
	ring->release = release;
	ring->shared_head = &kernel->rx_head;
	ring->shared_tail = &user->rx_tail;
	ring->odd = &kernel->rx_odd;
}

/*
 * Bytes of the first records of a ring, at most @max, and how much of that
 * holds none. What begins with nonsense, because of a process whose window it
 * was, is dropped.
 */
static u64 bulk_rx_movable(struct bulk_rx *rx, struct bulk_rx_ring *from,
			   u64 max, u64 *skipped)
{
	u64 tail = READ_ONCE(*from->shared_tail), space = 0, len = 0;
	u64 filled = READ_ONCE(*from->shared_head) - tail;

	*skipped = 0;
	while (len < filled) {
		space = bulk_rx_space_at(rx, from, tail + len, filled - len);
		if (!space || len + space > max)
			break;
		if (*bulk_record_word(bulk_rx_at(from, tail + len)) &
		    BULK_REC_SKIP)
			*skipped += space;
		len += space;
	}
	if (filled && !len && !space) {
		WRITE_ONCE(*from->shared_tail, tail + filled);
		bulk_rx_look(from);
	}
	return len;
}

static void bulk_rx_copy(struct bulk_rx_ring *to,
			 const struct bulk_rx_ring *from, u64 tail, size_t len)
{
	void *at = bulk_rx_at(to, to->head);
	size_t first = len;

	if (!from->mirrored)
		first = min_t(size_t, len,
			      from->size - (tail & (from->size - 1)));
	memcpy(at, bulk_rx_at(from, tail), first);
	memcpy(at + first, from->data, len - first);
}

/* The first records of a ring that no process reads move to an empty one. */
static void bulk_rx_move(struct bulk_rx *rx, struct bulk_rx_ring *to,
			 struct bulk_rx_ring *from, u64 len, u64 skipped)
{
	u64 tail = READ_ONCE(*from->shared_tail);
	struct bulk_far *far;

	lockdep_assert_held(&rx->lock);
	bulk_rx_copy(to, from, tail, len);
	list_for_each_entry(far, &rx->far, node) {
		if (far->ring != from || far->pos - tail >= len)
			break;
		far->ring = to;
		far->pos += to->head - tail;
	}
	to->skipped = skipped;
	WRITE_ONCE(to->head, to->head + len);
	bulk_rx_set_odd(to, to->head);
	/* Pairs with the acquire in vdso_rx_look(). */
	smp_store_release(to->shared_head, to->head);
	WRITE_ONCE(*from->shared_tail, tail + len);
	from->tail = tail + len;
	from->end = *from->shared_head;
	from->low = tail + len;
	from->skipped -= min(from->skipped, skipped);
}

/**
 * bulk_rx_can_move() - tell whether what waits would move to a new ring
 * @rx: the rings, with both locks of their endpoint
 * @to: the ring, of a window
 *
 * It does if all of it is there, and not too much to be copied at once. Else
 * some of it stays behind.
 *
 * Context: Process context.
 * Return: true if so, at this moment.
 */
bool bulk_rx_can_move(const struct bulk_rx *rx, const struct bulk_rx_ring *to)
{
	struct bulk_rx_ring *from = bulk_rx_last(rx);
	u64 len;

	if (!from || !list_is_singular(&rx->rings) || from->mapped)
		return !from;
	len = READ_ONCE(from->head) - READ_ONCE(*from->shared_tail);
	return READ_ONCE(*from->shared_head) == READ_ONCE(from->head) &&
	       len <= min_t(u64, to->size, BULK_RX_MOVE_MAX);
}

/**
 * bulk_rx_old_window() - the ring of a window that is no more
 * @rx: the rings, with both locks of their endpoint
 *
 * Return: the ring, if it is still in use; or NULL.
 */
struct bulk_rx_ring *bulk_rx_old_window(const struct bulk_rx *rx)
{
	struct bulk_rx_ring *last = bulk_rx_last(rx);

	return last && last->release ? last : NULL;
}

/**
 * bulk_rx_move_on() - what waits behind a window's ring moves there
 * @rx: the rings, with the RX lock of their endpoint
 * @to: the ring of the window, which is empty, and isn't the last
 *
 * As much as fits, and may be copied at once.
 *
 * Context: Process context. Takes the rings' lock.
 */
void bulk_rx_move_on(struct bulk_rx *rx, struct bulk_rx_ring *to)
{
	struct bulk_rx_ring *from = list_next_entry(to, node);
	unsigned long flags;
	u64 len, skipped;

	flags = bulk_rx_lock(rx);
	bulk_rx_look(to);
	if (to->low == to->head && READ_ONCE(*to->shared_tail) == to->low) {
		len = bulk_rx_movable(rx, from,
				      min_t(u64, to->size, BULK_RX_MOVE_MAX),
				      &skipped);
		bulk_rx_move(rx, to, from, len, skipped);
	}
	bulk_rx_unlock(rx, flags);
}

/**
 * bulk_rx_attach() - a process reads from the ring of its window from now on
 * @rx: the rings, with both locks of their endpoint
 * @ring: the window's; the reference on its window is taken over
 *
 * It comes before the others, so that what is there moves to it.
 *
 * Context: Process context. Takes the rings' lock.
 * Return: 0; -EBUSY when there are too many rings.
 */
int bulk_rx_attach(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	unsigned long flags;
	bool added;

	flags = bulk_rx_lock(rx);
	ring->mapped = true;
	added = bulk_rx_append(rx, ring);
	if (added)
		list_move(&ring->node, &rx->rings);
	bulk_rx_unlock(rx, flags);
	if (!added)
		return -EBUSY;
	WRITE_ONCE(ring->kernel->rx_size, ring->size);
	if (!list_is_singular(&rx->rings))
		bulk_rx_move_on(rx, ring);
	return 0;
}

/**
 * bulk_rx_detach() - a process no longer reads from the ring of its window
 * @rx: the rings, with both locks of their endpoint
 * @ring: the window's
 *
 * Its pages, which others may have kept, matter no more. The caller
 * goes on with bulk_rx_retire().
 *
 * Context: Process context. Takes the rings' lock.
 */
void bulk_rx_detach(struct bulk_rx *rx, struct bulk_rx_ring *ring)
{
	unsigned long flags;

	flags = bulk_rx_lock(rx);
	bulk_rx_look(ring);
	/* Of a window that holds nonsense, all is dropped. */
	if (ring->bad)
		ring->low = *ring->shared_head;
	ring->own_tail = ring->low;
	ring->shared_tail = &ring->own_tail;
	ring->tail = ring->low;
	ring->borrowed = false;
	ring->mapped = false;
	bulk_rx_unlock(rx, flags);
}
