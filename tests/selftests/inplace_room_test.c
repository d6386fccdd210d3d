// SPDX-License-Identifier: GPL-2.0
/*
 * Records in place where no room is, or no record: what is refused, what waits, what wakes it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "inplace.h"

#include <pthread.h>
#include <sys/wait.h>

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

