// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the RX rings of endpoints with a policy of their own: records
 * that are written at once, and those that give way.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/container_of.h>
#include <linux/sizes.h>

#include "rx_kunit.h"

#define LEN	64

/**
 * struct told - what bulk_rx.dropped was told of
 * @f: what the tests of RX rings share
 * @records: how many records
 * @bytes: bytes in them
 * @last: first byte of the last one
 */
struct told {
	struct fixture f;
	unsigned int records;
	size_t bytes;
	u8 last;
};

static void tell(struct bulk_rx *rx, const void *data, size_t len)
{
	struct told *told = container_of(rx, struct told, f.rx);

	told->records++;
	told->bytes += len;
	told->last = *(const u8 *)data;
}

static int policy_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct told), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static struct told *make_told(struct kunit *test, unsigned int records,
			      enum bulk_rx_policy policy)
{
	struct told *told = test->priv;

	make_rx(test, records, LEN, policy);
	told->f.rx.dropped = tell;
	return told;
}

/* Write a record at once. Return: false when that is not to be had. */
static bool write(struct bulk_rx *rx, u64 tag)
{
	unsigned long flags;
	void *to;

	to = bulk_rx_begin(rx, LEN, tag, &flags);
	if (!to)
		return false;
	memset(to, tag & 0xff, LEN);
	bulk_rx_end(rx, flags);
	return true;
}

static void none_is_written_without_a_ring(struct kunit *test)
{
	struct told *told = make_told(test, 4, BULK_RX_BLOCK);

	KUNIT_EXPECT_FALSE(test, write(&told->f.rx, 1));
	expect_empty(test);
}

static void written_at_once_is_received(struct kunit *test)
{
	struct told *told = make_told(test, 8, BULK_RX_BLOCK);

	KUNIT_EXPECT_EQ(test, put(test, 1, LEN), 0);
	KUNIT_EXPECT_TRUE(test, write(&told->f.rx, 2));
	KUNIT_EXPECT_EQ(test, put(test, 3, LEN), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&told->f.rx.records), 3);
	KUNIT_EXPECT_EQ(test, atomic64_read(&told->f.rx.bytes), 3 * LEN);
	expect_record(test, 1, LEN, 0);
	expect_record(test, 2, LEN, 0);
	expect_record(test, 3, LEN, 0);
	expect_empty(test);
}

/* It would be the reader's before one that was reserved before. */
static void none_is_written_behind_a_reservation(struct kunit *test)
{
	struct told *told = make_told(test, 8, BULK_RX_BLOCK);
	struct bulk_record *rec = reserve(test, LEN);

	KUNIT_EXPECT_FALSE(test, write(&told->f.rx, 2));
	commit(test, rec, 1, LEN);
	KUNIT_EXPECT_TRUE(test, write(&told->f.rx, 2));
	expect_record(test, 1, LEN, 0);
	expect_record(test, 2, LEN, 0);
}

static void none_is_written_beyond_the_limit(struct kunit *test)
{
	struct told *told = make_told(test, 2, BULK_RX_REFUSE_NEWEST);

	KUNIT_EXPECT_EQ(test, put(test, 1, LEN), 0);
	KUNIT_EXPECT_TRUE(test, write(&told->f.rx, 2));
	KUNIT_EXPECT_FALSE(test, write(&told->f.rx, 3));
	KUNIT_EXPECT_EQ(test, put(test, 3, LEN), -ENOSPC);
	expect_record(test, 1, LEN, 0);
	expect_record(test, 2, LEN, 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, LEN), 0);
	expect_record(test, 4, LEN, 1);
}

static void written_at_once_tells_losses(struct kunit *test)
{
	struct told *told = make_told(test, 2, BULK_RX_REFUSE_NEWEST);
	u64 tag;

	for (tag = 1; tag <= 5; tag++)
		put(test, tag, LEN);
	expect_record(test, 1, LEN, 0);
	expect_record(test, 2, LEN, 0);
	/* A look at the rings finds the room. */
	KUNIT_EXPECT_EQ(test, put(test, 6, LEN), 0);
	expect_record(test, 6, LEN, 3);
	KUNIT_EXPECT_TRUE(test, write(&told->f.rx, 7));
	expect_record(test, 7, LEN, 0);
	bulk_rx_lose_one(&told->f.rx, "x", 1);
	KUNIT_EXPECT_TRUE(test, write(&told->f.rx, 8));
	expect_record(test, 8, LEN, 1);
}

/* Round the ring many times, by turns with reservations. */
static void written_at_once_goes_round(struct kunit *test)
{
	struct told *told = make_told(test, 8, BULK_RX_BLOCK);
	unsigned int quick = 0;
	u64 tag;

	for (tag = 0; tag < 1000; tag++) {
		if (tag % 3 && write(&told->f.rx, tag))
			quick++;
		else
			KUNIT_EXPECT_EQ(test, put(test, tag, LEN), 0);
		expect_record(test, tag, LEN, 0);
	}
	KUNIT_EXPECT_GT(test, quick, 500);
}

static void each_that_gives_way_is_told(struct kunit *test)
{
	struct told *told = make_told(test, 4, BULK_RX_OVERWRITE_OLDEST);
	u64 tag;

	for (tag = 1; tag <= 10; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, LEN), 0);
	KUNIT_EXPECT_EQ(test, told->records, 6);
	KUNIT_EXPECT_EQ(test, told->bytes, 6 * LEN);
	KUNIT_EXPECT_EQ(test, told->last, 6);
	expect_record(test, 7, LEN, 6);
}

static void long_one_that_gives_way_is_told(struct kunit *test)
{
	struct told *told = make_told(test, 4, BULK_RX_OVERWRITE_OLDEST);
	size_t len = 2 * BULK_RX_OWN_RECORD;

	told->f.rx.limit = 2 * RECORD_SIZE(len);
	KUNIT_EXPECT_EQ(test, put(test, 1, len), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, len), 0);
	KUNIT_EXPECT_EQ(test, told->records, 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, len), 0);
	KUNIT_EXPECT_EQ(test, told->records, 1);
	KUNIT_EXPECT_EQ(test, told->bytes, len);
	KUNIT_EXPECT_EQ(test, told->last, 1);
}

static void refused_ones_are_not_told(struct kunit *test)
{
	struct told *told = make_told(test, 2, BULK_RX_REFUSE_NEWEST);
	u64 tag;

	for (tag = 1; tag <= 5; tag++)
		put(test, tag, LEN);
	KUNIT_EXPECT_EQ(test, told->records, 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(&told->f.rx), 3);
}

static void nobody_is_told_any_more(struct kunit *test)
{
	struct told *told = make_told(test, 2, BULK_RX_OVERWRITE_OLDEST);
	u64 tag;

	bulk_rx_stop_telling(&told->f.rx);
	for (tag = 1; tag <= 5; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, LEN), 0);
	KUNIT_EXPECT_EQ(test, told->records, 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(&told->f.rx), 3);
}

static void policy_changes_at_once(struct kunit *test)
{
	struct told *told = make_told(test, 2, BULK_RX_BLOCK);
	struct bulk_rx *rx = &told->f.rx;

	KUNIT_EXPECT_EQ(test, put(test, 1, LEN), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, LEN), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, LEN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, bulk_rx_set_policy(rx, BULK_RX_REFUSE_NEWEST,
						 3 * RECORD_SIZE(LEN)), 0);
	KUNIT_EXPECT_EQ(test, put(test, 3, LEN), 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, LEN), -ENOSPC);
	KUNIT_EXPECT_EQ(test, bulk_rx_set_policy(rx, BULK_RX_OVERWRITE_OLDEST,
						 2 * RECORD_SIZE(LEN)), 0);
	KUNIT_EXPECT_EQ(test, put(test, 5, LEN), 0);
	KUNIT_EXPECT_EQ(test, told->records, 2);
	expect_record(test, 3, LEN, 2);
	expect_record(test, 5, LEN, 1);
	expect_empty(test);
}

static void policy_brings_its_ring(struct kunit *test)
{
	struct told *told = make_told(test, 4, BULK_RX_BLOCK);
	struct bulk_rx *rx = &told->f.rx;

	KUNIT_EXPECT_EQ(test, bulk_rx_set_policy(rx, BULK_RX_REFUSE_NEWEST,
						 SZ_64K), 0);
	KUNIT_ASSERT_TRUE(test, list_is_singular(&rx->rings));
	KUNIT_EXPECT_GE(test, bulk_rx_last(rx)->size, SZ_64K);
	KUNIT_EXPECT_TRUE(test, write(rx, 1));
	expect_record(test, 1, LEN, 0);
}

static void policy_without_memory(struct kunit *test)
{
	struct told *told = make_told(test, 4, BULK_RX_BLOCK);
	struct ucounts *user = charge_a_user(test, 2);

	KUNIT_EXPECT_NOT_NULL(test, user);
	KUNIT_EXPECT_EQ(test, bulk_rx_set_policy(&told->f.rx,
						 BULK_RX_REFUSE_NEWEST,
						 SZ_64K), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, list_empty(&told->f.rx.rings));
	end_charged_rx(test);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(none_is_written_without_a_ring),
	KUNIT_CASE(written_at_once_is_received),
	KUNIT_CASE(none_is_written_behind_a_reservation),
	KUNIT_CASE(none_is_written_beyond_the_limit),
	KUNIT_CASE(written_at_once_tells_losses),
	KUNIT_CASE(written_at_once_goes_round),
	KUNIT_CASE(each_that_gives_way_is_told),
	KUNIT_CASE(long_one_that_gives_way_is_told),
	KUNIT_CASE(refused_ones_are_not_told),
	KUNIT_CASE(nobody_is_told_any_more),
	KUNIT_CASE(policy_changes_at_once),
	KUNIT_CASE(policy_brings_its_ring),
	KUNIT_CASE(policy_without_memory),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "bulk_xfer_rx_policy",
	.init = policy_init,
	.exit = rx_test_exit,
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
