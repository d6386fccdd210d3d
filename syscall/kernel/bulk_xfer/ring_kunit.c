// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the TX ring: wrap-around, full, empty, and whatever a process
 * may write there.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "ring.h"

#define RING_PAGES	1
#define RING_SIZE	(RING_PAGES * PAGE_SIZE)

/**
 * struct ring_ctx - a ring, and what the process shares
 * @page: its memory
 * @ring: the ring
 * @head: what the process writes
 * @tail: what it reads
 */
struct ring_ctx {
	struct page *page;
	struct bulk_ring ring;
	u64 head;
	u64 tail;
};

static int ring_init(struct kunit *test)
{
	struct ring_ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	struct page *pages[2];
	void *data;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, ctx->page);
	pages[0] = ctx->page;
	pages[1] = ctx->page;
	data = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	bulk_ring_init(&ctx->ring, data, RING_SIZE, &ctx->head, &ctx->tail);
	test->priv = ctx;
	return 0;
}

static void ring_exit(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;

	if (!ctx)
		return;
	vunmap(ctx->ring.data);
	__free_page(ctx->page);
}

/* Both sides start at @pos. */
static void ring_start_at(struct ring_ctx *ctx, u64 pos)
{
	ctx->ring.head = pos;
	ctx->ring.tail = pos;
	ctx->head = pos;
	ctx->tail = pos;
}

/* The process sends a record of @len bytes of the value @fill. */
static bool ring_send(struct ring_ctx *ctx, u32 len, u8 fill)
{
	struct bulk_record *rec = bulk_ring_at(&ctx->ring, ctx->head);

	if (bulk_record_space(len) > RING_SIZE - (ctx->head - ctx->tail))
		return false;
	rec->head = bulk_record_head(len, fill);
	rec->tag = ~(u64)fill;
	memset(rec->data, fill, len);
	ctx->head += bulk_record_space(len);
	return true;
}

static void ring_expect(struct kunit *test, struct ring_ctx *ctx, u32 len,
			u8 fill)
{
	struct bulk_meta meta;
	void *data;

	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_peek(&ctx->ring, &meta, &data));
	KUNIT_EXPECT_EQ(test, (size_t)len, meta.len);
	KUNIT_EXPECT_EQ(test, (u32)fill, meta.lost);
	KUNIT_EXPECT_EQ(test, ~(u64)fill, meta.tag);
	KUNIT_ASSERT_NULL(test, memchr_inv(data, fill, len));
	bulk_ring_skip(&ctx->ring, len);
	bulk_ring_publish_tail(&ctx->ring);
}

static void empty_ring(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_meta meta;
	void *data;

	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_TRUE(test, bulk_ring_empty(&ctx->ring));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			bulk_ring_peek(&ctx->ring, &meta, &data));
	ring_send(ctx, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_FALSE(test, bulk_ring_empty(&ctx->ring));
	ring_expect(test, ctx, 0, 0);
	KUNIT_EXPECT_TRUE(test, bulk_ring_empty(&ctx->ring));
}

static void empty_records_fill_it(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	unsigned int n = 0, i;

	while (ring_send(ctx, 0, n))
		n++;
	KUNIT_EXPECT_EQ(test, n, RING_SIZE / sizeof(struct bulk_record));
	for (i = 0; i < n; i++)
		ring_expect(test, ctx, 0, i);
	KUNIT_EXPECT_TRUE(test, bulk_ring_empty(&ctx->ring));
}

static void longest_records_fill_it(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	unsigned int n = 0, i;

	while (ring_send(ctx, ctx->ring.max_record, n))
		n++;
	KUNIT_EXPECT_EQ(test, n, BULK_RING_SHARE);
	KUNIT_EXPECT_EQ(test, ctx->head, RING_SIZE);
	for (i = 0; i < n; i++)
		ring_expect(test, ctx, ctx->ring.max_record, i);
	KUNIT_EXPECT_TRUE(test, bulk_ring_empty(&ctx->ring));
}

/* Records of every length lie across the end at every offset. */
static void records_wrap(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u32 len, n;

	for (n = 0; n < 4000; n++) {
		len = n % (ctx->ring.max_record + 1);
		KUNIT_ASSERT_TRUE(test, ring_send(ctx, len, n));
		ring_expect(test, ctx, len, n);
	}
	KUNIT_EXPECT_GT(test, ctx->ring.head, 100ULL * RING_SIZE);
	KUNIT_EXPECT_EQ(test, ctx->head, ctx->tail);
}

static void positions_beyond_32_bits(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u32 n;

	ring_start_at(ctx, (1ULL << 32) - RING_SIZE / 2);
	for (n = 0; n < 40; n++) {
		KUNIT_ASSERT_TRUE(test, ring_send(ctx, 300, n));
		KUNIT_ASSERT_TRUE(test, ring_send(ctx, 7, ~n));
		ring_expect(test, ctx, 300, n);
		ring_expect(test, ctx, 7, ~n);
	}
	KUNIT_EXPECT_GT(test, ctx->ring.head, 1ULL << 32);
}

/*
 * The marks of somebody who writes behind the head are no part of a position.
 */
static void head_that_is_marked(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	static const u64 marks[] = {
		BULK_TX_TAKEN, BULK_TX_RESERVED, BULK_TX_BUSY,
	};
	unsigned int i;
	u64 end;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		ring_send(ctx, 40, i);
		end = ctx->head;
		ctx->head |= marks[i];
		KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
		KUNIT_EXPECT_EQ(test, end, ctx->ring.head);
		ctx->head = end;
		ring_expect(test, ctx, 40, i);
	}
}

static void corrupt_head(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	static const u64 lies[] = {
		RING_SIZE + 8, 4, 7, RING_SIZE - 1, -8ULL, 1ULL << 63,
		U64_MAX, 1ULL << 32,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		ring_start_at(ctx, i & 1 ? -(u64)RING_SIZE : 0);
		ctx->head = ctx->ring.head + lies[i];
		KUNIT_EXPECT_EQ(test, -EBADMSG,
				bulk_ring_fetch_head(&ctx->ring));
	}
	/* Behind what was seen already, though after the tail. */
	ring_start_at(ctx, 0);
	ctx->head = 64;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	ctx->head = 32;
	KUNIT_EXPECT_EQ(test, -EBADMSG, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 64, ctx->ring.head);
	ctx->head = RING_SIZE;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
}

static void corrupt_record(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_record *rec = ctx->ring.data;
	u32 max = ctx->ring.max_record;
	struct bulk_meta meta;
	void *data;

	ctx->head = RING_SIZE;
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	rec->head = bulk_record_head(max, U32_MAX);
	rec->tag = U64_MAX;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_peek(&ctx->ring, &meta, &data));
	KUNIT_EXPECT_EQ(test, (size_t)max, meta.len);
	rec->head = bulk_record_head(max + 1, 0);
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			bulk_ring_peek(&ctx->ring, &meta, &data));
	rec->head = bulk_record_head(U32_MAX, 0);
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			bulk_ring_peek(&ctx->ring, &meta, &data));
}

/* A length that fits a ring, but not what was sent. */
static void record_beyond_head(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_record *rec = ctx->ring.data;
	struct bulk_meta meta;
	void *data;

	rec->head = bulk_record_head(8, 0);
	ctx->head = bulk_record_space(8) - 8;
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			bulk_ring_peek(&ctx->ring, &meta, &data));
	ring_start_at(ctx, 0);
	ctx->head = 8;
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			bulk_ring_peek(&ctx->ring, &meta, &data));
}

static void skipped_room_comes_back(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;

	ctx->head = RING_SIZE;
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	bulk_ring_skip(&ctx->ring, 40);
	KUNIT_EXPECT_EQ(test, 0, ctx->tail);
	bulk_ring_publish_tail(&ctx->ring);
	KUNIT_EXPECT_EQ(test, bulk_record_space(40), ctx->tail);
	ctx->head += bulk_record_space(40);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	ctx->head += 8;
	KUNIT_EXPECT_EQ(test, -EBADMSG, bulk_ring_fetch_head(&ctx->ring));
}

static void records_move_to_another_ring(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_ring from = ctx->ring;
	u64 head = 0, tail = 0;
	struct bulk_ring to;
	void *data;

	data = kunit_kzalloc(test, RING_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	bulk_ring_init(&to, data, RING_SIZE / 2, &head, &tail);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_move(&to, &from));
	KUNIT_EXPECT_EQ(test, 0, head);
	ring_start_at(ctx, RING_SIZE - 16);
	ring_send(ctx, 24, 9);
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	from = ctx->ring;
	KUNIT_EXPECT_EQ(test, -EBUSY, bulk_ring_move(&to, &from));
	KUNIT_EXPECT_EQ(test, 0, head);
	bulk_ring_init(&to, data, RING_SIZE, &head, &tail);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_move(&to, &from));
	KUNIT_EXPECT_EQ(test, bulk_record_space(24), head);
	KUNIT_EXPECT_EQ(test, head, to.head);
	KUNIT_EXPECT_EQ(test, 9, ((u8 *)data)[16 + 23]);
}

/* --- Several records at once --- */

static size_t walk(const void *first, u32 max_record, u64 limit, size_t len,
		   u64 *records)
{
	struct bulk_walk walk;

	bulk_records_walk(&walk, first, max_record, limit, len);
	*records = walk.records;
	return walk.space;
}

static void walk_finds_whole_records(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u64 records, second, all;

	ring_send(ctx, 8, 0);
	second = ctx->head;
	ring_send(ctx, 9, 0);
	ring_send(ctx, 0, 0);
	all = ctx->head;
	KUNIT_EXPECT_EQ(test, all, walk(ctx->ring.data, 9, U64_MAX,
					all, &records));
	KUNIT_EXPECT_EQ(test, 3, records);
	/* The last one's head is there in part. */
	KUNIT_EXPECT_EQ(test, all - bulk_record_space(0),
			walk(ctx->ring.data, 9, U64_MAX, all - 8,
			     &records));
	KUNIT_EXPECT_EQ(test, 2, records);
	/* The second one's head is there, but not its bytes. */
	KUNIT_EXPECT_EQ(test, second,
			walk(ctx->ring.data, 9, U64_MAX,
			     second + bulk_record_space(8),
			     &records));
	KUNIT_EXPECT_EQ(test, 1, records);
	KUNIT_EXPECT_EQ(test, 0, walk(ctx->ring.data, 9, U64_MAX,
				      8, &records));
	KUNIT_EXPECT_EQ(test, 0, records);
}

static void walk_stops_at_what_is_no_record(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u64 records, second;

	ring_send(ctx, 8, 0);
	second = ctx->head;
	ring_send(ctx, 9, 1);
	/* Too long. */
	KUNIT_EXPECT_EQ(test, second,
			walk(ctx->ring.data, 8, U64_MAX, ctx->head,
			     &records));
	KUNIT_EXPECT_EQ(test, 1, records);
	/* It tells of a loss, which no sender may. */
	KUNIT_EXPECT_EQ(test, second,
			walk(ctx->ring.data, 9, U32_MAX, ctx->head,
			     &records));
	KUNIT_EXPECT_EQ(test, 1, records);
	bulk_ring_at(&ctx->ring, second)->head = U32_MAX;
	KUNIT_EXPECT_EQ(test, second,
			walk(ctx->ring.data, U32_MAX, U64_MAX,
			     ctx->head, &records));
	KUNIT_EXPECT_EQ(test, 1, records);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(empty_ring),
	KUNIT_CASE(empty_records_fill_it),
	KUNIT_CASE(longest_records_fill_it),
	KUNIT_CASE(records_wrap),
	KUNIT_CASE(positions_beyond_32_bits),
	KUNIT_CASE(head_that_is_marked),
	KUNIT_CASE(corrupt_head),
	KUNIT_CASE(corrupt_record),
	KUNIT_CASE(record_beyond_head),
	KUNIT_CASE(skipped_room_comes_back),
	KUNIT_CASE(records_move_to_another_ring),
	KUNIT_CASE(walk_finds_whole_records),
	KUNIT_CASE(walk_stops_at_what_is_no_record),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "bulk_xfer_ring",
	.init = ring_init,
	.exit = ring_exit,
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
