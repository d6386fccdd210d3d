// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of records that lie in pages: who has references of these, in
 * every way that a record may go, and who pays.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "rx_pages_kunit.h"

/* With the list of its pages. */
#define CHARGED		(NR_PAGES + 1)
/* More than kmalloc() has, and the page allocator. */
#define VMALLOC_LEN	((size_t)KMALLOC_MAX_SIZE + 1)

/* --- Received --- */

/*
 * Each byte differs from its neighbours,
 * and from those of the other pages there.
 */
static void fill_record(u8 *data, size_t start, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = start + i + (start + i) / PAGE_SIZE;
}

static void copy_is_equal(struct kunit *test)
{
	u8 *expected = kunit_kzalloc(test, LEN, GFP_KERNEL);
	u8 *buf = kunit_kzalloc(test, LEN, GFP_KERNEL);
	struct page **pages = make_pages(test, 0);
	struct bulk_meta meta = {};
	unsigned int i;

	make_rx(test, 1, LEN, BULK_RX_BLOCK);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	fill_record(expected, 0, LEN);
	for (i = 0; i < NR_PAGES; i++)
		fill_record(page_address(pages[i]), i * PAGE_SIZE, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, put_pages(test, pages, 1), 0);
	KUNIT_EXPECT_EQ(test, receive(test, buf, LEN - 1, &meta), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, meta.len, LEN);
	expect_refs(test, pages, 2);
	KUNIT_EXPECT_EQ(test, receive(test, buf, LEN, &meta), 0);
	KUNIT_EXPECT_EQ(test, meta.len, LEN);
	KUNIT_EXPECT_MEMEQ(test, buf, expected, LEN);
	expect_refs(test, pages, 1);
	expect_empty(test);
}

static void pages_keep_their_place(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
	struct page **copied, **claimed, **last;

	KUNIT_EXPECT_EQ(test, put(test, 1, 10), 0);
	copied = put_new_pages(test, 2);
	KUNIT_EXPECT_EQ(test, put(test, 3, LONG), 0);
	claimed = put_new_pages(test, 4);
	last = put_new_pages(test, 5);
	KUNIT_EXPECT_EQ(test, put(test, 6, 0), 0);
	expect_waiting(test, 6);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->bytes), 10 + LONG + 3 * LEN);
	expect_record(test, 1, 10, 0);
	expect_record(test, 2, LEN, 0);
	expect_refs(test, copied, 1);
	expect_record(test, 3, LONG, 0);
	expect_pages(test, claimed, 4, 0);
	expect_refs(test, last, 2);
	expect_pages(test, last, 5, 0);
	expect_record(test, 6, 0, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
	KUNIT_EXPECT_EQ(test, rx->far_bytes, 0);
}

static void same_page_may_be_there_twice(struct kunit *test)
{
	struct page **pages = make_pages(test, 1), *others[NR_PAGES];
	unsigned int i;

	make_rx(test, 2, LEN, BULK_RX_BLOCK);
	for (i = 0; i < NR_PAGES; i++)
		others[i] = pages[0];
	KUNIT_EXPECT_EQ(test, put_pages(test, others, 1), 0);
	KUNIT_EXPECT_EQ(test, put_pages(test, others, 1), 0);
	expect_refs(test, others, 1 + 2 * NR_PAGES);
	expect_record(test, 1, LEN, 0);
	expect_refs(test, others, 1 + NR_PAGES);
	expect_record(test, 1, LEN, 0);
	expect_refs(test, pages, 1);
}

static void other_records_are_not_in_pages(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
	struct bulk_far *far;

	charge_a_user(test, 1000);
	KUNIT_EXPECT_EQ(test, get(test, &far), -EAGAIN);
	KUNIT_EXPECT_EQ(test, put(test, 1, 10), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, LONG), 0);
	KUNIT_EXPECT_EQ(test, get(test, &far), -EOPNOTSUPP);
	expect_record(test, 1, 10, 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&rx->far));
	KUNIT_EXPECT_EQ(test, get(test, &far), -EOPNOTSUPP);
	expect_record(test, 2, LONG, 0);
	KUNIT_EXPECT_EQ(test, get(test, &far), -EAGAIN);
	end_charged_rx(test);
}

/* --- Reserved and filled --- */

static void long_record_is_in_pages(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, SZ_16K + 5, BULK_RX_BLOCK);
	struct bulk_far *far;
	u8 *last;

	KUNIT_ASSERT_EQ(test, put(test, 1, SZ_16K + 5), 0);
	far = must_get(test);
	KUNIT_ASSERT_EQ(test, bulk_far_nr_pages(far), 5);
	last = page_address(bulk_far_page(far, 4));
	KUNIT_EXPECT_NULL(test, memchr_inv(last, 1, 5));
	KUNIT_EXPECT_NULL(test, memchr_inv(last + 5, 0, PAGE_SIZE - 5));
	KUNIT_EXPECT_EQ(test, claim(test, far), 0);
	bulk_far_put(rx, far);
	expect_empty(test);
}

/* As a page does that a process has mapped. */
static void expect_page_outlives_record(struct kunit *test, size_t len)
{
	struct bulk_rx *rx = make_rx(test, 1, len, BULK_RX_BLOCK);
	struct bulk_far *far;
	struct page *page;

	KUNIT_ASSERT_EQ(test, put(test, 1, len), 0);
	far = must_get(test);
	page = bulk_far_page(far, 0);
	get_page(page);
	KUNIT_EXPECT_EQ(test, claim(test, far), 0);
	bulk_far_put(rx, far);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 1, PAGE_SIZE));
	put_page(page);
	expect_empty(test);
}

static void page_outlives_its_record(struct kunit *test)
{
	expect_page_outlives_record(test, SZ_16K);
}

static void page_outlives_its_virtual_memory(struct kunit *test)
{
	expect_page_outlives_record(test, VMALLOC_LEN);
}

/* --- Never received --- */

static void aborted_pages_return(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, LEN, BULK_RX_BLOCK);
	struct page **middle = make_pages(test, 1), **others;
	struct page **last = make_pages(test, 3);
	struct bulk_record *rec;
	struct bulk_far *far;

	rec = reserve_pages(test, middle);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	others = put_new_pages(test, 2);
	expect_refs(test, middle, 2);
	KUNIT_EXPECT_EQ(test, get(test, &far), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	expect_refs(test, middle, 1);
	rec = reserve_pages(test, last);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	expect_refs(test, last, 2);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	expect_refs(test, last, 1);
	expect_pages(test, others, 2, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, rx->far_bytes, 0);
}

static void forsaken_pages_return(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, LEN, BULK_RX_BLOCK);
	struct page **pages = make_pages(test, 1), **others;

	KUNIT_ASSERT_FALSE(test, IS_ERR(reserve_pages(test, pages)));
	others = put_new_pages(test, 2);
	KUNIT_EXPECT_EQ(test, bulk_rx_forsake(rx), 1);
	expect_refs(test, pages, 1);
	expect_pages(test, others, 2, 0);
}

static void overwritten_pages_return(struct kunit *test)
{
	struct page **pages, **others, **newest;
	struct fixture *f = test->priv;

	make_rx(test, 2, LEN, BULK_RX_OVERWRITE_OLDEST);
	pages = put_new_pages(test, 1);
	others = put_new_pages(test, 2);
	newest = put_new_pages(test, 3);
	expect_refs(test, pages, 1);
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	expect_pages(test, others, 2, 1);
	expect_pages(test, newest, 3, 0);
	expect_empty(test);
}

/* The limit counts the bytes of a record, and not those of its pages. */
static void block_refuses_beyond_the_length(struct kunit *test)
{
	struct page **pages, **others, **refused = make_pages(test, 3);
	struct bulk_rx *rx = make_rx(test, 2, LEN, BULK_RX_BLOCK);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_LT(test, rx->limit, 2 * NR_PAGES * PAGE_SIZE);
	pages = put_new_pages(test, 1);
	others = put_new_pages(test, 2);
	KUNIT_EXPECT_EQ(test, put_pages(test, refused, 3), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, bulk_rx_was_full(rx));
	expect_refs(test, refused, 1);
	expect_pages(test, pages, 1, 0);
	KUNIT_EXPECT_EQ(test, put_pages(test, refused, 3), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 0), -EAGAIN);
	expect_pages(test, others, 2, 0);
	expect_pages(test, refused, 3, 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 0);
}

static void refused_pages_are_told(struct kunit *test)
{
	struct page **pages, **refused = make_pages(test, 2);
	struct fixture *f = test->priv;

	make_rx(test, 1, LEN, BULK_RX_REFUSE_NEWEST);
	pages = put_new_pages(test, 1);
	KUNIT_EXPECT_EQ(test, put_pages(test, refused, 2), -ENOSPC);
	expect_refs(test, refused, 1);
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	expect_pages(test, pages, 1, 0);
	KUNIT_EXPECT_EQ(test, put_pages(test, refused, 3), 0);
	expect_pages(test, refused, 3, 1);
}

/* Nothing gives way to what would have no room all the same. */
static void overwrite_refuses_beyond_the_limit(struct kunit *test)
{
	struct page **refused = make_pages(test, 2);
	struct fixture *f = test->priv;

	make_rx(test, 1, LEN - 8, BULK_RX_OVERWRITE_OLDEST);
	KUNIT_EXPECT_EQ(test, put(test, 1, 10), 0);
	KUNIT_EXPECT_EQ(test, put_pages(test, refused, 2), -ENOSPC);
	expect_refs(test, refused, 1);
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	expect_record(test, 1, 10, 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 10), 0);
	expect_record(test, 3, 10, 1);
}

static void taken_pages_return(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, LEN, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct page **others = put_new_pages(test, 2);

	KUNIT_EXPECT_EQ(test, bulk_rx_take_all(rx), 0);
	expect_refs(test, pages, 1);
	expect_refs(test, others, 1);
	expect_empty(test);
}

/* --- Charges --- */

static void pages_are_charged_until_they_are_mapped(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 4, LEN, BULK_RX_BLOCK);
	struct page **pages, **copied, **waiting;
	struct bulk_far *far;
	long ring = 1;

	charge_a_user(test, 1000);
	pages = put_new_pages(test, 1);
	copied = put_new_pages(test, 2);
	waiting = put_new_pages(test, 3);
	KUNIT_EXPECT_EQ(test, locked_pages(test), ring + 3 * CHARGED);
	far = must_get(test);
	KUNIT_EXPECT_EQ(test, claim(test, far), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), ring + 3 * CHARGED);
	bulk_far_put(rx, far);
	KUNIT_EXPECT_EQ(test, locked_pages(test), ring + 2 * CHARGED);
	expect_record(test, 2, LEN, 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), ring + CHARGED);
	expect_refs(test, waiting, 2);
	end_charged_rx(test);
	expect_refs(test, pages, 1);
	expect_refs(test, copied, 1);
	expect_refs(test, waiting, 1);
}

/* There may be room for the record, and none for a ring that has its place. */
static void pages_beyond_the_right_to_lock(struct kunit *test)
{
	struct page **pages = make_pages(test, 1);
	struct fixture *f = test->priv;

	make_rx(test, 1, LEN, BULK_RX_REFUSE_NEWEST);
	charge_a_user(test, CHARGED - 1);
	KUNIT_EXPECT_EQ(test, put_pages(test, pages, 1), -ENOMEM);
	expect_refs(test, pages, 1);
	f->memlock.limit++;
	KUNIT_EXPECT_EQ(test, put_pages(test, pages, 2), -ENOMEM);
	expect_refs(test, pages, 1);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 2);
	f->memlock.limit++;
	KUNIT_EXPECT_EQ(test, put_pages(test, pages, 3), 0);
	expect_pages(test, pages, 3, 2);
	end_charged_rx(test);
}

static struct kunit_case pages_cases[] = {
	KUNIT_CASE(copy_is_equal),
	KUNIT_CASE(pages_keep_their_place),
	KUNIT_CASE(same_page_may_be_there_twice),
	KUNIT_CASE(other_records_are_not_in_pages),
	KUNIT_CASE(long_record_is_in_pages),
	KUNIT_CASE(page_outlives_its_record),
	KUNIT_CASE(page_outlives_its_virtual_memory),
	KUNIT_CASE(aborted_pages_return),
	KUNIT_CASE(forsaken_pages_return),
	KUNIT_CASE(overwritten_pages_return),
	KUNIT_CASE(block_refuses_beyond_the_length),
	KUNIT_CASE(refused_pages_are_told),
	KUNIT_CASE(overwrite_refuses_beyond_the_limit),
	KUNIT_CASE(taken_pages_return),
	KUNIT_CASE(pages_are_charged_until_they_are_mapped),
	KUNIT_CASE(pages_beyond_the_right_to_lock),
	{}
};

static struct kunit_suite pages_suite = {
	.name = "bulk_xfer_rx_pages",
	.init = rx_test_init,
	.exit = rx_test_exit,
	.test_cases = pages_cases,
};

kunit_test_suite(pages_suite);
