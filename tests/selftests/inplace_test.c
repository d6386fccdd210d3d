// SPDX-License-Identifier: GPL-2.0
/*
 * Records written and read where they lie in the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include "region.h"

#define RING		16384
#define WINDOW		(2 * 4096 + 4 * RING)
#define LONGEST		(RING / 8 - 16)

FIXTURE(inplace)
{
	struct windowed w;
	struct region out;	/* what was reserved */
	size_t room;
	char in[RING];
};

FIXTURE_VARIANT(inplace)
{
	bool by_call;	/* by bulk_xfer(2), not by the vDSO */
};

FIXTURE_VARIANT_ADD(inplace, call) { .by_call = true };
FIXTURE_VARIANT_ADD(inplace, vdso) { .by_call = false };

FIXTURE_SETUP(inplace)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	munmap(self->w.window, self->w.params.window_default);
	self->w.window = map_window(&self->w, WINDOW);
	ASSERT_NE(NULL, self->w.window);
}

FIXTURE_TEARDOWN(inplace)
{
	if (self->w.window)
		munmap(self->w.window, WINDOW);
	close(self->w.fd);
}

static long run(struct _test_data_inplace *self,
		const struct _fixture_variant_inplace *variant,
		struct bulk_seg *seg, unsigned int flags)
{
	if (variant->by_call)
		return bulk_xfer(self->w.fd, seg, 1, flags);
	return self->w.call(self->w.fd, seg, 1, flags, self->w.window);
}

static int reserve(struct _test_data_inplace *self,
		   const struct _fixture_variant_inplace *variant, size_t least)
{
	struct bulk_seg seg = seg_op(BULK_OP_RESERVE, 0, least, 0);
	long ret = run(self, variant, &seg, BULK_DONTWAIT);

	if (ret != 1)
		return ret;
	self->out.at = (char *)(unsigned long)seg.addr;
	self->out.used = 0;
	self->room = seg.res;
	return seg.len == (__u32)seg.res && self->room >= least ? 0 : -EPROTO;
}

static struct bulk_seg commit(struct _test_data_inplace *self,
			      const struct _fixture_variant_inplace *variant,
			      size_t len, unsigned int flags, long *ret)
{
	struct bulk_seg seg = seg_op(BULK_OP_COMMIT, 0, len, flags);

	*ret = run(self, variant, &seg, BULK_DONTWAIT);
	return seg;
}

static int commit_all(struct _test_data_inplace *self,
		      const struct _fixture_variant_inplace *variant,
		      unsigned int flags)
{
	struct bulk_seg seg;
	long ret;

	seg = commit(self, variant, self->out.used, flags, &ret);
	return ret == 1 && seg.res == (int)self->out.used ? 0 : -EPROTO;
}

static long borrow(struct _test_data_inplace *self,
		   const struct _fixture_variant_inplace *variant, size_t most,
		   char **at)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0, most, 0);
	long ret = run(self, variant, &seg, BULK_DONTWAIT);

	if (at)
		*at = (char *)(unsigned long)seg.addr;
	return ret == 1 ? seg.res : ret;
}

static long give_back(struct _test_data_inplace *self,
		      const struct _fixture_variant_inplace *variant,
		      size_t len, unsigned int flags)
{
	struct bulk_seg seg = seg_op(BULK_OP_RETURN, 0, len, flags);
	long ret = run(self, variant, &seg, BULK_DONTWAIT);

	return ret == 1 && seg.res != (int)len ? -EPROTO : ret;
}

/* Receive @want records in place, whose tags rise from @tag on. */
static void expect_borrowed(struct __test_metadata *_metadata,
			    struct _test_data_inplace *self,
			    const struct _fixture_variant_inplace *variant,
			    long want, __u64 tag)
{
	long len, n;
	char *at;

	while (want) {
		len = borrow(self, variant, -1, &at);
		ASSERT_LT(0, len);
		n = region_count(at, len, tag);
		ASSERT_LT(0, n);
		ASSERT_GE(want, n);
		ASSERT_EQ(1, give_back(self, variant, len, 0));
		want -= n;
		tag += n;
	}
	ASSERT_EQ(-EAGAIN, borrow(self, variant, -1, NULL));
}

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

TEST_F(inplace, room_there_is_not)
{
	int i = 0;

	EXPECT_EQ(-EMSGSIZE, reserve(self, variant, RING + 8));
	ASSERT_EQ(0, reserve(self, variant, RING));
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	/* Until echo is full, and then the ring. */
	while (!reserve(self, variant, BULK_PACKED_SIZE(LONGEST))) {
		while (self->room - self->out.used >= BULK_PACKED_SIZE(LONGEST))
			region_add(&self->out, LONGEST, i++);
		ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	}
	EXPECT_EQ(-EAGAIN, reserve(self, variant, BULK_PACKED_SIZE(LONGEST)));
	EXPECT_LT(2000, i);
	expect_borrowed(_metadata, self, variant, i, 0);
	ASSERT_EQ(0, reserve(self, variant, RING));
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
}

static void *receive_some(void *arg)
{
	struct windowed *w = arg;
	char buf[LONGEST];
	int i;

	usleep(100000);
	for (i = 0; i < 1000; i++)
		bulk_recv(w->fd, buf, sizeof(buf), NULL);
	return NULL;
}

TEST_F(inplace, waits_for_room)
{
	struct bulk_seg seg = seg_op(BULK_OP_RESERVE, 0, RING, 0);
	pthread_t thread;
	int i = 0;

	while (!reserve(self, variant, BULK_PACKED_SIZE(LONGEST))) {
		while (self->room - self->out.used >= BULK_PACKED_SIZE(LONGEST))
			region_add(&self->out, LONGEST, i++);
		ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_some, &self->w));
	ASSERT_EQ(1, run(self, variant, &seg, 0));
	EXPECT_EQ(RING, seg.res);
	pthread_join(thread, NULL);
	self->out.used = 0;
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
}

static void *send_one(void *arg)
{
	struct windowed *w = arg;
	char buf[32];

	usleep(100000);
	fill(buf, sizeof(buf), 5);
	window_send(w, buf, sizeof(buf), 5, 0);
	return NULL;
}

TEST_F(inplace, waits_for_a_record)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0, -1, 0);
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, send_one, &self->w));
	ASSERT_EQ(1, run(self, variant, &seg, 0));
	EXPECT_EQ(1, region_count((char *)(unsigned long)seg.addr, seg.res, 5));
	pthread_join(thread, NULL);
	ASSERT_EQ(1, give_back(self, variant, seg.res, 0));
}

/* A record that no ring holds is received by a copy. */
TEST_F(inplace, record_longer_than_any_in_the_ring)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0, -1, 0);
	char *out = calloc(1, RING), *in = malloc(RING);

	ASSERT_EQ(0, bulk_send(self->w.fd, out, RING, 9));
	ASSERT_EQ(-EMSGSIZE, run(self, variant, &seg, BULK_DONTWAIT));
	EXPECT_EQ(BULK_PACKED_SIZE(RING), seg.len);
	ASSERT_EQ(RING, bulk_recv(self->w.fd, in, RING, NULL));
	EXPECT_EQ(-EAGAIN, borrow(self, variant, -1, NULL));
	free(out);
	free(in);
}

/* In a large window, so are the channel's longest. */
TEST_F(inplace, largest_window)
{
	size_t size = 32UL << 20, space = BULK_PACKED_SIZE(MAX_RECORD);
	struct bulk_sink_totals totals;
	struct windowed w;
	struct bulk_seg seg;
	__u64 n = 0;

	if (open_windowed(&w, "sink"))
		SKIP(return, "no channel sink");
	munmap(w.window, w.params.window_default);
	EXPECT_LE(256UL << 20, w.params.window_max);
	w.window = map_window(&w, w.params.window_max);
	if (!w.window && errno == ENOMEM)
		SKIP(return, "no memory for the largest window");
	ASSERT_NE(NULL, w.window);
	seg = seg_op(BULK_OP_RESERVE, 0, size, 0);
	ASSERT_EQ(1, variant->by_call ? bulk_xfer(w.fd, &seg, 1, 0) :
				       w.call(w.fd, &seg, 1, 0, w.window));
	ASSERT_LE(size, seg.res);
	self->out.at = (char *)(unsigned long)seg.addr;
	while (self->out.used + space <= size) {
		struct bulk_packed *rec = (void *)(self->out.at + self->out.used);

		*rec = (struct bulk_packed){ .len = MAX_RECORD, .tag = n++ };
		self->out.used += space;
	}
	seg = seg_op(BULK_OP_COMMIT, 0, self->out.used, BULK_SEG_DISCARD);
	ASSERT_EQ(1, variant->by_call ? bulk_xfer(w.fd, &seg, 1, 0) :
				       w.call(w.fd, &seg, 1, 0, w.window));
	EXPECT_EQ(n, seg.tag);
	ASSERT_EQ(sizeof(totals), bulk_recv(w.fd, &totals, sizeof(totals), NULL));
	EXPECT_EQ(n, totals.records);
	EXPECT_EQ(n * MAX_RECORD, totals.bytes);
	munmap(w.window, w.params.window_max);
	close(w.fd);
}

/* The child has the file, and no window. */
static void run_child(struct _test_data_inplace *self,
		      const struct _fixture_variant_inplace *variant)
{
	char buf[64];

	if (reserve(self, variant, 0) != -EOPNOTSUPP ||
	    commit_all(self, variant, 0) != -EPROTO ||
	    borrow(self, variant, -1, NULL) != -EOPNOTSUPP ||
	    give_back(self, variant, 0, BULK_SEG_DISCARD) != -EOPNOTSUPP)
		_exit(1);
	if (bulk_recv(self->w.fd, buf, sizeof(buf), NULL) != -EBUSY)
		_exit(2);
	fill(buf, sizeof(buf), 1);
	_exit(bulk_send(self->w.fd, buf, sizeof(buf), 1) ? 3 : 0);
}

TEST_F(inplace, forked_child)
{
	int status;
	pid_t pid;
	char *at;

	ASSERT_EQ(0, bulk_send(self->w.fd, self->in, 0, 0));
	ASSERT_EQ(BULK_PACKED_SIZE(0), borrow(self, variant, -1, &at));
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 50, 2);
	pid = fork();
	if (!pid)
		run_child(self, variant);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	ASSERT_EQ(1, give_back(self, variant, BULK_PACKED_SIZE(0), 0));
	expect_borrowed(_metadata, self, variant, 2, 1);
}

/* The provider has the committed record; another process gets the borrowed one. */
static void check_after(struct __test_metadata *_metadata,
			struct _test_data_inplace *self,
			const struct _fixture_variant_inplace *variant)
{
	__u64 tag;

	ASSERT_EQ(40, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(1, tag);
	EXPECT_EQ(40, filled(self->in, 40, 1));
	ASSERT_EQ(40, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(2, tag);
	ASSERT_EQ(-EAGAIN, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
	self->w.window = map_window(&self->w, WINDOW);
	ASSERT_NE(NULL, self->w.window);
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 3);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	expect_borrowed(_metadata, self, variant, 1, 3);
}

/* Returns with a borrow of one record, and a reservation behind another one. */
static int leave_both_out(struct _test_data_inplace *self,
			  const struct _fixture_variant_inplace *variant)
{
	char *at;

	if (reserve(self, variant, 1000))
		return 1;
	region_add(&self->out, 40, 1);
	if (commit_all(self, variant, BULK_SEG_DISCARD) ||
	    borrow(self, variant, -1, &at) != BULK_PACKED_SIZE(40))
		return 2;
	if (reserve(self, variant, 1000))
		return 3;
	region_add(&self->out, 40, 2);
	if (commit_all(self, variant, 0))
		return 4;
	self->out.at += self->out.used;
	self->out.used = 0;
	region_add(&self->out, 40, 99);
	return 0;
}

TEST_F(inplace, window_is_unmapped)
{
	ASSERT_EQ(0, leave_both_out(self, variant));
	munmap(self->w.window, WINDOW);
	self->w.window = NULL;
	check_after(_metadata, self, variant);
}

/* The file is shared: what a process leaves behind is nobody's hindrance. */
static void run_owner(struct _test_data_inplace *self,
		      const struct _fixture_variant_inplace *variant, bool execs)
{
	self->w.window = map_window(&self->w, WINDOW);
	if (!self->w.window || leave_both_out(self, variant))
		_exit(1);
	if (execs)
		execl("/bin/true", "true", NULL);
	kill(getpid(), SIGKILL);
}

static void owner_ends(struct __test_metadata *_metadata,
		       struct _test_data_inplace *self,
		       const struct _fixture_variant_inplace *variant,
		       bool execs)
{
	int status;
	pid_t pid;

	munmap(self->w.window, WINDOW);
	self->w.window = NULL;
	pid = fork();
	if (!pid)
		run_owner(self, variant, execs);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(execs ? 0 : SIGKILL, status);
	check_after(_metadata, self, variant);
}

TEST_F(inplace, owner_is_killed)
{
	owner_ends(_metadata, self, variant, false);
}

TEST_F(inplace, owner_execs)
{
	owner_ends(_metadata, self, variant, true);
}

TEST_F(inplace, window_moves)
{
	char *to, *at;
	long len;

	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 0);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	to = map_pages(WINDOW / 4096);
	to = mremap(self->w.window, WINDOW, WINDOW, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to);
	if (to == MAP_FAILED)
		SKIP(return, "this window does not move");
	self->w.window = to;
	len = borrow(self, variant, -1, &at);
	ASSERT_TRUE(at > to && at < to + WINDOW);
	ASSERT_EQ(1, region_count(at, len, 0));
	ASSERT_EQ(1, give_back(self, variant, len, 0));
	ASSERT_EQ(0, reserve(self, variant, 100));
	ASSERT_TRUE(self->out.at > to && self->out.at < to + WINDOW);
	region_add(&self->out, 40, 1);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	expect_borrowed(_metadata, self, variant, 1, 1);
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

/* A commit that wakes a sleeper, and one after which the ring is rather full. */
TEST_F(inplace, commit_wakes_a_receiver)
{
	struct bulk_seg seg = seg_recv(self->in, RING);
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(bulk_xfer(self->w.fd, &seg, 1, 0) == 1 &&
		      seg.tag == 77 ? 0 : 1);
	wait_blocked(pid, __NR_bulk_xfer);
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 77);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(inplace, full_ring_is_taken)
{
	int n = 0;

	ASSERT_EQ(0, reserve(self, variant, RING));
	while (self->room - self->out.used >= BULK_PACKED_SIZE(100))
		region_add(&self->out, 100, n++);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	EXPECT_EQ(n, figure(self->w.fd, "tx-records"));
	expect_borrowed(_metadata, self, variant, n, 0);
}

TEST_HARNESS_MAIN
