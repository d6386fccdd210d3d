// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the RX rings: the kernel's own, those of windows, and what is too
 * long for either.
 *
 * An endpoint has no ring before its first record, then a small one, and a larger
 * one after it each time that one is full, up to its limit. The ring of a window
 * comes before them: what waits moves there when it is empty, as does what comes
 * while it is full; what comes when there is nothing else is written there. Without
 * its window it is a ring as any other. What is drained is freed, but for the last.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/align.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "memlock.h"
#include "rx.h"

/* Bytes that may be copied with interrupts off. */
#define BULK_RX_MOVE_MAX	SZ_32K
/* Records that NMIs may have in the ring. */
#define BULK_NMI_MAX		256
/* A record of so many bytes, if it is not in a ring, is cheaper to map than to copy. */
#define BULK_FAR_MAPPABLE	SZ_16K

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
 * @limit: bytes that records may occupy, with the heads that they have in a ring
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

/* NORETRY: the memory cgroup then answers ENOMEM and kills nobody. */
static gfp_t bulk_rx_gfp(gfp_t gfp)
{
	return gfp | __GFP_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN;
}

/* An interrupt must not get into vmalloc(), whatever its flags. */
static void *bulk_rx_alloc(size_t size, gfp_t gfp)
{
	gfp = bulk_rx_gfp(gfp);
	return gfpflags_allow_blocking(gfp) ? kvmalloc(size, gfp)
					    : kmalloc(size, gfp);
}

/* For producers, of any context but NMI: vfree() may sleep. */
static void bulk_rx_free_atomic(void *mem)
{
	if (is_vmalloc_addr(mem))
		vfree_atomic(mem);
	else
		kfree(mem);
}

static void bulk_rx_ring_init(struct bulk_rx_ring *ring, void *data, u32 size)
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
struct bulk_rx_ring *bulk_rx_ring_create(struct bulk_rx *rx, u32 size, gfp_t gfp)
{
	unsigned long pages = size >> PAGE_SHIFT;
	struct bulk_rx_ring *ring;
	void *data;

	if (!bulk_memlock_charge(rx->memlock, pages))
		return NULL;
	ring = bulk_rx_alloc(sizeof(*ring), gfp | __GFP_ZERO);
	/* Between two records are bytes that nobody writes, and that the reader gets. */
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

/* --- Records that are too long --- */

/* @bytes behind the head of a record, and @pages elsewhere. */
static struct bulk_far *bulk_far_alloc(struct bulk_rx *rx, u32 len, size_t bytes,
				       unsigned long pages, gfp_t gfp)
{
	size_t size = struct_size_t(struct bulk_far, rec.data, bytes);
	struct bulk_far *far;

	pages += DIV_ROUND_UP(size, PAGE_SIZE);
	if (!bulk_memlock_charge(rx->memlock, pages))
		return NULL;
	far = bulk_rx_alloc(size, gfp);
	if (!far) {
		bulk_memlock_uncharge(rx->memlock, pages);
		return NULL;
	}
	INIT_LIST_HEAD(&far->node);
	refcount_set(&far->refs, 1);
	far->charged = pages;
	far->len = len;
	far->data = far->rec.data;
	far->rec.head = BULK_REC_BUSY | BULK_REC_FAR;
	return far;
}

static void bulk_far_free(struct bulk_rx *rx, struct bulk_far *far)
{
	bulk_memlock_uncharge(rx->memlock, far->charged);
	bulk_rx_free_atomic(far);
}

/*
 * vfree_atomic() writes to the start of what it frees, while a process may have the
 * record's pages still: there is a page before them.
 */
static void *bulk_far_vmalloc(u32 len, gfp_t gfp)
{
	void *mem = __vmalloc(len + PAGE_SIZE, gfp);

	return mem ? mem + PAGE_SIZE : NULL;
}

static void bulk_far_vfree(void *data)
{
	vfree_atomic(data - PAGE_SIZE);
}

/* Each page has references of its own, for a process may keep any of them. */
static void *bulk_far_alloc_pages(u32 len, gfp_t gfp)
{
	void *data = NULL;

	gfp = bulk_rx_gfp(gfp);
	if (get_order(len) <= MAX_PAGE_ORDER)
		data = alloc_pages_exact(len, gfp);
	if (!data && gfpflags_allow_blocking(gfp))
		data = bulk_far_vmalloc(len, gfp);
	return data;
}

static struct bulk_far *bulk_far_create_mappable(struct bulk_rx *rx, u32 len,
						 gfp_t gfp)
{
	struct bulk_far *far;

	far = bulk_far_alloc(rx, len, 0, DIV_ROUND_UP(len, PAGE_SIZE), gfp);
	if (!far)
		return NULL;
	far->data = bulk_far_alloc_pages(len, gfp);
	if (!far->data) {
		bulk_far_free(rx, far);
		return NULL;
	}
	/* What is behind the record is mapped with it. */
	memset(far->data + len, 0, PAGE_ALIGN(len) - len);
	return far;
}

/**
 * bulk_far_create() - get memory for a record that is too long for a ring
 * @rx: the rings
 * @len: its bytes
 * @gfp: how the memory may be allocated
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the memory, with one reference; or NULL.
 */
struct bulk_far *bulk_far_create(struct bulk_rx *rx, u32 len, gfp_t gfp)
{
	struct bulk_far *far = NULL;

	if (len >= BULK_FAR_MAPPABLE)
		far = bulk_far_create_mappable(rx, len, gfp);
	return far ?: bulk_far_alloc(rx, len, len, 0, gfp);
}

static struct page **bulk_far_list(struct bulk_far *far)
{
	return (struct page **)far->rec.data;
}

/**
 * bulk_far_create_pages() - have a record in pages that are there already
 * @rx: the rings
 * @pages: the pages, each of which gets a reference
 * @len: bytes in them
 * @gfp: how memory for their list may be allocated
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the record, with one reference; or NULL.
 */
struct bulk_far *bulk_far_create_pages(struct bulk_rx *rx,
				       struct page *const *pages, u32 len,
				       gfp_t gfp)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE), i;
	struct bulk_far *far;

	far = bulk_far_alloc(rx, len, array_size(nr, sizeof(*pages)), nr, gfp);
	if (!far)
		return NULL;
	for (i = 0; i < nr; i++) {
		get_page(pages[i]);
		bulk_far_list(far)[i] = pages[i];
	}
	far->data = NULL;
	return far;
}

/**
 * bulk_far_nr_pages() - how many pages a long record is in
 * @far: the record
 *
 * Return: the number; 0 when it is not in pages that a process may have.
 */
unsigned int bulk_far_nr_pages(const struct bulk_far *far)
{
	return bulk_far_is_in_pages(far) ? DIV_ROUND_UP(far->len, PAGE_SIZE) : 0;
}

/**
 * bulk_far_page() - one of these pages
 * @far: the record
 * @i: which, below bulk_far_nr_pages()
 *
 * Return: the page, which has a reference of the record's.
 */
struct page *bulk_far_page(struct bulk_far *far, unsigned int i)
{
	void *at = far->data + i * PAGE_SIZE;

	if (!far->data)
		return bulk_far_list(far)[i];
	return is_vmalloc_addr(at) ? vmalloc_to_page(at) : virt_to_page(at);
}

/* Those of a process, or pinned, stay. */
static void bulk_far_put_pages(struct bulk_far *far)
{
	unsigned int nr = bulk_far_nr_pages(far), i;

	if (nr && is_vmalloc_addr(far->data)) {
		bulk_far_vfree(far->data);
		return;
	}
	for (i = 0; i < nr; i++)
		put_page(bulk_far_page(far, i));
}

/**
 * bulk_far_put() - let go of a long record's memory
 * @rx: the rings
 * @far: the memory
 *
 * Context: Any but NMI.
 */
void bulk_far_put(struct bulk_rx *rx, struct bulk_far *far)
{
	if (!refcount_dec_and_test(&far->refs))
		return;
	bulk_far_put_pages(far);
	bulk_far_free(rx, far);
}

/**
 * bulk_far_put_all() - let go of the memory of several
 * @rx: the rings
 * @list: those, in no list that others know
 *
 * Context: Any but NMI.
 */
void bulk_far_put_all(struct bulk_rx *rx, struct list_head *list)
{
	struct bulk_far *far, *next;

	list_for_each_entry_safe(far, next, list, node) {
		list_del(&far->node);
		bulk_far_put(rx, far);
	}
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

/* --- Windows --- */

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
 * Bytes of the first records of a ring, at most @max, and how much of that holds
 * none. What begins with nonsense, because of a process whose window it was, is
 * dropped.
 */
static u64 bulk_rx_movable(struct bulk_rx *rx, struct bulk_rx_ring *from, u64 max,
			   u64 *skipped)
{
	u64 tail = READ_ONCE(*from->shared_tail), space = 0, len = 0;
	u64 filled = READ_ONCE(*from->shared_head) - tail;

	*skipped = 0;
	while (len < filled) {
		space = bulk_rx_space_at(rx, from, tail + len, filled - len);
		if (!space || len + space > max)
			break;
		if (*bulk_record_word(bulk_rx_at(from, tail + len)) & BULK_REC_SKIP)
			*skipped += space;
		len += space;
	}
	if (filled && !len && !space) {
		WRITE_ONCE(*from->shared_tail, tail + filled);
		bulk_rx_look(from);
	}
	return len;
}

static void bulk_rx_copy(struct bulk_rx_ring *to, const struct bulk_rx_ring *from,
			 u64 tail, size_t len)
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
 * It does if all of it is there, and not too much to be copied at once. Else some
 * of it stays behind.
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
