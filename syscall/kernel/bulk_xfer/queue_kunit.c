// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the queue: order, limit, policies, counts of lost records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>

#include "queue_kunit.h"

static void order_is_first_in_first_out(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 100, 100, BULK_RX_BLOCK);
	u64 tag;

	for (tag = 0; tag < 100; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, tag), 0);
	KUNIT_EXPECT_EQ(test, q->count, 100);
	for (tag = 0; tag < 100; tag++)
		expect_record(test, tag, tag, 0);
	expect_empty(test);
	bulk_queue_destroy(q);
}

static void order_is_that_of_commits(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 2, 8, BULK_RX_BLOCK);
	struct bulk_record *a, *b;
	unsigned int dropped = 0;

	a = bulk_queue_reserve(q, 0, GFP_KERNEL, &dropped);
	b = bulk_queue_reserve(q, 0, GFP_KERNEL, &dropped);
	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	KUNIT_EXPECT_NULL(test, bulk_queue_pop(q));
	bulk_queue_commit(q, b, 2);
	bulk_queue_commit(q, a, 1);
	expect_record(test, 2, 0, 0);
	expect_record(test, 1, 0, 0);
	bulk_queue_destroy(q);
}

static void block_keeps_all(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 2, 64, BULK_RX_BLOCK);
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	KUNIT_EXPECT_FALSE(test, bulk_queue_has_room(q, 0));
	KUNIT_EXPECT_EQ(test, put(test, 3, 0), -EAGAIN);
	expect_record(test, 1, 64, 0);
	KUNIT_EXPECT_TRUE(test, bulk_queue_has_room(q, 64));
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	expect_record(test, 2, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, f->dropped, 0);
	KUNIT_EXPECT_EQ(test, q->total_lost, 0);
	bulk_queue_destroy(q);
}

static void refuse_newest_counts_in_the_next(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 2, 64, BULK_RX_REFUSE_NEWEST);
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
	KUNIT_EXPECT_EQ(test, q->total_lost, 3);
	bulk_queue_destroy(q);
}

static void overwrite_oldest_counts_in_the_next(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	u64 tag;

	for (tag = 0; tag < 5; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, 64), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 3);
	expect_record(test, 3, 64, 3);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, q->total_lost, 3);
	bulk_queue_destroy(q);
}

static void overwrite_of_all_counts_in_the_newest(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 4, 64, BULK_RX_OVERWRITE_OLDEST);

	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, q->limit - RECORD_SIZE(0)), 0);
	expect_record(test, 2, q->limit - RECORD_SIZE(0), 2);
	expect_empty(test);
	bulk_queue_destroy(q);
}

static void taken_record_is_not_overwritten(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct bulk_record *head;

	KUNIT_EXPECT_EQ(test, put(test, 7, 64), 0);
	head = bulk_queue_pop(q);
	KUNIT_ASSERT_NOT_NULL(test, head);
	KUNIT_EXPECT_EQ(test, put(test, 8, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 9, 64), 0);
	KUNIT_EXPECT_EQ(test, head->tag, 7);
	KUNIT_EXPECT_NULL(test, memchr_inv(head->data, 7, 64));
	KUNIT_EXPECT_EQ(test, q->bytes, 2 * RECORD_SIZE(64));
	bulk_queue_free(q, head);
	expect_record(test, 9, 64, 1);
	expect_empty(test);
	bulk_queue_destroy(q);
}

static void lost_saturates(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, 64, BULK_RX_REFUSE_NEWEST);

	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	q->pending_lost = U32_MAX - 1;
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), -ENOSPC);
	expect_record(test, 1, 64, 0);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	expect_record(test, 4, 64, U32_MAX);
	bulk_queue_destroy(q);
}

static void reservation_counts_and_returns(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, 64, BULK_RX_BLOCK);
	struct bulk_record *rec;
	unsigned int dropped = 0;

	rec = bulk_queue_reserve(q, 64, GFP_KERNEL, &dropped);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	KUNIT_EXPECT_EQ(test, put(test, 1, 0), -EAGAIN);
	bulk_queue_free(q, rec);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	expect_record(test, 1, 64, 0);
	bulk_queue_destroy(q);
}

static void impossible_length_is_refused(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, 64, BULK_RX_BLOCK);

	KUNIT_EXPECT_EQ(test, put(test, 1, 65), -EAGAIN);
	KUNIT_EXPECT_EQ(test, put(test, 1, SIZE_MAX), -EAGAIN);
	expect_empty(test);
	bulk_queue_destroy(q);
}

/*
 * A user of its own, without anybody's other locked memory; alloc_ucounts()
 * takes the reference that the queue returns.
 */
static struct bulk_queue *make_charged_queue(struct kunit *test,
					     unsigned long memlock,
					     struct ucounts **user)
{
	struct bulk_queue *q = make_queue(test, 64, PAGE_SIZE, BULK_RX_BLOCK);

	*user = alloc_ucounts(&init_user_ns, KUIDT_INIT(987654));
	KUNIT_ASSERT_NOT_NULL(test, *user);
	bulk_queue_charge_to(q, get_ucounts(*user), memlock);
	return q;
}

static long locked_pages(struct ucounts *user)
{
	return get_rlimit_value(user, UCOUNT_RLIMIT_MEMLOCK);
}

static void charge_stops_at_the_limit(struct kunit *test)
{
	struct ucounts *user;
	struct bulk_queue *q = make_charged_queue(test, 4, &user);

	KUNIT_EXPECT_EQ(test, put(test, 1, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 4);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 4);
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_record(test, 1, 3 * PAGE_SIZE, 0);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
	bulk_queue_destroy(q);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 0);
	put_ucounts(user);
}

static void spares_are_charged(struct kunit *test)
{
	struct ucounts *user;
	struct bulk_queue *q = make_charged_queue(test, 4, &user);

	KUNIT_EXPECT_EQ(test, bulk_queue_prepare_nmi(q, 5, PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 0);
	KUNIT_EXPECT_EQ(test, bulk_queue_prepare_nmi(q, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 3);
	bulk_queue_destroy(q);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 0);
	put_ucounts(user);
}

static void charge_shrinks_with_the_queue(struct kunit *test)
{
	struct ucounts *user;
	struct bulk_queue *q = make_charged_queue(test, 1000, &user);
	u64 tag;

	for (tag = 0; tag < 40; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, PAGE_SIZE), 0);
	KUNIT_EXPECT_GE(test, locked_pages(user), 40);
	for (tag = 0; tag < 40; tag++)
		expect_record(test, tag, PAGE_SIZE, 0);
	KUNIT_EXPECT_LE(test, locked_pages(user), 16);
	bulk_queue_destroy(q);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 0);
	put_ucounts(user);
}

static void charge_of_what_waits_returns_at_the_end(struct kunit *test)
{
	struct ucounts *user;
	struct bulk_queue *q = make_charged_queue(test, 1000, &user);

	KUNIT_EXPECT_EQ(test, put(test, 1, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, PAGE_SIZE), 0);
	bulk_queue_destroy(q);
	KUNIT_EXPECT_EQ(test, locked_pages(user), 0);
	put_ucounts(user);
}

/* Each of which takes some time, with interrupts off. */
static void overwrite_of_many_refuses_the_newest(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 100, 0,
					  BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	u64 tag;

	for (tag = 0; tag < 100; tag++)
		KUNIT_EXPECT_EQ(test, put(test, tag, 0), 0);
	/* In place of 65, of 64, and of 1. */
	KUNIT_EXPECT_EQ(test, put(test, 1000, 64 * RECORD_SIZE(0)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	KUNIT_EXPECT_EQ(test, q->count, 100);
	KUNIT_EXPECT_EQ(test, put(test, 100, 63 * RECORD_SIZE(0)), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 65);
	KUNIT_EXPECT_EQ(test, put(test, 101, 0), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 66);
	KUNIT_EXPECT_EQ(test, q->total_lost, 66);
	expect_record(test, 65, 0, 65);
	for (tag = 66; tag < 100; tag++)
		expect_record(test, tag, 0, 0);
	expect_record(test, 100, 63 * RECORD_SIZE(0), 1);
	expect_record(test, 101, 0, 0);
	expect_empty(test);
	bulk_queue_destroy(q);
}

/* What can't be queued for lack of memory costs no record that is there. */
static void overwrite_without_memory_loses_the_newest(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, 64 * SZ_1M,
					  BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	KUNIT_EXPECT_EQ(test, put(test, 1, 1), 0);
	/* More than there is without vmalloc(), which GFP_ATOMIC excludes. */
	rec = bulk_queue_reserve(q, 64 * SZ_1M, GFP_ATOMIC, &f->dropped);
	KUNIT_EXPECT_PTR_EQ(test, rec, ERR_PTR(-ENOMEM));
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	KUNIT_EXPECT_EQ(test, put(test, 2, 1), 0);
	expect_record(test, 1, 1, 0);
	expect_record(test, 2, 1, 1);
	expect_empty(test);
	bulk_queue_destroy(q);
}

/* More than kmalloc() has. */
#define VMALLOC_LEN	((size_t)KMALLOC_MAX_SIZE)

static struct bulk_record *reserve_vmalloc(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;

	rec = bulk_queue_reserve(&f->q, VMALLOC_LEN, GFP_KERNEL, &f->dropped);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(rec));
	return rec;
}

/*
 * vfree() may sleep, and is what a producer that holds a spinlock must not do.
 * With preemption disabled, nobody else frees the memory meanwhile.
 */
static void producers_free_without_sleeping(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 1, VMALLOC_LEN,
					  BULK_RX_OVERWRITE_OLDEST);
	struct bulk_record *evicted = reserve_vmalloc(test), *aborted, *rec;
	struct fixture *f = test->priv;
	bool evicted_there, aborted_there;

	bulk_queue_commit(q, evicted, 1);
	preempt_disable();
	rec = bulk_queue_reserve(q, 1, GFP_ATOMIC, &f->dropped);
	evicted_there = find_vm_area(evicted);
	preempt_enable();
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	KUNIT_EXPECT_EQ(test, f->dropped, 1);
	KUNIT_EXPECT_TRUE(test, evicted_there);
	bulk_queue_abort(q, rec);

	aborted = reserve_vmalloc(test);
	preempt_disable();
	bulk_queue_abort(q, aborted);
	aborted_there = find_vm_area(aborted);
	preempt_enable();
	KUNIT_EXPECT_TRUE(test, aborted_there);
	expect_empty(test);
	bulk_queue_destroy(q);
}

/* The record that is still reserved is another one than that which was ended. */
static void record_ends_once(struct kunit *test)
{
	struct bulk_queue *q = make_queue(test, 3, 64, BULK_RX_BLOCK);
	struct fixture *f = test->priv;
	struct bulk_record *rec, *other;

	rec = bulk_queue_reserve(q, 64, GFP_KERNEL, &f->dropped);
	other = bulk_queue_reserve(q, 64, GFP_KERNEL, &f->dropped);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec) || IS_ERR(other));
	memset(rec->data, 1, 64);
	KUNIT_EXPECT_TRUE(test, bulk_queue_commit(q, rec, 1));
	KUNIT_EXPECT_FALSE(test, bulk_queue_commit(q, rec, 2));
	KUNIT_EXPECT_FALSE(test, bulk_queue_abort(q, rec));
	KUNIT_EXPECT_EQ(test, q->reserved, 1);
	KUNIT_EXPECT_TRUE(test, bulk_queue_abort(q, other));
	expect_record(test, 1, 64, 0);
	/* Both are freed memory by now. */
	KUNIT_EXPECT_FALSE(test, bulk_queue_commit(q, rec, 3));
	KUNIT_EXPECT_FALSE(test, bulk_queue_abort(q, other));
	expect_empty(test);
	bulk_queue_destroy(q);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(order_is_first_in_first_out),
	KUNIT_CASE(order_is_that_of_commits),
	KUNIT_CASE(block_keeps_all),
	KUNIT_CASE(refuse_newest_counts_in_the_next),
	KUNIT_CASE(overwrite_oldest_counts_in_the_next),
	KUNIT_CASE(overwrite_of_all_counts_in_the_newest),
	KUNIT_CASE(overwrite_of_many_refuses_the_newest),
	KUNIT_CASE(overwrite_without_memory_loses_the_newest),
	KUNIT_CASE(producers_free_without_sleeping),
	KUNIT_CASE(taken_record_is_not_overwritten),
	KUNIT_CASE(lost_saturates),
	KUNIT_CASE(reservation_counts_and_returns),
	KUNIT_CASE(record_ends_once),
	KUNIT_CASE(impossible_length_is_refused),
	KUNIT_CASE(charge_stops_at_the_limit),
	KUNIT_CASE(spares_are_charged),
	KUNIT_CASE(charge_shrinks_with_the_queue),
	KUNIT_CASE(charge_of_what_waits_returns_at_the_end),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "bulk_xfer_queue",
	.init = queue_test_init,
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
