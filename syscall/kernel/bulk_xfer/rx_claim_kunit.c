// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of readers that look at a record in pages, have these mapped, and
 * claim it then: what comes in between.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "rx_pages_kunit.h"
#include "rx_window_kunit.h"

/* Another one waits, which is not the one that was looked at. */
static void record_is_claimed_once(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, LEN, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct page **others = put_new_pages(test, 2);
	struct bulk_far *mine = must_get(test), *yours = must_get(test);

	KUNIT_EXPECT_PTR_EQ(test, mine, yours);
	KUNIT_EXPECT_EQ(test, claim(test, mine), 0);
	bulk_far_put(rx, mine);
	KUNIT_EXPECT_EQ(test, claim(test, yours), BULK_RECV_BEATEN);
	expect_pages(test, others, 2, 0);
	KUNIT_EXPECT_EQ(test, claim(test, yours), BULK_RECV_BEATEN);
	expect_refs(test, pages, 2);
	bulk_far_put(rx, yours);
	expect_refs(test, pages, 1);
	expect_empty(test);
}

static void copying_reader_is_faster(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, LEN, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct bulk_far *far = must_get(test);

	KUNIT_EXPECT_EQ(test, put(test, 2, 10), 0);
	expect_record(test, 1, LEN, 0);
	expect_refs(test, pages, 2);
	KUNIT_EXPECT_EQ(test, claim(test, far), BULK_RECV_BEATEN);
	bulk_far_put(rx, far);
	expect_refs(test, pages, 1);
	expect_record(test, 2, 10, 0);
	expect_empty(test);
}

static void overwriting_producer_is_faster(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, LEN, BULK_RX_OVERWRITE_OLDEST);
	struct page **pages = put_new_pages(test, 1), **others;
	struct bulk_far *far = must_get(test);

	others = put_new_pages(test, 2);
	expect_refs(test, pages, 2);
	KUNIT_EXPECT_EQ(test, claim(test, far), BULK_RECV_BEATEN);
	bulk_far_put(rx, far);
	expect_refs(test, pages, 1);
	expect_pages(test, others, 2, 1);
	expect_empty(test);
}

static void borrowed_record_is_not_claimed(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, LEN, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct bulk_rx_ring *ring = bulk_rx_last(rx);
	struct bulk_far *far, *none;

	far = must_get(test);
	*ring->shared_tail |= BULK_RX_BORROWED;
	KUNIT_EXPECT_EQ(test, get(test, &none), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim(test, far), -EBUSY);
	KUNIT_EXPECT_EQ(test, *ring->shared_tail, BULK_RX_BORROWED);
	*ring->shared_tail &= ~BULK_RX_BORROWED;
	bulk_far_put(rx, far);
	expect_pages(test, pages, 1, 0);
}

/* --- Windows --- */

static void pages_move_to_a_window(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct page **others = put_new_pages(test, 2);
	struct bulk_far *far = must_get(test);
	struct window *w = attach(test);

	KUNIT_EXPECT_PTR_EQ(test, far->ring, &w->ring);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, 2 * BULK_FAR_SPACE);
	expect_refs(test, pages, 2);
	KUNIT_EXPECT_EQ(test, claim(test, far), 0);
	bulk_far_put(rx, far);
	expect_refs(test, pages, 1);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, BULK_FAR_SPACE);
	expect_pages(test, others, 2, 0);
	expect_empty(test);
}

static void window_goes_between_look_and_claim(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct bulk_far *far = must_get(test);

	KUNIT_EXPECT_PTR_EQ(test, far->ring, &w->ring);
	detach_window(w);
	KUNIT_EXPECT_EQ(test, claim(test, far), 0);
	bulk_far_put(&w->f.rx, far);
	expect_refs(test, pages, 1);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->released, 1);
}

static void process_lies_between_look_and_claim(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct bulk_far *far = must_get(test), *none;

	w->user->rx_tail = w->kernel->rx_head + 8;
	KUNIT_EXPECT_EQ(test, get(test, &none), -EBADMSG);
	KUNIT_EXPECT_EQ(test, claim(test, far), -EBADMSG);
	bulk_far_put(&w->f.rx, far);
	expect_refs(test, pages, 2);
	w->ring.bad = true;
	detach_window(w);
	expect_refs(test, pages, 1);
}

/* As no vDSO does: the references go with what comes next. */
static void process_skips_pages(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct page **pages = put_new_pages(test, 1);
	struct page **others = put_new_pages(test, 2);

	w->user->rx_tail = BULK_FAR_SPACE;
	expect_pages(test, others, 2, 0);
	expect_refs(test, pages, 1);
	expect_empty(test);
}

static struct kunit_case claim_cases[] = {
	KUNIT_CASE(record_is_claimed_once),
	KUNIT_CASE(copying_reader_is_faster),
	KUNIT_CASE(overwriting_producer_is_faster),
	KUNIT_CASE(borrowed_record_is_not_claimed),
	KUNIT_CASE(pages_move_to_a_window),
	KUNIT_CASE(window_goes_between_look_and_claim),
	KUNIT_CASE(process_lies_between_look_and_claim),
	KUNIT_CASE(process_skips_pages),
	{}
};

static struct kunit_suite claim_suite = {
	.name = "bulk_xfer_rx_claim",
	.init = window_init,
	.exit = window_exit,
	.test_cases = claim_cases,
};

kunit_test_suite(claim_suite);
