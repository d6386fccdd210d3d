// SPDX-License-Identifier: GPL-2.0
/*
 * What bulk_xfer(2) does with records: contents, order, tags, results.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

/* Around a page, and around the pieces in which providers work. */
static const unsigned int sizes[] = {
	0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 1000, 1023, 1024, 1025,
	1535, 1536, 1537, 1919, 1920, 1921, 2047, 2048, 2049, 4095, 4096, 4097,
	8191, 65535, 65536, 65537, MAX_RECORD - 1, MAX_RECORD,
};

FIXTURE(record) {
	int echo;
	char *out;
	char *in;
};

FIXTURE_SETUP(record)
{
	self->echo = open_channel("echo", O_RDWR);
	if (self->echo == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->echo);
	self->out = malloc(MAX_RECORD);
	self->in = malloc(MAX_RECORD + 1);
	fill(self->out, MAX_RECORD, 1);
}

FIXTURE_TEARDOWN(record)
{
	close(self->echo);
	free(self->in);
	free(self->out);
}

TEST_F(record, layout)
{
	EXPECT_EQ(32, sizeof(struct bulk_seg));
	EXPECT_EQ(0, offsetof(struct bulk_seg, addr));
	EXPECT_EQ(8, offsetof(struct bulk_seg, len));
	EXPECT_EQ(12, offsetof(struct bulk_seg, res));
	EXPECT_EQ(16, offsetof(struct bulk_seg, tag));
	EXPECT_EQ(24, offsetof(struct bulk_seg, op));
	EXPECT_EQ(26, offsetof(struct bulk_seg, flags));
	EXPECT_EQ(28, offsetof(struct bulk_seg, lost));
}

TEST_F(record, echo_sizes)
{
	struct bulk_seg segs[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(self->in, 0xee, sizes[i] + 1);
		segs[0] = seg_send(self->out, sizes[i], i);
		segs[1] = seg_recv(self->in, MAX_RECORD);
		ASSERT_EQ(2, bulk_xfer(self->echo, segs, 2, BULK_DONTWAIT));
		EXPECT_EQ(sizes[i], segs[0].res);
		EXPECT_EQ(sizes[i], segs[1].res);
		EXPECT_EQ(sizes[i], filled(self->in, sizes[i], 1));
		EXPECT_EQ((char)0xee, self->in[sizes[i]]);
	}
}

/* Room that is exactly enough is enough. */
TEST_F(record, exact_room)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, bulk_send(self->echo, self->out, sizes[i], 0));
		EXPECT_EQ(sizes[i], bulk_recv(self->echo, self->in, sizes[i],
					      NULL));
	}
}

TEST_F(record, unaligned_buffers)
{
	int off;

	for (off = 1; off < 16; off++) {
		ASSERT_EQ(0, bulk_send(self->echo, self->out + off, 5000, 0));
		ASSERT_EQ(5000, bulk_recv(self->echo, self->in + 16 - off,
					  5000, NULL));
		EXPECT_EQ(0, memcmp(self->out + off, self->in + 16 - off, 5000));
	}
}

TEST_F(record, tags)
{
	__u64 tag, got;
	int bit;

	for (bit = -1; bit <= 64; bit++) {
		tag = bit < 0 ? 0 : bit == 64 ? ~0ULL : 1ULL << bit;
		ASSERT_EQ(0, bulk_send(self->echo, "t", 1, tag));
		ASSERT_EQ(1, bulk_recv(self->echo, self->in, 1, &got));
		EXPECT_EQ(tag, got);
	}
}

/* RECV overwrites tag and lost, whatever stood there; the rest stays. */
TEST_F(record, fields_after_recv)
{
	struct bulk_seg seg = seg_recv(self->in, 100), before;

	ASSERT_EQ(0, bulk_send(self->echo, self->out, 10, 0));
	seg.tag = ~0ULL;
	seg.lost = ~0U;
	before = seg;
	ASSERT_EQ(1, bulk_xfer(self->echo, &seg, 1, 0));
	EXPECT_EQ(before.addr, seg.addr);
	EXPECT_EQ(100, seg.len);
	EXPECT_EQ(10, seg.res);
	EXPECT_EQ(0, seg.tag);
	EXPECT_EQ(before.op, seg.op);
	EXPECT_EQ(0, seg.flags);
	EXPECT_EQ(0, seg.lost);
}

TEST_F(record, fields_after_send)
{
	struct bulk_seg seg = seg_send(self->out, 10, 77), before = seg;

	ASSERT_EQ(1, bulk_xfer(self->echo, &seg, 1, 0));
	EXPECT_EQ(10, seg.res);
	before.res = seg.res;
	EXPECT_EQ(0, memcmp(&before, &seg, sizeof(seg)));
}

TEST_F(record, fifo)
{
	unsigned int sent = 0, got, batch;
	__u64 tag, content;

	for (got = 0; got < 5000;) {
		for (batch = 0; batch < 100; batch++, sent++) {
			content = bulk_source_word(9, sent);
			ASSERT_EQ(0, bulk_send(self->echo, &content,
					       sizeof(content), sent));
		}
		/* Take less than was put in until the end. */
		for (batch = 0; batch < (sent < 5000 ? 90 : 10000); batch++) {
			if (bulk_recv(self->echo, &content, 8, &tag) == -EAGAIN)
				break;
			ASSERT_EQ(got, tag);
			ASSERT_EQ(bulk_source_word(9, got), content);
			got++;
		}
	}
	EXPECT_EQ(sent, got);
}

/* SEND and RECV alternate in one call; each RECV gets the SEND before it. */
TEST_F(record, most_segments)
{
	struct bulk_seg *segs = calloc(BULK_MAX_SEGS, sizeof(*segs));
	int i;

	for (i = 0; i < BULK_MAX_SEGS; i += 2) {
		segs[i] = seg_send(self->out + i, i, ~(__u64)i);
		segs[i + 1] = seg_recv(self->in + i * 512, 1024);
	}
	ASSERT_EQ(BULK_MAX_SEGS, bulk_xfer(self->echo, segs, BULK_MAX_SEGS, 0));
	for (i = 0; i < BULK_MAX_SEGS; i += 2) {
		EXPECT_EQ(i, segs[i].res);
		EXPECT_EQ(i, segs[i + 1].res);
		EXPECT_EQ(~(__u64)i, segs[i + 1].tag);
		EXPECT_EQ(0, memcmp(self->out + i, self->in + i * 512, i));
	}
	free(segs);
}

TEST_F(record, no_segments)
{
	EXPECT_EQ(0, bulk_xfer(self->echo, NULL, 0, 0));
	EXPECT_EQ(0, bulk_xfer(self->echo, NULL, 0, BULK_DONTWAIT));
}

/* What a call did not reach it neither reads nor writes. */
TEST_F(record, unreached_segments)
{
	struct bulk_seg segs[5], before;
	int i;

	memset(segs, 0xa5, sizeof(segs));
	before = segs[4];
	for (i = 0; i < 3; i++)
		segs[i] = seg_send(self->out, i, i);
	segs[3] = seg_send(self->out, MAX_RECORD + 1, 3);
	EXPECT_EQ(3, bulk_xfer(self->echo, segs, 5, 0));
	EXPECT_EQ(-EMSGSIZE, segs[3].res);
	EXPECT_EQ(0, memcmp(&before, &segs[4], sizeof(before)));
	EXPECT_EQ(3, figure(self->echo, "rx-queued"));
}

/* What one segment receives the next one can send. */
TEST_F(record, recv_feeds_send)
{
	struct bulk_seg segs[] = {
		seg_send("chain", 6, 1), seg_recv(self->in, 6),
		seg_send(self->in, 6, 2), seg_recv(self->in + 100, 6),
	};

	memset(self->in, 0, 200);
	EXPECT_EQ(4, bulk_xfer(self->echo, segs, 4, BULK_DONTWAIT));
	EXPECT_STREQ("chain", self->in + 100);
	EXPECT_EQ(2, segs[3].tag);
}

/* Make a SEND fail in one of four ways: the errno. */
static int spoil(struct bulk_seg *seg, int way)
{
	switch (way) {
	case 0:
		seg->flags = 1;
		return -EINVAL;
	case 1:
		seg->len = MAX_RECORD + 1;
		return -EMSGSIZE;
	case 2:
		seg->addr = 1;
		return -EFAULT;
	default:
		*seg = seg_recv((void *)(unsigned long)seg->addr, 0);
		return -EMSGSIZE;
	}
}

/* Take what a call of @sent good segments has left behind. */
static void check_sent(struct __test_metadata *_metadata,
		       struct _test_data_record *self, int sent)
{
	__u64 tag;
	int i;

	EXPECT_EQ(sent, figure(self->echo, "rx-queued"));
	for (i = 0; i < sent; i++) {
		ASSERT_EQ(10 + i, bulk_recv(self->echo, self->in, 100, &tag));
		EXPECT_EQ(i, tag);
	}
}

/* However many segments the kernel looks at in one go. */
TEST_F(record, failure_at_every_position)
{
	struct bulk_seg segs[40], after;
	int at, way, i, err;

	for (at = 1; at < 39; at++)
		for (way = 0; way < 4; way++) {
			for (i = 0; i < 40; i++)
				segs[i] = seg_send(self->out, 10 + i, i);
			err = spoil(&segs[at], way);
			after = segs[at + 1];
			ASSERT_EQ(at, bulk_xfer(self->echo, segs, 40, 0));
			EXPECT_EQ(err, segs[at].res);
			EXPECT_EQ(10 + at - 1, segs[at - 1].res);
			EXPECT_EQ(0, memcmp(&after, &segs[at + 1],
					    sizeof(after)));
			check_sent(_metadata, self, at);
		}
}

/* Every endpoint has its own records. */
TEST_F(record, endpoints_are_independent)
{
	int other = open_channel("echo", O_RDWR);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, bulk_send(self->echo, "mine", 5, 1));
	EXPECT_EQ(-EAGAIN, bulk_recv(other, self->in, 5, NULL));
	ASSERT_EQ(0, bulk_send(other, "its", 4, 2));
	EXPECT_EQ(5, bulk_recv(self->echo, self->in, 5, NULL));
	EXPECT_STREQ("mine", self->in);
	EXPECT_EQ(4, bulk_recv(other, self->in, 5, NULL));
	EXPECT_STREQ("its", self->in);
	close(other);
}

TEST_HARNESS_MAIN
