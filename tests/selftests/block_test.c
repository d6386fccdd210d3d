// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting in bulk_xfer(2): EAGAIN instead of it, wake-ups, signals.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <pthread.h>
#include <signal.h>

static unsigned int handled;

static void on_signal(int sig)
{
	__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

/* A call in a thread of its own, and what it returned. */
struct blocked_call {
	pthread_t thread;
	pid_t tid;
	int fd;
	unsigned int nr_segs;
	struct bulk_seg segs[4];
	long ret;
};

static void *call_thread(void *arg)
{
	struct blocked_call *call = arg;

	__atomic_store_n(&call->tid, gettid(), __ATOMIC_RELEASE);
	call->ret = bulk_xfer(call->fd, call->segs, call->nr_segs, 0);
	return NULL;
}

/* Start the call and return when it sleeps. */
static void start_call(struct __test_metadata *_metadata,
		       struct blocked_call *call)
{
	pid_t tid;

	call->tid = 0;
	ASSERT_EQ(0, pthread_create(&call->thread, NULL, call_thread, call));
	while (!(tid = __atomic_load_n(&call->tid, __ATOMIC_ACQUIRE)))
		usleep(1000);
	wait_blocked(tid, __NR_bulk_xfer);
}

static void catch_signal(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
}

FIXTURE(block) {
	int fd;
	char *buf;
	char byte[4];
	struct blocked_call call;
};

FIXTURE_SETUP(block)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->buf = calloc(1, MAX_RECORD);
	self->call.fd = self->fd;
	self->call.nr_segs = 1;
	self->call.segs[0] = seg_recv(self->byte, 1);
}

FIXTURE_TEARDOWN(block)
{
	close(self->fd);
}

/* Send until the queue is full, with tags from 0: returns how many. */
static int fill_queue(struct __test_metadata *_metadata,
		      struct _test_data_block *self)
{
	int sent = 0, ret;

	while (!(ret = bulk_send(self->fd, self->buf, MAX_RECORD, sent)))
		sent++;
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_LT(0, sent);
	return sent;
}

/* Every record that was sent arrives, once and in order, and no other. */
static void check_drained(struct __test_metadata *_metadata,
			  struct _test_data_block *self, unsigned int first,
			  unsigned int end)
{
	__u64 tag;

	for (; first < end; first++) {
		EXPECT_LE(0, bulk_recv(self->fd, self->buf, MAX_RECORD, &tag));
		EXPECT_EQ(first, tag);
	}
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->buf, MAX_RECORD, NULL));
	EXPECT_EQ(figure(self->fd, "tx-records"),
		  figure(self->fd, "rx-records"));
}

TEST_F(block, recv_dontwait)
{
	EXPECT_EQ(-EAGAIN, bulk_xfer(self->fd, self->call.segs, 1,
				     BULK_DONTWAIT));
	EXPECT_EQ(-EAGAIN, self->call.segs[0].res);
	check_drained(_metadata, self, 0, 0);
}

TEST_F(block, recv_nonblock_fd)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, bulk_xfer(self->fd, self->call.segs, 1, 0));
	EXPECT_EQ(-EAGAIN, self->call.segs[0].res);
	check_drained(_metadata, self, 0, 0);
}

TEST_F(block, send_dontwait)
{
	int sent = fill_queue(_metadata, self);
	struct bulk_seg seg = seg_send(self->buf, MAX_RECORD, 99);

	EXPECT_EQ(-EAGAIN, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(-EAGAIN, seg.res);
	EXPECT_EQ(sent, figure(self->fd, "tx-records"));
	check_drained(_metadata, self, 0, sent);
}

TEST_F(block, send_nonblock_fd)
{
	int sent = fill_queue(_metadata, self);
	struct bulk_seg seg = seg_send(self->buf, MAX_RECORD, 99);

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(-EAGAIN, seg.res);
	check_drained(_metadata, self, 0, sent);
}

TEST_F(block, dontwait_after_progress)
{
	struct bulk_seg segs[] = {
		seg_send("a", 1, 0), seg_recv(self->byte, 1),
		seg_recv(self->byte, 1), seg_send("b", 1, 1),
	};

	EXPECT_EQ(2, bulk_xfer(self->fd, segs, 4, BULK_DONTWAIT));
	EXPECT_EQ(1, segs[1].res);
	EXPECT_EQ(-EAGAIN, segs[2].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[3].res);
	check_drained(_metadata, self, 0, 0);
}

/* Room in the queue is bounded, and comes back as records are taken. */
TEST_F(block, queue_is_bounded)
{
	int sent = fill_queue(_metadata, self), i;

	EXPECT_GE(4, sent);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf,
						MAX_RECORD, NULL));
		EXPECT_EQ(0, bulk_send(self->fd, self->buf, MAX_RECORD,
				       sent + i));
		EXPECT_EQ(-EAGAIN, bulk_send(self->fd, self->buf, MAX_RECORD,
					     99));
	}
	check_drained(_metadata, self, 8, sent + 8);
}

TEST_F(block, record_wakes_receiver)
{
	start_call(_metadata, &self->call);
	ASSERT_EQ(0, bulk_send(self->fd, "w", 1, 5));
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(1, self->call.ret);
	EXPECT_EQ(1, self->call.segs[0].res);
	EXPECT_EQ(5, self->call.segs[0].tag);
	EXPECT_EQ('w', self->byte[0]);
	check_drained(_metadata, self, 0, 0);
}

TEST_F(block, room_wakes_sender)
{
	int sent = fill_queue(_metadata, self);

	self->call.segs[0] = seg_send(self->buf, MAX_RECORD, sent);
	start_call(_metadata, &self->call);
	EXPECT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf, MAX_RECORD, NULL));
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(1, self->call.ret);
	EXPECT_EQ(MAX_RECORD, self->call.segs[0].res);
	check_drained(_metadata, self, 1, sent + 1);
}

TEST_F(block, request_wakes_source_receiver)
{
	struct bulk_source_request req = { .count = 1, .size = 1 };
	int fd = open_channel("source", O_RDWR);

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/source");
	ASSERT_LE(0, fd);
	self->call.fd = fd;
	start_call(_metadata, &self->call);
	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), 0));
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(1, self->call.ret);
	close(fd);
}

TEST_F(block, signal_interrupts_receiver)
{
	catch_signal(0);
	start_call(_metadata, &self->call);
	pthread_kill(self->call.thread, SIGUSR1);
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(-EINTR, self->call.ret);
	EXPECT_EQ(-EINTR, self->call.segs[0].res);
	EXPECT_EQ(1, handled);
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	check_drained(_metadata, self, 0, 1);
}

TEST_F(block, signal_interrupts_sender)
{
	int sent = fill_queue(_metadata, self);

	catch_signal(0);
	self->call.segs[0] = seg_send(self->buf, MAX_RECORD, 99);
	start_call(_metadata, &self->call);
	pthread_kill(self->call.thread, SIGUSR1);
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(-EINTR, self->call.ret);
	EXPECT_EQ(-EINTR, self->call.segs[0].res);
	check_drained(_metadata, self, 0, sent);
}

/* Send a signal and wait until its handler is through and the call sleeps. */
static void signal_and_restart(struct blocked_call *call)
{
	pthread_kill(call->thread, SIGUSR1);
	while (!__atomic_load_n(&handled, __ATOMIC_SEQ_CST))
		usleep(1000);
	wait_blocked(call->tid, __NR_bulk_xfer);
}

TEST_F(block, sa_restart_restarts_receiver)
{
	catch_signal(SA_RESTART);
	start_call(_metadata, &self->call);
	signal_and_restart(&self->call);
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 7));
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(1, self->call.ret);
	EXPECT_EQ(1, self->call.segs[0].res);
	EXPECT_EQ(7, self->call.segs[0].tag);
	check_drained(_metadata, self, 0, 0);
}

TEST_F(block, sa_restart_restarts_sender)
{
	int sent = fill_queue(_metadata, self);

	catch_signal(SA_RESTART);
	self->call.segs[0] = seg_send(self->buf, MAX_RECORD, sent);
	start_call(_metadata, &self->call);
	signal_and_restart(&self->call);
	EXPECT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf, MAX_RECORD, NULL));
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(1, self->call.ret);
	check_drained(_metadata, self, 1, sent + 1);
}

/* A call that has moved something tells so, and is not started over. */
static void signal_after_progress(struct __test_metadata *_metadata,
				  struct _test_data_block *self, int flags)
{
	catch_signal(flags);
	self->call.segs[0] = seg_send("p", 1, 1);
	self->call.segs[1] = seg_recv(self->byte, 1);
	self->call.segs[2] = seg_recv(self->byte + 1, 1);
	self->call.segs[3] = seg_send("q", 1, 2);
	self->call.nr_segs = 4;
	start_call(_metadata, &self->call);
	pthread_kill(self->call.thread, SIGUSR1);
	pthread_join(self->call.thread, NULL);
	EXPECT_EQ(2, self->call.ret);
	EXPECT_EQ(1, self->call.segs[0].res);
	EXPECT_EQ(1, self->call.segs[1].res);
	EXPECT_EQ(-EINTR, self->call.segs[2].res);
	EXPECT_EQ(SEG_UNTOUCHED, self->call.segs[3].res);
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
	check_drained(_metadata, self, 0, 0);
}

TEST_F(block, signal_after_progress)
{
	signal_after_progress(_metadata, self, 0);
}

TEST_F(block, sa_restart_after_progress)
{
	signal_after_progress(_metadata, self, SA_RESTART);
}

/* Nor does a blocked one count, however pending. */
TEST_F(block, pending_signal_does_not_refuse)
{
	sigset_t set;

	catch_signal(0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	EXPECT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	EXPECT_EQ(0, bulk_send(self->fd, "x", 1, 1));
	EXPECT_EQ(0, handled);
	check_drained(_metadata, self, 0, 2);
}

TEST_F(block, flush_returns_at_once)
{
	struct bulk_seg segs[] = { seg_send("a", 1, 0), seg_send("b", 1, 1) };

	EXPECT_EQ(2, bulk_xfer(self->fd, segs, 2, BULK_FLUSH));
	EXPECT_EQ(2, bulk_xfer(self->fd, segs, 2, BULK_FLUSH | BULK_DONTWAIT));
	EXPECT_EQ(0, bulk_xfer(self->fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(4, figure(self->fd, "tx-records"));
}

TEST_HARNESS_MAIN
