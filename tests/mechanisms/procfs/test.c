// SPDX-License-Identifier: GPL-2.0
/*
 * procfs: a seq_file of many pages, a rule, counted system calls, records, removal while open.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdlib.h>
#include <sys/syscall.h>

#include "lab_file_test.h"

#define RULE	"/proc/lab/rule"
#define CALLS	"/proc/lab/calls"
#define RECORD	"/proc/lab/record"

FIXTURE_LAB("procfs")

static char all[LAB_MAX_BYTES + 1];

/* The whole file, at most @step bytes a read; its length or -errno. */
static ssize_t read_all(const char *path, size_t step)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret, len = 0;

	if (fd < 0)
		return -errno;
	while ((ret = read(fd, all + len, step)) > 0)
		len += ret;
	close(fd);
	all[len] = '\0';
	return ret < 0 ? -errno : len;
}

/* How often the counters say that @nr was called; -1 if there is no such line. */
static long calls_of(int nr)
{
	char line[32];
	const char *at;

	if (read_all(CALLS, 65536) <= 0)
		return -1;
	snprintf(line, sizeof(line), "\n%d ", nr);
	at = strstr(all, line);
	return at ? strtol(at + strlen(line), NULL, 10) : -1;
}

TEST_F(lab, seq_file_spans_pages)
{
	static char whole[sizeof(all)];
	ssize_t len = read_all(CALLS, 65536);

	ASSERT_GT(len, 2 * 4096);
	memcpy(whole, all, len);
	EXPECT_EQ(len, read_all(CALLS, 7));
	EXPECT_EQ(0, memcmp(whole, all, len));
	EXPECT_EQ(0, strncmp(all, "0 0\n1 0\n", 8));
}

TEST_F(lab, seq_file_can_seek)
{
	int fd = open(CALLS, O_RDONLY | O_CLOEXEC);
	char part[64];

	ASSERT_GT(read_all(CALLS, 65536), 8192);
	EXPECT_EQ(64, pread(fd, part, 64, 5000));
	EXPECT_EQ(0, memcmp(all + 5000, part, 64));
	EXPECT_EQ(0, pread(fd, part, 64, 1 << 20));
	close(fd);
}

TEST_F(lab, calls_are_counted_by_the_rule)
{
	long before, after;
	int i;

	ASSERT_EQ(0, write_text(RULE, "all\n"));
	before = calls_of(__NR_getppid);
	for (i = 0; i < 10; i++)
		syscall(__NR_getppid);
	after = calls_of(__NR_getppid);
	EXPECT_GE(after, before + 10);

	snprintf(all, sizeof(all), "not %d\n", __NR_getppid);
	ASSERT_EQ(0, write_text(RULE, all));
	before = calls_of(__NR_getppid);
	syscall(__NR_getppid);
	EXPECT_EQ(before, calls_of(__NR_getppid));

	before = calls_of(__NR_getpgrp);
	syscall(__NR_getpgrp);
	EXPECT_LT(before, calls_of(__NR_getpgrp));
	ASSERT_EQ(0, write_text(RULE, "none"));
	before = calls_of(__NR_read);
	EXPECT_EQ(before, calls_of(__NR_read));
}

TEST_F(lab, rule_is_read_back)
{
	char text[32];

	EXPECT_EQ(5, read_text(RULE, text, sizeof(text)));
	EXPECT_STREQ("none\n", text);
	EXPECT_EQ(0, write_text(RULE, "not 3\n"));
	EXPECT_EQ(6, read_text(RULE, text, sizeof(text)));
	EXPECT_STREQ("not 3\n", text);
}

TEST_F(lab, bad_rules_change_nothing)
{
	char text[32];
	int fd = open(RULE, O_WRONLY | O_CLOEXEC);

	EXPECT_EQ(-EINVAL, write_text(RULE, "some"));
	EXPECT_EQ(-EINVAL, write_text(RULE, "not x"));
	EXPECT_EQ(-ERANGE, write_text(RULE, "not 99999"));
	EXPECT_EQ(-ERANGE, write_text(RULE, "not -1"));
	EXPECT_EQ(-EMSGSIZE, write_text(RULE, "not 00000000000000000000003"));
	EXPECT_EQ(-1, write(fd, nowhere(), 4));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(5, read_text(RULE, text, sizeof(text)));
	EXPECT_STREQ("none\n", text);
	close(fd);
}

TEST_F(lab, counters_are_not_written)
{
	/* Root passes any mode; the file has no write. */
	EXPECT_EQ(-EIO, write_text(CALLS, "1"));
	EXPECT_EQ(EACCES, nobody_opens(CALLS, O_WRONLY));
	EXPECT_EQ(EACCES, nobody_opens(RULE, O_WRONLY));
	EXPECT_EQ(EACCES, nobody_opens(RECORD, O_RDONLY));
	EXPECT_EQ(0, nobody_opens(CALLS, O_RDONLY));
}

TEST_F(lab, batches_go_both_ways)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC);

	ASSERT_EQ(0, lab_set(self->ctl, 64, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(fd, self->ctl, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(fd, self->ctl, 2, 3));
	close(fd);
}

TEST_F(lab, records_go_both_ways)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC);
	char buf[64];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(64, read(fd, buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_EQ(64, write(fd, buf, 64));
	EXPECT_EQ(64, lab_received(self->ctl));
	EXPECT_EQ(-1, read(fd, buf, 63));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, read(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(fd, all, LAB_MAX_BYTES + 1));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(64, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, seq_records_are_whole)
{
	int fd = open("/proc/lab/records", O_RDONLY | O_CLOEXEC), i;
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(64, read(fd, buf, 64));
		EXPECT_TRUE(lab_is_record(buf, 64, i));
	}
	close(fd);
}

/* Removal would wait for it, and nobody is there any more to wake it. */
TEST_F(lab, sleeping_reader_is_told_that_the_module_goes)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC);
	char buf[64];
	pid_t pid;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_QUEUED));
	pid = fork();
	if (!pid) {
		close(self->ctl);
		/* Else removal would never end. */
		alarm(LAB_DEADLINE);
		_exit(read(fd, buf, 64) == -1 && errno == ENODEV ? 0 : 1);
	}
	lab_await_call(pid, __NR_read);
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("procfs"));
	EXPECT_EQ(0, lab_wait_for(pid));
	close(fd);
	EXPECT_EQ(0, kmodule_insert("procfs", ""));
}

/* The queue that they are in goes with the module. */
TEST_F(lab, pollers_outlive_the_module)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC), epoll;
	pid_t pid;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_QUEUED));
	epoll = lab_epoll(fd, EPOLLIN);
	ASSERT_LE(0, epoll);
	pid = lab_start_poller(fd, self->ctl, POLLIN);
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("procfs"));
	EXPECT_EQ(0, lab_wait_for(pid));
	close(epoll);
	close(fd);
	EXPECT_EQ(0, kmodule_insert("procfs", ""));
}

TEST_F(lab, open_file_outlives_the_module)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC);
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(0, write_text(RULE, "all"));
	EXPECT_EQ(-EAGAIN, kmodule_remove("procfs"));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("procfs"));
	EXPECT_EQ(-1, read(fd, buf, 64));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, write(fd, buf, 64));
	EXPECT_EQ(EIO, errno);
	close(fd);
	EXPECT_EQ(-ENOENT, read_text(RECORD, buf, sizeof(buf)));
	EXPECT_EQ(0, kmodule_insert("procfs", ""));
}

TEST_HARNESS_MAIN
