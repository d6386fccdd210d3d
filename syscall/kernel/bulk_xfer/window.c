// SPDX-License-Identifier: GPL-2.0
/*
 * The window of an endpoint: its memory, and the state that the process reads.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "endpoint.h"
#include "memlock.h"
#include "ring.h"
#include "rx.h"
#include "side.h"
#include "window.h"

/**
 * bulk_window_set() - set bits of the state that the process reads
 * @w: the window
 * @bits: BULK_WINDOW_*
 */
void bulk_window_set(struct bulk_window *w, u32 bits)
{
	atomic_or(bits, (atomic_t *)&w->kernel->state);
}

/**
 * bulk_window_clear() - clear bits of the state that the process reads
 * @w: the window
 * @bits: BULK_WINDOW_*
 */
void bulk_window_clear(struct bulk_window *w, u32 bits)
{
	atomic_andnot(bits, (atomic_t *)&w->kernel->state);
}

/**
 * bulk_window_close() - no more records are sent through a window
 * @w: the window
 * @why: BULK_WINDOW_* bits to set
 *
 * Those that are being written may still come.
 */
void bulk_window_close(struct bulk_window *w, u32 why)
{
	WRITE_ONCE(w->kernel->tx_limit, 0);
	bulk_window_set(w, why);
}

/**
 * bulk_window_spoil() - a window holds what its process can't have meant
 * @ep: the endpoint
 * @w: its window
 *
 * It is of no use from now on, until the process unmaps it.
 *
 * Context: The endpoint's TX or RX lock is held.
 * Return: -EBADMSG.
 */
int bulk_window_spoil(struct bulk_endpoint *ep, struct bulk_window *w)
{
	if (!READ_ONCE(w->bad)) {
		WRITE_ONCE(w->bad, true);
		WRITE_ONCE(w->rx.bad, true);
		atomic_inc(&ep->bad_windows);
		WRITE_ONCE(w->kernel->rx_size, 0);
		bulk_window_close(w, BULK_WINDOW_BAD);
		bulk_endpoint_wake(ep, EPOLLERR);
	}
	return -EBADMSG;
}

/**
 * bulk_window_is_mapped() - tell whether a process can receive by itself
 * @ep: the endpoint
 *
 * Context: The TX or RX lock is held, or the answer may be old.
 */
bool bulk_window_is_mapped(const struct bulk_endpoint *ep)
{
	const struct bulk_window *w = READ_ONCE(ep->window);

	return w && atomic_read(&w->maps);
}

/**
 * bulk_window_reserved() - tell how much of the TX ring is reserved
 * @w: the window
 *
 * Return: bytes, as far as the process tells.
 */
u64 bulk_window_reserved(const struct bulk_window *w)
{
	u64 head = READ_ONCE(w->user->tx_head);

	if ((head & BULK_TX_BUSY) != BULK_TX_BUSY)
		return 0;
	return min_t(u64, READ_ONCE(w->user->tx_end) - (head & ~BULK_TX_BUSY),
		     w->tx.size);
}

/**
 * bulk_window_borrowed() - tell how much of the RX ring is borrowed
 * @w: the window
 *
 * Return: bytes, as far as the process tells.
 */
u64 bulk_window_borrowed(const struct bulk_window *w)
{
	u64 tail = READ_ONCE(w->user->rx_tail);

	if (!(tail & BULK_RX_BORROWED))
		return 0;
	return min_t(u64, READ_ONCE(w->user->rx_end) -
			  (tail & ~BULK_RX_BORROWED), w->rx.size);
}

/* --- Memory --- */

/**
 * bulk_window_page_is_user() - tell whether the process may write to a page
 * @w: the window
 * @page: number of the page in it
 */
bool bulk_window_page_is_user(const struct bulk_window *w, pgoff_t page)
{
	pgoff_t ring = w->tx.size / PAGE_SIZE;

	return page == 0 || (page >= BULK_CONTROL_PAGES &&
			     page < BULK_CONTROL_PAGES + 2 * ring);
}

/*
 * The pages of a window as they follow each other in its area: each ring's
 * twice, with a reference for each time.
 */
static void bulk_window_double(struct page **pages, unsigned int ring)
{
	struct page **tx = pages + BULK_CONTROL_PAGES;
	struct page **rx = tx + 2 * ring;
	unsigned int i;

	memcpy(rx, tx + ring, ring * sizeof(*pages));
	memcpy(rx + ring, rx, ring * sizeof(*pages));
	memcpy(tx + ring, tx, ring * sizeof(*pages));
	for (i = 0; i < ring; i++) {
		get_page(tx[i]);
		get_page(rx[i]);
	}
}

/*
 * A page is freed once nobody has it, a huge one once nobody has a part of it.
 */
static void bulk_pages_free(struct page **pages, unsigned int nr)
{
	while (nr--) {
		put_page(pages[nr]);
		cond_resched();
	}
	kvfree(pages);
}

/*
 * How much is allocated at once for page @i and those behind it: a huge page
 * where one ring fills it, because the process maps it whole, with one kind of
 * access.
 */
static unsigned int bulk_page_order(unsigned int i, unsigned int ring)
{
	const unsigned int huge = 1U << PMD_ORDER;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) || ring % huge ||
	    (i - BULK_CONTROL_PAGES) % huge)
		return 0;
	return PMD_ORDER;
}

/*
 * Pages in a row, each with a reference, or one page if memory is in pieces. A
 * folio_alloc() would make them look like a file's, which the kernel splits,
 * and they have none. Return: how many they are.
 */
static unsigned int bulk_pages_add(struct page **pages, unsigned int order)
{
	const gfp_t gfp = BULK_GFP_ACCOUNT | __GFP_ZERO | __GFP_COMP;
	struct page *page = alloc_pages(gfp, order);
	unsigned int i;

	if (!page && order) {
		order = 0;
		page = alloc_page(gfp);
	}
	if (!page)
		return 0;
	page_ref_add(page, (1 << order) - 1);
	for (i = 0; i < 1U << order; i++)
		pages[i] = page + i;
	return i;
}

static struct page **bulk_pages_alloc(unsigned int mapped, unsigned int ring)
{
	unsigned int i, nr, locked = BULK_CONTROL_PAGES + 2 * ring;
	struct page **pages;

	pages = kvcalloc(mapped, sizeof(*pages), BULK_GFP_ACCOUNT);
	if (!pages)
		return NULL;
	for (i = 0; i < locked; i += nr) {
		nr = bulk_pages_add(pages + i, bulk_page_order(i, ring));
		if (!nr) {
			bulk_pages_free(pages, i);
			return NULL;
		}
	}
	return pages;
}

/*
 * No VM_MAP_PUT_PAGES: vfree() takes each page for one that is freed by itself.
 */
static int bulk_window_alloc_area(struct bulk_window *w, unsigned int ring)
{
	w->page = bulk_pages_alloc(w->pages, ring);
	if (!w->page)
		return -ENOMEM;
	bulk_window_double(w->page, ring);
	w->area = vmap(w->page, w->pages, VM_MAP, PAGE_KERNEL);
	if (w->area)
		return 0;
	bulk_pages_free(w->page, w->pages);
	return -ENOMEM;
}

/**
 * bulk_window_page() - a page of a window
 * @w: the window
 * @page: number of the page in it, below &bulk_window.pages
 *
 * Return: the page, without a reference.
 */
struct page *bulk_window_page(const struct bulk_window *w, pgoff_t page)
{
	return w->page[page];
}

static void bulk_window_release_ring(struct bulk_rx_ring *ring)
{
	bulk_window_put(container_of(ring, struct bulk_window, rx));
}

static void bulk_window_lay_out(struct bulk_window *w, u32 ring)
{
	void *tx = w->area + 2 * BULK_WINDOW_PAGE;
	void *rx = tx + 2UL * ring;

	BUILD_BUG_ON(BULK_WINDOW_PAGE != PAGE_SIZE);
	BUILD_BUG_ON(sizeof(struct bulk_window_user) > PAGE_SIZE);
	BUILD_BUG_ON(sizeof(struct bulk_window_kernel) > PAGE_SIZE);
	BUILD_BUG_ON(sizeof(struct bulk_record) != 16);
	w->user = w->area;
	w->kernel = w->area + BULK_WINDOW_PAGE;
	w->kernel->tx_size = ring;
	w->kernel->tx_quiet = ring / 2;
	bulk_ring_init(&w->tx, tx, ring, &w->user->tx_head,
		       &w->kernel->tx_tail);
	bulk_rx_ring_init_window(&w->rx, rx, ring, w->user, w->kernel,
				 bulk_window_release_ring);
}

static void bulk_window_free(struct kref *ref)
{
	struct bulk_window *w = container_of(ref, struct bulk_window, ref);

	vunmap(w->area);
	bulk_pages_free(w->page, w->pages);
	bulk_memlock_uncharge(w->memlock, w->locked);
	mem_cgroup_put(w->memcg);
	mmdrop(w->mm);
	kvfree(w->copy);
	kfree(w);
}

/**
 * bulk_window_put() - let go of a window
 * @w: the window
 *
 * Context: Process context. May sleep.
 */
void bulk_window_put(struct bulk_window *w)
{
	kref_put(&w->ref, bulk_window_free);
}

/**
 * bulk_window_create() - make a window for the calling process
 * @ep: the endpoint
 * @ring: bytes of each ring, a power of two
 *
 * Context: Process context. May sleep.
 * Return: the window, with a reference for the one mapping of it; or
 * ERR_PTR(-ENOMEM).
 */
struct bulk_window *bulk_window_create(struct bulk_endpoint *ep, u32 ring)
{
	struct bulk_window *w = kzalloc(sizeof(*w), BULK_GFP_ACCOUNT);

	if (!w)
		return ERR_PTR(-ENOMEM);
	w->memlock = &ep->memlock;
	w->pages = BULK_WINDOW_SIZE(ring) / PAGE_SIZE;
	if (bulk_window_alloc_area(w, ring / PAGE_SIZE)) {
		kfree(w);
		return ERR_PTR(-ENOMEM);
	}
	bulk_window_lay_out(w, ring);
	/* The process may not write longer ones than it may send. */
	w->tx.max_record = min_t(size_t, w->tx.max_record,
				 ep->channel->max_record);
	kref_init(&w->ref);
	atomic_set(&w->maps, 1);
	w->mm = current->mm;
	mmgrab(w->mm);
	w->memcg = get_mem_cgroup_from_mm(w->mm);
	return w;
}

/**
 * bulk_window_memory() - pages that a window takes, or will
 * @ep: the endpoint
 * @w: its window
 *
 * A copy may be made of each record.
 *
 * Return: the pages.
 */
unsigned long bulk_window_memory(const struct bulk_endpoint *ep,
				 const struct bulk_window *w)
{
	unsigned long pages = BULK_CONTROL_PAGES + 2 * w->tx.size / PAGE_SIZE;

	if (ep->channel->flags & BULK_CHANNEL_TX_IN_PLACE)
		return pages;
	return pages + DIV_ROUND_UP(bulk_window_copy_size(w), PAGE_SIZE);
}

/**
 * bulk_window_retire() - let go of a window that was unmapped, once it is empty
 * @ep: the endpoint, whose RX lock is held
 *
 * Where somebody else holds the TX lock it stays, until another record is
 * received or the endpoint gets a new window.
 *
 * Context: Process context.
 */
void bulk_window_retire(struct bulk_endpoint *ep)
{
	struct mutex *other = ep->rx_lock == &ep->tx_lock ? &ep->rx_mutex
							  : &ep->tx_lock;
	struct bulk_window *w = ep->window;

	lockdep_assert_held(ep->rx_lock);
	/*
	 * Until it is detached, there may be
	 * more in it than the kernel has seen.
	 */
	if (w->rx.mapped || !mutex_trylock(other))
		return;
	if (bulk_ring_empty(&w->tx)) {
		WRITE_ONCE(ep->window, NULL);
		bulk_window_put(w);
	}
	mutex_unlock(other);
}
