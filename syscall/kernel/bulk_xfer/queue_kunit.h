/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue under test: to put records in, and to expect them at the other end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_QUEUE_KUNIT_H
#define _BULK_XFER_QUEUE_KUNIT_H

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/string.h>

#include "queue.h"

#define RECORD_SIZE(len)	(sizeof(struct bulk_record) + (len))

/**
 * struct fixture - what the tests of a queue share
 * @q: the queue
 * @dropped: records that a reservation has lost
 */
struct fixture {
	struct bulk_queue q;
	unsigned int dropped;
};

static inline int queue_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static inline struct bulk_queue *make_queue(struct kunit *test,
					    unsigned int records, size_t len,
					    enum bulk_rx_policy policy)
{
	struct fixture *f = test->priv;

	bulk_queue_init(&f->q, records * RECORD_SIZE(len), policy);
	return &f->q;
}

static inline long put(struct kunit *test, u64 tag, size_t len)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	rec = bulk_queue_reserve(&f->q, len, GFP_KERNEL, &f->dropped);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	memset(rec->data, tag & 0xff, len);
	bulk_queue_commit(&f->q, rec, tag);
	return 0;
}

static inline void expect_record(struct kunit *test, u64 tag, size_t len,
				 u32 lost)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec = bulk_queue_pop(&f->q);

	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->tag, tag);
	KUNIT_EXPECT_EQ(test, rec->len, len);
	KUNIT_EXPECT_EQ(test, rec->lost, lost);
	if (len)
		KUNIT_EXPECT_NULL(test, memchr_inv(rec->data, tag & 0xff, len));
	bulk_queue_free(&f->q, rec);
}

static inline void expect_empty(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_NULL(test, bulk_queue_pop(&f->q));
	KUNIT_EXPECT_EQ(test, f->q.count, 0);
	KUNIT_EXPECT_EQ(test, f->q.bytes, 0);
}

#endif /* _BULK_XFER_QUEUE_KUNIT_H */
