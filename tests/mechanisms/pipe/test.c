// SPDX-License-Identifier: GPL-2.0
/*
 * A pipe: 4096 bytes at once, 416 in two parts, between processes; a full one, a missing end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <signal.h>

#include "lab_test.h"

FIXTURE(pipe) { int in, out; };

/* The two cases of the survey's table. */
FIXTURE_VARIANT(pipe) { size_t bytes; int parts; };
FIXTURE_VARIANT_ADD(pipe, whole) { .bytes = 4096, .parts = 1, };
FIXTURE_VARIANT_ADD(pipe, in_two_parts) { .bytes = 416, .parts = 2, };

FIXTURE_SETUP(pipe)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	self->in = fds[0];
	self->out = fds[1];
	signal(SIGPIPE, SIG_IGN);
}

FIXTURE_TEARDOWN(pipe)
{
	close(self->in);
	close(self->out);
}

#define RECORDS	200

static void make_record(char *buf, size_t bytes, int seq)
{
	lab_prepare(buf, bytes);
	lab_produce(buf, bytes, seq);
}

/* A child that writes records, each in so many parts. */
static pid_t writer(int out, int in, size_t bytes, int parts)
{
	size_t part = bytes / parts;
	pid_t pid = fork();
	char buf[4096];
	int i, p;

	if (pid)
		return pid;
	close(in);
	for (i = 0; i < RECORDS; i++) {
		make_record(buf, bytes, i);
		for (p = 0; p < parts; p++)
			if (write(out, buf + p * part, part) != (ssize_t)part)
				_exit(1);
	}
	_exit(0);
}

static int read_whole(int fd, char *buf, size_t len)
{
	size_t done;
	ssize_t ret;

	for (done = 0; done < len; done += ret) {
		ret = read(fd, buf + done, len - done);
		if (ret <= 0)
			return -1;
	}
	return 0;
}

TEST_F(pipe, between_processes)
{
	pid_t pid = writer(self->out, self->in, variant->bytes, variant->parts);
	char buf[4096];
	int i, status;

	ASSERT_GT(pid, 0);
	close(self->out);
	for (i = 0; i < RECORDS; i++) {
		ASSERT_EQ(0, read_whole(self->in, buf, variant->bytes));
		ASSERT_TRUE(lab_is_record(buf, variant->bytes, i));
	}
	EXPECT_EQ(0, read(self->in, buf, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Nothing is lost: who writes too much is refused, and what is in stays. */
TEST_F(pipe, full_one_refuses)
{
	size_t bytes = variant->bytes;
	char buf[4096];
	int n = 0, i;

	ASSERT_EQ(0, fcntl(self->out, F_SETFL, O_NONBLOCK));
	do
		make_record(buf, bytes, n++);
	while (write(self->out, buf, bytes) == (ssize_t)bytes);
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(16 * (4096 / bytes), n - 1);
	for (i = 0; i < n - 1; i++) {
		ASSERT_EQ(0, read_whole(self->in, buf, bytes));
		ASSERT_TRUE(lab_is_record(buf, bytes, i));
	}
}

static int open_both(int *fds)
{
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK);
}

TEST(more_than_a_page_may_be_torn)
{
	static char large[100000];
	char page[4096] = "";
	int fds[2];

	ASSERT_EQ(0, open_both(fds));
	EXPECT_EQ(65536, write(fds[1], large, sizeof(large)));
	EXPECT_EQ(100, read(fds[0], page, 100));
	EXPECT_EQ(-1, write(fds[1], page, 4096));
	EXPECT_EQ(EAGAIN, errno);
	close(fds[0]);
	close(fds[1]);
}

TEST(has_no_boundaries)
{
	char buf[16];
	int fds[2];

	ASSERT_EQ(0, open_both(fds));
	ASSERT_EQ(3, write(fds[1], "abc", 3));
	ASSERT_EQ(2, write(fds[1], "de", 2));
	EXPECT_EQ(5, read(fds[0], buf, sizeof(buf)));
	close(fds[0]);
	close(fds[1]);
}

TEST(room_can_be_asked_for)
{
	char page[4096] = "";
	int fds[2];

	ASSERT_EQ(0, open_both(fds));
	EXPECT_EQ(65536, fcntl(fds[0], F_GETPIPE_SZ));
	EXPECT_EQ(1 << 20, fcntl(fds[0], F_SETPIPE_SZ, 1 << 20));
	EXPECT_EQ(4096, fcntl(fds[0], F_SETPIPE_SZ, 1));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, fcntl(fds[0], F_SETPIPE_SZ, 2 << 20));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(4096, write(fds[1], page, 4096));
	EXPECT_EQ(8192, fcntl(fds[0], F_SETPIPE_SZ, 8192));
	ASSERT_EQ(4096, write(fds[1], page, 4096));
	EXPECT_EQ(-1, fcntl(fds[0], F_SETPIPE_SZ, 4096));
	EXPECT_EQ(EBUSY, errno);
	close(fds[0]);
	close(fds[1]);
}

TEST(missing_ends)
{
	char buf[8];
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, open_both(fds));
	EXPECT_EQ(-1, read(fds[0], buf, 8));
	EXPECT_EQ(EAGAIN, errno);
	close(fds[0]);
	EXPECT_EQ(-1, write(fds[1], buf, 8));
	EXPECT_EQ(EPIPE, errno);
	close(fds[1]);
}

TEST(bad_calls)
{
	char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[2];

	ASSERT_EQ(0, open_both(fds));
	EXPECT_EQ(-1, read(fds[1], nowhere, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, write(fds[1], nowhere, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, lseek(fds[0], 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	close(fds[0]);
	close(fds[1]);
}

TEST_HARNESS_MAIN
