// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the memory of RX rings: their growth and end, records that are
 * too long for one, what is charged for both.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "rx_kunit.h"

/* The first ring has a page: too little for a record of one. */
static struct bulk_rx *make_charged_rx(struct kunit *test,
				       unsigned long memlock)
{
	charge_a_user(test, memlock);
	return make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
}

static void rings_grow(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 4096, 8, BULK_RX_BLOCK);
	u64 tag;

	for (tag = 0; tag < 4096; tag++) {
		KUNIT_ASSERT_EQ(test, put(test, tag, 8), 0);
		if (tag == 100)
			KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	}
	KUNIT_EXPECT_EQ(test, put(test, tag, 8), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, list_is_singular(&rx->rings));
	expect_waiting(test, 4096);
	for (tag = 0; tag < 4096; tag++)
		expect_record(test, tag, 8, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->drained));
}

/* A record that was committed later waits in the ring after it. */
static void ring_stays_while_it_is_reserved_in(struct kunit *test)
{
	struct bulk_rx *rx = make_charged_rx(test, 1000);
	struct bulk_record *rec;

	rec = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, list_is_singular(&rx->rings));
	expect_none_yet(test);
	KUNIT_EXPECT_FALSE(test, list_is_singular(&rx->rings));
	commit(test, rec, 1, 64);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, PAGE_SIZE, 0);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->rings));
	expect_empty(test);
	end_charged_rx(test);
}

/* A producer may look at it just after its commit. */
static void drained_ring_stays_while_it_is_used(struct kunit *test)
{
	struct bulk_rx *rx = make_charged_rx(test, 1000);
	struct bulk_rx_ring *ring;

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	ring = bulk_rx_last(rx);
	atomic_inc(&ring->users);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), 0);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, PAGE_SIZE, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rx->drained));
	KUNIT_EXPECT_EQ(test, locked_pages(test), 1 + 16);
	atomic_dec(&ring->users);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->drained));
	KUNIT_EXPECT_EQ(test, locked_pages(test), 16);
	end_charged_rx(test);
}

/*
 * The loss of a record at the end of one ring is told by the first of the next.
 */
static void loss_goes_on_to_the_next_ring(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE,
				     BULK_RX_REFUSE_NEWEST);
	struct bulk_record *rec;

	rx->pending_lost = 3;
	rec = reserve(test, 64);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	expect_record(test, 2, PAGE_SIZE, 3);
	expect_empty(test);
}

static void take_all_takes_all(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);

	KUNIT_EXPECT_EQ(test, bulk_rx_take_all(rx), 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 8), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_take_all(rx), 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
	KUNIT_EXPECT_EQ(test, rx->far_bytes, 0);
}

/* --- Records that are too long for a ring --- */

static void long_records_keep_their_place(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);
	u64 records, bytes, occupied;

	KUNIT_EXPECT_EQ(test, put(test, 1, 10), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, SZ_16K + 1), 0);
	KUNIT_EXPECT_EQ(test, put(test, 5, SZ_32K), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&rx->far), 3);
	bulk_rx_waiting(rx, &records, &bytes, &occupied);
	KUNIT_EXPECT_EQ(test, records, 5);
	KUNIT_EXPECT_EQ(test, bytes, 10 + SZ_64K + 1);
	KUNIT_EXPECT_EQ(test, occupied, RECORD_SIZE(10) + RECORD_SIZE(SZ_16K) +
			RECORD_SIZE(0) + RECORD_SIZE(SZ_16K + 1) +
			RECORD_SIZE(SZ_32K));
	KUNIT_EXPECT_EQ(test, atomic64_read(&rx->bytes), bytes);
	expect_record(test, 1, 10, 0);
	expect_record(test, 2, SZ_16K, 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&rx->far), 2);
	expect_record(test, 3, 0, 0);
	expect_record(test, 4, SZ_16K + 1, 0);
	expect_record(test, 5, SZ_32K, 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
	KUNIT_EXPECT_EQ(test, rx->far_bytes, 0);
}

/* One byte more, and it is not in the ring. */
static void expect_longest(struct kunit *test, struct bulk_rx *rx,
			   size_t longest)
{
	KUNIT_EXPECT_EQ(test, put(test, 1, longest), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
	KUNIT_EXPECT_EQ(test, put(test, 2, longest + 1), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&rx->far), 1);
	expect_record(test, 1, longest, 0);
	expect_record(test, 2, longest + 1, 0);
}

static void long_is_an_eighth_of_the_largest_ring(struct kunit *test)
{
	expect_longest(test, make_rx(test, 1, 2000, BULK_RX_BLOCK),
		       BULK_RX_OWN_MIN / 8 - RECORD_SIZE(0));
}

static void long_is_beyond_own_record(struct kunit *test)
{
	expect_longest(test, make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK),
		       BULK_RX_OWN_RECORD - RECORD_SIZE(0));
}

static void long_records_count_in_full(struct kunit *test)
{
	make_rx(test, 2, SZ_16K, BULK_RX_BLOCK);
	KUNIT_EXPECT_EQ(test, put(test, 1, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K + 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, 0), -EAGAIN);
	expect_record(test, 1, SZ_16K, 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, SZ_16K), 0);
	expect_record(test, 2, SZ_16K, 0);
	expect_record(test, 3, SZ_16K, 0);
	expect_empty(test);
}

static void long_records_are_freed_however_they_end(struct kunit *test)
{
	struct bulk_record *rec;
	struct bulk_rx *rx;
	long empty;

	charge_a_user(test, 1000);
	rx = make_rx(test, 2, SZ_16K, BULK_RX_OVERWRITE_OLDEST);
	KUNIT_EXPECT_EQ(test, put(test, 0, 0), 0);
	expect_record(test, 0, 0, 0);
	empty = locked_pages(test);
	KUNIT_EXPECT_EQ(test, put(test, 1, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), empty + 2 * 5);
	/* Overwritten. */
	KUNIT_EXPECT_EQ(test, put(test, 3, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), empty + 2 * 5);
	expect_record(test, 2, SZ_16K, 1);
	KUNIT_EXPECT_EQ(test, locked_pages(test), empty + 5);
	/* Aborted, once in the middle and once at the end. */
	rec = reserve(test, 8000);
	KUNIT_EXPECT_EQ(test, put(test, 4, 0), 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	KUNIT_EXPECT_EQ(test, locked_pages(test), empty + 5);
	rec = reserve(test, SZ_16K - 100);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	KUNIT_EXPECT_EQ(test, locked_pages(test), empty + 5);
	expect_record(test, 3, SZ_16K, 0);
	expect_record(test, 4, 0, 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), empty);
	KUNIT_EXPECT_EQ(test, rx->far_bytes, 0);
	end_charged_rx(test);
}

/* The first one's place is the last of a ring that has another one after it. */
static void forsaken_long_record_holds_up_nobody(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 64, PAGE_SIZE, BULK_RX_BLOCK);

	reserve(test, SZ_16K);
	KUNIT_EXPECT_EQ(test, put(test, 1, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_EQ(test, put(test, 2, SZ_16K), 0);
	reserve(test, SZ_16K);
	KUNIT_EXPECT_EQ(test, put(test, 3, SZ_16K), 0);
	expect_none_yet(test);
	KUNIT_EXPECT_EQ(test, bulk_rx_forsake(rx), 2);
	expect_record(test, 1, PAGE_SIZE, 0);
	expect_record(test, 2, SZ_16K, 0);
	expect_record(test, 3, SZ_16K, 0);
	expect_empty(test);
}

/* More than kmalloc() has, and the page allocator. */
#define VMALLOC_LEN	((size_t)KMALLOC_MAX_SIZE + 1)

/* A record that there is no memory for costs none that is there. */
static void overwrite_without_memory_loses_the_newest(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, VMALLOC_LEN,
				     BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	KUNIT_EXPECT_EQ(test, put(test, 1, 1), 0);
	/* More than there is without vmalloc(), which GFP_ATOMIC excludes. */
	rec = bulk_rx_reserve(rx, VMALLOC_LEN, GFP_ATOMIC, &f->dropped);
	KUNIT_EXPECT_PTR_EQ(test, rec, ERR_PTR(-ENOMEM));
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	KUNIT_EXPECT_EQ(test, put(test, 2, 1), 0);
	expect_record(test, 1, 1, 0);
	expect_record(test, 2, 1, 1);
	expect_empty(test);
}

/*
 * vfree() may sleep, and is what a producer that holds a spinlock must not do.
 * With preemption disabled, nobody else frees the memory meanwhile.
 */
static void producers_free_without_sleeping(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, VMALLOC_LEN,
				     BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	bool evicted_there, aborted_there;
	void *evicted, *aborted;
	struct bulk_record *rec;

	rec = reserve(test, VMALLOC_LEN);
	evicted = bulk_rx_data(rec);
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(evicted));
	commit(test, rec, 1, 0);
	preempt_disable();
	rec = bulk_rx_reserve(rx, 1, GFP_ATOMIC, &f->dropped);
	evicted_there = find_vm_area(evicted);
	preempt_enable();
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	KUNIT_EXPECT_TRUE(test, evicted_there);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));

	rec = reserve(test, VMALLOC_LEN);
	aborted = bulk_rx_data(rec);
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(aborted));
	preempt_disable();
	bulk_rx_abort(rx, rec);
	aborted_there = find_vm_area(aborted);
	preempt_enable();
	KUNIT_EXPECT_TRUE(test, aborted_there);
	expect_empty(test);
}

/* --- Charges --- */

static void charge_stops_at_the_limit(struct kunit *test)
{
	struct bulk_rx *rx = make_charged_rx(test, 5);

	KUNIT_EXPECT_EQ(test, put(test, 1, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 5);
	/* One needs another ring, the other memory of its own. */
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, put(test, 2, 3 * PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 5);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_record(test, 1, 3 * PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 1);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 0);
	end_charged_rx(test);
}

static void large_rings_end_when_they_are_empty(struct kunit *test)
{
	struct bulk_rx *rx = make_charged_rx(test, 1000);
	u64 tag;

	for (tag = 0; tag < 40; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, PAGE_SIZE), 0);
	KUNIT_EXPECT_GE(test, locked_pages(test), 40);
	KUNIT_EXPECT_GT(test, bulk_rx_last(rx)->size, SZ_64K);
	for (tag = 0; tag < 40; tag++)
		expect_record(test, tag, PAGE_SIZE, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&rx->rings));
	KUNIT_EXPECT_EQ(test, put(test, tag, 64), 0);
	expect_record(test, tag, 64, 0);
	expect_empty(test);
	/* A small one stays for the next record. */
	KUNIT_EXPECT_EQ(test, locked_pages(test), 1);
	end_charged_rx(test);
}

static void charge_of_what_waits_returns_at_the_end(struct kunit *test)
{
	make_charged_rx(test, 1000);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 1 + 16 + 5);
	end_charged_rx(test);
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(rings_grow),
	KUNIT_CASE(ring_stays_while_it_is_reserved_in),
	KUNIT_CASE(drained_ring_stays_while_it_is_used),
	KUNIT_CASE(loss_goes_on_to_the_next_ring),
	KUNIT_CASE(take_all_takes_all),
	KUNIT_CASE(long_records_keep_their_place),
	KUNIT_CASE(long_is_an_eighth_of_the_largest_ring),
	KUNIT_CASE(long_is_beyond_own_record),
	KUNIT_CASE(long_records_count_in_full),
	KUNIT_CASE(long_records_are_freed_however_they_end),
	KUNIT_CASE(forsaken_long_record_holds_up_nobody),
	KUNIT_CASE(overwrite_without_memory_loses_the_newest),
	KUNIT_CASE(producers_free_without_sleeping),
	KUNIT_CASE(charge_stops_at_the_limit),
	KUNIT_CASE(large_rings_end_when_they_are_empty),
	KUNIT_CASE(charge_of_what_waits_returns_at_the_end),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "bulk_xfer_rx_memory",
	.init = rx_test_init,
	.exit = rx_test_exit,
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
