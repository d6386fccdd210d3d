// SPDX-License-Identifier: GPL-2.0
/*
 * SEND of pinned memory: in its place, and the caller's alone when the call returns.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages.h"

FIXTURE(pin)
{
	struct windowed w;
	char *out, *in;
};

FIXTURE_VARIANT(pin)
{
	bool by_call;	/* by bulk_xfer(2), not by the vDSO */
	bool window;
};

FIXTURE_VARIANT_ADD(pin, call) { .by_call = true };
FIXTURE_VARIANT_ADD(pin, vdso) { .window = false };
FIXTURE_VARIANT_ADD(pin, window) { .window = true };

FIXTURE_SETUP(pin)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	if (!variant->window) {
		munmap(self->w.window, self->w.params.window_default);
		self->w.window = NULL;
	}
	self->out = map_pages(2 * MAX_RECORD / PAGE);
	self->in = map_pages(2 * MAX_RECORD / PAGE);
	ASSERT_NE(MAP_FAILED, self->out);
	ASSERT_NE(MAP_FAILED, self->in);
}

FIXTURE_TEARDOWN(pin)
{
	close_windowed(&self->w);
}

static long run(struct _test_data_pin *self,
		const struct _fixture_variant_pin *variant,
		struct bulk_seg *segs, unsigned int nr, unsigned int flags)
{
	if (variant->by_call)
		return bulk_xfer(self->w.fd, segs, nr, flags);
	return self->w.call(self->w.fd, segs, nr, flags, self->w.window);
}

/* Receive the record that @tag stands for. */
static void expect_record(struct __test_metadata *_metadata,
			  struct _test_data_pin *self,
			  const struct _fixture_variant_pin *variant,
			  size_t len, __u64 tag)
{
	struct bulk_seg seg = seg_recv(self->in, MAX_RECORD);

	ASSERT_EQ(1, run(self, variant, &seg, 1, BULK_DONTWAIT));
	ASSERT_EQ(len, seg.res);
	ASSERT_EQ(tag, seg.tag);
	ASSERT_EQ(0, seg.lost);
	ASSERT_EQ(len, filled(self->in, len, tag));
}

TEST_F(pin, comes_back)
{
	static const size_t lens[] = {
		0, 1, 100, PAGE - 1, PAGE, PAGE + 1, IN_PAGES - 1, IN_PAGES,
		IN_PAGES + 1, (64 << 10) + 3, 256 << 10,
	};
	static const size_t starts[] = { 0, 1, 4000 };
	unsigned int i, j, tag = 0;
	struct bulk_seg seg;

	for (i = 0; i < ARRAY_SIZE(lens); i++)
		for (j = 0; j < ARRAY_SIZE(starts); j++, tag++) {
			fill(self->out + starts[j], lens[i], tag);
			seg = seg_pin(self->out + starts[j], lens[i], tag);
			ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
			ASSERT_EQ(lens[i], seg.res);
			ASSERT_EQ(tag, seg.tag);
			expect_record(_metadata, self, variant, lens[i], tag);
		}
	EXPECT_EQ(tag, figure(self->w.fd, "tx-records"));
}

/* The memory is the caller's alone when the call returns. */
TEST_F(pin, written_to_after_the_call)
{
	static const size_t lens[] = { 100, IN_PAGES + 100 };
	struct bulk_seg seg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		fill(self->out, lens[i], i);
		seg = seg_pin(self->out, lens[i], i);
		ASSERT_EQ(1, run(self, variant, &seg, 1, 0));
		memset(self->out, 0xee, lens[i]);
		expect_record(_metadata, self, variant, lens[i], i);
	}
}

/* Pinned ones neither overtake others nor are overtaken, in a call as between calls. */
TEST_F(pin, keeps_its_place)
{
	struct bulk_seg segs[5];
	__u64 tag = 0, i, j;

	for (i = 0; i < 20; i++) {
		/* With a window, what goes first waits there. */
		for (j = 0; j < 5; j++, tag++) {
			fill(self->out + j * 8, 8, tag);
			segs[j] = j % 2 && i % 2 ?
				  seg_pin(self->out + j * 8, 8, tag) :
				  seg_send(self->out + j * 8, 8, tag);
		}
		ASSERT_EQ(5, run(self, variant, segs, 5, 0));
		for (j = 0; j < 5; j++)
			ASSERT_EQ(8, segs[j].res);
		fill(self->out, 5000, tag);
		segs[0] = seg_pin(self->out, 5000, tag++);
		ASSERT_EQ(1, run(self, variant, segs, 1, 0));
	}
	for (i = 0; i < tag; i++)
		expect_record(_metadata, self, variant, i % 6 == 5 ? 5000 : 8,
			      i);
}

/* The segments before one that fails have been sent, those after it have not. */
TEST_F(pin, failure_in_a_call)
{
	struct bulk_seg segs[3];

	fill(self->out, 100, 1);
	segs[0] = seg_pin(self->out, 100, 1);
	segs[1] = seg_pin(self->out, MAX_RECORD + 1, 2);
	segs[2] = seg_pin(self->out, 100, 3);
	EXPECT_EQ(1, run(self, variant, segs, 3, 0));
	EXPECT_EQ(100, segs[0].res);
	EXPECT_EQ(-EMSGSIZE, segs[1].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[2].res);
	segs[1] = seg_pin(NULL, 1, 2);
	EXPECT_EQ(-EFAULT, run(self, variant, segs + 1, 2, 0));
	EXPECT_EQ(SEG_UNTOUCHED, segs[2].res);
	expect_record(_metadata, self, variant, 100, 1);
	EXPECT_EQ(-EAGAIN, bulk_recv(self->w.fd, self->in, 100, NULL));
}

/* Memory is pinned by the kernel alone. */
TEST_F(pin, takes_the_call)
{
	struct bulk_seg seg = seg_pin(self->out, 100, 1);

	if (variant->by_call) {
		EXPECT_EQ(-EINVAL, run(self, variant, &seg, 1, BULK_NO_SYSCALL));
		return;
	}
	EXPECT_EQ(-EAGAIN, run(self, variant, &seg, 1, BULK_NO_SYSCALL));
	EXPECT_EQ(-EAGAIN, bulk_recv(self->w.fd, self->in, 100, NULL));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
}

/* --- No room at the provider --- */

#define FULL	(256U << 10)	/* bytes of the records that echo is filled with */

FIXTURE(full)
{
	int fd;
	__u64 sent;
	char *buf, *in;
	struct waiter waiter;
};

/* A thread waits with a record for which echo has no room. */
FIXTURE_SETUP(full)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->buf = map_pages(FULL / PAGE);
	self->in = malloc(FULL);
	ASSERT_NE(MAP_FAILED, self->buf);
	fill(self->buf, FULL, 1);
	while (!bulk_pin(self->fd, self->buf, FULL, self->sent))
		self->sent++;
	ASSERT_LT(0, self->sent);
	EXPECT_EQ(-EAGAIN, bulk_pin(self->fd, self->buf, FULL, 0));
	EXPECT_EQ(self->sent, figure(self->fd, "tx-records"));
	start_waiter(&self->waiter, self->fd,
		     seg_pin(self->buf, FULL, self->sent));
}

FIXTURE_TEARDOWN(full)
{
	close(self->fd);
}

/* One of the records that were there before. */
static void make_room(struct __test_metadata *_metadata,
		      struct _test_data_full *self, __u64 tag)
{
	__u64 got;

	ASSERT_EQ(FULL, bulk_recv(self->fd, self->in, FULL, &got));
	ASSERT_EQ(tag, got);
	ASSERT_EQ(FULL, filled(self->in, FULL, 1));
}

/* The thread's record is the last one, with the bytes that @seed stands for. */
static void expect_sent(struct __test_metadata *_metadata,
			struct _test_data_full *self, __u64 seed)
{
	__u64 tag;

	make_room(_metadata, self, 0);
	pthread_join(self->waiter.thread, NULL);
	ASSERT_EQ(1, self->waiter.ret);
	EXPECT_EQ(FULL, self->waiter.seg.res);
	for (tag = 1; tag < self->sent; tag++)
		make_room(_metadata, self, tag);
	ASSERT_EQ(FULL, bulk_recv(self->fd, self->in, FULL, &tag));
	EXPECT_EQ(self->sent, tag);
	EXPECT_EQ(FULL, filled(self->in, FULL, seed));
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->in, FULL, NULL));
}

TEST_F(full, waits_for_room)
{
	expect_sent(_metadata, self, 1);
}

/* No page is pinned meanwhile: what is sent is what is there in the end. */
TEST_F(full, memory_is_written_to)
{
	fill(self->buf, FULL, 2);
	expect_sent(_metadata, self, 2);
}

TEST_F(full, memory_is_replaced)
{
	ASSERT_EQ(self->buf, mmap(self->buf, FULL, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0));
	fill(self->buf, FULL, 3);
	expect_sent(_metadata, self, 3);
}

/* The child has the old pages, the parent's are copies of them. */
TEST_F(full, memory_is_forked)
{
	pid_t pid = fork_child();

	if (!pid) {
		pause();
		_exit(1);
	}
	fill(self->buf, FULL, 4);
	expect_sent(_metadata, self, 4);
	EXPECT_TRUE(kill_child(pid));
}

TEST_F(full, memory_is_gone)
{
	__u64 tag;

	ASSERT_EQ(0, munmap(self->buf, FULL));
	make_room(_metadata, self, 0);
	pthread_join(self->waiter.thread, NULL);
	EXPECT_EQ(-EFAULT, self->waiter.ret);
	EXPECT_EQ(-EFAULT, self->waiter.seg.res);
	for (tag = 1; tag < self->sent; tag++)
		make_room(_metadata, self, tag);
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->in, FULL, NULL));
	EXPECT_EQ(self->sent, figure(self->fd, "tx-records"));
}

static void on_signal(int sig)
{
}

TEST_F(full, signal_ends_the_wait)
{
	struct sigaction action = { .sa_handler = on_signal };

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, pthread_kill(self->waiter.thread, SIGUSR1));
	pthread_join(self->waiter.thread, NULL);
	EXPECT_EQ(-EINTR, self->waiter.ret);
	EXPECT_EQ(-EINTR, self->waiter.seg.res);
	EXPECT_EQ(self->sent, figure(self->fd, "tx-records"));
	EXPECT_EQ(self->sent, figure(self->fd, "rx-queued"));
}

TEST_F(full, killed_while_it_waits)
{
	struct bulk_seg seg = seg_pin(self->buf, FULL, 66);
	pid_t pid = fork_child();

	if (!pid) {
		bulk_xfer(self->fd, &seg, 1, 0);
		_exit(1);
	}
	wait_blocked(pid, __NR_bulk_xfer);
	EXPECT_TRUE(kill_child(pid));
	/* Its record is none; the thread's is the next one. */
	expect_sent(_metadata, self, 1);
	EXPECT_EQ(self->sent + 1, figure(self->fd, "tx-records"));
}

TEST_HARNESS_MAIN
