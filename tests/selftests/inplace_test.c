// SPDX-License-Identifier: GPL-2.0
/*
 * Records written and read where they lie in the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "inplace.h"

TEST_F(inplace, goes_round)
{
	__u64 tag = 0;
	int i, j;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, reserve(self, variant, 4096));
		for (j = 0; j < 10; j++)
			region_add(&self->out, (i * 7 + j) % 300, tag + j);
		ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
		expect_borrowed(_metadata, self, variant, 10, tag);
		tag += 10;
	}
	EXPECT_EQ(tag, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(tag, figure(self->w.fd, "rx-records"));
}

/* Records written in place can be copied out, and the other way round. */
TEST_F(inplace, mixes_with_copies)
{
	char one[100];
	__u64 tag;
	char *at;

	fill(one, sizeof(one), 1);
	ASSERT_EQ(0, reserve(self, variant, 0));
	region_add(&self->out, 60, 0);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	ASSERT_EQ(0, window_send(&self->w, one, sizeof(one), 1, 0));
	ASSERT_EQ(0, bulk_send(self->w.fd, one, sizeof(one), 1));
	ASSERT_EQ(60, window_recv(&self->w, self->in, RING, &tag, 0));
	EXPECT_EQ(0, tag);
	EXPECT_EQ(60, filled(self->in, 60, 0));
	ASSERT_EQ(2 * BULK_PACKED_SIZE(100), borrow(self, variant, -1, &at));
	ASSERT_EQ(1, region_count(at, BULK_PACKED_SIZE(100), 1));
	ASSERT_EQ(1, region_count(at + BULK_PACKED_SIZE(100),
				  BULK_PACKED_SIZE(100), 1));
	ASSERT_EQ(1, give_back(self, variant, 2 * BULK_PACKED_SIZE(100), 0));
}

TEST_F(inplace, commits_and_returns_in_parts)
{
	size_t half;
	long len;
	char *at;
	int i;

	ASSERT_EQ(0, reserve(self, variant, 2048));
	for (i = 0; i < 8; i++) {
		region_add(&self->out, 50 + i, i);
		ASSERT_EQ(0, commit_all(self, variant, 0));
		self->out.at += self->out.used;
		self->room -= self->out.used;
		self->out.used = 0;
	}
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	ASSERT_EQ(-EINVAL, give_back(self, variant, 0, 0));

	len = borrow(self, variant, -1, &at);
	ASSERT_EQ(8, region_count(at, len, 0));
	for (half = 0, i = 0; i < 3; i++)
		half += BULK_PACKED_SIZE(50 + i);
	ASSERT_EQ(-EINVAL, give_back(self, variant, half - 8, 0));
	ASSERT_EQ(-EINVAL, give_back(self, variant, len + 8, 0));
	ASSERT_EQ(1, give_back(self, variant, half, 0));
	/* Still borrowed, and no second time. */
	EXPECT_EQ(-EBUSY, borrow(self, variant, -1, NULL));
	ASSERT_EQ(1, give_back(self, variant, len - half, 0));
	EXPECT_EQ(-EINVAL, give_back(self, variant, 0, 0));
	EXPECT_EQ(-EAGAIN, borrow(self, variant, -1, NULL));
}

/* The next receiver gets the records that are not returned. */
TEST_F(inplace, borrow_is_given_up)
{
	__u64 tag;
	long len;
	char *at;
	int i;

	ASSERT_EQ(0, reserve(self, variant, 2048));
	for (i = 0; i < 4; i++)
		region_add(&self->out, 40, i);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	len = borrow(self, variant, -1, &at);
	ASSERT_EQ(4, region_count(at, len, 0));
	ASSERT_EQ(1, give_back(self, variant, len / 4, BULK_SEG_DISCARD));
	ASSERT_EQ(40, window_recv(&self->w, self->in, RING, &tag, 0));
	EXPECT_EQ(1, tag);
	/* No more than was asked for. */
	EXPECT_EQ(-EMSGSIZE, borrow(self, variant, 16, NULL));
	ASSERT_EQ(len / 4, borrow(self, variant, len / 2 - 8, &at));
	ASSERT_EQ(1, region_count(at, len / 4, 2));
	ASSERT_EQ(1, give_back(self, variant, 0, BULK_SEG_DISCARD));
	expect_borrowed(_metadata, self, variant, 2, 2);
}

TEST_F(inplace, reservation_is_given_up)
{
	struct bulk_seg seg;
	long ret;

	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 0);
	seg = commit(self, variant, 0, BULK_SEG_DISCARD, &ret);
	ASSERT_EQ(1, ret);
	EXPECT_EQ(0, seg.res);
	EXPECT_EQ(0, seg.tag);
	EXPECT_EQ(-EAGAIN, borrow(self, variant, -1, NULL));
	seg = commit(self, variant, 0, BULK_SEG_DISCARD, &ret);
	EXPECT_EQ(-EINVAL, ret);
	EXPECT_EQ(-EINVAL, seg.res);
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 1);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	expect_borrowed(_metadata, self, variant, 1, 1);
}

/* A reservation that is used up is over. */
TEST_F(inplace, reservation_ends_with_its_room)
{
	int i, n = 0;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, reserve(self, variant, 0));
		while (self->room - self->out.used >= 16)
			region_add(&self->out,
				   self->room - self->out.used - 16 < LONGEST ?
				   self->room - self->out.used - 16 : LONGEST,
				   n++);
		ASSERT_EQ(0, commit_all(self, variant, 0));
		EXPECT_EQ(-EPROTO, commit_all(self, variant, 0));
		expect_borrowed(_metadata, self, variant, n, 0);
		n = 0;
	}
}

TEST_F(inplace, one_at_a_time)
{
	char buf[64];
	__u64 tag;
	char *at;
	long len;

	fill(buf, sizeof(buf), 7);
	ASSERT_EQ(0, reserve(self, variant, 100));
	EXPECT_EQ(self->room, figure(self->w.fd, "window-reserved"));
	EXPECT_EQ(-EBUSY, reserve(self, variant, 100));
	region_add(&self->out, 40, 8);
	/* Others send all the same, and their records come first. */
	ASSERT_EQ(0, window_send(&self->w, buf, sizeof(buf), 7, 0));
	ASSERT_EQ(-EAGAIN, window_send(&self->w, buf, sizeof(buf), 7,
				       BULK_NO_SYSCALL));
	EXPECT_EQ(1, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));

	EXPECT_EQ(0, figure(self->w.fd, "window-reserved"));
	EXPECT_EQ(0, figure(self->w.fd, "window-borrowed"));
	len = borrow(self, variant, -1, &at);
	ASSERT_LT(0, len);
	EXPECT_EQ(len, figure(self->w.fd, "window-borrowed"));
	EXPECT_EQ(-EBUSY, borrow(self, variant, -1, NULL));
	EXPECT_EQ(-EBUSY, window_recv(&self->w, self->in, RING, &tag, 0));
	EXPECT_EQ(-EBUSY, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(-1, read(self->w.fd, self->in, RING));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(7, ((struct bulk_packed *)at)->tag);
	ASSERT_EQ(1, give_back(self, variant, len, 0));
	/* Perhaps the window got one and then the other. */
	if (len == BULK_PACKED_SIZE(64))
		expect_borrowed(_metadata, self, variant, 1, 8);
	EXPECT_EQ(-EAGAIN, borrow(self, variant, -1, NULL));
}

/* A malformed record ends a commit: those before it are sent, the rest stays. */
TEST_F(inplace, malformed)
{
	struct bulk_packed *last;
	struct bulk_seg seg;
	size_t good;
	long ret;
	int i;

	ASSERT_EQ(0, reserve(self, variant, 4096));
	for (i = 0; i < 3; i++)
		region_add(&self->out, 70, i);
	good = self->out.used;
	last = region_add(&self->out, 40, 3);
	last->len = 41;
	seg = commit(self, variant, self->out.used, BULK_SEG_DISCARD, &ret);
	ASSERT_EQ(1, ret);
	ASSERT_EQ(good, seg.res);
	ASSERT_EQ(3, seg.tag);
	for (i = 0; i < 4; i++) {
		last->len = i == 0 ? 41 : i == 1 ? -1 : i == 2 ? MAX_RECORD : 40;
		last->lost = i == 3;
		seg = commit(self, variant, BULK_PACKED_SIZE(40), 0, &ret);
		ASSERT_EQ(-EINVAL, ret);
		ASSERT_EQ(-EINVAL, seg.res);
	}
	last->lost = 0;
	seg = commit(self, variant, BULK_PACKED_SIZE(40) - 4, 0, &ret);
	ASSERT_EQ(-EINVAL, ret);
	seg = commit(self, variant, 1U << 31, 0, &ret);
	ASSERT_EQ(-EINVAL, ret);
	/* Nor what is more than was reserved. */
	seg = commit(self, variant, self->room - good + 8, 0, &ret);
	ASSERT_EQ(-EINVAL, ret);
	seg = commit(self, variant, BULK_PACKED_SIZE(40), BULK_SEG_DISCARD,
		     &ret);
	ASSERT_EQ(1, ret);
	expect_borrowed(_metadata, self, variant, 4, 0);
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

static const unsigned int ops[] = {
	BULK_OP_RESERVE, BULK_OP_COMMIT, BULK_OP_BORROW, BULK_OP_RETURN,
};

TEST_F(inplace, refuses_unknown_flags)
{
	unsigned int i, bit;
	struct bulk_seg seg;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		bool parts = ops[i] == BULK_OP_COMMIT || ops[i] == BULK_OP_RETURN;

		for (bit = 0; bit < 16; bit++) {
			if (parts && 1 << bit == BULK_SEG_DISCARD)
				continue;
			seg = seg_op(ops[i], 0, 0, 1 << bit);
			ASSERT_EQ(-EINVAL, run(self, variant, &seg,
					       BULK_DONTWAIT));
			ASSERT_EQ(-EINVAL, seg.res);
		}
		seg = seg_op(ops[i], 0, 0, 0);
		seg.lost = 1;
		ASSERT_EQ(-EINVAL, run(self, variant, &seg, BULK_DONTWAIT));
	}
}

static void check_unsupported(struct __test_metadata *_metadata, int fd)
{
	struct bulk_seg seg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		seg = seg_op(ops[i], 0, 0, 0);
		ASSERT_EQ(-EOPNOTSUPP, bulk_xfer(fd, &seg, 1, BULK_DONTWAIT));
		ASSERT_EQ(-EOPNOTSUPP, seg.res);
	}
}

TEST_F(inplace, needs_a_window)
{
	int fd = open_channel("echo", O_RDWR);

	ASSERT_LE(0, fd);
	check_unsupported(_metadata, fd);
	close(fd);
	munmap(self->w.window, WINDOW);
	self->w.window = NULL;
	check_unsupported(_metadata, self->w.fd);
}

/* A SEND to source is answered, and the sink answers what is asked. */
TEST_F(inplace, needs_a_channel_that_lets_records_wait)
{
	struct bulk_seg seg;

	if (open_windowed(&self->w, "source"))
		SKIP(return, "no channel source");
	EXPECT_EQ(-EOPNOTSUPP, reserve(self, variant, 0));
	if (open_windowed(&self->w, "sink"))
		SKIP(return, "no channel sink");
	EXPECT_EQ(-EOPNOTSUPP, borrow(self, variant, -1, NULL));
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 0);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	seg = seg_recv(self->in, RING);
	ASSERT_EQ(1, bulk_xfer(self->w.fd, &seg, 1, 0));
	EXPECT_EQ(1, ((struct bulk_sink_totals *)self->in)->records);
	munmap(self->w.window, self->w.params.window_default);
	self->w.window = NULL;
}

/* source can't take back records while they are read in place. */
TEST_F(inplace, request_meets_a_borrow)
{
	struct bulk_source_request req = { .count = 100, .size = 64, .seed = 1 };
	char *at;
	long len;

	munmap(self->w.window, WINDOW);
	close(self->w.fd);
	if (open_windowed(&self->w, "source"))
		SKIP(return, "no channel source");
	ASSERT_EQ(0, bulk_send(self->w.fd, &req, sizeof(req), 0));
	len = borrow(self, variant, -1, &at);
	ASSERT_LT(0, len);
	EXPECT_EQ(0, ((struct bulk_packed *)at)->tag);
	EXPECT_EQ(-EBUSY, bulk_send(self->w.fd, &req, sizeof(req), 0));
	ASSERT_EQ(1, give_back(self, variant, BULK_PACKED_SIZE(64),
			       BULK_SEG_DISCARD));
	EXPECT_EQ(0, bulk_send(self->w.fd, &req, sizeof(req), 0));
	len = borrow(self, variant, -1, &at);
	ASSERT_LT(0, len);
	EXPECT_EQ(0, ((struct bulk_packed *)at)->tag);
	ASSERT_EQ(1, give_back(self, variant, len, 0));
	munmap(self->w.window, self->w.params.window_default);
	self->w.window = NULL;
}

TEST_HARNESS_MAIN
