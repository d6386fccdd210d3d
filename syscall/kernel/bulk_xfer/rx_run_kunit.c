// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of runs: records that are made in an RX ring, many at a time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/bulk_xfer.h>
#include <linux/list.h>
#include <linux/sizes.h>

#include "rx_kunit.h"

static void run_begin(struct kunit *test, struct bulk_rx_run *run, size_t want)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, bulk_rx_run_begin(&f->rx, run, want));
	KUNIT_ASSERT_GE(test, run->room, RECORD_SIZE(0));
	KUNIT_ASSERT_LE(test, run->room, run->ring->size);
}

/* As a provider does, that makes @n records of @len bytes. */
static void run_make(struct kunit *test, const struct bulk_rx_run *run,
		     struct bulk_space *space, u64 tag, unsigned int n,
		     size_t len)
{
	void *data = bulk_rx_at(run->ring, run->start);

	*space = (struct bulk_space) {
		.next = data,
		.stop = data + run->room,
		.end = data + run->room,
		.max_record = len,
	};
	for (; n; n--) {
		data = bulk_space_next(space, len, tag);
		KUNIT_ASSERT_NOT_NULL(test, data);
		memset(data, tag++ & 0xff, len);
	}
}

static void run_end(struct kunit *test, struct bulk_rx_run *run,
		    const struct bulk_space *space)
{
	struct fixture *f = test->priv;

	bulk_rx_run_end(&f->rx, run,
			space->next - (void *)bulk_rx_at(run->ring, run->start),
			space->records, space->bytes);
}

static void run_is_received_when_it_ends(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, 100, BULK_RX_BLOCK);
	struct bulk_space space;
	struct bulk_rx_run run;
	u64 tag;

	KUNIT_EXPECT_EQ(test, put(test, 1, 100), 0);
	expect_record(test, 1, 100, 0);
	run_begin(test, &run, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 2, 20, 100);
	expect_empty(test);
	run_end(test, &run, &space);
	expect_waiting(test, 20);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 21);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->bytes), 2100);
	KUNIT_EXPECT_EQ(test, put(test, 22, 100), 0);
	for (tag = 2; tag < 23; tag++)
		expect_record(test, tag, 100, 0);
	expect_empty(test);
}

static void run_gives_its_rest_back(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_BLOCK);
	struct bulk_space space;
	struct bulk_rx_run run;

	run_begin(test, &run, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 1, 2, 64);
	run_end(test, &run, &space);
	KUNIT_EXPECT_EQ(test, run.ring->head, run.start + 2 * RECORD_SIZE(64));
	KUNIT_EXPECT_TRUE(test, bulk_rx_has_room_for(rx, 64));
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), -EAGAIN);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

static void empty_run_leaves_nothing(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_BLOCK);
	struct bulk_space space;
	struct bulk_rx_run run;
	u64 head;

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	head = bulk_rx_last(rx)->head;
	run_begin(test, &run, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 0, 0, 0);
	run_end(test, &run, &space);
	KUNIT_EXPECT_EQ(test, bulk_rx_last(rx)->head, head);
	expect_waiting(test, 1);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
}

/* The run has all of the first ring to itself. */
static void record_of_meanwhile_comes_after_the_run(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 300, 64, BULK_RX_BLOCK);
	struct bulk_space space;
	struct bulk_rx_run run;
	u64 tag;

	run_begin(test, &run, BULK_RX_OWN_MIN);
	KUNIT_EXPECT_EQ(test, put(test, 30, 64), 0);
	run_make(test, &run, &space, 0, 30, 64);
	expect_none_yet(test);
	run_end(test, &run, &space);
	for (tag = 0; tag < 31; tag++)
		expect_record(test, tag, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
}

/* In one ring, so that what the run leaves is between both. */
static void rest_before_a_record_is_skipped(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 400, 64, BULK_RX_BLOCK);
	struct bulk_rx_ring *ring;
	struct bulk_space space;
	struct bulk_rx_run run;
	u64 tag;

	run_begin(test, &run, SZ_64K);
	ring = run.ring;
	KUNIT_ASSERT_LT(test, run.room, ring->size);
	KUNIT_EXPECT_EQ(test, put(test, 30, 64), 0);
	run_make(test, &run, &space, 0, 30, 64);
	expect_empty(test);
	run_end(test, &run, &space);
	expect_waiting(test, 31);
	KUNIT_EXPECT_EQ(test, ring->own_head, run.room + RECORD_SIZE(64));
	/* The limit counts no rest. */
	for (tag = 31; tag < 400; tag++)
		KUNIT_ASSERT_EQ(test, put(test, tag, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, tag, 0), -EAGAIN);
	for (tag = 0; tag < 400; tag++)
		expect_record(test, tag, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 400);
}

/* Its room is more than the limit, and holds no record that waits. */
static void run_leaves_the_limit_to_others(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_REFUSE_NEWEST);
	struct bulk_space space;
	struct bulk_rx_run run;

	run_begin(test, &run, SZ_64K);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	run_make(test, &run, &space, 1, 1, 64);
	run_end(test, &run, &space);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 0), -ENOSPC);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

static void run_waits_for_what_was_reserved_before(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 300, 64, BULK_RX_BLOCK);
	struct bulk_space space;
	struct bulk_record *rec;
	struct bulk_rx_run run;

	rec = reserve(test, 64);
	run_begin(test, &run, BULK_RX_OWN_MIN);
	KUNIT_EXPECT_EQ(test, run.start, RECORD_SIZE(64));
	run_make(test, &run, &space, 2, 2, 64);
	run_end(test, &run, &space);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 0);
	commit(test, rec, 1, 64);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), 3);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

/* A run is nobody's before it ends, though all before it is committed. */
static void commit_during_a_run_stops_before_it(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 300, 64, BULK_RX_BLOCK);
	struct bulk_record *rec, *aborted;
	struct bulk_space space;
	struct bulk_rx_run run;

	rx->pending_lost = 4;
	aborted = reserve(test, 64);
	rec = reserve(test, 64);
	run_begin(test, &run, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 2, 2, 64);
	commit(test, rec, 1, 64);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, aborted));
	expect_waiting(test, 1);
	expect_record(test, 1, 64, 4);
	expect_empty(test);
	run_end(test, &run, &space);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

static void run_tells_of_losses(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 64, BULK_RX_REFUSE_NEWEST);
	struct bulk_space space;
	struct bulk_rx_run run;

	rx->pending_lost = 3;
	run_begin(test, &run, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 0, 0, 0);
	run_end(test, &run, &space);
	run_begin(test, &run, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 1, 2, 64);
	run_end(test, &run, &space);
	KUNIT_EXPECT_EQ(test, rx->pending_lost, 0);
	expect_record(test, 1, 64, 3);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
}

static void run_in_an_empty_ring_has_all_of_it(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 3, 84, BULK_RX_BLOCK);
	struct bulk_space space;
	struct bulk_rx_run run;
	u64 tag;

	for (tag = 0; tag < 39; tag++) {
		KUNIT_ASSERT_EQ(test, put(test, tag, 84), 0);
		expect_record(test, tag, 84, 0);
	}
	run_begin(test, &run, BULK_RX_OWN_MIN);
	KUNIT_EXPECT_EQ(test, run.start, BULK_RX_OWN_MIN);
	KUNIT_EXPECT_EQ(test, run.room, BULK_RX_OWN_MIN);
	run_make(test, &run, &space, 100, BULK_RX_OWN_MIN / RECORD_SIZE(48),
		 48);
	run_end(test, &run, &space);
	for (tag = 100; tag < 100 + BULK_RX_OWN_MIN / RECORD_SIZE(48); tag++)
		expect_record(test, tag, 48, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), tag - 100 + 39);
}

static void run_without_room_is_refused(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 255, 0, BULK_RX_BLOCK);
	struct bulk_rx_run run;
	u64 n;

	for (n = 0; n < 255; n++)
		KUNIT_ASSERT_EQ(test, put(test, n, 0), 0);
	run_begin(test, &run, BULK_RX_OWN_MIN);
	KUNIT_EXPECT_EQ(test, run.room, RECORD_SIZE(0));
	bulk_rx_run_end(rx, &run, 0, 0, 0);
	rx->limit += RECORD_SIZE(0);
	KUNIT_EXPECT_EQ(test, put(test, n, 0), 0);
	KUNIT_EXPECT_FALSE(test, bulk_rx_run_begin(rx, &run, BULK_RX_OWN_MIN));
	for (n = 0; n < 256; n++)
		expect_record(test, n, 0, 0);
	expect_empty(test);
}

static void run_grows_its_ring(struct kunit *test)
{
	struct bulk_rx *rx;
	struct bulk_space space;
	struct bulk_rx_run run;

	charge_a_user(test, 17);
	rx = make_rx(test, 64, SZ_4K, BULK_RX_BLOCK);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	run_begin(test, &run, SZ_1M);
	KUNIT_EXPECT_EQ(test, run.ring->size, SZ_64K);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 17);
	KUNIT_EXPECT_GE(test, run.room, SZ_16K);
	run_make(test, &run, &space, 2, 1, SZ_8K);
	run_end(test, &run, &space);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, SZ_8K, 0);
	expect_empty(test);
	KUNIT_EXPECT_PTR_EQ(test, bulk_rx_last(rx), run.ring);
	end_charged_rx(test);
}

/* It makes no ring, keeps to the limit, and there is one run at a time. */
static void run_takes_the_room_that_there_is(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 10, 64, BULK_RX_BLOCK);
	struct bulk_rx_run run, other;

	KUNIT_EXPECT_FALSE(test, bulk_rx_run_try(rx, &run, 1000));
	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
	KUNIT_ASSERT_TRUE(test, bulk_rx_run_try(rx, &run, 100000));
	KUNIT_EXPECT_EQ(test, run.room, 9 * RECORD_SIZE(64));
	KUNIT_EXPECT_FALSE(test, bulk_rx_run_try(rx, &other, 8));
	KUNIT_EXPECT_FALSE(test, bulk_rx_run_begin(rx, &other, 1000));
	bulk_rx_run_end(rx, &run, 0, 0, 0);
	KUNIT_ASSERT_TRUE(test, bulk_rx_run_try(rx, &run, 100));
	KUNIT_EXPECT_LE(test, run.room, 100);
	bulk_rx_run_end(rx, &run, 0, 0, 0);
	expect_record(test, 0, 64, 0);
	expect_empty(test);
}

static struct kunit_case run_cases[] = {
	KUNIT_CASE(run_is_received_when_it_ends),
	KUNIT_CASE(run_gives_its_rest_back),
	KUNIT_CASE(empty_run_leaves_nothing),
	KUNIT_CASE(record_of_meanwhile_comes_after_the_run),
	KUNIT_CASE(rest_before_a_record_is_skipped),
	KUNIT_CASE(run_leaves_the_limit_to_others),
	KUNIT_CASE(run_waits_for_what_was_reserved_before),
	KUNIT_CASE(commit_during_a_run_stops_before_it),
	KUNIT_CASE(run_tells_of_losses),
	KUNIT_CASE(run_in_an_empty_ring_has_all_of_it),
	KUNIT_CASE(run_without_room_is_refused),
	KUNIT_CASE(run_grows_its_ring),
	KUNIT_CASE(run_takes_the_room_that_there_is),
	{}
};

static struct kunit_suite run_suite = {
	.name = "bulk_xfer_rx_run",
	.init = rx_test_init,
	.exit = rx_test_exit,
	.test_cases = run_cases,
};

kunit_test_suite(run_suite);
