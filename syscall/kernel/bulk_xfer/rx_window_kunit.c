// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the RX ring of a window: what moves there and stays there, and
 * what its process and the kernel receive.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/sizes.h>

#include "rx_window_kunit.h"

/* --- What waits while a window comes or goes --- */

static void waiting_records_move_to_a_window(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
	u64 moved = RECORD_SIZE(10) + BULK_FAR_SPACE + RECORD_SIZE(100);
	struct window *w;

	KUNIT_EXPECT_EQ(test, put(test, 0, 50), 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 10), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 100), 0);
	expect_record(test, 0, 50, 0);
	w = attach(test);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, moved);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, moved);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	expect_record(test, 1, 10, 0);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_EQ(test, w->kernel->rx_size, RING_SIZE);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, RECORD_SIZE(10));
	expect_record(test, 2, SZ_16K, 0);
	expect_record(test, 3, 100, 0);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, w->kernel->rx_head);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
}

/* Two of them lie at the end of their ring, and two at its start. */
static void records_move_across_the_end_of_their_ring(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 6, 84, BULK_RX_BLOCK);
	struct window *w;
	u64 tag;

	for (tag = 0; tag < 37; tag++) {
		KUNIT_ASSERT_EQ(test, put(test, tag, 84), 0);
		expect_record(test, tag, 84, 0);
	}
	for (; tag < 41; tag++)
		KUNIT_ASSERT_EQ(test, put(test, tag, 84), 0);
	KUNIT_EXPECT_GT(test, bulk_rx_last(rx)->head, BULK_RX_OWN_MIN);
	w = attach(test);
	for (tag = 37; tag < 41; tag++)
		expect_record(test, tag, 84, 0);
	expect_empty(test);
	KUNIT_EXPECT_GT(test, w->kernel->rx_head, 4 * RECORD_SIZE(84));
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, w->kernel->rx_head);
}

static void window_waits_for_what_was_reserved_before(struct kunit *test)
{
	struct bulk_record *rec;
	struct window *w;

	make_rx(test, 4, 64, BULK_RX_BLOCK);
	rec = reserve(test, 64);
	w = attach(test);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, 0);
	bulk_rx_take_all(&w->f.rx);
	commit(test, rec, 1, 64);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, 0);
	expect_record(test, 1, 64, 0);
	/* The reader has moved both there. */
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, 2 * RECORD_SIZE(64));
	expect_record(test, 2, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&w->f.rx.rings));
}

/* The limit is the endpoint's; producers come back when the ring is read. */
static void what_a_window_has_no_room_for_waits_behind_it(struct kunit *test)
{
	u64 tag, total = 3 * RING_SIZE / RECORD_SIZE(64), n = 0;
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_rx *rx = &w->f.rx;

	for (tag = 0; tag < total; tag++)
		KUNIT_ASSERT_EQ(test, put(test, tag, 64), 0);
	KUNIT_EXPECT_FALSE(test, list_is_singular(&rx->rings));
	/* The process reads what is in its window. */
	n = w->kernel->rx_head / RECORD_SIZE(64);
	w->user->rx_tail = w->kernel->rx_head;
	KUNIT_EXPECT_LT(test, n, total / 2);
	for (tag = n; tag < total; tag++)
		expect_record(test, tag, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_EQ(test, put(test, tag, 64), 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head,
			w->user->rx_tail + RECORD_SIZE(64));
	expect_record(test, tag, 64, 0);
}

/* Not more than there is room for, and in the order of their reservations. */
static void few_move_to_the_window(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	u64 tag, fits = RING_SIZE / RECORD_SIZE(64), head;

	for (tag = 0; tag < fits + 5; tag++)
		KUNIT_ASSERT_EQ(test, put(test, tag, 64), 0);
	head = w->kernel->rx_head;
	w->user->rx_tail = head;
	expect_record(test, fits, 64, 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, head + 5 * RECORD_SIZE(64));
	KUNIT_EXPECT_EQ(test, put(test, tag, 64), 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, head + 6 * RECORD_SIZE(64));
	for (tag = fits + 1; tag < fits + 6; tag++)
		expect_record(test, tag, 64, 0);
	expect_empty(test);
}

static void detached_window_keeps_the_rest(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_rx *rx = &w->f.rx;

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, RING_RECORD + 1), 0);
	w->user->rx_tail = RECORD_SIZE(64);
	detach_window(w);
	/* Of no matter any more. */
	memset(w->user, 0xff, sizeof(*w->user));
	KUNIT_EXPECT_PTR_EQ(test, bulk_rx_old_window(rx), &w->ring);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, RING_RECORD + 1, 0);
	KUNIT_EXPECT_EQ(test, w->released, 0);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->released, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->rings));
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), 0);
	expect_record(test, 5, 64, 0);
}

static void detached_window_is_released_if_empty(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	w->user->rx_tail = RECORD_SIZE(64);
	detach_window(w);
	KUNIT_EXPECT_EQ(test, w->released, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->f.rx.rings));
}

/* The producer has its record's memory until the end. */
static void detached_window_waits_for_its_producers(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_record *rec = reserve(test, 64);

	detach_window(w);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->released, 0);
	commit(test, rec, 1, 64);
	expect_record(test, 1, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->released, 1);
}

static void detached_window_returns_what_was_borrowed(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	w->user->rx_tail = RECORD_SIZE(64) | BULK_RX_BORROWED;
	detach_window(w);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
}

static void bad_window_leaves_nothing(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_meta meta;
	u8 buf[64];

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	w->ring.bad = true;
	KUNIT_EXPECT_EQ(test, receive(test, buf, 64, &meta), -EBADMSG);
	detach_window(w);
	KUNIT_EXPECT_EQ(test, w->released, 1);
	expect_empty(test);
}

static void forsaken_record_is_the_system_calls(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);

	reserve(test, 100);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_forsake(&w->f.rx), 1);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, RECORD_SIZE(100));
	expect_record(test, 1, 64, 0);
	expect_empty(test);
}

/* --- Beside a process --- */

/* Of every length across the end at every offset, and none is odd. */
static void records_wrap(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	u32 len, n;

	for (n = 0; n < 4000; n++) {
		len = n % (RING_RECORD + 1);
		KUNIT_ASSERT_EQ(test, put(test, n, len), 0);
		expect_record(test, n, len, 0);
	}
	KUNIT_EXPECT_GT(test, w->kernel->rx_head, 100ULL * RING_SIZE);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, w->user->rx_tail);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, 0);
}

static void positions_beyond_32_bits(struct kunit *test)
{
	struct window *w = test->priv;
	u64 start = (1ULL << 32) - RING_SIZE / 2;
	u32 n;

	make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
	w->ring.head = start;
	w->ring.low = start;
	w->ring.tail = start;
	w->kernel->rx_head = start;
	w->user->rx_tail = start;
	attach(test);
	for (n = 0; n < 40; n++) {
		KUNIT_ASSERT_EQ(test, put(test, n, 300), 0);
		KUNIT_ASSERT_EQ(test, put(test, ~n, 7), 0);
		expect_record(test, n, 300, 0);
		expect_record(test, ~n, 7, 0);
	}
	KUNIT_EXPECT_GT(test, w->kernel->rx_head, 1ULL << 32);
}

static void what_no_vdso_receives_is_odd(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_record *rec;
	u64 odd;

	KUNIT_EXPECT_EQ(test, put(test, 1, RING_RECORD), 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, RING_RECORD + 1), 0);
	odd = w->kernel->rx_head;
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, odd);
	rec = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, odd);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(&w->f.rx, rec));
	KUNIT_EXPECT_EQ(test, w->kernel->rx_odd, odd + RECORD_SIZE(64));
	expect_record(test, 1, RING_RECORD, 0);
	expect_record(test, 2, RING_RECORD + 1, 0);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
}

/* A record that the process has taken can't be taken again. */
static void one_taker_wins(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;

	KUNIT_EXPECT_EQ(test, put(test, 1, 8), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 8), 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_peek(&w->f.rx, &ring, &meta), 0);
	KUNIT_EXPECT_PTR_EQ(test, ring, &w->ring);
	KUNIT_EXPECT_EQ(test, meta.tag, 1);
	w->user->rx_tail += RECORD_SIZE(8);
	KUNIT_EXPECT_FALSE(test, bulk_rx_claim(ring, RECORD_SIZE(8)));
	KUNIT_EXPECT_FALSE(test, bulk_rx_claim(ring, 2 * RECORD_SIZE(8)));
	KUNIT_EXPECT_EQ(test, bulk_rx_peek(&w->f.rx, &ring, &meta), 0);
	KUNIT_EXPECT_EQ(test, meta.tag, 2);
	KUNIT_EXPECT_TRUE(test, bulk_rx_claim(ring, RECORD_SIZE(8)));
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, w->kernel->rx_head);
	expect_empty(test);
}

static void borrowed_records_are_plain(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_OVERWRITE_OLDEST);
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;
	u64 records;

	KUNIT_EXPECT_EQ(test, put(test, 1, 8), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 9), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, RING_RECORD + 1), 0);
	KUNIT_EXPECT_EQ(test, put(test, 5, 0), 0);
	w->user->rx_tail = RECORD_SIZE(8) | BULK_RX_BORROWED;
	KUNIT_EXPECT_EQ(test, bulk_rx_peek(&w->f.rx, &ring, &meta), 0);
	KUNIT_EXPECT_TRUE(test, ring->borrowed);
	KUNIT_EXPECT_EQ(test, meta.len, 9);
	KUNIT_EXPECT_EQ(test, bulk_rx_plain(ring, SIZE_MAX, &records),
			RECORD_SIZE(9) + RECORD_SIZE(0));
	KUNIT_EXPECT_EQ(test, records, 2);
	KUNIT_EXPECT_EQ(test, bulk_rx_plain(ring, RECORD_SIZE(9) + 8, &records),
			RECORD_SIZE(9));
	KUNIT_EXPECT_EQ(test, records, 1);
	KUNIT_EXPECT_FALSE(test, bulk_rx_claim(ring, RECORD_SIZE(9)));
	w->user->rx_tail = RECORD_SIZE(8);
	expect_record(test, 2, 9, 0);
	KUNIT_EXPECT_FALSE(test, ring->borrowed);
}

/* A process that compares and exchanges finds another tail. */
static void overwrite_takes_from_the_process(struct kunit *test)
{
	struct window *w = test->priv;

	make_rx(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	attach(test);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, RECORD_SIZE(64));
	w->user->rx_tail |= BULK_RX_BORROWED;
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail,
			RECORD_SIZE(64) | BULK_RX_BORROWED);
	w->user->rx_tail &= ~BULK_RX_BORROWED;
	expect_record(test, 2, 64, 1);
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), 0);
	expect_record(test, 3, 64, 0);
	expect_record(test, 5, 64, 1);
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE(waiting_records_move_to_a_window),
	KUNIT_CASE(records_move_across_the_end_of_their_ring),
	KUNIT_CASE(window_waits_for_what_was_reserved_before),
	KUNIT_CASE(what_a_window_has_no_room_for_waits_behind_it),
	KUNIT_CASE(few_move_to_the_window),
	KUNIT_CASE(detached_window_keeps_the_rest),
	KUNIT_CASE(detached_window_is_released_if_empty),
	KUNIT_CASE(detached_window_waits_for_its_producers),
	KUNIT_CASE(detached_window_returns_what_was_borrowed),
	KUNIT_CASE(bad_window_leaves_nothing),
	KUNIT_CASE(forsaken_record_is_the_system_calls),
	KUNIT_CASE(records_wrap),
	KUNIT_CASE(positions_beyond_32_bits),
	KUNIT_CASE(what_no_vdso_receives_is_odd),
	KUNIT_CASE(one_taker_wins),
	KUNIT_CASE(borrowed_records_are_plain),
	KUNIT_CASE(overwrite_takes_from_the_process),
	{}
};

static struct kunit_suite window_suite = {
	.name = "bulk_xfer_rx_window",
	.init = window_init,
	.exit = window_exit,
	.test_cases = window_cases,
};

kunit_test_suite(window_suite);
