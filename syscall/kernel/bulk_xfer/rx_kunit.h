/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RX rings under test: to put records in, and to expect them at the other end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_RX_KUNIT_H
#define _BULK_XFER_RX_KUNIT_H

#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include "memlock.h"
#include "rx.h"

#define RECORD_SIZE(len)	bulk_record_space(len)

/**
 * struct fixture - what the tests of RX rings share
 * @rx: the rings
 * @memlock: who pays: nobody, but with make_charged_rx()
 * @dropped: records that a reservation has lost
 */
struct fixture {
	struct bulk_rx rx;
	struct bulk_memlock memlock;
	unsigned int dropped;
};

static inline int rx_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

/* Also after a test that has ended the rings itself, or that has made none. */
static inline void rx_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f && f->rx.memlock)
		bulk_rx_destroy(&f->rx);
}

static inline struct bulk_rx *make_rx(struct kunit *test, unsigned int records,
				      size_t len, enum bulk_rx_policy policy)
{
	struct fixture *f = test->priv;

	bulk_rx_init(&f->rx, &f->memlock, records * RECORD_SIZE(len), policy);
	return &f->rx;
}

/*
 * A user of its own, without anybody's other locked memory; alloc_ucounts()
 * takes the reference that end_charged_rx() returns.
 */
static inline struct ucounts *charge_a_user(struct kunit *test,
					    unsigned long limit)
{
	struct fixture *f = test->priv;
	struct ucounts *user;

	user = alloc_ucounts(&init_user_ns, KUIDT_INIT(987654));
	KUNIT_ASSERT_NOT_NULL(test, user);
	bulk_memlock_init(&f->memlock, user, limit);
	return user;
}

static inline long locked_pages(struct kunit *test)
{
	struct fixture *f = test->priv;

	return get_rlimit_value(f->memlock.ucounts, UCOUNT_RLIMIT_MEMLOCK);
}

/* Nothing is charged any more to a user whose rings have ended. */
static inline void end_charged_rx(struct kunit *test)
{
	struct fixture *f = test->priv;

	bulk_rx_destroy(&f->rx);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 0);
	bulk_memlock_end(&f->memlock);
}

static inline struct bulk_record *reserve(struct kunit *test, size_t len)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	rec = bulk_rx_reserve(&f->rx, len, GFP_KERNEL, &f->dropped);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(rec));
	return rec;
}

static inline void commit(struct kunit *test, struct bulk_record *rec, u64 tag,
			  size_t len)
{
	struct fixture *f = test->priv;

	memset(bulk_rx_data(rec), tag & 0xff, len);
	KUNIT_EXPECT_TRUE(test, bulk_rx_commit(&f->rx, rec, tag));
}

static inline long put(struct kunit *test, u64 tag, size_t len)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	rec = bulk_rx_reserve(&f->rx, len, GFP_KERNEL, &f->dropped);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	commit(test, rec, tag, len);
	return 0;
}

static inline int receive(struct kunit *test, void *buf, size_t room,
			  struct bulk_meta *meta)
{
	struct kvec vec = { .iov_base = buf, .iov_len = room };
	struct fixture *f = test->priv;
	struct iov_iter to;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, room);
	return bulk_rx_recv(&f->rx, &to, meta);
}

static inline void expect_record(struct kunit *test, u64 tag, size_t len,
				 u32 lost)
{
	struct bulk_meta meta = {};
	void *buf = kvzalloc(len + 1, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	ret = receive(test, buf, len + 1, &meta);
	KUNIT_EXPECT_EQ(test, ret, 0);
	if (!ret) {
		KUNIT_EXPECT_EQ(test, meta.tag, tag);
		KUNIT_EXPECT_EQ(test, meta.len, len);
		KUNIT_EXPECT_EQ(test, meta.lost, lost);
		KUNIT_EXPECT_NULL(test, memchr_inv(buf, tag & 0xff, len));
	}
	kvfree(buf);
}

static inline void expect_waiting(struct kunit *test, u64 records)
{
	u64 found, bytes, occupied;
	struct fixture *f = test->priv;

	bulk_rx_waiting(&f->rx, &found, &bytes, &occupied);
	KUNIT_EXPECT_EQ(test, found, records);
}

/* There may be records that wait for what is reserved. */
static inline void expect_none_yet(struct kunit *test)
{
	struct bulk_meta meta;
	u8 byte;

	KUNIT_EXPECT_EQ(test, receive(test, &byte, 1, &meta), -EAGAIN);
}

static inline void expect_empty(struct kunit *test)
{
	expect_none_yet(test);
	expect_waiting(test, 0);
	/* A ring that was found drained ends with the next look. */
	expect_none_yet(test);
}

#endif /* _BULK_XFER_RX_KUNIT_H */
