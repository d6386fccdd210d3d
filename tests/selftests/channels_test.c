// SPDX-License-Identifier: GPL-2.0
/*
 * The channels sink and source: totals, streams, requests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include "xxh64.h"

/* Around what fits their working space, of some 1 to 2 KiB. */
static const unsigned int sizes[] = {
	0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 1023, 1024, 1025, 1919, 1920, 1921,
	2047, 2048, 2049, 4095, 4096, 4097, 65536, 65537, MAX_RECORD,
};

FIXTURE(sink) {
	int fd;
	size_t used; /* bytes of @sent */
	char *sent; /* all that was sent, in one piece */
	__u64 records;
};

FIXTURE_SETUP(sink)
{
	self->fd = open_channel("sink", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	ASSERT_LE(0, self->fd);
	self->sent = malloc(4 * MAX_RECORD);
	fill(self->sent, 4 * MAX_RECORD, 11);
}

FIXTURE_TEARDOWN(sink)
{
	close(self->fd);
	free(self->sent);
}

static void check_totals(struct __test_metadata *_metadata,
			 struct _test_data_sink *self)
{
	struct bulk_sink_totals totals;

	ASSERT_EQ(sizeof(totals), bulk_recv(self->fd, &totals, sizeof(totals),
					    NULL));
	EXPECT_EQ(self->records, totals.records);
	EXPECT_EQ(self->used, totals.bytes);
	EXPECT_EQ(xxh64(self->sent, self->used), totals.checksum);
}

static void sink_send(struct __test_metadata *_metadata,
		      struct _test_data_sink *self, size_t len)
{
	ASSERT_EQ(0, bulk_send(self->fd, self->sent + self->used, len, 0));
	self->used += len;
	self->records++;
}

/* The vectors of the specification: the check must be right itself. */
TEST(xxh64_vectors)
{
	EXPECT_EQ(0xef46db3751d8e999ULL, xxh64("", 0));
	EXPECT_EQ(0xd24ec4f1a98c6e5bULL, xxh64("a", 1));
	EXPECT_EQ(0x44bc2cf5ad770999ULL, xxh64("abc", 3));
}

TEST_F(sink, empty)
{
	check_totals(_metadata, self);
}

TEST_F(sink, sizes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		sink_send(_metadata, self, sizes[i]);
		check_totals(_metadata, self);
	}
}

TEST_F(sink, boundaries_do_not_matter)
{
	size_t len;

	for (len = 0; len < 300; len++)
		sink_send(_metadata, self, len);
	check_totals(_metadata, self);
}

TEST_F(sink, totals_need_room)
{
	struct bulk_sink_totals totals;
	struct bulk_seg seg = seg_recv(&totals, sizeof(totals) - 1);

	sink_send(_metadata, self, 10);
	EXPECT_EQ(-EMSGSIZE, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(sizeof(totals), seg.len);
	check_totals(_metadata, self);
}

TEST_F(sink, totals_do_not_wait)
{
	EXPECT_EQ(sizeof(struct bulk_sink_totals),
		  bulk_recv(self->fd, self->sent, 100, NULL));
	EXPECT_EQ(sizeof(struct bulk_sink_totals),
		  bulk_recv(self->fd, self->sent, 100, NULL));
	EXPECT_EQ(2, figure(self->fd, "rx-records"));
}

FIXTURE(source) {
	int fd;
	char *buf;
};

FIXTURE_SETUP(source)
{
	self->fd = open_channel("source", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/source");
	ASSERT_LE(0, self->fd);
	self->buf = malloc(MAX_RECORD);
}

FIXTURE_TEARDOWN(source)
{
	close(self->fd);
	free(self->buf);
}

static int request(int fd, __u64 count, __u32 size, __u64 seed)
{
	struct bulk_source_request req = {
		.count = count, .size = size, .seed = seed,
	};

	return bulk_send(fd, &req, sizeof(req), 0);
}

/* Whether @buf holds the bytes of the stream from @pos on. */
static bool is_stream(const char *buf, size_t len, __u64 seed, __u64 pos)
{
	size_t i;

	for (i = 0; i < len; i++, pos++)
		if (buf[i] != (char)(bulk_source_word(seed, pos / 8) >>
				     (pos % 8 * 8)))
			return false;
	return true;
}

static void check_records(struct __test_metadata *_metadata,
			  struct _test_data_source *self, __u64 count, __u32 size,
			  __u64 seed)
{
	struct bulk_seg seg;
	__u64 i;

	ASSERT_EQ(0, request(self->fd, count, size, seed));
	for (i = 0; i < count; i++) {
		seg = seg_recv(self->buf, size);
		seg.lost = ~0U;
		ASSERT_EQ(1, bulk_xfer(self->fd, &seg, 1, 0));
		EXPECT_EQ(size, seg.res);
		EXPECT_EQ(i, seg.tag);
		EXPECT_EQ(0, seg.lost);
		EXPECT_TRUE(is_stream(self->buf, size, seed, i * size))
			TH_LOG("record %llu of %u bytes", i, size);
	}
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->buf, MAX_RECORD, NULL));
}

TEST_F(source, sizes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check_records(_metadata, self, 3, sizes[i], ~(__u64)i);
}

TEST_F(source, many_records)
{
	check_records(_metadata, self, 2000, 13, 5);
}

TEST_F(source, nothing_asked)
{
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->buf, 1, NULL));
	check_records(_metadata, self, 0, 1, 0);
}

TEST_F(source, new_request_replaces_old)
{
	ASSERT_EQ(0, request(self->fd, 10, 100, 1));
	ASSERT_EQ(100, bulk_recv(self->fd, self->buf, 100, NULL));
	check_records(_metadata, self, 2, 50, 2);
}

TEST_F(source, short_room_keeps_record)
{
	struct bulk_seg seg = seg_recv(self->buf, 99);

	ASSERT_EQ(0, request(self->fd, 1, 100, 1));
	EXPECT_EQ(-EMSGSIZE, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(100, seg.len);
	EXPECT_EQ(1, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(100, seg.res);
	EXPECT_TRUE(is_stream(self->buf, 100, 1, 0));
}

TEST_F(source, largest_counts)
{
	__u64 most = ~0ULL / MAX_RECORD;
	__u64 tag;

	EXPECT_EQ(0, request(self->fd, ~0ULL, 1, 1));
	EXPECT_EQ(0, request(self->fd, ~0ULL, 0, 1));
	EXPECT_EQ(0, request(self->fd, most, MAX_RECORD, 1));
	EXPECT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf, MAX_RECORD, &tag));
	EXPECT_EQ(0, tag);
}

/* A refused request leaves the one before it as it was. */
TEST_F(source, refused_requests)
{
	struct bulk_source_request req = { .count = 1, .size = 8 };
	char longer[sizeof(req) + 1] = { };
	__u64 most = ~0ULL / MAX_RECORD, tag;
	int bit;

	ASSERT_EQ(0, request(self->fd, 2, 8, 3));
	ASSERT_EQ(8, bulk_recv(self->fd, self->buf, 8, NULL));
	EXPECT_EQ(-EINVAL, request(self->fd, 1, MAX_RECORD + 1, 0));
	EXPECT_EQ(-EINVAL, request(self->fd, 1, UINT_MAX, 0));
	EXPECT_EQ(-EINVAL, request(self->fd, most + 1, MAX_RECORD, 0));
	EXPECT_EQ(-EINVAL, request(self->fd, ~0ULL, 2, 0));
	EXPECT_EQ(-EINVAL, bulk_send(self->fd, &req, 0, 0));
	EXPECT_EQ(-EINVAL, bulk_send(self->fd, &req, sizeof(req) - 1, 0));
	EXPECT_EQ(-EINVAL, bulk_send(self->fd, longer, sizeof(longer), 0));
	for (bit = 0; bit < 32; bit++) {
		req.reserved = 1U << bit;
		EXPECT_EQ(-EINVAL, bulk_send(self->fd, &req, sizeof(req), 0));
	}
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
	EXPECT_EQ(8, bulk_recv(self->fd, self->buf, 8, &tag));
	EXPECT_EQ(1, tag);
	EXPECT_TRUE(is_stream(self->buf, 8, 3, 8));
}

TEST_HARNESS_MAIN
