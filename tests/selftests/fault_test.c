// SPDX-License-Identifier: GPL-2.0
/*
 * EFAULT of bulk_xfer(2): memory that is not there or not the caller's.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include "xxh64.h"

#define WAITING_LEN	8192
#define WAITING_TAG	0x0123456789abcdefULL

/* Where a pointer leads that must be refused. */
enum place { AT_ADDRESS, AT_UNMAPPED, AT_NO_ACCESS, AT_END_OF_FILE };

FIXTURE(fault) {
	int fd;
	char *bad;
	char *room;
};

FIXTURE_VARIANT(fault) {
	enum place place;
	unsigned long address;
};

FIXTURE_VARIANT_ADD(fault, null) { .address = 0, };
FIXTURE_VARIANT_ADD(fault, first_page) { .address = 1, };
FIXTURE_VARIANT_ADD(fault, unmapped) { .place = AT_UNMAPPED, };
FIXTURE_VARIANT_ADD(fault, no_access) { .place = AT_NO_ACCESS, };
FIXTURE_VARIANT_ADD(fault, end_of_file) { .place = AT_END_OF_FILE, };
FIXTURE_VARIANT_ADD(fault, end_of_user_space) { .address = 0x00007ffffffff000, };
FIXTURE_VARIANT_ADD(fault, non_canonical) { .address = 0x0000800000000000, };
FIXTURE_VARIANT_ADD(fault, non_canonical_high) { .address = 0x8000000000000000, };
FIXTURE_VARIANT_ADD(fault, kernel_direct_map) { .address = 0xffff888000100000, };
FIXTURE_VARIANT_ADD(fault, kernel_text) { .address = 0xffffffff81000000, };
FIXTURE_VARIANT_ADD(fault, vsyscall) { .address = 0xffffffffff600000, };
FIXTURE_VARIANT_ADD(fault, last_bytes) { .address = 0xfffffffffffffff0, };

static char *bad_place(enum place place, unsigned long address)
{
	size_t page = getpagesize();
	char *map;

	switch (place) {
	case AT_UNMAPPED:
		return map_before_hole(1);
	case AT_NO_ACCESS:
		return mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	case AT_END_OF_FILE:
		map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			   memfd_create("empty", 0), 0);
		return map;
	default:
		return (char *)address;
	}
}

static int open_with_record(struct __test_metadata *_metadata)
{
	int fd = open_channel("echo", O_RDWR);
	char *buf;

	if (fd == -ENOENT)
		SKIP(return fd, "no /dev/bulk/echo");
	ASSERT_LE(0, fd);
	buf = malloc(WAITING_LEN);
	fill(buf, WAITING_LEN, WAITING_TAG);
	ASSERT_EQ(0, bulk_send(fd, buf, WAITING_LEN, WAITING_TAG));
	free(buf);
	return fd;
}

/* The record is still there, alone, whole, and nothing has moved. */
static void close_with_record(struct __test_metadata *_metadata, int fd)
{
	char *buf = malloc(WAITING_LEN);
	__u64 tag;

	EXPECT_EQ(1, figure(fd, "tx-records"));
	EXPECT_EQ(0, figure(fd, "rx-records"));
	EXPECT_EQ(1, figure(fd, "rx-queued"));
	EXPECT_EQ(WAITING_LEN, bulk_recv(fd, buf, WAITING_LEN, &tag));
	EXPECT_EQ(WAITING_LEN, filled(buf, WAITING_LEN, WAITING_TAG));
	EXPECT_EQ(WAITING_TAG, tag);
	EXPECT_EQ(-EAGAIN, bulk_recv(fd, buf, WAITING_LEN, NULL));
	free(buf);
	close(fd);
}

FIXTURE_SETUP(fault)
{
	self->bad = bad_place(variant->place, variant->address);
	ASSERT_NE(MAP_FAILED, self->bad);
	self->room = malloc(WAITING_LEN);
	self->fd = open_with_record(_metadata);
}

FIXTURE_TEARDOWN(fault)
{
	close_with_record(_metadata, self->fd);
}

TEST_F(fault, send_from)
{
	struct bulk_seg seg = seg_send(self->bad, 16, 1);

	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(-EFAULT, seg.res);
	seg = seg_send(self->bad, MAX_RECORD, 1);
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(-EFAULT, seg.res);
}

TEST_F(fault, recv_to)
{
	struct bulk_seg seg = seg_recv(self->bad, WAITING_LEN);

	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(-EFAULT, seg.res);
	EXPECT_EQ(WAITING_LEN, seg.len);
}

TEST_F(fault, segments_at)
{
	struct bulk_seg *bad = (struct bulk_seg *)self->bad;

	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, bad, 1, 0));
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, bad, BULK_MAX_SEGS, 0));
	EXPECT_EQ(0, bulk_xfer(self->fd, bad, 0, 0));
}

TEST_F(fault, write_from)
{
	EXPECT_EQ(-1, write(self->fd, self->bad, 16));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(fault, read_to)
{
	EXPECT_EQ(-1, read(self->fd, self->bad, WAITING_LEN));
	EXPECT_EQ(EFAULT, errno);
}

/* Memory of which a part is accessible. */
FIXTURE(partly) {
	int fd;
	size_t page;
	char *hole; /* two pages before it are there */
	char *room;
};

FIXTURE_SETUP(partly)
{
	self->page = getpagesize();
	self->hole = map_before_hole(2);
	ASSERT_NE(NULL, self->hole);
	self->room = malloc(MAX_RECORD);
	self->fd = open_with_record(_metadata);
}

FIXTURE_TEARDOWN(partly)
{
	close_with_record(_metadata, self->fd);
}

TEST_F(partly, read_only_room)
{
	struct bulk_seg seg = seg_recv(self->hole - 2 * self->page, WAITING_LEN);

	ASSERT_EQ(0, mprotect(self->hole - self->page, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(-EFAULT, seg.res);
	ASSERT_EQ(0, mprotect(self->hole - 2 * self->page, self->page,
			      PROT_READ));
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &seg, 1, 0));
}

/* A result that can't be stored stops the segment before it has an effect. */
TEST_F(partly, read_only_segments)
{
	struct bulk_seg *segs = (void *)(self->hole - self->page);

	segs[0] = seg_recv(self->room, WAITING_LEN);
	segs[1] = seg_send("x", 1, 1);
	ASSERT_EQ(0, mprotect(segs, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &segs[0], 1, 0));
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, &segs[1], 1, 0));
	EXPECT_EQ(SEG_UNTOUCHED, segs[0].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[1].res);
}

/* Segments that fail harmlessly when reached, the last one cut at @cut bytes. */
static void check_crossing(struct __test_metadata *_metadata,
			   struct _test_data_partly *self, size_t cut)
{
	struct bulk_seg *segs = (void *)(self->hole - cut);
	struct bulk_seg send = seg_send("x", 1, 5), recv;
	int i;

	for (i = 0; i < 2; i++) {
		recv = seg_recv(self->room, WAITING_LEN);
		segs--;
		memcpy(segs, i ? &recv : &send, sizeof(*segs));
	}
	memset(self->hole - cut, 0x11, cut);
	EXPECT_EQ(2, bulk_xfer(self->fd, segs, 3, BULK_DONTWAIT));
	EXPECT_EQ(WAITING_LEN, segs[0].res);
	EXPECT_EQ(1, segs[1].res);
	EXPECT_EQ(-EFAULT, bulk_xfer(self->fd, segs + 2, 1, BULK_DONTWAIT));
}

/* A fresh endpoint each time: these calls do move records. */
TEST_F(partly, segments_cross_into_hole)
{
	size_t cut;
	int fd = self->fd;

	for (cut = 0; cut < sizeof(struct bulk_seg); cut += 4) {
		self->fd = open_with_record(_metadata);
		check_crossing(_metadata, self, cut);
		EXPECT_EQ(2, figure(self->fd, "tx-records"))
			TH_LOG("cut %zu", cut);
		EXPECT_EQ(1, figure(self->fd, "rx-queued"));
		EXPECT_EQ(1, bulk_recv(self->fd, self->room, 1, NULL));
		close(self->fd);
	}
	self->fd = fd;
}

/* All segments before the hole complete, however many the call names. */
TEST_F(partly, any_number_before_hole)
{
	struct bulk_seg *end = (struct bulk_seg *)self->hole;
	int fd = open_channel("echo", O_RDWR), n, i;

	ASSERT_LE(0, fd);
	for (n = 1; n < 40; n++) {
		for (i = 0; i < n; i++)
			end[i - n] = seg_send("x", 1, i);
		ASSERT_EQ(n, bulk_xfer(fd, end - n, 100, BULK_DONTWAIT));
		for (i = 0; i < n; i++) {
			EXPECT_EQ(1, end[i - n].res);
			ASSERT_EQ(1, bulk_recv(fd, self->room, 1, NULL));
		}
		EXPECT_EQ(-EAGAIN, bulk_recv(fd, self->room, 1, NULL));
	}
	close(fd);
}

TEST_F(partly, send_into_hole)
{
	size_t before;

	for (before = 1; before <= 2 * self->page; before += 1021)
		EXPECT_EQ(-EFAULT, bulk_send(self->fd, self->hole - before,
					     before + 1, 9));
	EXPECT_EQ(-EFAULT, bulk_send(self->fd, self->hole - 1, MAX_RECORD, 9));
}

TEST_F(partly, recv_into_hole)
{
	size_t before;

	for (before = 1; before < WAITING_LEN; before += 1021)
		EXPECT_EQ(-EFAULT, bulk_recv(self->fd, self->hole - before,
					     WAITING_LEN, NULL));
}

/* What a record does not need may be missing. */
TEST_F(partly, room_beyond_the_record)
{
	int fd = open_channel("echo", O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bulk_send(fd, "abc", 4, 1));
	EXPECT_EQ(4, bulk_recv(fd, self->hole - 4, MAX_RECORD, NULL));
	EXPECT_STREQ("abc", self->hole - 4);
	ASSERT_EQ(0, bulk_send(fd, "abc", 4, 1));
	EXPECT_EQ(4, bulk_recv(fd, self->hole - 4, UINT_MAX, NULL));
	close(fd);
}

/* Pages that nobody has touched yet are brought in. */
TEST_F(partly, untouched_pages)
{
	int fd = open_channel("echo", O_RDWR);
	char *from = map_pages(32), *to = map_pages(32);
	size_t len = 32 * self->page;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, bulk_send(fd, from, len, 1));
	EXPECT_EQ(len, bulk_recv(fd, to, len, NULL));
	EXPECT_EQ(0, memcmp(from, to, len));
	close(fd);
}

TEST_F(partly, sink_takes_all_or_nothing)
{
	int fd = open_channel("sink", O_RDWR);
	struct bulk_sink_totals totals;
	size_t before;

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	ASSERT_LE(0, fd);
	fill(self->hole - 2 * self->page, 2 * self->page, 3);
	for (before = 1; before <= 2 * self->page; before += 511)
		EXPECT_EQ(-EFAULT, bulk_send(fd, self->hole - before,
					     before + 4096, 9));
	EXPECT_EQ(0, figure(fd, "tx-records"));
	EXPECT_EQ(sizeof(totals), bulk_recv(fd, &totals, sizeof(totals), NULL));
	EXPECT_EQ(0, totals.records);
	EXPECT_EQ(0, totals.bytes);
	EXPECT_EQ(xxh64("", 0), totals.checksum);

	EXPECT_EQ(0, bulk_send(fd, self->hole - 5000, 5000, 0));
	EXPECT_EQ(sizeof(totals), bulk_recv(fd, &totals, sizeof(totals), NULL));
	EXPECT_EQ(1, totals.records);
	EXPECT_EQ(5000, totals.bytes);
	EXPECT_EQ(xxh64(self->hole - 5000, 5000), totals.checksum);
	close(fd);
}

TEST_F(partly, source_keeps_its_record)
{
	struct bulk_source_request req = { .count = 2, .size = 9000, .seed = 7 };
	int fd = open_channel("source", O_RDWR);
	size_t before;
	__u64 tag;

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/source");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), 0));
	for (before = 0; before <= 2 * self->page; before += 512)
		EXPECT_EQ(-EFAULT, bulk_recv(fd, self->hole - before, 9000,
					     NULL));
	EXPECT_EQ(0, figure(fd, "rx-records"));
	EXPECT_EQ(9000, bulk_recv(fd, self->room, 9000, &tag));
	EXPECT_EQ(0, tag);
	EXPECT_EQ(9000, filled(self->room, 9000, 7));
	EXPECT_EQ(9000, bulk_recv(fd, self->room, 9000, &tag));
	EXPECT_EQ(1, tag);
	close(fd);
}

TEST_HARNESS_MAIN
