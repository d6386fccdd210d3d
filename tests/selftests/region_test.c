// SPDX-License-Identifier: GPL-2.0
/*
 * Regions through the call, through the vDSO, and through a window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

#include "region.h"

#define ROOM		(8UL << 20)
#define RECORDS		300

FIXTURE(region)
{
	struct windowed w;
	struct region out;
	char *in;
};

FIXTURE_VARIANT(region)
{
	bool by_call;	/* by bulk_xfer(2), not by the vDSO */
	size_t window;	/* bytes, 0 for none */
};

FIXTURE_VARIANT_ADD(region, call) { .by_call = true };
FIXTURE_VARIANT_ADD(region, call_beside_window) {
	.by_call = true, .window = 2 * 4096 + 4 * 65536,
};

FIXTURE_VARIANT_ADD(region, vdso) { .window = 0 };
FIXTURE_VARIANT_ADD(region, window) { .window = 2 * 4096 + 4 * 65536 };
FIXTURE_VARIANT_ADD(region, small_window) { .window = 2 * 4096 + 4 * 4096 };

FIXTURE_SETUP(region)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	munmap(self->w.window, self->w.params.window_default);
	self->w.window = NULL;
	if (variant->window) {
		self->w.window = map_window(&self->w, variant->window);
		ASSERT_NE(NULL, self->w.window);
	}
	self->out.at = malloc(ROOM);
	self->in = malloc(ROOM);
}

FIXTURE_TEARDOWN(region)
{
	if (self->w.window)
		munmap(self->w.window, variant->window);
	close(self->w.fd);
	free(self->out.at);
	free(self->in);
}

static long run(struct _test_data_region *self,
		const struct _fixture_variant_region *variant,
		struct bulk_seg *segs, unsigned int nr, unsigned int flags)
{
	if (variant->by_call)
		return bulk_xfer(self->w.fd, segs, nr, flags);
	return self->w.call(self->w.fd, segs, nr, flags, self->w.window);
}

/* Records of many lengths, with tags from @tag on. */
static void add_records(struct region *r, unsigned int nr, __u64 tag)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		region_add(r, i * i % 700, tag + i);
}

/* Receive @want records, whose tags rise from @tag on, in as many calls as it takes. */
static void expect_records(struct __test_metadata *_metadata,
			   struct _test_data_region *self,
			   const struct _fixture_variant_region *variant,
			   unsigned int want, __u64 tag)
{
	struct bulk_seg seg;

	while (want) {
		seg = seg_recv_region(self->in, ROOM);
		ASSERT_EQ(1, run(self, variant, &seg, 1, BULK_DONTWAIT));
		ASSERT_LT(0, seg.res);
		ASSERT_GE(want, seg.tag);
		ASSERT_EQ(seg.tag, region_count(self->in, seg.res, tag));
		ASSERT_EQ(0, seg.lost);
		want -= seg.tag;
		tag += seg.tag;
	}
	seg = seg_recv_region(self->in, ROOM);
	ASSERT_EQ(-EAGAIN, run(self, variant, &seg, 1, BULK_DONTWAIT));
	ASSERT_EQ(-EAGAIN, seg.res);
}

TEST_F(region, layout)
{
	EXPECT_EQ(16, sizeof(struct bulk_packed));
	EXPECT_EQ(0, offsetof(struct bulk_packed, len));
	EXPECT_EQ(4, offsetof(struct bulk_packed, lost));
	EXPECT_EQ(8, offsetof(struct bulk_packed, tag));
	EXPECT_EQ(16, BULK_PACKED_SIZE(0));
	EXPECT_EQ(24, BULK_PACKED_SIZE(1));
	EXPECT_EQ(24, BULK_PACKED_SIZE(8));
	EXPECT_EQ(0x100000010ULL, BULK_PACKED_SIZE(0xfffffffaU));
}

TEST_F(region, goes_round)
{
	struct bulk_seg seg;
	int i;

	for (i = 0; i < 20; i++) {
		self->out.used = 0;
		add_records(&self->out, RECORDS, i * RECORDS);
		seg = seg_send_region(self->out.at, self->out.used);
		ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
		ASSERT_EQ(self->out.used, seg.res);
		ASSERT_EQ(RECORDS, seg.tag);
		expect_records(_metadata, self, variant, RECORDS, i * RECORDS);
	}
	EXPECT_EQ(20 * RECORDS, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(20 * RECORDS, figure(self->w.fd, "rx-records"));
	EXPECT_EQ(figure(self->w.fd, "tx-bytes"), figure(self->w.fd, "rx-bytes"));
}

/* One record of a region is the same as one that comes by itself. */
TEST_F(region, mixes_with_single_records)
{
	struct bulk_seg segs[5];
	char one[64], two[64];

	fill(one, sizeof(one), 100);
	fill(two, sizeof(two), 103);
	region_add(&self->out, 10, 101);
	region_add(&self->out, 300, 102);
	segs[0] = seg_send(one, sizeof(one), 100);
	segs[1] = seg_send_region(self->out.at, self->out.used);
	segs[2] = seg_send(two, sizeof(two), 103);
	ASSERT_EQ(3, run(self, variant, segs, 3, 0));
	segs[0] = seg_recv(self->in, 64);
	segs[1] = seg_recv(self->in + 64, 64);
	ASSERT_EQ(2, run(self, variant, segs, 2, 0));
	EXPECT_EQ(64, segs[0].res);
	EXPECT_EQ(100, segs[0].tag);
	EXPECT_EQ(10, segs[1].res);
	EXPECT_EQ(101, segs[1].tag);
	expect_records(_metadata, self, variant, 2, 102);
}

TEST_F(region, of_nothing)
{
	struct bulk_seg seg = seg_send_region(self->out.at, 0);

	EXPECT_EQ(1, run(self, variant, &seg, 1, 0));
	EXPECT_EQ(0, seg.res);
	EXPECT_EQ(0, seg.tag);
	expect_records(_metadata, self, variant, 0, 0);
	/* A record of no bytes is one. */
	region_add(&self->out, 0, 7);
	seg = seg_send_region(self->out.at, self->out.used);
	EXPECT_EQ(1, run(self, variant, &seg, 1, 0));
	EXPECT_EQ(16, seg.res);
	expect_records(_metadata, self, variant, 1, 7);
}

/* As long as the channel takes them, and longer than what is copied at a time. */
TEST_F(region, of_long_records)
{
	static const __u32 lens[] = { 5, 70000, MAX_RECORD, 3, 65520, 500, 65536 };
	struct bulk_seg seg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++)
		region_add(&self->out, lens[i], i);
	seg = seg_send_region(self->out.at, self->out.used);
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	EXPECT_EQ(self->out.used, seg.res);
	EXPECT_EQ(ARRAY_SIZE(lens), seg.tag);
	expect_records(_metadata, self, variant, ARRAY_SIZE(lens), 0);
}

TEST_F(region, room_for_some_records)
{
	size_t room, space = BULK_PACKED_SIZE(100);
	struct bulk_seg seg;
	__u64 tag = 0;
	int i;

	for (i = 0; i < 40; i++)
		region_add(&self->out, 100, i);
	seg = seg_send_region(self->out.at, self->out.used);
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	for (room = 0; room < space; room++) {
		memset(self->in, 0xee, space);
		seg = seg_recv_region(self->in, room);
		ASSERT_EQ(-EMSGSIZE, run(self, variant, &seg, 1, 0));
		ASSERT_EQ(-EMSGSIZE, seg.res);
		/* Without room for a head, at least that. */
		ASSERT_TRUE(seg.len == space || (room < 16 && seg.len == 16));
	}
	for (room = space; tag < 40; room += space / 2 + 1) {
		memset(self->in + room, 0xee, space);
		seg = seg_recv_region(self->in, room);
		ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
		ASSERT_GE(room, seg.res);
		ASSERT_EQ(seg.tag, region_count(self->in, seg.res, tag));
		ASSERT_TRUE(seg.res + space > room || tag + seg.tag == 40 ||
			    self->w.window);
		ASSERT_EQ((char)0xee, self->in[room]);
		tag += seg.tag;
	}
	expect_records(_metadata, self, variant, 0, 0);
}

/* A malformed record ends a region: those before it are sent. */
static void check_malformed(struct __test_metadata *_metadata,
			    struct _test_data_region *self,
			    const struct _fixture_variant_region *variant,
			    size_t good, size_t len, int error, bool by_kernel)
{
	struct bulk_seg segs[2];

	segs[0] = seg_send_region(self->out.at, len);
	segs[1] = seg_send(self->in, 1, 0);
	if (good) {
		/* And what comes after it in the call does not run. */
		ASSERT_EQ(1, run(self, variant, segs, 2, 0));
		ASSERT_EQ(good, segs[0].res);
		ASSERT_EQ(SEG_UNTOUCHED, segs[1].res);
		expect_records(_metadata, self, variant, segs[0].tag, 0);
	}
	segs[0] = seg_send_region(self->out.at + good, len - good);
	ASSERT_EQ(error, run(self, variant, segs, 2, 0));
	ASSERT_EQ(error, segs[0].res);
	ASSERT_EQ(SEG_UNTOUCHED, segs[1].res);
	/* Nor without a system call, where that finds it out. */
	segs[0] = seg_send_region(self->out.at + good, len - good);
	if (self->w.window && !variant->by_call && !by_kernel)
		ASSERT_EQ(error, self->w.call(self->w.fd, segs, 1,
					      BULK_NO_SYSCALL, self->w.window));
	expect_records(_metadata, self, variant, 0, 0);
}

TEST_F(region, malformed)
{
	struct bulk_packed *last;
	size_t good;
	int i;

	for (i = 0; i < 3; i++) {
		self->out.used = 0;
		add_records(&self->out, i * 5, 0);
		good = self->out.used;
		last = region_add(&self->out, 40, 1);
		check_malformed(_metadata, self, variant, good,
				self->out.used - 8, -EINVAL, false);
		check_malformed(_metadata, self, variant, good, good + 15,
				-EINVAL, false);
		check_malformed(_metadata, self, variant, good, good + 8,
				-EINVAL, false);
		last->len = 41;
		check_malformed(_metadata, self, variant, good, self->out.used,
				-EINVAL, false);
		/* Longer than any in a ring: the kernel knows how long may be. */
		last->len = MAX_RECORD;
		check_malformed(_metadata, self, variant, good, self->out.used,
				-EINVAL, true);
		last->len = MAX_RECORD + 1;
		check_malformed(_metadata, self, variant, good, self->out.used,
				-EMSGSIZE, true);
		last->len = -1;
		check_malformed(_metadata, self, variant, good, self->out.used,
				-EMSGSIZE, true);
		last->len = 40;
		last->lost = 1;
		check_malformed(_metadata, self, variant, good, self->out.used,
				-EINVAL, false);
	}
}

TEST_F(region, refuses_what_is_none)
{
	struct bulk_seg seg;
	unsigned int bit;

	region_add(&self->out, 8, 0);
	seg = seg_send_region(self->out.at + 4, 16);
	EXPECT_EQ(-EINVAL, run(self, variant, &seg, 1, 0));
	seg = seg_recv_region(self->in + 1, 100);
	EXPECT_EQ(-EINVAL, run(self, variant, &seg, 1, BULK_DONTWAIT));
	seg = seg_send_region(self->out.at, self->out.used);
	seg.lost = 1;
	EXPECT_EQ(-EINVAL, run(self, variant, &seg, 1, 0));
	seg = seg_send_region(self->out.at, 1U << 31);
	EXPECT_EQ(-EINVAL, run(self, variant, &seg, 1, 0));
	for (bit = 1; bit < 16; bit++) {
		seg = seg_send_region(self->out.at, self->out.used);
		seg.flags |= 1U << bit;
		ASSERT_EQ(-EINVAL, run(self, variant, &seg, 1, 0));
		seg = seg_recv_region(self->in, 100);
		seg.flags |= 1U << bit;
		ASSERT_EQ(-EINVAL, run(self, variant, &seg, 1, BULK_DONTWAIT));
	}
	expect_records(_metadata, self, variant, 0, 0);
}

/* Where memory ends, those before it are sent, or received. */
TEST_F(region, memory_that_ends)
{
	char *end = map_before_hole(4);
	struct region r = { .at = end - 2 * BULK_PACKED_SIZE(100) - 24 };
	struct bulk_seg seg;

	ASSERT_NE(NULL, end);
	/* A window's caller gets a signal for that, as from memcpy(). */
	if (!variant->by_call && variant->window)
		return;
	region_add(&r, 100, 0);
	region_add(&r, 100, 1);
	region_add(&r, 8, 2)->len = 100;
	seg = seg_send_region(r.at, 3 * BULK_PACKED_SIZE(100));
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	EXPECT_EQ(2 * BULK_PACKED_SIZE(100), seg.res);
	seg = seg_send_region(end - 24, BULK_PACKED_SIZE(100));
	EXPECT_EQ(-EFAULT, run(self, variant, &seg, 1, 0));
	seg = seg_send_region(end, 64);
	EXPECT_EQ(-EFAULT, run(self, variant, &seg, 1, 0));

	seg = seg_recv_region(end - 8, 4096);
	EXPECT_EQ(-EFAULT, run(self, variant, &seg, 1, 0));
	seg = seg_recv_region(end - 64, 4096);
	EXPECT_EQ(-EFAULT, run(self, variant, &seg, 1, 0));
	seg = seg_recv_region(end - BULK_PACKED_SIZE(100) - 32, 4096);
	EXPECT_EQ(1, run(self, variant, &seg, 1, 0));
	EXPECT_EQ(1, seg.tag);
	EXPECT_EQ(1, region_count(end - BULK_PACKED_SIZE(100) - 32, seg.res, 0));
	expect_records(_metadata, self, variant, 1, 1);
}

/* Pages that nobody has touched yet don't make a region short. */
TEST_F(region, memory_that_is_not_there_yet)
{
	size_t len = 1UL << 20;
	char *in = map_pages(len / 4096);
	struct bulk_seg seg;
	__u64 n = 0;

	ASSERT_NE(MAP_FAILED, in);
	while (self->out.used < len / 2)
		region_add(&self->out, 1000, n++);
	seg = seg_send_region(self->out.at, self->out.used);
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	seg = seg_recv_region(in, len);
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	/* A window's records come first, and by themselves. */
	if (!variant->window)
		EXPECT_EQ(n, seg.tag);
	EXPECT_EQ(seg.tag, region_count(in, seg.res, 0));
	expect_records(_metadata, self, variant, n - seg.tag, seg.tag);
	munmap(in, len);
}

/* Records of 4,000 bytes, with tags from 0 on: @left of those that are there. */
static void recv_exactly(struct __test_metadata *_metadata,
			 struct _test_data_region *self,
			 const struct _fixture_variant_region *variant,
			 __u64 left)
{
	struct bulk_seg seg;
	__u64 tag = 0;

	while (left) {
		seg = seg_recv_region(self->in, left * BULK_PACKED_SIZE(4000));
		ASSERT_EQ(1, run(self, variant, &seg, 1, BULK_DONTWAIT));
		ASSERT_EQ(seg.tag, region_count(self->in, seg.res, tag));
		left -= seg.tag;
		tag += seg.tag;
	}
}

/* echo blocks when it holds 4 MiB: a part of the region is sent. */
TEST_F(region, provider_without_room)
{
	struct bulk_seg segs[2];
	__u64 n = 0, got = 0, more = 0;
	size_t sent = 0;
	int i;

	while (self->out.used < 1UL << 20)
		region_add(&self->out, 4000, n++);
	for (i = 0; i < 10; i++) {
		segs[0] = seg_send_region(self->out.at, self->out.used);
		/* It would not fail. */
		segs[1] = seg_send_region(self->out.at, 0);
		if (run(self, variant, segs, 2, BULK_DONTWAIT) < 2)
			break;
		sent++;
	}
	ASSERT_LE(3, sent);
	ASSERT_GT(10, sent);
	/* Some of it, or none. */
	if (segs[0].res != -EAGAIN) {
		EXPECT_LT(0, segs[0].res);
		EXPECT_GT(self->out.used, segs[0].res);
		got = segs[0].tag;
		EXPECT_EQ(got * BULK_PACKED_SIZE(4000), segs[0].res);
		EXPECT_EQ(SEG_UNTOUCHED, segs[1].res);
	}
	/* A window that echo has emptied in the end holds some more. */
	do {
		segs[0] = seg_send_region(self->out.at, BULK_PACKED_SIZE(4000));
	} while (run(self, variant, segs, 1, BULK_DONTWAIT) == 1 && ++more < n);
	EXPECT_EQ(-EAGAIN, segs[0].res);
	for (i = 0; i < (int)sent; i++)
		recv_exactly(_metadata, self, variant, n);
	recv_exactly(_metadata, self, variant, got);
	for (; more; more--)
		recv_exactly(_metadata, self, variant, 1);
	expect_records(_metadata, self, variant, 0, 0);
}

static void handle(int sig)
{
}

/* Of a SEND that waits for room, a signal leaves what was sent. */
TEST_F(region, signal_ends_a_wait)
{
	struct sigaction act = { .sa_handler = handle };
	struct itimerval soon = {
		.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000,
	};
	struct bulk_seg seg;
	__u64 n = 0, sent = 0;
	long ret;
	int i;

	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	while (self->out.used < 1UL << 20)
		region_add(&self->out, 4000, n++);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	for (i = 0; i < 1000; i++) {
		seg = seg_send_region(self->out.at, self->out.used);
		ret = run(self, variant, &seg, 1, 0);
		if (ret < 0)
			break;
		ASSERT_EQ(1, ret);
		ASSERT_EQ(seg.tag * BULK_PACKED_SIZE(4000), seg.res);
		sent += seg.tag;
	}
	soon = (struct itimerval){ };
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	EXPECT_EQ(-EINTR, ret);
	EXPECT_EQ(-EINTR, seg.res);
	EXPECT_LT(900, sent);
	do {
		seg = seg_recv_region(self->in, ROOM);
		ret = run(self, variant, &seg, 1, BULK_DONTWAIT);
		if (ret == 1)
			sent -= seg.tag;
	} while (ret == 1);
	EXPECT_EQ(0, sent);
}

TEST_F(region, from_source)
{
	struct bulk_source_request req = { .count = 5000, .size = 100, .seed = 1 };
	int fd = open_channel("source", O_RDWR);
	struct bulk_packed *rec;
	char *window = NULL;
	struct bulk_seg seg;
	__u64 n = 0;
	size_t pos;

	if (fd == -ENOENT)
		SKIP(return, "no channel source");
	close(self->w.fd);
	if (self->w.window)
		munmap(self->w.window, variant->window);
	self->w.fd = fd;
	self->w.window = NULL;
	if (variant->window)
		window = map_window(&self->w, variant->window);
	self->w.window = window;
	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), 0));
	while (n < req.count) {
		seg = seg_recv_region(self->in, 65536);
		ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
		for (pos = 0; pos < (size_t)seg.res;
		     pos += BULK_PACKED_SIZE(100), n++) {
			rec = region_at(self->in, seg.res, pos);
			ASSERT_NE(NULL, rec);
			ASSERT_EQ(100, rec->len);
			ASSERT_EQ(n, rec->tag);
		}
	}
	ASSERT_EQ(req.count, n);
}

/* The sink has the same bytes, however they came. */
TEST_F(region, to_sink)
{
	struct bulk_sink_totals totals[2];
	int fd[2], i;
	struct bulk_packed *rec;
	struct bulk_seg seg;
	size_t pos;

	for (i = 0; i < 2; i++) {
		fd[i] = open_channel("sink", O_RDWR);
		if (fd[i] == -ENOENT)
			SKIP(return, "no channel sink");
	}
	add_records(&self->out, 2000, 0);
	for (pos = 0; pos < self->out.used; pos += BULK_PACKED_SIZE(rec->len)) {
		rec = region_at(self->out.at, self->out.used, pos);
		ASSERT_EQ(0, bulk_send(fd[0], rec->data, rec->len, 0));
	}
	close(self->w.fd);
	if (self->w.window)
		munmap(self->w.window, variant->window);
	self->w.fd = fd[1];
	self->w.window = variant->window ? map_window(&self->w, variant->window)
					 : NULL;
	seg = seg_send_region(self->out.at, self->out.used);
	ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
	ASSERT_EQ(self->out.used, seg.res);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(sizeof(totals[i]),
			  bulk_recv(fd[i], &totals[i], sizeof(totals[i]), NULL));
	EXPECT_EQ(2000, totals[0].records);
	EXPECT_EQ(0, memcmp(&totals[0], &totals[1], sizeof(totals[0])));
	close(fd[0]);
}

TEST_HARNESS_MAIN
