// SPDX-License-Identifier: GPL-2.0
/*
 * A named pipe: the kernel writes, reads; between programs; full, without a reader, refused.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <signal.h>
#include <sys/stat.h>

#include "lab_test.h"
#include "lab_fifo.h"

FIXTURE_LAB("fifo")

/* The end that the kernel hasn't. */
static int make_fifo(int flags)
{
	unlink(LAB_FIFO_PATH);
	if (mkfifo(LAB_FIFO_PATH, 0600))
		return -1;
	return open(LAB_FIFO_PATH, flags | O_NONBLOCK | O_CLOEXEC);
}

TEST_F(lab, kernel_writes)
{
	int fd = make_fifo(O_RDONLY), i;
	char buf[64];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	ASSERT_EQ(100, ioctl(self->ctl, LAB_PRODUCE, 100));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(64, read(fd, buf, 64));
		ASSERT_TRUE(lab_is_record(buf, 64, i));
	}
	EXPECT_EQ(-1, read(fd, buf, 64));
	EXPECT_EQ(EAGAIN, errno);
	close(fd);
}

TEST_F(lab, kernel_reads)
{
	int fd = make_fifo(O_RDWR), i;
	char buf[64] = "";

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_READ));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_CONSUME, 1));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(64, write(fd, buf, 64));
	EXPECT_EQ(10, ioctl(self->ctl, LAB_CONSUME, 20));
	EXPECT_EQ(640, lab_received(self->ctl));
	close(fd);
}

/* A writer that closes: the kernel sees the end. */
TEST_F(lab, kernel_sees_the_end)
{
	int keep = make_fifo(O_RDONLY), fd;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_READ));
	fd = open(LAB_FIFO_PATH, O_WRONLY);
	ASSERT_EQ(10, write(fd, "0123456789", 10));
	close(fd);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
	close(keep);
}

/* What it could not write the kernel writes later; the reader misses nothing. */
TEST_F(lab, full_pipe_refuses)
{
	int fd = make_fifo(O_RDONLY), i;
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	EXPECT_EQ(1024, ioctl(self->ctl, LAB_PRODUCE, 2000));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_PRODUCE, 1));
	for (i = 0; i < 1024; i++) {
		ASSERT_EQ(64, read(fd, buf, 64));
		ASSERT_TRUE(lab_is_record(buf, 64, i));
	}
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(64, read(fd, buf, 64));
	EXPECT_EQ(1024, lab_seq(buf));
	close(fd);
}

/* A record that the pipe has no room for arrives in pieces, in the right order. */
TEST_F(lab, large_record_goes_in_pieces)
{
	static char buf[200000];
	int fd = make_fifo(O_RDONLY);
	size_t done = 0;
	ssize_t ret;
	__u64 last;

	ASSERT_EQ(0, lab_set(self->ctl, sizeof(buf), 1, LAB_FIFO_WRITE));
	while (done < sizeof(buf)) {
		ASSERT_GE(ioctl(self->ctl, LAB_PRODUCE, 1), 0);
		ret = read(fd, buf + done, sizeof(buf) - done);
		ASSERT_GT(ret, 0);
		done += ret;
	}
	EXPECT_EQ(0, lab_seq(buf));
	memcpy(&last, buf + sizeof(buf) - 8, 8);
	EXPECT_EQ(~0ULL, last);
	close(fd);
}

TEST_F(lab, without_a_reader)
{
	int fd;

	signal(SIGPIPE, SIG_IGN);
	unlink(LAB_FIFO_PATH);
	ASSERT_EQ(0, mkfifo(LAB_FIFO_PATH, 0600));
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	EXPECT_EQ(ENXIO, errno);
	fd = open(LAB_FIFO_PATH, O_RDONLY | O_NONBLOCK);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	close(fd);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(EPIPE, errno);
}

/* The hazard of writing files in the kernel: who happens to be there pays. */
TEST_F(lab, caller_gets_the_signal)
{
	int fd = make_fifo(O_RDONLY), status;
	pid_t pid;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	close(fd);
	pid = fork();
	if (!pid) {
		ioctl(self->ctl, LAB_PRODUCE, 1);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGPIPE, WTERMSIG(status));
}

TEST_F(lab, refuses_what_is_no_pipe)
{
	int fd;

	unlink(LAB_FIFO_PATH);
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	EXPECT_EQ(ENOENT, errno);
	fd = open(LAB_FIFO_PATH, O_CREAT | O_RDWR, 0600);
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, LAB_FIFO_READ));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, LAB_FIFO_READ | LAB_FIFO_WRITE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EBADF, errno);
	unlink(LAB_FIFO_PATH);
}

TEST_F(lab, kernel_is_bound_by_the_mode)
{
	int fd = make_fifo(O_RDONLY);

	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, seteuid(0));
	close(fd);
}

TEST_F(lab, path_is_a_parameter)
{
	int fd;

	ASSERT_EQ(0, close(self->ctl));
	ASSERT_EQ(0, kmodule_remove("fifo"));
	ASSERT_EQ(0, kmodule_insert("fifo", "path=/tmp/lab_other"));
	unlink("/tmp/lab_other");
	ASSERT_EQ(0, mkfifo("/tmp/lab_other", 0600));
	fd = open("/tmp/lab_other", O_RDONLY | O_NONBLOCK);
	self->ctl = lab_open("fifo");
	ASSERT_GE(self->ctl, 0);
	EXPECT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	close(fd);
	unlink("/tmp/lab_other");
}

/* The pipe outlives the module: what is in it can be read, then it ends. */
TEST_F(lab, unload_with_records_in_the_pipe)
{
	int fd = make_fifo(O_RDONLY);
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_FIFO_WRITE));
	ASSERT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 2));
	EXPECT_EQ(-EAGAIN, kmodule_remove("fifo"));
	ASSERT_EQ(0, close(self->ctl));
	self->ctl = -1;
	ASSERT_EQ(0, kmodule_remove("fifo"));
	EXPECT_EQ(64, read(fd, buf, 64));
	EXPECT_EQ(64, read(fd, buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 1));
	EXPECT_EQ(0, read(fd, buf, 64));
	ASSERT_EQ(0, kmodule_insert("fifo", ""));
	close(fd);
}

TEST(between_programs)
{
	int fd = make_fifo(O_RDONLY), i, status;
	char buf[64];
	pid_t pid = fork();

	if (!pid) {
		fd = open(LAB_FIFO_PATH, O_WRONLY);
		lab_prepare(buf, 64);
		for (i = 0; i < 100; i++) {
			lab_produce(buf, 64, i);
			if (write(fd, buf, 64) != 64)
				_exit(1);
		}
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(64, read(fd, buf, 64));
		ASSERT_TRUE(lab_is_record(buf, 64, i));
	}
	EXPECT_EQ(0, read(fd, buf, 64));
	close(fd);
	unlink(LAB_FIFO_PATH);
}

TEST_HARNESS_MAIN
