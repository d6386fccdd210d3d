/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records that lie in pages under test: to put them in, and to expect the pages
 * at the other end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_RX_PAGES_KUNIT_H
#define _BULK_XFER_RX_PAGES_KUNIT_H

#include <kunit/resource.h>
#include <linux/mm.h>

#include "rx_kunit.h"

/* A record here has so many pages, the last of which is not full. */
#define NR_PAGES	3
#define LEN		(NR_PAGES * PAGE_SIZE - 100)
/* Too long for a ring, and too short for pages. */
#define LONG		9000

KUNIT_DEFINE_ACTION_WRAPPER(put_page_action, put_page, struct page *);

/* The provider's own reference goes at the end of the test, after the rings. */
static inline struct page *make_page(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, page);
	ret = kunit_add_action_or_reset(test, put_page_action, page);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return page;
}

/* Pages that are full of what expect_record() expects. */
static inline struct page **make_pages(struct kunit *test, u64 tag)
{
	struct page **pages;
	unsigned int i;

	pages = kunit_kcalloc(test, NR_PAGES, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < NR_PAGES; i++) {
		pages[i] = make_page(test);
		memset(page_address(pages[i]), tag & 0xff, PAGE_SIZE);
	}
	return pages;
}

/* The provider has one reference of each, and a record that waits another. */
static inline void expect_refs(struct kunit *test, struct page **pages,
			       int refs)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_EQ(test, page_count(pages[i]), refs);
}

static inline struct bulk_record *reserve_pages(struct kunit *test,
						struct page **pages)
{
	struct fixture *f = test->priv;

	return bulk_rx_reserve_pages(&f->rx, pages, LEN, GFP_KERNEL,
				     &f->dropped);
}

static inline long put_pages(struct kunit *test, struct page **pages, u64 tag)
{
	struct bulk_record *rec = reserve_pages(test, pages);
	struct fixture *f = test->priv;

	if (IS_ERR(rec))
		return PTR_ERR(rec);
	KUNIT_EXPECT_TRUE(test, bulk_rx_commit(&f->rx, rec, tag));
	return 0;
}

static inline struct page **put_new_pages(struct kunit *test, u64 tag)
{
	struct page **pages = make_pages(test, tag);

	KUNIT_ASSERT_EQ(test, put_pages(test, pages, tag), 0);
	expect_refs(test, pages, 2);
	return pages;
}

static inline int get(struct kunit *test, struct bulk_far **far)
{
	struct fixture *f = test->priv;
	struct bulk_meta meta;

	return bulk_rx_get_pages(&f->rx, far, &meta);
}

static inline struct bulk_far *must_get(struct kunit *test)
{
	struct bulk_far *far;

	KUNIT_ASSERT_EQ(test, get(test, &far), 0);
	return far;
}

static inline int claim(struct kunit *test, struct bulk_far *far)
{
	struct fixture *f = test->priv;
	struct bulk_meta meta;

	return bulk_rx_claim_pages(&f->rx, far, &meta);
}

/*
 * The next record is received in these pages,
 * which are the provider's after that.
 */
static inline void expect_pages(struct kunit *test, struct page **pages,
				u64 tag, u32 lost)
{
	struct fixture *f = test->priv;
	struct bulk_meta meta = {};
	struct bulk_far *far;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, bulk_rx_get_pages(&f->rx, &far, &meta), 0);
	KUNIT_EXPECT_EQ(test, meta.len, LEN);
	KUNIT_ASSERT_EQ(test, bulk_far_nr_pages(far), NR_PAGES);
	for (i = 0; i < NR_PAGES; i++)
		KUNIT_EXPECT_PTR_EQ(test, bulk_far_page(far, i), pages[i]);
	memset(&meta, 0, sizeof(meta));
	KUNIT_EXPECT_EQ(test, bulk_rx_claim_pages(&f->rx, far, &meta), 0);
	KUNIT_EXPECT_EQ(test, meta.tag, tag);
	KUNIT_EXPECT_EQ(test, meta.len, LEN);
	KUNIT_EXPECT_EQ(test, meta.lost, lost);
	/* They stay until they are mapped. */
	expect_refs(test, pages, 2);
	bulk_far_put(&f->rx, far);
	expect_refs(test, pages, 1);
}

#endif /* _BULK_XFER_RX_PAGES_KUNIT_H */
