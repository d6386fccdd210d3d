// SPDX-License-Identifier: GPL-2.0
/*
 * BULK_FLUSH, of a provider that has no room, or that refuses what was sent.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <pthread.h>
#include <signal.h>

#include "module.h"

#define LONG	8000	/* bytes; some 500 of these fill echo's queue */

static long flush(const struct windowed *w, unsigned int flags)
{
	return w->call(w->fd, NULL, 0, BULK_FLUSH | flags, w->window);
}

TEST(waits_for_room)
{
	char *buf = calloc(1, LONG);
	__u64 sent = 0, tag, i;
	struct windowed w;
	int ret = open_windowed(&w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	while (!bulk_send(w.fd, buf, LONG, sent))
		sent++;
	EXPECT_EQ(0, flush(&w, BULK_DONTWAIT));
	while (!window_send(&w, buf, LONG, sent, BULK_NO_SYSCALL))
		sent++;
	EXPECT_EQ(-EAGAIN, flush(&w, BULK_DONTWAIT));
	EXPECT_EQ(0, bulk_xfer(w.fd, NULL, 0, 0));
	EXPECT_GT(sent, figure(w.fd, "tx-records"));
	for (i = 0; i < sent / 2; i++) {
		ASSERT_EQ(LONG, bulk_recv(w.fd, buf, LONG, &tag));
		ASSERT_EQ(i, tag);
	}
	EXPECT_EQ(0, flush(&w, BULK_DONTWAIT));
	EXPECT_EQ(sent, figure(w.fd, "tx-records"));
	for (; i < sent; i++) {
		ASSERT_EQ(LONG, bulk_recv(w.fd, buf, LONG, &tag));
		ASSERT_EQ(i, tag);
	}
	free(buf);
	close_windowed(&w);
}

/*
 * An endpoint of echo on which nothing fits any more: records wait in both
 * rings and in the queue. The next one to receive has the tag 1.
 */
static int open_stuffed(struct windowed *w, char *buf)
{
	int ret = open_windowed(w, "echo");
	__u64 sent = 0;

	if (ret)
		return ret;
	while (!bulk_send(w->fd, buf, LONG, sent))
		sent++;
	ret = bulk_recv(w->fd, buf, LONG, NULL);
	while (!bulk_send(w->fd, buf, LONG, sent))
		sent++;
	while (!window_send(w, buf, LONG, sent, BULK_NO_SYSCALL))
		sent++;
	return ret == LONG ? 0 : -EIO;
}

static void check_moved(struct __test_metadata *_metadata,
			const struct bulk_seg *seg, __u64 tag)
{
	EXPECT_EQ(LONG, seg->res);
	EXPECT_EQ(tag, seg->tag);
}

TEST(failure_is_told_after_segments)
{
	char *buf = calloc(1, LONG);
	struct bulk_seg seg = seg_recv(buf, LONG);
	struct windowed w;
	int ret = open_stuffed(&w, buf);

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(-EAGAIN, bulk_xfer(w.fd, &seg, 1,
				     BULK_FLUSH | BULK_DONTWAIT));
	check_moved(_metadata, &seg, 1);
	seg.res = SEG_UNTOUCHED;
	EXPECT_EQ(-EAGAIN, w.call(w.fd, &seg, 1, BULK_FLUSH | BULK_DONTWAIT,
				  w.window));
	check_moved(_metadata, &seg, 2);
	/* The segments' own failure comes first. */
	seg.len = 1;
	EXPECT_EQ(-EMSGSIZE, bulk_xfer(w.fd, &seg, 1,
				       BULK_FLUSH | BULK_DONTWAIT));
	close_windowed(&w);
	free(buf);
}

struct flusher {
	pthread_t thread;
	pid_t tid;
	int fd;
	struct bulk_seg seg;
	long ret;
};

static void *flush_thread(void *arg)
{
	struct flusher *f = arg;

	__atomic_store_n(&f->tid, gettid(), __ATOMIC_RELEASE);
	f->ret = bulk_xfer(f->fd, &f->seg, 1, BULK_FLUSH);
	return NULL;
}

static void on_signal(int sig)
{
}

/* A restart would receive once more. */
static void interrupt_flush(struct __test_metadata *_metadata, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	char *buf = calloc(1, LONG);
	struct flusher f = { .seg = seg_recv(buf, LONG) };
	struct windowed w;
	int ret = open_stuffed(&w, buf);
	pid_t tid;

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	f.fd = w.fd;
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, pthread_create(&f.thread, NULL, flush_thread, &f));
	while (!(tid = __atomic_load_n(&f.tid, __ATOMIC_ACQUIRE)))
		usleep(1000);
	wait_blocked(tid, __NR_bulk_xfer);
	pthread_kill(f.thread, SIGUSR1);
	pthread_join(f.thread, NULL);
	EXPECT_EQ(-EINTR, f.ret);
	check_moved(_metadata, &f.seg, 1);
	ASSERT_EQ(LONG, bulk_recv(w.fd, buf, LONG, &f.seg.tag));
	EXPECT_EQ(2, f.seg.tag);
	close_windowed(&w);
	free(buf);
}

TEST(signal_after_segments)
{
	interrupt_flush(_metadata, 0);
}

TEST(sa_restart_after_segments)
{
	interrupt_flush(_metadata, SA_RESTART);
}

static int open_refuse(struct windowed *w)
{
	int ret = load_module("bulk_refuse", "");

	return ret ?: open_windowed(w, "refuse");
}

static int send_errno(const struct windowed *w, unsigned char error)
{
	return window_send(w, &error, 1, 0, BULK_NO_SYSCALL);
}

/* The first error is told once, by the next flush that does not fail before. */
TEST(tells_the_providers_error)
{
	struct bulk_seg seg = seg_send("", 1, 0), bad = { 0 };
	struct windowed w;
	int ret = open_refuse(&w);

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no module bulk_refuse, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, send_errno(&w, 0));
	ASSERT_EQ(0, send_errno(&w, EIO));
	ASSERT_EQ(0, send_errno(&w, ENOSPC));
	ASSERT_EQ(0, send_errno(&w, 0));
	EXPECT_EQ(-EINVAL, w.call(w.fd, &bad, 1, BULK_FLUSH, w.window));
	EXPECT_EQ(-EIO, w.call(w.fd, &seg, 1, BULK_FLUSH, w.window));
	EXPECT_EQ(1, seg.res);
	EXPECT_EQ(3, figure(w.fd, "tx-records"));
	EXPECT_EQ(2, figure(w.fd, "tx-refused"));
	EXPECT_EQ(1, w.call(w.fd, &seg, 1, BULK_FLUSH, w.window));
	EXPECT_EQ(0, flush(&w, 0));
	ASSERT_EQ(0, send_errno(&w, EPERM));
	EXPECT_EQ(-EPERM, flush(&w, BULK_DONTWAIT));
	EXPECT_EQ(4, figure(w.fd, "tx-records"));
	EXPECT_EQ(3, figure(w.fd, "tx-refused"));
	close_windowed(&w);
	EXPECT_EQ(0, unload_module("bulk_refuse"));
}

TEST_HARNESS_MAIN
