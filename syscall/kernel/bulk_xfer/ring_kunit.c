// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the ring: wrap-around, full, empty, and whatever a process may write there.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "ring.h"

#define RING_PAGES	1
#define RING_SIZE	(RING_PAGES * PAGE_SIZE)

/**
 * struct ring_ctx - a ring, and what the other side shares
 * @page: its memory
 * @ring: the ring
 * @head: shared
 * @tail: shared
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

/* The kernel produces a record of @len bytes of the value @fill. */
static bool ring_produce(struct ring_ctx *ctx, u32 len, u8 fill)
{
	struct bulk_meta meta = { .len = len, .lost = fill, .tag = ~(u64)fill };
	size_t room;
	void *data;

	if (!bulk_ring_room(&ctx->ring, &data, &room) || room < len)
		return false;
	memset(data, fill, len);
	bulk_ring_add(&ctx->ring, &meta);
	bulk_ring_publish_head(&ctx->ring);
	return true;
}

static void ring_expect(struct kunit *test, struct ring_ctx *ctx, u32 len,
			u8 fill)
{
	struct bulk_meta meta;
	void *data;
	u8 *byte;

	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_tail(&ctx->ring));
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_peek(&ctx->ring, &meta, &data));
	KUNIT_EXPECT_EQ(test, (size_t)len, meta.len);
	KUNIT_EXPECT_EQ(test, (u32)fill, meta.lost);
	KUNIT_EXPECT_EQ(test, ~(u64)fill, meta.tag);
	for (byte = data; byte < (u8 *)data + len; byte++)
		KUNIT_ASSERT_EQ(test, fill, *byte);
	KUNIT_EXPECT_TRUE(test, bulk_ring_claim(&ctx->ring, len));
}

static void empty_ring(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_meta meta;
	void *data;

	KUNIT_EXPECT_TRUE(test, bulk_ring_empty(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_tail(&ctx->ring));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			bulk_ring_peek(&ctx->ring, &meta, &data));
}

static void empty_records_fill_it(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	unsigned int n = 0;
	size_t room;
	void *data;

	while (ring_produce(ctx, 0, n))
		n++;
	KUNIT_EXPECT_EQ(test, n, RING_SIZE / sizeof(struct bulk_ring_rec));
	KUNIT_EXPECT_FALSE(test, bulk_ring_room(&ctx->ring, &data, &room));
	ring_expect(test, ctx, 0, 0);
	KUNIT_EXPECT_TRUE(test, bulk_ring_room(&ctx->ring, &data, &room));
	KUNIT_EXPECT_EQ(test, 0, room);
}

static void room_is_what_is_free(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u32 max = ctx->ring.max_record;
	unsigned int n = 0;
	size_t room = 0;
	void *data;

	KUNIT_EXPECT_TRUE(test, bulk_ring_room(&ctx->ring, &data, &room));
	KUNIT_EXPECT_EQ(test, (size_t)max, room);
	while (ring_produce(ctx, max, n))
		n++;
	KUNIT_EXPECT_EQ(test, n, 8);
	KUNIT_EXPECT_FALSE(test, bulk_ring_room(&ctx->ring, &data, &room));
}

/* Records of every length lie across the end at every offset. */
static void records_wrap(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u32 len, n;

	for (n = 0; n < 4000; n++) {
		len = n % (ctx->ring.max_record + 1);
		KUNIT_ASSERT_TRUE(test, ring_produce(ctx, len, n));
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
		KUNIT_ASSERT_TRUE(test, ring_produce(ctx, 300, n));
		KUNIT_ASSERT_TRUE(test, ring_produce(ctx, 7, ~n));
		ring_expect(test, ctx, 300, n);
		ring_expect(test, ctx, 7, ~n);
	}
	KUNIT_EXPECT_GT(test, ctx->ring.head, 1ULL << 32);
}

/* A reservation and a borrow are marked in bits that are no part of a position. */
static void positions_that_are_marked(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u64 records;

	ctx->head = 64 | BULK_TX_BUSY;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 64, ctx->ring.head);
	ring_start_at(ctx, 0);
	ring_produce(ctx, 8, 1);
	ring_produce(ctx, 9, 2);
	ring_produce(ctx, 0, 3);
	ctx->tail = bulk_ring_space(8) | BULK_RX_BORROWED;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_tail(&ctx->ring));
	KUNIT_EXPECT_TRUE(test, ctx->ring.borrowed);
	KUNIT_EXPECT_EQ(test, bulk_ring_space(8), ctx->ring.tail);
	/* It is nobody else's. */
	KUNIT_EXPECT_FALSE(test, bulk_ring_claim(&ctx->ring, 9));
	KUNIT_EXPECT_EQ(test, bulk_ring_space(9) + bulk_ring_space(0),
			bulk_ring_walk(&ctx->ring, ctx->ring.tail, U64_MAX,
				       ctx->ring.head - ctx->ring.tail,
				       &records));
	KUNIT_EXPECT_EQ(test, 2, records);
	ctx->tail = bulk_ring_space(8);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_tail(&ctx->ring));
	KUNIT_EXPECT_FALSE(test, ctx->ring.borrowed);
	ring_expect(test, ctx, 9, 2);
}

/* What the process has taken can't be taken again. */
static void one_taker_wins(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;

	ring_produce(ctx, 8, 1);
	ring_produce(ctx, 8, 2);
	ctx->tail += bulk_ring_space(8);
	KUNIT_EXPECT_FALSE(test, bulk_ring_claim(&ctx->ring, 8));
	KUNIT_EXPECT_FALSE(test, bulk_ring_discard(&ctx->ring));
	ring_expect(test, ctx, 8, 2);
	ring_produce(ctx, 8, 3);
	KUNIT_EXPECT_TRUE(test, bulk_ring_discard(&ctx->ring));
	KUNIT_EXPECT_TRUE(test, bulk_ring_empty(&ctx->ring));
	KUNIT_EXPECT_EQ(test, ctx->tail, ctx->head);
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

/* The bytes that a thread writes behind the head concern nobody yet. */
static void head_that_is_locked(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;

	ring_start_at(ctx, 0);
	ctx->head = 64 | BULK_TX_TAKEN;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 64, ctx->ring.head);
}

static void corrupt_tail(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	u64 past;

	ring_produce(ctx, 64, 1);
	ring_produce(ctx, 64, 2);
	past = ctx->head + 8;
	ctx->tail = past;
	KUNIT_EXPECT_EQ(test, -EBADMSG, bulk_ring_fetch_tail(&ctx->ring));
	ctx->tail = -8ULL;
	KUNIT_EXPECT_EQ(test, -EBADMSG, bulk_ring_fetch_tail(&ctx->ring));
	ctx->tail = 1;
	KUNIT_EXPECT_EQ(test, -EBADMSG, bulk_ring_fetch_tail(&ctx->ring));
	ctx->tail = bulk_ring_space(64);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_fetch_tail(&ctx->ring));
	ctx->tail = 0;
	KUNIT_EXPECT_EQ(test, -EBADMSG, bulk_ring_fetch_tail(&ctx->ring));
	KUNIT_EXPECT_EQ(test, bulk_ring_space(64), ctx->ring.tail);
}

/* A tail where no record starts: bounded, whatever is there. */
static void tail_inside_record(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_meta meta;
	void *data;
	u64 tail;
	int ret;

	ring_produce(ctx, 256, 0xff);
	ring_produce(ctx, 200, 0);
	for (tail = 0; tail < ctx->head; tail += 8) {
		ctx->tail = tail;
		KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_tail(&ctx->ring));
		ret = bulk_ring_peek(&ctx->ring, &meta, &data);
		KUNIT_EXPECT_TRUE(test, ret == 0 || ret == -EBADMSG);
		if (!ret)
			KUNIT_EXPECT_LE(test, bulk_ring_space(meta.len),
					ctx->head - tail);
	}
}

static void corrupt_record(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_ring_rec *rec = ctx->ring.data;
	u32 max = ctx->ring.max_record;
	struct bulk_meta meta;
	void *data;

	ctx->head = bulk_ring_space(max);
	KUNIT_ASSERT_EQ(test, 0, bulk_ring_fetch_head(&ctx->ring));
	rec->head = bulk_ring_rec_head(max, U32_MAX);
	rec->tag = U64_MAX;
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_peek(&ctx->ring, &meta, &data));
	KUNIT_EXPECT_EQ(test, (size_t)max, meta.len);
	rec->head = bulk_ring_rec_head(max + 1, 0);
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			bulk_ring_peek(&ctx->ring, &meta, &data));
	rec->head = bulk_ring_rec_head(U32_MAX, 0);
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			bulk_ring_peek(&ctx->ring, &meta, &data));
}

/* A length that fits a ring, but not what was sent. */
static void record_beyond_head(struct kunit *test)
{
	struct ring_ctx *ctx = test->priv;
	struct bulk_ring_rec *rec = ctx->ring.data;
	struct bulk_meta meta;
	void *data;

	rec->head = bulk_ring_rec_head(8, 0);
	ctx->head = bulk_ring_space(8) - 8;
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
	KUNIT_EXPECT_EQ(test, bulk_ring_space(40), ctx->tail);
	ctx->head += bulk_ring_space(40);
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
	ring_start_at(ctx, RING_SIZE - 16);
	ring_produce(ctx, 24, 9);
	from = ctx->ring;
	KUNIT_EXPECT_EQ(test, -EBUSY, bulk_ring_move(&to, &from));
	bulk_ring_init(&to, data, RING_SIZE, &head, &tail);
	KUNIT_EXPECT_EQ(test, 0, bulk_ring_move(&to, &from));
	KUNIT_EXPECT_EQ(test, bulk_ring_space(24), head);
	KUNIT_EXPECT_EQ(test, 9, ((u8 *)data)[16 + 23]);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(empty_ring),
	KUNIT_CASE(empty_records_fill_it),
	KUNIT_CASE(room_is_what_is_free),
	KUNIT_CASE(records_wrap),
	KUNIT_CASE(positions_beyond_32_bits),
	KUNIT_CASE(positions_that_are_marked),
	KUNIT_CASE(one_taker_wins),
	KUNIT_CASE(corrupt_head),
	KUNIT_CASE(head_that_is_locked),
	KUNIT_CASE(corrupt_tail),
	KUNIT_CASE(tail_inside_record),
	KUNIT_CASE(corrupt_record),
	KUNIT_CASE(record_beyond_head),
	KUNIT_CASE(skipped_room_comes_back),
	KUNIT_CASE(records_move_to_another_ring),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "bulk_xfer_ring",
	.init = ring_init,
	.exit = ring_exit,
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
