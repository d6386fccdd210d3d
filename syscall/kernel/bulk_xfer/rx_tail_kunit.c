// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of whatever a process may write where the first record of its
 * window's RX ring is.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/sizes.h>

#include "rx_window_kunit.h"

static void tail_that_is_none(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	u64 good = RECORD_SIZE(64), head = 2 * good;
	const u64 lies[] = {
		good + 1, good + 4, good + 7, head + 8, head + RING_SIZE, 0,
		good - 8, good + (1ULL << 32), 1ULL << 62, -8ULL, U64_MAX,
		(head + 8) | BULK_RX_BORROWED,
	};
	struct bulk_meta meta;
	unsigned int i;
	u8 buf[64];

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_record(test, 1, 64, 0);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		w->user->rx_tail = lies[i];
		KUNIT_EXPECT_EQ(test, receive(test, buf, 64, &meta), -EBADMSG);
		KUNIT_EXPECT_EQ(test, bulk_rx_take_all(&w->f.rx), -EBADMSG);
		KUNIT_EXPECT_EQ(test, w->user->rx_tail, lies[i]);
		KUNIT_EXPECT_EQ(test, w->ring.tail, good);
		expect_waiting(test, 0);
	}
	w->user->rx_tail = good;
	expect_record(test, 2, 64, 0);
}

/* The process has had it move on, and the reader has not seen that. */
static void tail_that_was_written_over(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_REFUSE_NEWEST);
	struct bulk_meta meta;
	u64 tag = 0;
	u8 buf[64];

	w->f.rx.limit = RING_SIZE;
	while (tag < 100) {
		tag = put_until_full(test, tag);
		w->user->rx_tail = w->kernel->rx_head;
	}
	w->user->rx_tail = 0;
	KUNIT_EXPECT_EQ(test, receive(test, buf, 64, &meta), -EBADMSG);
	KUNIT_EXPECT_EQ(test, bulk_rx_take_all(&w->f.rx), -EBADMSG);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, 0);
}

static void producers_believe_no_lie(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_REFUSE_NEWEST);
	u64 n = RING_SIZE / RECORD_SIZE(64), taken = 10 * RECORD_SIZE(64);
	u64 head = (n + 10) * RECORD_SIZE(64);
	const u64 lies[] = {
		0, taken - 8, 2 * taken + 1, 2 * taken + 4, head + 8,
		head + RING_SIZE, -8ULL, U64_MAX, (head + 8) | BULK_RX_BORROWED,
	};
	unsigned int i;

	w->f.rx.limit = RING_SIZE;
	KUNIT_EXPECT_EQ(test, put_until_full(test, 0), n);
	w->user->rx_tail = taken;
	KUNIT_EXPECT_EQ(test, put_until_full(test, n), n + 10);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, head);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		w->user->rx_tail = lies[i];
		KUNIT_EXPECT_EQ(test, put(test, 0, 64), -ENOSPC);
		KUNIT_EXPECT_FALSE(test, bulk_rx_has_room_for(&w->f.rx, 64));
		KUNIT_EXPECT_EQ(test, w->kernel->rx_head, head);
	}
	w->user->rx_tail = taken + RECORD_SIZE(64);
	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
}

/* Whatever a record's bytes look like, what is found there ends in the ring. */
static void tail_inside_record(struct kunit *test)
{
	static const u64 words[] = {
		BULK_REC_SKIP | 16, BULK_REC_FAR, BULK_REC_BUSY, BULK_REC_SKIP,
		BULK_REC_SKIP | 12, 8, BULK_REC_LEN, U64_MAX, 0, 200, 4000,
		BULK_REC_SKIP | BULK_REC_LEN, BULK_REC_FAR | BULK_REC_SKIP | 8,
	};
	struct window *w = make_window(test, BULK_RX_BLOCK);
	u8 *buf = kunit_kzalloc(test, RING_SIZE, GFP_KERNEL);
	struct bulk_record *rec;
	struct bulk_meta meta;
	u64 tail, head, left;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	rec = reserve(test, sizeof(words));
	memcpy(rec->data, words, sizeof(words));
	KUNIT_EXPECT_TRUE(test, bulk_rx_commit(&w->f.rx, rec, 1));
	KUNIT_EXPECT_EQ(test, put(test, U64_MAX, 200), 0);
	KUNIT_EXPECT_EQ(test, put(test, 0, 200), 0);
	head = w->kernel->rx_head;
	for (tail = 0; tail < head; tail += 8) {
		w->user->rx_tail = tail;
		w->ring.tail = tail;
		memset(&meta, 0, sizeof(meta));
		ret = receive(test, buf, RING_SIZE, &meta);
		KUNIT_EXPECT_TRUE_MSG(test, !ret || ret == -EBADMSG ||
				      ret == -EAGAIN, "%d at %llu", ret, tail);
		left = head - w->user->rx_tail;
		KUNIT_EXPECT_LE(test, left, head - tail);
		if (!ret)
			KUNIT_EXPECT_LE(test, RECORD_SIZE(meta.len) + left,
					head - tail);
		KUNIT_EXPECT_EQ(test, w->kernel->rx_head, head);
	}
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
}

static void overwrite_stops_at_nonsense(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_OVERWRITE_OLDEST);
	struct bulk_rx *rx = &w->f.rx;
	s64 records;

	/* Not one of their bytes begins a record. */
	while (bulk_rx_has_room_for(rx, 64))
		KUNIT_ASSERT_EQ(test, put(test, U64_MAX, 64), 0);
	records = atomic64_read(&rx->records);
	w->user->rx_tail = 8;
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, w->user->rx_tail, 8);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->records), records);
	KUNIT_EXPECT_EQ(test, w->f.dropped, 1);
}

/* As no vDSO does: its memory goes with what comes next. */
static void long_record_that_the_process_skips(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);
	struct bulk_rx *rx = &w->f.rx;

	KUNIT_EXPECT_EQ(test, put(test, 1, RING_RECORD + 1), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	w->user->rx_tail = BULK_FAR_SPACE;
	expect_record(test, 2, SZ_16K, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
	KUNIT_EXPECT_EQ(test, rx->far_bytes, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

/* The rest of a window that is no more is dropped, where no record begins. */
static void detached_nonsense_holds_up_nobody(struct kunit *test)
{
	struct window *w = make_window(test, BULK_RX_BLOCK);

	KUNIT_EXPECT_EQ(test, put(test, U64_MAX, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	w->user->rx_tail = 8;
	detach_window(w);
	expect_none_yet(test);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->released, 1);
}

/* Left where no record begins, by a process whose window that was. */
static void leave_nonsense(struct kunit *test, u64 word)
{
	struct bulk_rx *rx = make_rx(test, 8, 64, BULK_RX_BLOCK);
	struct bulk_rx_ring *ring;
	struct window *w;
	u64 *payload;

	KUNIT_ASSERT_EQ(test, put(test, 1, 64), 0);
	ring = bulk_rx_last(rx);
	payload = (u64 *)bulk_rx_at(ring, 0)->data;
	payload[0] = word;
	ring->low = sizeof(struct bulk_record);
	ring->tail = ring->low;
	*ring->shared_tail = ring->low;
	w = attach(test);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, 0);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, w->kernel->rx_head, RECORD_SIZE(64));
	expect_record(test, 2, 64, 0);
}

static void nothing_of_no_length_moves_to_a_window(struct kunit *test)
{
	leave_nonsense(test, BULK_REC_SKIP);
}

static void long_record_that_is_none_moves_nowhere(struct kunit *test)
{
	leave_nonsense(test, BULK_REC_FAR);
}

static void record_that_is_reserved_for_ever_moves_nowhere(struct kunit *test)
{
	leave_nonsense(test, BULK_REC_BUSY | 8);
}

static void record_beyond_its_ring_moves_nowhere(struct kunit *test)
{
	leave_nonsense(test, 1000);
}

static struct kunit_case tail_cases[] = {
	KUNIT_CASE(tail_that_is_none),
	KUNIT_CASE(tail_that_was_written_over),
	KUNIT_CASE(producers_believe_no_lie),
	KUNIT_CASE(tail_inside_record),
	KUNIT_CASE(overwrite_stops_at_nonsense),
	KUNIT_CASE(long_record_that_the_process_skips),
	KUNIT_CASE(detached_nonsense_holds_up_nobody),
	KUNIT_CASE(nothing_of_no_length_moves_to_a_window),
	KUNIT_CASE(long_record_that_is_none_moves_nowhere),
	KUNIT_CASE(record_that_is_reserved_for_ever_moves_nowhere),
	KUNIT_CASE(record_beyond_its_ring_moves_nowhere),
	{}
};

static struct kunit_suite tail_suite = {
	.name = "bulk_xfer_rx_tail",
	.init = window_init,
	.exit = window_exit,
	.test_cases = tail_cases,
};

kunit_test_suite(tail_suite);
