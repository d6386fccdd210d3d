// SPDX-License-Identifier: GPL-2.0
/*
 * RECV into a page room: the record's own pages, or the record as before.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages.h"

#include "touch.h"
#include "xxh64.h"

#define ROOM	(MAX_RECORD + 8 * PAGE)
#define LEN	(IN_PAGES + 100)	/* of a record, and so five pages */

FIXTURE(map)
{
	struct windowed w;
	char *room, *in;
	char *before, *after;	/* memory at both ends of the room */
};

FIXTURE_VARIANT(map)
{
	bool by_call;	/* by bulk_xfer(2), not by the vDSO */
	bool window;
};

FIXTURE_VARIANT_ADD(map, call) { .by_call = true };
FIXTURE_VARIANT_ADD(map, vdso) { .window = false };
FIXTURE_VARIANT_ADD(map, window) { .window = true };

FIXTURE_SETUP(map)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	if (!variant->window) {
		munmap(self->w.window, self->w.params.window_default);
		self->w.window = NULL;
	}
	self->before = map_pages(ROOM / PAGE + 2);
	ASSERT_NE(MAP_FAILED, self->before);
	self->room = mmap(self->before + PAGE, ROOM, PROT_READ,
			  MAP_SHARED | MAP_FIXED, self->w.fd, BULK_OFF_PAGES);
	ASSERT_EQ(self->before + PAGE, self->room);
	self->after = self->room + ROOM;
	self->in = malloc(MAX_RECORD);
}

FIXTURE_TEARDOWN(map)
{
	close_windowed(&self->w);
}

static long run(struct _test_data_map *self,
		const struct _fixture_variant_map *variant,
		struct bulk_seg *segs, unsigned int nr, unsigned int flags)
{
	if (variant->by_call)
		return bulk_xfer(self->w.fd, segs, nr, flags);
	return self->w.call(self->w.fd, segs, nr, flags, self->w.window);
}

/* Receive the record that @tag stands for at @at. */
static void expect_mapped(struct __test_metadata *_metadata,
			  struct _test_data_map *self,
			  const struct _fixture_variant_map *variant, char *at,
			  size_t len, __u64 tag)
{
	struct bulk_seg seg = seg_map(at, len);

	seg.tag = ~0ULL;
	seg.lost = ~0U;
	ASSERT_EQ(1, run(self, variant, &seg, 1, BULK_DONTWAIT));
	ASSERT_EQ(len, seg.res);
	ASSERT_EQ(len, seg.len);
	ASSERT_EQ((unsigned long)at, seg.addr);
	ASSERT_EQ(tag, seg.tag);
	ASSERT_EQ(0, seg.lost);
	ASSERT_EQ(BULK_SEG_MAP, seg.flags);
	ASSERT_TRUE(is_mapped(at, len, tag));
}

static void expect_copied(struct __test_metadata *_metadata,
			  struct _test_data_map *self,
			  const struct _fixture_variant_map *variant,
			  size_t len, __u64 tag)
{
	struct bulk_seg seg = seg_recv(self->in, MAX_RECORD);

	ASSERT_EQ(1, run(self, variant, &seg, 1, BULK_DONTWAIT));
	ASSERT_EQ(len, seg.res);
	ASSERT_EQ(tag, seg.tag);
	ASSERT_EQ(0, seg.lost);
	ASSERT_EQ(len, filled(self->in, len, tag));
}

/* The next record waits on; returns the length that the call tells. */
static size_t expect_error(struct __test_metadata *_metadata,
			   struct _test_data_map *self,
			   const struct _fixture_variant_map *variant,
			   void *at, size_t room, int error)
{
	long long waiting = figure(self->w.fd, "rx-queued");
	struct bulk_seg seg = seg_map(at, room);

	EXPECT_EQ(error, run(self, variant, &seg, 1, BULK_DONTWAIT)) {
		TH_LOG("at room %+ld, %zu bytes", (long)((char *)at - self->room),
		       room);
	}
	EXPECT_EQ(error, seg.res);
	EXPECT_EQ((unsigned long)at, seg.addr);
	EXPECT_EQ(waiting, figure(self->w.fd, "rx-queued"));
	return seg.len;
}

TEST_F(map, contents)
{
	static const size_t lens[] = {
		IN_PAGES, IN_PAGES + 1, IN_PAGES + PAGE - 1, IN_PAGES + PAGE,
		(64 << 10) + 3, MAX_RECORD,
	};
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, send_filled(self->w.fd, lens[i], i));
		expect_mapped(_metadata, self, variant, self->room + i * PAGE,
			      lens[i], i);
		bytes += lens[i];
	}
	EXPECT_EQ(i, figure(self->w.fd, "rx-records"));
	EXPECT_EQ(bytes, figure(self->w.fd, "rx-bytes"));
	EXPECT_EQ(0, figure(self->w.fd, "rx-queued-bytes"));
	expect_error(_metadata, self, variant, self->room, ROOM, -EAGAIN);
}

/* Up to the end of the room, and all of them stay. */
TEST_F(map, side_by_side)
{
	size_t step = whole_pages(LEN);
	unsigned int i, nr = 8;

	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, send_filled(self->w.fd, LEN, i));
	for (i = 0; i < nr; i++)
		expect_mapped(_metadata, self, variant,
			      self->after - (i + 1) * step, LEN, i);
	for (i = 0; i < nr; i++)
		EXPECT_TRUE(is_mapped(self->after - (i + 1) * step, LEN, i));
}

/* The pages of a longer record before, and those of one beside, stay. */
TEST_F(map, takes_the_place_of_others)
{
	char *room = self->room;

	ASSERT_EQ(0, send_filled(self->w.fd, 8 * PAGE, 1));
	ASSERT_EQ(0, send_filled(self->w.fd, 4 * PAGE, 2));
	ASSERT_EQ(0, send_filled(self->w.fd, 4 * PAGE, 3));
	expect_mapped(_metadata, self, variant, room, 8 * PAGE, 1);
	memcpy(self->in, room, 8 * PAGE);
	expect_mapped(_metadata, self, variant, room, 4 * PAGE, 2);
	EXPECT_EQ(0, memcmp(self->in + 4 * PAGE, room + 4 * PAGE, 4 * PAGE));
	memcpy(self->in, room, 4 * PAGE);
	expect_mapped(_metadata, self, variant, room + 2 * PAGE, 4 * PAGE, 3);
	EXPECT_EQ(0, memcmp(self->in, room, 2 * PAGE));
	EXPECT_EQ(0, memcmp(self->in + 6 * PAGE, room + 6 * PAGE, 2 * PAGE));
	EXPECT_EQ(SIGBUS, read_fault(room + 8 * PAGE));
}

TEST_F(map, too_little_room)
{
	static const size_t rooms[] = { 0, 1, PAGE, 4 * PAGE, LEN - 1 };
	unsigned int i;

	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	for (i = 0; i < ARRAY_SIZE(rooms); i++)
		EXPECT_EQ(LEN, expect_error(_metadata, self, variant,
					    self->room, rooms[i], -EMSGSIZE));
	EXPECT_EQ(SIGBUS, read_fault(self->room));
	expect_mapped(_metadata, self, variant, self->room, LEN, 7);
}

/* No record lies in two rooms, be they neighbours. */
TEST_F(map, room_that_ends_before)
{
	char *next = self->after;
	unsigned int i;

	ASSERT_EQ(next, mmap(next, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED,
			     self->w.fd, BULK_OFF_PAGES));
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(LEN, expect_error(_metadata, self, variant,
					    next - i * PAGE, LEN, -EMSGSIZE));
	EXPECT_EQ(SIGBUS, read_fault(next - PAGE));
	EXPECT_EQ(SIGBUS, read_fault(next));
	expect_mapped(_metadata, self, variant, next - 5 * PAGE, LEN, 7);
}

/* A short record is not in pages: it is copied as ever. */
TEST_F(map, short_record)
{
	static const size_t lens[] = { 0, 1, PAGE, IN_PAGES - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, send_filled(self->w.fd, lens[i], i));
		expect_error(_metadata, self, variant, self->room, ROOM,
			     -EOPNOTSUPP);
		expect_copied(_metadata, self, variant, lens[i], i);
	}
	EXPECT_EQ(SIGBUS, read_fault(self->room));
}

TEST_F(map, addresses_that_are_no_room)
{
	int other = open_channel("echo", O_RDWR);
	void *bad[] = {
		NULL, self->room + 1, self->room + 8, self->room + PAGE - 1,
		self->before, self->after, (void *)-PAGE, (void *)(1UL << 63),
		(void *)0x0000800000000000, (void *)0x00007ffffffff000,
		(void *)0xffffffff81000000, self->w.window,
	};
	char *others;
	unsigned int i;

	ASSERT_LE(0, other);
	others = map_room(other, ROOM);
	ASSERT_NE(NULL, others);
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect_error(_metadata, self, variant, bad[i], LEN, -EINVAL);
	expect_error(_metadata, self, variant, others, LEN, -EINVAL);
	EXPECT_EQ(SIGBUS, read_fault(others));
	EXPECT_EQ(SIGBUS, read_fault(self->room));
	expect_mapped(_metadata, self, variant, self->room, LEN, 7);
	close(other);
}

TEST_F(map, nothing_there)
{
	expect_error(_metadata, self, variant, self->room, ROOM, -EAGAIN);
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	expect_mapped(_metadata, self, variant, self->room, LEN, 7);
	expect_error(_metadata, self, variant, self->room, ROOM, -EAGAIN);
	/* The record before is there still. */
	EXPECT_TRUE(is_mapped(self->room, LEN, 7));
}

TEST_F(map, takes_the_call)
{
	struct bulk_seg seg = seg_map(self->room, LEN);

	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	EXPECT_EQ(variant->by_call ? -EINVAL : -EAGAIN,
		  run(self, variant, &seg, 1, BULK_NO_SYSCALL));
	EXPECT_EQ(1, figure(self->w.fd, "rx-queued"));
	expect_mapped(_metadata, self, variant, self->room, LEN, 7);
}

/* --- The same bytes by every way --- */

TEST_F(map, plain_recv)
{
	struct bulk_seg seg = seg_recv(self->in, LEN - 1);

	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	EXPECT_EQ(-EMSGSIZE, run(self, variant, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(LEN, seg.len);
	seg = seg_recv(NULL, LEN);
	EXPECT_EQ(-EFAULT, bulk_xfer(self->w.fd, &seg, 1, BULK_DONTWAIT));
	expect_copied(_metadata, self, variant, LEN, 7);
}

TEST_F(map, region_recv)
{
	struct bulk_seg seg = seg_recv_region(self->in, MAX_RECORD);

	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	ASSERT_EQ(1, run(self, variant, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(BULK_PACKED_SIZE(LEN), seg.res);
	EXPECT_EQ(1, seg.tag);
	EXPECT_EQ(1, region_count(self->in, seg.res, 7));
	EXPECT_EQ(LEN, ((struct bulk_packed *)self->in)->len);
}

TEST_F(map, read)
{
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	ASSERT_EQ(LEN, read(self->w.fd, self->in, MAX_RECORD));
	EXPECT_EQ(LEN, filled(self->in, LEN, 7));
}

TEST_F(map, splice)
{
	size_t got = 0;
	ssize_t n;
	int p[2];

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	ASSERT_EQ(LEN, splice(self->w.fd, NULL, p[1], NULL, 16 * PAGE, 0));
	close(p[1]);
	while ((n = read(p[0], self->in + got, LEN)) > 0)
		got += n;
	EXPECT_EQ(LEN, got);
	EXPECT_EQ(LEN, filled(self->in, LEN, 7));
	close(p[0]);
}

/* In one call, in the order in which they were sent. */
TEST_F(map, between_short_ones)
{
	static const size_t lens[] = { 100, LEN, 8, LEN, LEN, 0, LEN };
	struct bulk_seg segs[ARRAY_SIZE(lens)];
	char *at = self->room;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, send_filled(self->w.fd, lens[i], i));
		segs[i] = lens[i] == LEN ? seg_map(at + 8 * i * PAGE, ROOM / 8) :
					   seg_recv(self->in + 128 * i, 128);
	}
	ASSERT_EQ(i, run(self, variant, segs, i, BULK_DONTWAIT));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(lens[i], segs[i].res);
		ASSERT_EQ(i, segs[i].tag);
		ASSERT_EQ(lens[i], filled((void *)(unsigned long)segs[i].addr,
					  lens[i], i));
	}
}

/* The segments after one that fails are not reached. */
TEST_F(map, failure_in_a_call)
{
	struct bulk_seg segs[3];

	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 1));
	ASSERT_EQ(0, send_filled(self->w.fd, 100, 2));
	segs[0] = seg_map(self->room, LEN);
	segs[1] = seg_map(self->room + 8 * PAGE, LEN);
	segs[2] = seg_recv(self->in, LEN);
	EXPECT_EQ(1, run(self, variant, segs, 3, BULK_DONTWAIT));
	EXPECT_EQ(-EOPNOTSUPP, segs[1].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[2].res);
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
	expect_copied(_metadata, self, variant, 100, 2);
}

/* A record in pages can be sent again, also in these; memory that is no page can't. */
TEST_F(map, room_is_sent_from)
{
	int fd = open_channel("sink", O_RDWR);
	struct bulk_sink_totals totals;

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 7));
	expect_mapped(_metadata, self, variant, self->room, LEN, 7);
	EXPECT_EQ(0, bulk_pin(fd, self->room, IN_PAGES, 0));
	EXPECT_EQ(0, bulk_send(fd, self->room + IN_PAGES, 100, 0));
	EXPECT_EQ(-EFAULT, bulk_pin(fd, self->room, 6 * PAGE, 0));
	EXPECT_EQ(-EFAULT, bulk_send(fd, self->room, 6 * PAGE, 0));
	ASSERT_EQ(sizeof(totals), bulk_recv(fd, &totals, sizeof(totals), NULL));
	EXPECT_EQ(2, totals.records);
	EXPECT_EQ(xxh64(self->room, LEN), totals.checksum);
	close(fd);
}

/* --- A window --- */

/* Records that are borrowed come first, and nobody receives behind them. */
TEST_F(map, busy_while_borrowed)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0, -1, 0);

	ASSERT_EQ(0, send_filled(self->w.fd, 40, 1));
	ASSERT_EQ(0, send_filled(self->w.fd, LEN, 2));
	if (!variant->window) {
		EXPECT_EQ(-EOPNOTSUPP, run(self, variant, &seg, 1, 0));
		return;
	}
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	ASSERT_EQ(BULK_PACKED_SIZE(40), seg.res);
	ASSERT_EQ(1, region_count((char *)(unsigned long)seg.addr, seg.res, 1));
	expect_error(_metadata, self, variant, self->room, ROOM, -EBUSY);
	seg = seg_op(BULK_OP_RETURN, 0, BULK_PACKED_SIZE(40), 0);
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	expect_mapped(_metadata, self, variant, self->room, LEN, 2);
}

/* --- Other channels, other files --- */

TEST(records_on_demand)
{
	struct bulk_source_request req = { .count = 3, .size = LEN, .seed = 1 };
	int fd = open_channel("source", O_RDWR), i;
	char *room, *in = malloc(LEN);
	__u64 tag;

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/source");
	ASSERT_LE(0, fd);
	room = map_room(fd, ROOM);
	ASSERT_NE(NULL, room);
	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), 0));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EOPNOTSUPP, bulk_map(fd, room, ROOM, NULL));
		ASSERT_EQ(LEN, bulk_recv(fd, in, LEN, &tag));
		EXPECT_EQ(i, tag);
	}
	EXPECT_EQ(3, figure(fd, "rx-records"));
	close(fd);
}

TEST(answers_on_demand)
{
	int fd = open_channel("sink", O_RDWR);
	struct bulk_sink_totals totals;
	char *room;

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	ASSERT_LE(0, fd);
	room = map_room(fd, ROOM);
	ASSERT_NE(NULL, room);
	EXPECT_EQ(-EOPNOTSUPP, bulk_map(fd, room, ROOM, NULL));
	EXPECT_EQ(sizeof(totals), bulk_recv(fd, &totals, sizeof(totals), NULL));
	close(fd);
}

TEST(not_open_for_reading)
{
	int fd = open_channel("echo", O_WRONLY);

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, bulk_map(fd, NULL, ROOM, NULL));
	close(fd);
}

TEST_HARNESS_MAIN
