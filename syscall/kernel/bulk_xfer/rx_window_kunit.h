/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The RX ring of a window under test, whose process does what the test does.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_RX_WINDOW_KUNIT_H
#define _BULK_XFER_RX_WINDOW_KUNIT_H

#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "rx_kunit.h"

#define RING_SIZE	PAGE_SIZE
/* The longest record that such a ring takes. */
#define RING_RECORD	(RING_SIZE / BULK_RING_SHARE - RECORD_SIZE(0))

/**
 * struct window - a ring as that of a window, beside the kernel's own
 * @f: the rings
 * @page: the memory, mapped twice in a row
 * @ring: the ring
 * @user: what the process writes
 * @kernel: what it reads
 * @released: times that it was let go of
 */
struct window {
	struct fixture f;
	struct page *page;
	struct bulk_rx_ring ring;
	struct bulk_window_user *user;
	struct bulk_window_kernel *kernel;
	unsigned int released;
};

static inline void window_release(struct bulk_rx_ring *ring)
{
	container_of(ring, struct window, ring)->released++;
}

static inline int window_init(struct kunit *test)
{
	struct window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct page *pages[2];
	void *data;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->user = kunit_kzalloc(test, sizeof(*w->user), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->user);
	w->kernel = kunit_kzalloc(test, sizeof(*w->kernel), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->kernel);
	w->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, w->page);
	pages[0] = w->page;
	pages[1] = w->page;
	data = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	bulk_rx_ring_init_window(&w->ring, data, RING_SIZE, w->user, w->kernel,
				 window_release);
	test->priv = w;
	return 0;
}

static inline void window_exit(struct kunit *test)
{
	struct window *w = test->priv;

	if (!w)
		return;
	rx_test_exit(test);
	vunmap(w->ring.data);
	__free_page(w->page);
}

static inline struct window *attach(struct kunit *test)
{
	struct window *w = test->priv;
	struct bulk_rx_ring *first;

	KUNIT_ASSERT_EQ(test, bulk_rx_attach(&w->f.rx, &w->ring), 0);
	KUNIT_ASSERT_EQ(test, bulk_rx_first(&w->f.rx, &first), 0);
	return w;
}

/* Records beyond its ring are in one that comes after it. */
static inline struct window *make_window(struct kunit *test,
					 enum bulk_rx_policy policy)
{
	make_rx(test, 64, PAGE_SIZE, policy);
	return attach(test);
}

/* As the window's process unmaps it. */
static inline void detach_window(struct window *w)
{
	bulk_rx_detach(&w->f.rx, &w->ring);
	bulk_rx_retire(&w->f.rx, &w->ring);
}

static inline u64 put_until_full(struct kunit *test, u64 tag)
{
	while (!put(test, tag, 64))
		tag++;
	return tag;
}

#endif /* _BULK_XFER_RX_WINDOW_KUNIT_H */
