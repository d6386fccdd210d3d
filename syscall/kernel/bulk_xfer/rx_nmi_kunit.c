// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the RX rings' room for records that are reserved in NMIs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/irqflags.h>
#include <linux/sizes.h>

#include "rx_kunit.h"

/* As in an NMI, no interrupt comes in between. */
static struct bulk_record *reserve_nmi(struct kunit *test, size_t len)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;
	unsigned long flags;

	local_irq_save(flags);
	rec = bulk_rx_reserve_nmi(&f->rx, len, &f->dropped);
	local_irq_restore(flags);
	return rec;
}

static long put_nmi(struct kunit *test, u64 tag, size_t len)
{
	struct bulk_record *rec = reserve_nmi(test, len);

	if (IS_ERR(rec))
		return PTR_ERR(rec);
	commit(test, rec, tag, len);
	return 0;
}

/* The answer to an NMI that has interrupted the holder of the lock. */
static long put_nmi_locked(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct bulk_record *rec;
	unsigned long flags;

	raw_spin_lock_irqsave(&f->rx.lock, flags);
	rec = bulk_rx_reserve_nmi(&f->rx, 0, &f->dropped);
	raw_spin_unlock_irqrestore(&f->rx.lock, flags);
	return PTR_ERR_OR_ZERO(rec);
}

static void nmi_records_keep_the_order(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 4, 64, BULK_RX_BLOCK);
	u64 tag;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 2, 64), 0);
	for (tag = 0; tag < 400; tag += 4) {
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag, 64), 0);
		KUNIT_EXPECT_EQ(test, put(test, tag + 1, 64), 0);
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag + 2, 0), 0);
		expect_record(test, tag, 64, 0);
		KUNIT_EXPECT_EQ(test, put(test, tag + 3, 64), 0);
		expect_record(test, tag + 1, 64, 0);
		expect_record(test, tag + 2, 0, 0);
		expect_record(test, tag + 3, 64, 0);
	}
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 0);
}

static void nmi_record_holds_up_the_later(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_BLOCK);
	struct bulk_record *rec;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 2, 64), 0);
	rec = reserve_nmi(test, 64);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	KUNIT_EXPECT_EQ(test, put_nmi(test, 2, 64), 0);
	expect_empty(test);
	commit(test, rec, 1, 64);
	expect_record(test, 1, 64, 0);
	expect_record(test, 2, 64, 0);
	expect_empty(test);
}

static void nmi_room_is_beside_the_limit(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, 64, BULK_RX_BLOCK);

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 1, 64), 0);
	KUNIT_EXPECT_TRUE(test, bulk_rx_has_room_for(rx, 64));
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 2, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 3, 64), 0);
	expect_record(test, 1, 64, 0);
	expect_record(test, 3, 64, 0);
	expect_empty(test);
}

/* An aborted record takes up a ring, though not its limit. */
static void nmi_room_is_left_by_others(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 40, 64, BULK_RX_BLOCK);
	struct bulk_record *first, *rec;
	struct fixture *f = test->priv;
	u64 n = 0, tag;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 5, 64), 0);
	first = reserve(test, 0);
	while (n < 1000) {
		rec = bulk_rx_reserve(rx, 64, GFP_KERNEL, &f->dropped);
		if (IS_ERR(rec) || put(test, n, 0))
			break;
		KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
		n++;
	}
	if (!IS_ERR(rec))
		KUNIT_EXPECT_TRUE(test, bulk_rx_abort(rx, rec));
	/* The limit would have let some more in. */
	KUNIT_EXPECT_LT(test, (n + 1) * RECORD_SIZE(0) + RECORD_SIZE(64),
			rx->limit);
	for (tag = 0; tag < 5; tag++)
		KUNIT_EXPECT_EQ(test, put_nmi(test, n + tag, 64), 0);
	commit(test, first, 77, 0);
	expect_record(test, 77, 0, 0);
	for (tag = 0; tag < n; tag++)
		expect_record(test, tag, 0, 0);
	for (tag = 0; tag < 5; tag++)
		expect_record(test, n + tag, 64, 0);
	expect_empty(test);
}

static void nmi_room_is_left_by_runs(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, 64, BULK_RX_BLOCK);
	struct bulk_rx_run run;
	u64 tag;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 5, 64), 0);
	KUNIT_ASSERT_TRUE(test, bulk_rx_run_begin(rx, &run, BULK_RX_OWN_MIN));
	for (tag = 0; tag < 5; tag++)
		KUNIT_EXPECT_EQ(test, put_nmi(test, tag, 64), 0);
	expect_none_yet(test);
	bulk_rx_run_end(rx, &run, 0, 0, 0);
	for (tag = 0; tag < 5; tag++)
		expect_record(test, tag, 64, 0);
	expect_empty(test);
}

static void nmi_loses_the_newest_and_counts(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;
	u64 n = 0, tag;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 1, 64), 0);
	while (n < 1000 && !put_nmi(test, n, 64))
		n++;
	KUNIT_EXPECT_EQ(test, n, BULK_RX_OWN_MIN / RECORD_SIZE(64));
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1000, 64), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->dropped, 2);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 2);
	expect_waiting(test, n);
	expect_record(test, 0, 64, 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, n, 64), 0);
	for (tag = 1; tag < n; tag++)
		expect_record(test, tag, 64, 0);
	expect_record(test, n, 64, 2);
	expect_empty(test);
}

static void nmi_may_be_overwritten_by_others(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_OVERWRITE_OLDEST);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 0, 64), 0);
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 0);
	/* Records of NMIs beyond the limit have to go, too. */
	KUNIT_EXPECT_EQ(test, put(test, 3, 64), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 2);
	KUNIT_EXPECT_EQ(test, put(test, 4, 64), 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 3);
	expect_record(test, 3, 64, 3);
	expect_record(test, 4, 64, 0);
	expect_empty(test);
}

static void nmi_under_the_lock_loses_the_newest(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_REFUSE_NEWEST);
	struct fixture *f = test->priv;

	if (!IS_ENABLED(CONFIG_SMP))
		kunit_skip(test, "one CPU's spinlocks are always to be had");
	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi_locked(test), -ENOSPC);
	KUNIT_EXPECT_EQ(test, put_nmi_locked(test), -ENOSPC);
	KUNIT_EXPECT_EQ(test, f->dropped, 2);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 4, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi_locked(test), -ENOSPC);
	expect_record(test, 1, 64, 0);
	expect_record(test, 4, 64, 2);
	KUNIT_EXPECT_EQ(test, put(test, 6, 64), 0);
	expect_record(test, 6, 64, 1);
	KUNIT_EXPECT_EQ(test, put_nmi_locked(test), -ENOSPC);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 4);
	expect_empty(test);
}

static void nmi_under_the_lock_blocks(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 2, 64, BULK_RX_BLOCK);
	struct fixture *f = test->priv;

	if (!IS_ENABLED(CONFIG_SMP))
		kunit_skip(test, "one CPU's spinlocks are always to be had");
	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 2, 64), 0);
	KUNIT_EXPECT_EQ(test, put_nmi_locked(test), -EAGAIN);
	KUNIT_EXPECT_EQ(test, f->dropped, 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_lost(rx), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 64), 0);
	expect_record(test, 1, 64, 0);
	expect_empty(test);
}

static void nmi_records_are_limited(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, 64, BULK_RX_BLOCK);
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 0), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 0, 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 257, 64), -EINVAL);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 1, SIZE_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 256, SZ_1M), -EINVAL);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 0), -EMSGSIZE);
	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 1, 64), -EBUSY);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 65), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 1, 64), 0);
	KUNIT_EXPECT_EQ(test, f->dropped, 0);
	expect_record(test, 1, 64, 0);
	expect_empty(test);
}

/*
 * It is never in memory of its own, and its ring stays, as large as it may be.
 */
static void nmi_record_may_be_long(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, SZ_16K, BULK_RX_BLOCK);
	u64 n;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 4, SZ_16K), 0);
	KUNIT_EXPECT_GT(test, bulk_rx_last(rx)->size, SZ_64K);
	for (n = 0; n < 100; n++) {
		KUNIT_EXPECT_EQ(test, put_nmi(test, n, SZ_16K - n), 0);
		KUNIT_EXPECT_TRUE(test, list_empty(&rx->far));
		KUNIT_EXPECT_EQ(test, put_nmi(test, ~n, n), 0);
		expect_record(test, n, SZ_16K - n, 0);
		expect_record(test, ~n, n, 0);
		expect_empty(test);
	}
}

static void nmi_record_ends_once(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 4, 64, BULK_RX_BLOCK);
	struct bulk_record *rec, *other, *elsewhere, *held;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 2, 64), 0);
	rec = reserve_nmi(test, 0);
	other = reserve_nmi(test, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec) || IS_ERR(other));
	elsewhere = reserve(test, 0);
	held = reserve(test, 64);
	commit(test, elsewhere, 1, 0);
	commit(test, rec, 2, 0);
	KUNIT_EXPECT_FALSE(test, bulk_rx_commit(rx, rec, 3));
	KUNIT_EXPECT_FALSE(test, bulk_rx_abort_nmi(rx, rec));
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort_nmi(rx, other));
	KUNIT_EXPECT_FALSE(test, bulk_rx_abort_nmi(rx, other));
	KUNIT_EXPECT_FALSE(test, bulk_rx_abort(rx, other));
	KUNIT_EXPECT_FALSE(test, bulk_rx_commit(rx, other, 4));
	KUNIT_EXPECT_EQ(test, atomic_read(&rx->reserved), 1);
	expect_record(test, 2, 0, 0);
	expect_record(test, 1, 0, 0);
	expect_empty(test);
	commit(test, held, 5, 64);
	expect_record(test, 5, 64, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&bulk_rx_last(rx)->users), 0);
}

static void nmi_abort_passes_its_loss_on(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 4, 64, BULK_RX_REFUSE_NEWEST);
	struct bulk_record *rec;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, bulk_rx_prepare_nmi(rx, 1, 64), 0);
	rx->pending_lost = 3;
	rec = reserve_nmi(test, 64);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	expect_empty(test);
	KUNIT_EXPECT_TRUE(test, bulk_rx_abort_nmi(rx, rec));
	expect_record(test, 1, 64, 3);
	/* Also when no record is behind it yet; its room comes back. */
	rx->pending_lost = 2;
	for (i = 0; i < 200; i++) {
		rec = reserve_nmi(test, 64);
		KUNIT_ASSERT_FALSE(test, IS_ERR(rec));
		KUNIT_EXPECT_TRUE(test, bulk_rx_abort_nmi(rx, rec));
		expect_empty(test);
	}
	KUNIT_EXPECT_EQ(test, put(test, 2, 64), 0);
	expect_record(test, 2, 64, 2);
	expect_empty(test);
}

static void nmi_abort_is_for_what_an_nmi_has(struct kunit *test)
{
	struct bulk_rx *rx = make_rx(test, 1, SZ_16K, BULK_RX_BLOCK);
	struct bulk_record *rec;

	rec = reserve(test, SZ_16K);
	KUNIT_EXPECT_FALSE(test, bulk_rx_abort_nmi(rx, rec));
	KUNIT_EXPECT_EQ(test, atomic_read(&rx->reserved), 1);
	commit(test, rec, 1, SZ_16K);
	expect_record(test, 1, SZ_16K, 0);
}

static void nmi_room_is_charged(struct kunit *test)
{
	struct bulk_rx *rx;

	charge_a_user(test, 4);
	rx = make_rx(test, 1, 64, BULK_RX_BLOCK);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 5, PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 0);
	KUNIT_EXPECT_EQ(test, bulk_rx_prepare_nmi(rx, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 4);
	/* Neither is it made anew for others, nor let go of. */
	KUNIT_EXPECT_EQ(test, put(test, 1, 64), 0);
	expect_record(test, 1, 64, 0);
	expect_empty(test);
	KUNIT_EXPECT_EQ(test, locked_pages(test), 4);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 2, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, put_nmi(test, 3, PAGE_SIZE), 0);
	end_charged_rx(test);
}

static struct kunit_case nmi_cases[] = {
	KUNIT_CASE(nmi_records_keep_the_order),
	KUNIT_CASE(nmi_record_holds_up_the_later),
	KUNIT_CASE(nmi_room_is_beside_the_limit),
	KUNIT_CASE(nmi_room_is_left_by_others),
	KUNIT_CASE(nmi_room_is_left_by_runs),
	KUNIT_CASE(nmi_loses_the_newest_and_counts),
	KUNIT_CASE(nmi_may_be_overwritten_by_others),
	KUNIT_CASE(nmi_under_the_lock_loses_the_newest),
	KUNIT_CASE(nmi_under_the_lock_blocks),
	KUNIT_CASE(nmi_records_are_limited),
	KUNIT_CASE(nmi_record_may_be_long),
	KUNIT_CASE(nmi_record_ends_once),
	KUNIT_CASE(nmi_abort_passes_its_loss_on),
	KUNIT_CASE(nmi_abort_is_for_what_an_nmi_has),
	KUNIT_CASE(nmi_room_is_charged),
	{}
};

static struct kunit_suite nmi_suite = {
	.name = "bulk_xfer_rx_nmi",
	.init = rx_test_init,
	.exit = rx_test_exit,
	.test_cases = nmi_cases,
};

kunit_test_suite(nmi_suite);
