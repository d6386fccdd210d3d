// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the RX rings: order, limit, policies, counts of lost records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/sizes.h>

#include "rx_kunit.h"

static void order_is_first_in_first_out(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 100, 100, BULK_RX_BLOCK);
	u64 tag;

	for (tag = 0; tag < 100; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, tag), 0);
	expect_waiting(test, 100);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 100);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->bytes), 99 * 100 / 2);
	for (tag = 0; tag < 100; tag++)
		expect_record(test, tag, tag, 0);
	expect_empty(test);
}

static void order_is_that_of_reservations(struct kunit *test)
{
	struct bulk_record *a, *b;

	make_rx(test, 2, 8, BULK_RX_BLOCK);
	a = reserve(test, 8);
	b = reserve(test, 0);
	expect_empty(test);
	commit(test, b, 2, 0);
	expect_empty(test);
	commit(test, a, 1, 8);
	expect_record(test, 1, 8, 0);
	expect_record(test, 2, 0, 0);
	expect_empty(test);
}

static void last_commit_publishes_all(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 20, 40, BULK_RX_BLOCK);
	struct bulk_record *rec[20];
	unsigned int i;

	for (i = 0; i < 20; i++)
		rec[i] = reserve(test, i);
	for (i = 19; i; i--) {
		commit(test, rec[i], i, i);
		expect_empty(test);
	}
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 0);
	commit(test, rec[0], 0, 0);
	expect_waiting(test, 20);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 20);
	for (i = 0; i < 20; i++)
		expect_record(test, i, i, 0);
	expect_empty(test);
}

/* Records of every length meet the ring's end at every offset. */
static void records_go_round_and_round(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 496, BULK_RX_BLOCK);
	u32 len, n;

	for (n = 0; n < 4000; n++) {
		len = n * 7 % 497;
		KUNIT_ASSERT_EQ(test, put(test, n, len), 0);
		if (n)
			expect_record(test, n - 1, (n - 1) * 7 % 497, 0);
	}
	expect_record(test, n - 1, (n - 1) * 7 % 497, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_EQ(test, bulk_rx_last(rx)->size, BULK_RX_OWN_MIN);
	KUNIT_EXPECT_GT(test, bulk_rx_last(rx)->head, 100ULL * BULK_RX_OWN_MIN);
}

/* Too little for a head, of which there are a length and no more. */
static void rest_of_a_ring_may_have_eight_bytes(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 496, BULK_RX_BLOCK);
	struct bulk_rx_ring *ring;

	KUNIT_ASSERT_EQ(test, put(test, 1, 8), 0);
	expect_record(test, 1, 8, 0);
	ring = bulk_rx_last(rx);
	while (ring->head < BULK_RX_OWN_MIN - 8) {
		KUNIT_ASSERT_EQ(test, put(test, 2, 0), 0);
		expect_record(test, 2, 0, 0);
	}
	KUNIT_ASSERT_EQ(test, ring->head, BULK_RX_OWN_MIN - 8);
	KUNIT_EXPECT_EQ(test, put(test, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 9), 0);
	KUNIT_EXPECT_PTR_EQ(test, bulk_rx_last(rx), ring);
	expect_record(test, 3, 0, 0);
	expect_record(test, 4, 9, 0);
	expect_empty(test);
}

static void short_room_keeps_the_record(struct kunit *test)
{
	struct bulk_meta meta = {};
	u8 buf[64];

	make_rx(test, 2, SZ_16K, BULK_RX_BLOCK);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, receive(test, buf, 63, &meta), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, meta.len, 64);
	expect_record(test, 1, 64, 0);
	KUNIT_EXPECT_EQ(test, receive(test, buf, 64, &meta), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, meta.len, SZ_16K);
	expect_record(test, 2, SZ_16K, 0);
	expect_empty(test);
}

/* --- Policies --- */

static void block_keeps_all(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_BLOCK);
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_FALSE(test, bulk_rx_was_full(rx));
	KUNIT_EXPECT_TRUE(test, bulk_rx_has_room_for(rx, 64));
	KUNIT_EXPECT_FALSE(test, bulk_rx_has_room_for(rx, 65));
	KUNIT_EXPECT_TRUE(test, bulk_rx_was_full(rx));
	KUNIT_EXPECT_FALSE(test, bulk_rx_was_full(rx));
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 0), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, bulk_rx_was_full(rx));
	expect_record(test, 1, 64, 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_has_room_for(rx, 64));
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, f->dropped, 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 0);
}

static void refuse_newest_counts_in_the_next(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_REFUSE_NEWEST);
	struct fixture *f = test->priv;
	u64 tag;

	for (tag = 0; tag < 2; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, 64), 0);
	for (; tag < 5; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, 64), -ENOSPC);
	expect_record(test, 0, 64, 0);
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), 0);
	expect_record(test, 1, 64, 0);
	expect_record(test, 5, 64, 3);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, f->dropped, 3);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 3);
}

static void overwrite_oldest_counts_in_the_next(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	u64 tag;

	for (tag = 0; tag < 5; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, 64), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 3);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->bytes), 2 * 64);
	expect_record(test, 3, 64, 3);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 3);
}

static void overwrite_of_all_counts_in_the_newest(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 4, 64, BULK_RX_OVERWRITE_OLDEST);

	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, rx->limit - RECORD_SIZE(0)), 0);
	expect_record(test, 2, rx->limit - RECORD_SIZE(0), 2);
	expect_empty(test);
}

/* Each of which takes some time, with interrupts off. */
static void overwrite_of_many_refuses_the_newest(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 100, 0, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	u64 tag;

	for (tag = 0; tag < 100; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, 0), 0);
	/* In place of 65, of 64, and of 1. */
	KUNIT_EXPECT_EQ(test, put(test, 1000, 64 * RECORD_SIZE(0)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	expect_waiting(test, 100);
	KUNIT_EXPECT_EQ(test, put(test, 100, 63 * RECORD_SIZE(0)), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 65);
	KUNIT_EXPECT_EQ(test, put(test, 101, 0), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 66);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 66);
	expect_record(test, 65, 0, 65);
	for (tag = 66; tag < 100; tag++)
		expect_record(test, tag, 0, 0);
	expect_record(test, 100, 63 * RECORD_SIZE(0), 1);
	expect_record(test, 101, 0, 0);
	expect_empty(test);
}

/* A record that is not committed stays, and so do those after it. */
static void overwrite_stops_at_what_is_reserved(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	make_rx(test, 3, 64, BULK_RX_OVERWRITE_OLDEST);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	rec = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->dropped, 2);
	commit(test, rec, 2, 64);
	expect_record(test, 2, 64, 1);
	expect_record(test, 3, 64, 0);
	expect_record(test, 4, 64, 0);
	KUNIT_EXPECT_EQ(test, put(test, 6, 64), 0);
	expect_record(test, 6, 64, 1);
	expect_empty(test);
}

/* A process reads it where it lies. */
static void borrowed_record_is_not_overwritten(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;
	u8 buf[64];

	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	ring = bulk_rx_last(rx);
	*ring->shared_tail |= BULK_RX_BORROWED;
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	KUNIT_EXPECT_EQ(test, *ring->shared_tail, BULK_RX_BORROWED);
	KUNIT_EXPECT_EQ(test, receive(test, buf, 64, &meta), -EBUSY);
	KUNIT_EXPECT_EQ(test, bulk_rx_take_all(rx), -EBUSY);
	KUNIT_EXPECT_FALSE(test, bulk_rx_claim(ring, RECORD_SIZE(64)));
	*ring->shared_tail &= ~BULK_RX_BORROWED;
	expect_record(test, 0, 64, 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	expect_record(test, 1, 64, 0);
	expect_record(test, 3, 64, 1);
	expect_empty(test);
}

static void lost_saturates(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, 64, BULK_RX_REFUSE_NEWEST);

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	rx->pending_lost = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), -ENOSPC);
	expect_record(test, 1, 64, 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	expect_record(test, 4, 64, U32_MAX);
}

static void impossible_length_is_refused(struct kunit *test)
{
	make_rx(test, 1, 64, BULK_RX_BLOCK);
	KUNIT_EXPECT_EQ(test, put(test, 1, 65), -EAGAIN);
	KUNIT_EXPECT_EQ(test, put(test, 1, SZ_64K), -EAGAIN);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	expect_record(test, 1, 64, 0);
}

/* --- Reservations that end otherwise --- */

static void reservation_counts_and_returns(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, 64, BULK_RX_BLOCK);
	struct bulk_record *rec;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		rec = reserve(test, 64);
		KUNIT_EXPECT_EQ(test, put(test, 1, 0), -EAGAIN);
		KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	}
	expect_empty(test);
	/* The place of each was given to the next. */
	KUNIT_EXPECT_EQ(test, bulk_rx_last(rx)->head, 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	expect_record(test, 1, 64, 0);
}

static void aborted_record_is_skipped(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_REFUSE_NEWEST);
	struct bulk_record *rec;

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	rx->pending_lost = 5;
	rec = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	expect_waiting(test, 2);
	/* The limit counts it no more. */
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 6, 64), -ENOSPC);
	expect_record(test, 1, 64, 0);
	expect_record(test, 3, 64, 5);
	expect_record(test, 5, 64, 1);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, rx->pending_lost, 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 3);
}

/* Also where it was never looked at. */
static void skipped_room_counts_no_longer_than_it_is_there(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_BLOCK);
	struct bulk_record *rec = reserve(test, 64);

	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	KUNIT_EXPECT_EQ(test, bulk_rx_take_all(rx), 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_has_room_for(rx, 144));
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), -EAGAIN);
	expect_record(test, 3, 64, 0);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
}

static void abort_of_the_last_passes_its_loss_on(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, 64, BULK_RX_REFUSE_NEWEST);
	struct bulk_record *rec;

	rx->pending_lost = 5;
	rec = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, rx->pending_lost, 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_record(test, 2, 64, 5);
	expect_empty(test);
}

static void abort_lets_the_later_through(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_BLOCK);
	struct bulk_record *a, *b;

	a = reserve(test, 64);
	b = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, b));
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, a));
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

/*
 * The record that is still reserved is another one than that which was ended.
 */
static void record_ends_once(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_BLOCK);
	struct bulk_record *rec, *other;

	rec = reserve(test, 64);
	other = reserve(test, 64);
	commit(test, rec, 1, 64);
	KUNIT_EXPECT_FALSE(test, bulk_rx_commit(rx, rec, 2));
	KUNIT_EXPECT_FALSE(test, bulk_rx_abort(rx, rec));
	KUNIT_EXPECT_EQ(test, atomic_read(&rx->reserved), 1);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, other));
	expect_record(test, 1, 64, 0);
	/* None is reserved, so that neither is looked at. */
	KUNIT_EXPECT_FALSE(test, bulk_rx_commit(rx, rec, 3));
	KUNIT_EXPECT_FALSE(test, bulk_rx_abort(rx, other));
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&bulk_rx_last(rx)->users), 0);
}

static void forsaken_records_hold_up_nobody(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 5, 64, BULK_RX_BLOCK);

	reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	reserve(test, 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	reserve(test, 64);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, bulk_rx_forsake(rx), 3);
	KUNIT_EXPECT_EQ(test, bulk_rx_forsake(rx), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&bulk_rx_last(rx)->users), 0);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
}

static struct kunit_case rx_cases[] = {
	KUNIT_CASE(order_is_first_in_first_out),
	KUNIT_CASE(order_is_that_of_reservations),
	KUNIT_CASE(last_commit_publishes_all),
	KUNIT_CASE(records_go_round_and_round),
	KUNIT_CASE(rest_of_a_ring_may_have_eight_bytes),
	KUNIT_CASE(short_room_keeps_the_record),
	KUNIT_CASE(block_keeps_all),
	KUNIT_CASE(refuse_newest_counts_in_the_next),
	KUNIT_CASE(overwrite_oldest_counts_in_the_next),
	KUNIT_CASE(overwrite_of_all_counts_in_the_newest),
	KUNIT_CASE(overwrite_of_many_refuses_the_newest),
	KUNIT_CASE(overwrite_stops_at_what_is_reserved),
	KUNIT_CASE(borrowed_record_is_not_overwritten),
	KUNIT_CASE(lost_saturates),
	KUNIT_CASE(impossible_length_is_refused),
	KUNIT_CASE(reservation_counts_and_returns),
	KUNIT_CASE(aborted_record_is_skipped),
	KUNIT_CASE(skipped_room_counts_no_longer_than_it_is_there),
	KUNIT_CASE(abort_of_the_last_passes_its_loss_on),
	KUNIT_CASE(abort_lets_the_later_through),
	KUNIT_CASE(record_ends_once),
	KUNIT_CASE(forsaken_records_hold_up_nobody),
	{}
};

static struct kunit_suite rx_suite = {
	.name = "bulk_xfer_rx",
	.init = rx_test_init,
	.exit = rx_test_exit,
	.test_cases = rx_cases,
};

kunit_test_suite(rx_suite);
