// SPDX-License-Identifier: GPL-2.0
/*
 * A message queue: between processes, by priority, full, empty, notified; limits and bad calls.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <mqueue.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "lab_test.h"

#define NAME	"/lab_mqueue_test"

FIXTURE(mqueue) { mqd_t q; };

FIXTURE_SETUP(mqueue)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 64 };

	mq_unlink(NAME);
	self->q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0600, &attr);
	ASSERT_GE(self->q, 0);
}

FIXTURE_TEARDOWN(mqueue)
{
	mq_close(self->q);
	mq_unlink(NAME);
}

static int send_record(mqd_t q, __u64 seq, unsigned int priority)
{
	char buf[64];

	lab_prepare(buf, sizeof(buf));
	lab_produce(buf, sizeof(buf), seq);
	return mq_send(q, buf, sizeof(buf), priority);
}

static int receive_is(mqd_t q, __u64 seq)
{
	char buf[64];

	return mq_receive(q, buf, sizeof(buf), NULL) == 64 && lab_is_record(buf, 64, seq);
}

TEST_F(mqueue, between_processes)
{
	int i, status;
	pid_t pid = fork();

	if (!pid) {
		mqd_t q = mq_open(NAME, O_WRONLY);

		for (i = 0; i < 100; i++)
			if (send_record(q, i, 0))
				_exit(1);
		_exit(0);
	}
	mq_close(self->q);
	self->q = mq_open(NAME, O_RDONLY);
	ASSERT_GE(self->q, 0);
	for (i = 0; i < 100; i++)
		ASSERT_TRUE(receive_is(self->q, i));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mqueue, higher_priority_first)
{
	ASSERT_EQ(0, send_record(self->q, 0, 1));
	ASSERT_EQ(0, send_record(self->q, 1, 5));
	ASSERT_EQ(0, send_record(self->q, 2, 5));
	ASSERT_EQ(0, send_record(self->q, 3, 0));
	EXPECT_TRUE(receive_is(self->q, 1));
	EXPECT_TRUE(receive_is(self->q, 2));
	EXPECT_TRUE(receive_is(self->q, 0));
	EXPECT_TRUE(receive_is(self->q, 3));
	EXPECT_EQ(-1, send_record(self->q, 4, 32768));
	EXPECT_EQ(EINVAL, errno);
}

/* The sender is told, nothing is lost. */
TEST_F(mqueue, full_one_refuses)
{
	struct timespec past = { 0 };
	struct mq_attr attr;
	char buf[64];
	int i;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, send_record(self->q, i, 0));
	EXPECT_EQ(-1, send_record(self->q, 10, 0));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, mq_getattr(self->q, &attr));
	EXPECT_EQ(10, attr.mq_curmsgs);
	attr.mq_flags = 0;
	ASSERT_EQ(0, mq_setattr(self->q, &attr, NULL));
	EXPECT_EQ(-1, mq_timedsend(self->q, "", 0, 0, &past));
	EXPECT_EQ(ETIMEDOUT, errno);
	for (i = 0; i < 10; i++)
		EXPECT_TRUE(receive_is(self->q, i));
	EXPECT_EQ(-1, mq_timedreceive(self->q, buf, 64, NULL, &past));
	EXPECT_EQ(ETIMEDOUT, errno);
}

TEST_F(mqueue, poll_tells)
{
	struct pollfd pfd = { .fd = self->q, .events = POLLIN | POLLOUT };
	int i;

	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, send_record(self->q, i, 0));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN, pfd.revents);
}

/* One registration, for one message, and only into an empty queue. */
TEST_F(mqueue, signal_tells_once)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct timespec none = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ASSERT_EQ(0, mq_notify(self->q, &event));
	EXPECT_EQ(-1, mq_notify(self->q, &event));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, send_record(self->q, 0, 0));
	EXPECT_EQ(SIGUSR1, sigtimedwait(&set, NULL, &none));
	ASSERT_EQ(0, send_record(self->q, 1, 0));
	EXPECT_EQ(-1, sigtimedwait(&set, NULL, &none));
	ASSERT_EQ(0, mq_notify(self->q, &event));
	ASSERT_EQ(0, send_record(self->q, 2, 0));
	EXPECT_EQ(-1, sigtimedwait(&set, NULL, &none));
}

TEST_F(mqueue, sizes_are_fixed)
{
	char large[65] = "", buf[64];

	EXPECT_EQ(-1, mq_send(self->q, large, 65, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(0, mq_send(self->q, large, 0, 0));
	EXPECT_EQ(-1, mq_receive(self->q, buf, 63, NULL));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(0, mq_receive(self->q, buf, 64, NULL));
	EXPECT_EQ(-1, mq_receive(self->q, buf, 64, NULL));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(mqueue, bad_calls)
{
	mqd_t q = mq_open(NAME, O_RDONLY);

	EXPECT_EQ(-1, send_record(q, 0, 0));
	EXPECT_EQ(EBADF, errno);
	mq_close(q);
	EXPECT_EQ(-1, mq_send(self->q, (void *)8, 8, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, mq_open("/lab_no_such_queue", O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(-1, mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
	EXPECT_EQ(EACCES, errno);
}

static int try_open(long messages, long bytes)
{
	struct mq_attr attr = { .mq_maxmsg = messages, .mq_msgsize = bytes };
	mqd_t q = mq_open("/lab_mqueue_limit", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	int error = q < 0 ? errno : 0;

	if (q >= 0) {
		mq_close(q);
		mq_unlink("/lab_mqueue_limit");
	}
	return error;
}

TEST(users_have_limits)
{
	struct rlimit little = { 8192, RLIM_INFINITY };

	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(0, try_open(10, 8192));
	EXPECT_EQ(EINVAL, try_open(11, 8192));
	EXPECT_EQ(EINVAL, try_open(10, 8193));
	EXPECT_EQ(EINVAL, try_open(0, 64));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, try_open(64, 8192));
	ASSERT_EQ(0, setrlimit(RLIMIT_MSGQUEUE, &little));
	EXPECT_EQ(EMFILE, try_open(10, 8192));
}

/* What nobody has open keeps its messages. */
TEST_F(mqueue, outlives_its_users)
{
	char buf[64], text[200];

	ASSERT_EQ(0, send_record(self->q, 7, 0));
	ASSERT_EQ(0, mq_close(self->q));
	self->q = mq_open(NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_GE(self->q, 0);
	mkdir("/dev/mqueue", 0755);
	ASSERT_EQ(0, mount("mqueue", "/dev/mqueue", "mqueue", 0, NULL));
	EXPECT_GT(read_text("/dev/mqueue" NAME, text, sizeof(text)), 0);
	EXPECT_EQ(0, strncmp(text, "QSIZE:64 ", 9));
	ASSERT_EQ(0, umount("/dev/mqueue"));
	EXPECT_TRUE(receive_is(self->q, 7));
	ASSERT_EQ(0, mq_unlink(NAME));
	EXPECT_EQ(-1, mq_receive(self->q, buf, 64, NULL));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_HARNESS_MAIN
