// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the queue's spares: records that are reserved in NMIs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "queue_kunit.h"

static long put_nmi(struct kunit *test, u64 tag, size_t len)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	rec = bulk_queue_reserve_nmi(&f->q, len, &f->dropped);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	memset(rec->data, tag & 0xff, len);
	bulk_queue_commit_nmi(&f->q, rec, tag);
	return 0;
}

static void spares_keep_the_order(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 4, 64, BULK_RX_BLOCK);
	u64 tag;

	KUNIT_ASSERT_EQ(test, bulk_queue_prepare_nmi(q, 2, 64), 0);
	for (tag = 0; tag < 40; tag += 4) {
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag, 64), 0);
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag + 1, 0), 0);
		KUNIT_EXPECT_EQ(test, put(test, tag + 2, 64), 0);
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag + 3, 64), -EAGAIN);
		expect_record(test, tag, 64, 0);
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag + 3, 64), 0);
		bulk_queue_gather(q);
		expect_record(test, tag + 1, 0, 0);
		expect_record(test, tag + 2, 64, 0);
		expect_record(test, tag + 3, 64, 0);
	}
	KUNIT_EXPECT_EQ(test, bulk_queue_lost(q), 0);
	bulk_queue_destroy(q);
}

static void spares_lose_the_newest_and_count(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, bulk_queue_prepare_nmi(q, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 2, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 3, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, bulk_queue_lost(q), 2);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	/* Overwrites 0: what an NMI has queued can't make room. */
	KUNIT_EXPECT_EQ(test, put(test, 5, 64), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 3);
	KUNIT_EXPECT_EQ(test, bulk_queue_lost(q), 3);
	expect_record(test, 1, 64, 1);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 6, 64), 0);
	bulk_queue_gather(q);
	expect_record(test, 4, 64, 2);
	expect_record(test, 5, 64, 0);
	expect_record(test, 6, 64, 0);
	bulk_queue_destroy(q);
}

static void spares_tell_a_loss_where_it_was(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, 64, BULK_RX_REFUSE_NEWEST);
	struct fixture *f = test->priv;
	struct bulk_record *rec[3];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, bulk_queue_prepare_nmi(q, 3, 64), 0);
	for (i = 0; i < 3; i++) {
		rec[i] = bulk_queue_reserve_nmi(q, 0, &f->dropped);
		KUNIT_ASSERT_FALSE(test, IS_ERR(rec[i]));
	}
	for (i = 0; i < 3; i++) {
		bulk_queue_commit_nmi(q, rec[i], i);
		KUNIT_EXPECT_EQ(test, put_nmi(test, 9, 0), -ENOSPC);
		if (i == 1)
			bulk_queue_gather(q);
	}
	KUNIT_EXPECT_EQ(test, bulk_queue_lost(q), 3);
	expect_record(test, 0, 0, 0);
	expect_record(test, 1, 0, 1);
	expect_record(test, 2, 0, 1);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	expect_record(test, 3, 64, 1);
	bulk_queue_destroy(q);
}

static void spares_are_limited(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, 64, BULK_RX_BLOCK);
	size_t before;

	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 0), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, bulk_queue_prepare_nmi(q, 0, 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, bulk_queue_prepare_nmi(q, 257, 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, bulk_queue_prepare_nmi(q, 1, SIZE_MAX), -EINVAL);
	KUNIT_ASSERT_EQ(test, bulk_queue_prepare_nmi(q, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, bulk_queue_prepare_nmi(q, 1, 64), -EBUSY);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 65), -EMSGSIZE);
	before = q->bytes;
	KUNIT_EXPECT_TRUE(test, bulk_queue_has_room(q, 64));
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 64), 0);
	KUNIT_EXPECT_TRUE(test, bulk_queue_has_room(q, 64));
	KUNIT_EXPECT_EQ(test, q->bytes, before);
	bulk_queue_destroy(q);
}

static void spare_ends_once(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 3, 64, BULK_RX_BLOCK);
	struct bulk_record *rec, *other, *elsewhere;
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, bulk_queue_prepare_nmi(q, 2, 64), 0);
	rec = bulk_queue_reserve_nmi(q, 0, &f->dropped);
	other = bulk_queue_reserve_nmi(q, 0, &f->dropped);
	elsewhere = bulk_queue_reserve(q, 0, GFP_KERNEL, &f->dropped);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec) || IS_ERR(other) || IS_ERR(elsewhere));
	KUNIT_EXPECT_FALSE(test, bulk_queue_abort_nmi(q, elsewhere));
	KUNIT_EXPECT_TRUE(test, bulk_queue_commit_nmi(q, elsewhere, 1));
	KUNIT_EXPECT_TRUE(test, bulk_queue_commit_nmi(q, rec, 2));
	KUNIT_EXPECT_FALSE(test, bulk_queue_commit_nmi(q, rec, 3));
	KUNIT_EXPECT_FALSE(test, bulk_queue_abort_nmi(q, rec));
	bulk_queue_gather(q);
	KUNIT_EXPECT_EQ(test, q->reserved, 0);
	KUNIT_EXPECT_FALSE(test, bulk_queue_commit(q, rec, 3));
	KUNIT_EXPECT_TRUE(test, bulk_queue_abort_nmi(q, other));
	KUNIT_EXPECT_FALSE(test, bulk_queue_abort_nmi(q, other));
	KUNIT_EXPECT_FALSE(test, bulk_queue_abort(q, other));
	expect_record(test, 1, 0, 0);
	expect_record(test, 2, 0, 0);
	KUNIT_EXPECT_NULL(test, bulk_queue_pop(q));
	/* As many as there were, and no more. */
	KUNIT_EXPECT_EQ(test, put_nmi(test, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 6, 0), -EAGAIN);
	bulk_queue_destroy(q);
}

static struct kunit_case spares_cases[] = {
	KUNIT_CASE(spares_keep_the_order),
	KUNIT_CASE(spares_lose_the_newest_and_count),
	KUNIT_CASE(spares_tell_a_loss_where_it_was),
	KUNIT_CASE(spares_are_limited),
	KUNIT_CASE(spare_ends_once),
	{}
};

static struct kunit_suite spares_suite = {
	.name = "bulk_xfer_spares",
	.init = queue_test_init,
	.test_cases = spares_cases,
};

kunit_test_suite(spares_suite);
