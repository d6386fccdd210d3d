// SPDX-License-Identifier: GPL-2.0
/*
 * Signals with SA_RESTART: which calls start over, and which tell of them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <pthread.h>
#include <signal.h>

#define DEADLINE	30	/* seconds for a thread to see its signal */

/* A call of the vDSO function in a thread of its own. */
struct sleeper {
	pthread_t thread;
	pid_t tid;
	const struct windowed *w;
	unsigned int nr_segs;
	unsigned int flags;
	struct bulk_seg segs[2];
	long ret;
	bool returned;
};

static void *sleeper_thread(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = s->w->call(s->w->fd, s->segs, s->nr_segs, s->flags,
			    s->w->window);
	__atomic_store_n(&s->returned, true, __ATOMIC_RELEASE);
	return NULL;
}

static void on_signal(int sig)
{
}

FIXTURE(restart) {
	struct windowed w;
	struct sleeper s;
	char in[2];
};

FIXTURE_SETUP(restart)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	sigaction(SIGUSR1, &action, NULL);
	self->s.w = &self->w;
	self->s.segs[0] = seg_recv(&self->in[0], 1);
	self->s.segs[1] = seg_recv(&self->in[1], 1);
	self->s.nr_segs = 1;
}

FIXTURE_TEARDOWN(restart)
{
	close_windowed(&self->w);
}

/* The call sleeps, gets its signal, and returns with nothing to receive. */
static void check_returns(struct __test_metadata *_metadata, struct sleeper *s,
			  long ret)
{
	int i;

	ASSERT_EQ(0, pthread_create(&s->thread, NULL, sleeper_thread, s));
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(s->tid, __NR_bulk_xfer);
	pthread_kill(s->thread, SIGUSR1);
	for (i = 0; i < DEADLINE * 100; i++) {
		if (__atomic_load_n(&s->returned, __ATOMIC_ACQUIRE))
			break;
		usleep(10000);
	}
	ASSERT_TRUE(s->returned)
		TH_LOG("the call started over");
	pthread_join(s->thread, NULL);
	EXPECT_EQ(ret, s->ret);
}

/* Leave one record, in the window. */
static void put_in_window(struct __test_metadata *_metadata,
			  struct _test_data_restart *self)
{
	ASSERT_EQ(0, bulk_send(self->w.fd, "a", 1, 1));
	ASSERT_EQ(0, bulk_send(self->w.fd, "b", 1, 2));
	ASSERT_EQ(1, bulk_recv(self->w.fd, self->in, 1, NULL));
	ASSERT_EQ(1, figure(self->w.fd, "rx-queued"));
}

/* What was done without the kernel is progress, too. */
TEST_F(restart, not_after_progress_in_window)
{
	put_in_window(_metadata, self);
	self->s.nr_segs = 2;
	check_returns(_metadata, &self->s, 1);
	EXPECT_EQ(1, self->s.segs[0].res);
	EXPECT_EQ('b', self->in[0]);
	EXPECT_EQ(-EINTR, self->s.segs[1].res);
}

TEST_F(restart, not_after_progress_in_call)
{
	ASSERT_EQ(0, bulk_send(self->w.fd, "a", 1, 1));
	self->s.nr_segs = 2;
	check_returns(_metadata, &self->s, 1);
	EXPECT_EQ('a', self->in[0]);
	EXPECT_EQ(-EINTR, self->s.segs[1].res);
}

TEST_F(restart, not_on_request)
{
	self->s.flags = BULK_NO_RESTART;
	check_returns(_metadata, &self->s, -EINTR);
	EXPECT_EQ(-EINTR, self->s.segs[0].res);
}

TEST_F(restart, request_alone_changes_nothing)
{
	char in;
	struct bulk_seg segs[] = { seg_send("x", 1, 0), seg_recv(&in, 1) };

	EXPECT_EQ(0, bulk_xfer(self->w.fd, NULL, 0, BULK_NO_RESTART));
	EXPECT_EQ(2, bulk_xfer(self->w.fd, segs, 2, BULK_NO_RESTART));
	EXPECT_EQ(2, self->w.call(self->w.fd, segs, 2, BULK_NO_RESTART,
				  self->w.window));
	EXPECT_EQ(1, self->w.call(self->w.fd, segs, 1,
				  BULK_NO_RESTART | BULK_NO_SYSCALL,
				  self->w.window));
	EXPECT_EQ(1, bulk_xfer(self->w.fd, segs + 1, 1, BULK_NO_RESTART));
	EXPECT_EQ(-EAGAIN, bulk_xfer(self->w.fd, segs + 1, 1,
				     BULK_NO_RESTART | BULK_DONTWAIT));
	EXPECT_EQ(-EAGAIN, segs[1].res);
	EXPECT_EQ(1, bulk_xfer(self->w.fd, segs, 1,
			       BULK_NO_RESTART | BULK_FLUSH));
}

TEST_HARNESS_MAIN
