// SPDX-License-Identifier: GPL-2.0
/*
 * A provider's module goes away while its endpoints have windows in use.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Every test takes a module out and puts it back: nothing else that uses the
 * channels may run at the same time.
 */
#include "region.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>

#include "module.h"

#define SENDERS	3
#define PLENTY	20000

FIXTURE(unload)
{
	char module[32];
	struct windowed w;
};

FIXTURE_VARIANT(unload)
{
	const char *channel;
};

FIXTURE_VARIANT_ADD(unload, echo) { .channel = "echo", };
FIXTURE_VARIANT_ADD(unload, sink) { .channel = "sink", };

FIXTURE_SETUP(unload)
{
	char path[64];
	int ret;

	snprintf(self->module, sizeof(self->module), "bulk_%s",
		 variant->channel);
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", self->module);
	if (access(path, F_OK))
		SKIP(return, "%s is no module that can be unloaded",
		     self->module);
	ret = open_windowed(&self->w, variant->channel);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, ret);
}

/* Whatever the test did, the channel is back for the next one. */
FIXTURE_TEARDOWN(unload)
{
	int ret = load_module(self->module, "");

	EXPECT_NE(0, ret == 0 || ret == -EEXIST);
	close_windowed(&self->w);
}

TEST_F(unload, window_gets_enodev)
{
	struct bulk_seg seg = seg_send("x", 1, 0);
	char c;

	ASSERT_EQ(0, unload_module(self->module));
	EXPECT_EQ(-ENODEV, self->w.call(self->w.fd, &seg, 1, 0,
					self->w.window));
	EXPECT_EQ(-ENODEV, seg.res);
	EXPECT_EQ(-EAGAIN, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	EXPECT_EQ(-ENODEV, window_recv(&self->w, &c, 1, NULL, 0));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
}

TEST_F(unload, no_new_window)
{
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	ASSERT_EQ(0, unload_module(self->module));
	self->w.window = map_window(&self->w, self->w.params.window_default);
	EXPECT_EQ(NULL, self->w.window);
	EXPECT_EQ(ENODEV, errno);
}

/* What was sent is taken before the provider goes. */
TEST_F(unload, takes_what_was_sent)
{
	__u64 i, content, tag;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i,
					 BULK_NO_SYSCALL));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(0, unload_module(self->module));
	EXPECT_EQ(100, figure(self->w.fd, "tx-records"));
	if (!strcmp(variant->channel, "sink"))
		return;
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(sizeof(content), window_recv(&self->w, &content,
						       sizeof(content), &tag,
						       0));
		EXPECT_EQ(i, content);
		EXPECT_EQ(i, tag);
	}
	EXPECT_EQ(-ENODEV, window_recv(&self->w, &content, 8, &tag, 0));
}

/* What is in the window already can be received without a system call. */
TEST_F(unload, filled_window_stays)
{
	__u64 i, content;

	if (strcmp(variant->channel, "echo"))
		SKIP(return, "sink queues nothing");
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i, 0));
	ASSERT_EQ(8, window_recv(&self->w, &content, 8, NULL, 0));
	ASSERT_EQ(0, unload_module(self->module));
	for (i = 1; i < 100; i++) {
		ASSERT_EQ(8, window_recv(&self->w, &content, 8, NULL,
					 BULK_NO_SYSCALL));
		EXPECT_EQ(i, content);
	}
}

static long run_op(struct windowed *w, unsigned int op, __u32 len,
		   unsigned int flags, struct bulk_seg *seg)
{
	*seg = seg_op(op, 0, len, flags);
	return w->call(w->fd, seg, 1, BULK_DONTWAIT, w->window);
}

/* A borrow outlives the provider, a reservation does not. */
TEST_F(unload, records_in_place)
{
	struct region r = { };
	struct bulk_seg seg;
	char in[64] __attribute__((aligned(8)));
	__u64 i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i, 0));
	ASSERT_EQ(1, run_op(&self->w, BULK_OP_RESERVE, 100, 0, &seg));
	r.at = (char *)(unsigned long)seg.addr;
	region_add(&r, 40, 7);
	if (!strcmp(variant->channel, "echo")) {
		ASSERT_EQ(1, run_op(&self->w, BULK_OP_BORROW, 24, 0, &seg));
		ASSERT_EQ(24, seg.res);
	}
	ASSERT_EQ(0, unload_module(self->module));
	EXPECT_EQ(-ENODEV, run_op(&self->w, BULK_OP_COMMIT, r.used, 0, &seg));
	EXPECT_EQ(-ENODEV, run_op(&self->w, BULK_OP_RESERVE, 0, 0, &seg));
	seg = seg_send_region(r.at, r.used);
	EXPECT_EQ(-ENODEV, self->w.call(self->w.fd, &seg, 1, 0, self->w.window));
	EXPECT_EQ(3, figure(self->w.fd, "tx-records"));
	if (!strcmp(variant->channel, "echo")) {
		ASSERT_EQ(1, run_op(&self->w, BULK_OP_RETURN, 24, 0, &seg));
		ASSERT_EQ(1, run_op(&self->w, BULK_OP_BORROW, 24, 0, &seg));
		ASSERT_EQ(1, run_op(&self->w, BULK_OP_RETURN, 24, 0, &seg));
		seg = seg_recv_region(in, sizeof(in));
		ASSERT_EQ(1, bulk_xfer(self->w.fd, &seg, 1, 0));
		EXPECT_EQ(24, seg.res);
	}
	EXPECT_EQ(-ENODEV, run_op(&self->w, BULK_OP_BORROW, -1, 0, &seg));
	seg = seg_recv_region(in, sizeof(in));
	EXPECT_EQ(-ENODEV, bulk_xfer(self->w.fd, &seg, 1, 0));
	EXPECT_EQ(-ENODEV, self->w.call(self->w.fd, &seg, 1, 0, self->w.window));
}

struct worker {
	pthread_t thread;
	pid_t tid;
	struct windowed *w;
	unsigned long long *sent; /* by all of them */
	long ret;
	int epoll;
	struct pollfd pfd;
};

static void *sleep_in_recv(void *arg)
{
	struct worker *s = arg;
	char c;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = window_recv(s->w, &c, 1, NULL, 0);
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct worker *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = poll(&s->pfd, 1, -1);
	return NULL;
}

static void start_worker(struct worker *s, void *(*body)(void *), long nr)
{
	pthread_create(&s->thread, NULL, body, s);
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(s->tid, nr);
}

TEST_F(unload, wakes_sleepers)
{
	struct worker receiver = { .w = &self->w };
	struct worker poller = { .pfd.fd = self->w.fd };
	bool is_echo = !strcmp(variant->channel, "echo");

	if (is_echo)
		start_worker(&receiver, sleep_in_recv, __NR_bulk_xfer);
	start_worker(&poller, sleep_in_poll, __NR_poll);
	ASSERT_EQ(0, unload_module(self->module));
	pthread_join(poller.thread, NULL);
	EXPECT_EQ(POLLHUP | POLLERR, poller.pfd.revents);
	if (!is_echo)
		return;
	pthread_join(receiver.thread, NULL);
	EXPECT_EQ(-ENODEV, receiver.ret);
}

/* A sender that waits for a flush, with the provider's queue full. */
static void *sleep_in_flush(void *arg)
{
	struct worker *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = s->w->call(s->w->fd, NULL, 0, BULK_FLUSH, s->w->window);
	return NULL;
}

TEST_F(unload, wakes_a_flush)
{
	struct worker flusher = { .w = &self->w };
	char *buf = calloc(1, MAX_RECORD);

	if (strcmp(variant->channel, "echo"))
		SKIP(return, "sink always has room");
	while (!window_send(&self->w, buf, 8000, 0, BULK_DONTWAIT))
		;
	start_worker(&flusher, sleep_in_flush, __NR_bulk_xfer);
	ASSERT_EQ(0, unload_module(self->module));
	pthread_join(flusher.thread, NULL);
	EXPECT_EQ(-ENODEV, flusher.ret);
	free(buf);
}

/*
 * Sends until the channel is gone, and counts what it was told is sent. Echo's
 * queue is never full: nobody could take what it has no room for.
 */
static void *send_until_gone(void *arg)
{
	struct worker *s = arg;

	while (!(s->ret = window_send(s->w, "x", 1, 0, 0)))
		if (__atomic_add_fetch(s->sent, 1, __ATOMIC_RELAXED) > PLENTY)
			usleep(100);
	return NULL;
}

static void *receive_until_gone(void *arg)
{
	struct worker *s = arg;
	char room[64];

	do
		s->ret = window_recv(s->w, room, sizeof(room), NULL, 0);
	while (s->ret >= 0);
	return NULL;
}

/* The module goes at a moment that nobody chose. */
static void wait_a_moment(int round)
{
	struct timespec ts = {
		.tv_nsec = bulk_source_word(getpid(), round) % 3000000,
	};

	nanosleep(&ts, NULL);
}

static void check_round(struct __test_metadata *_metadata,
			struct _test_data_unload *self, int round)
{
	struct worker sender[SENDERS] = { }, receiver = { };
	unsigned long long sent = 0;
	struct windowed w;
	int i, ret;

	ASSERT_EQ(0, open_windowed(&w, self->module + strlen("bulk_")));
	for (i = 0; i < SENDERS; i++) {
		sender[i].w = &w;
		sender[i].sent = &sent;
		pthread_create(&sender[i].thread, NULL, send_until_gone,
			       &sender[i]);
	}
	receiver.w = &w;
	pthread_create(&receiver.thread, NULL, receive_until_gone, &receiver);
	while (!__atomic_load_n(&sent, __ATOMIC_RELAXED))
		usleep(100);
	wait_a_moment(round);
	ret = unload_module(self->module);
	for (i = 0; i < SENDERS; i++)
		pthread_join(sender[i].thread, NULL);
	pthread_join(receiver.thread, NULL);
	ASSERT_EQ(0, ret);
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(-ENODEV, sender[i].ret);
	EXPECT_EQ(-ENODEV, receiver.ret);
	EXPECT_EQ(sent, figure(w.fd, "tx-records"));
	EXPECT_EQ(0, figure(w.fd, "tx-refused"));
	close_windowed(&w);
	ASSERT_EQ(0, load_module(self->module, ""));
}

/*
 * Senders and a receiver in the vDSO while the module goes: what a SEND said it
 * sent was taken, and nothing else.
 */
TEST_F(unload, races_with_senders)
{
	int many = rounds(100, 40, 6);
	int round;

	for (round = 0; round < many; round++)
		check_round(_metadata, self, round);
}

TEST_HARNESS_MAIN
