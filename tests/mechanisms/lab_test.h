/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the mechanisms share: the kernel's harness, modules, text files.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * FIXTURE_LAB(name) gives a fixture "lab" that loads lab_NAME.ko before every
 * test and unloads it after, so that each test is one of unloading, too.
 */
#ifndef LAB_TEST_H
#define LAB_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmodule.h"
#include "kselftest_harness.h"
#include "lab.h"

/* Of one test, in seconds: a kernel that checks itself is slow on a busy machine. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

static inline int lab_open(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/lab_%s", name);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* LAB_SETUP of records that are not split; 0 or -1 with errno. */
static inline int lab_set(int fd, __u32 bytes, __u32 batch, __u32 flags)
{
	struct lab_setup setup = { bytes, bytes, batch, flags };

	return ioctl(fd, LAB_SETUP, &setup);
}

static inline __u64 lab_received(int fd)
{
	struct lab_totals totals = { 0 };

	return ioctl(fd, LAB_TOTALS, &totals) ? ~0ULL : totals.bytes;
}

/* Is it record @seq, whole? */
static inline int lab_is_record(const void *buf, size_t len, __u64 seq)
{
	char want[4096];

	if (len < LAB_MIN_BYTES || len > sizeof(want))
		return 0;
	lab_prepare(want, len);
	lab_produce(want, len, seq);
	return !memcmp(buf, want, len);
}

/* Length of what was read, or -errno. */
static inline ssize_t read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, text, room - 1);
	if (ret < 0)
		ret = -errno;
	else
		text[ret] = '\0';
	close(fd);
	return ret;
}

/* 0 or -errno. */
static inline int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
	close(fd);
	return ret;
}

#define LAB_DEADLINE	30	/* seconds until something that should end is given up */
#define LAB_MANY	(1UL << 40)	/* records, which nobody waits for */

/* The status; -ETIME when it doesn't end. */
static inline int lab_wait_for(pid_t pid)
{
	int status, ms;

	for (ms = 0; ms < LAB_DEADLINE * 1000; ms++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(1000);
	}
	return -ETIME;
}

/* Makes records until it is killed. */
static inline pid_t lab_start_maker(int ctl)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	lab_set(ctl, 64, 1, 0);
	for (;;)
		ioctl(ctl, LAB_PRODUCE, LAB_MANY);
}

/* Until the process sleeps in this system call. */
static inline void lab_await_call(pid_t pid, long nr)
{
	char path[64], text[256], *end;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	while (read_text(path, text, sizeof(text)) >= 0) {
		if (strtol(text, &end, 10) == nr && end != text)
			return;
		usleep(1000);
	}
}

/* A child that polls @fd for @events, and holds nothing else of the module's. */
static inline pid_t lab_start_poller(int fd, int ctl, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	pid_t pid = fork();

	if (pid) {
		lab_await_call(pid, __NR_poll);
		return pid;
	}
	close(ctl);
	_exit(poll(&pfd, 1, -1) == 1 ? 0 : 1);
}

/* An epoll that watches @fd for @events, or -1. */
static inline int lab_epoll(int fd, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -1 : epoll;
}

#define FIXTURE_LAB(_name) \
FIXTURE(lab) { int ctl; }; \
FIXTURE_SETUP(lab) \
{ \
	/* A test that failed may have left it. */ \
	kmodule_remove(_name); \
	ASSERT_EQ(0, kmodule_insert(_name, "")); \
	self->ctl = lab_open(_name); \
} \
FIXTURE_TEARDOWN(lab) \
{ \
	if (self->ctl >= 0) \
		close(self->ctl); \
	EXPECT_EQ(0, kmodule_remove(_name)); \
} \
TEST_F(lab, killed_user_leaves_nothing) \
{ \
	pid_t pid = lab_start_maker(self->ctl); \
	\
	usleep(100000); \
	ASSERT_EQ(0, kill(pid, SIGKILL)); \
	EXPECT_EQ(SIGKILL, lab_wait_for(pid)); \
	close(self->ctl); \
	self->ctl = -1; \
	EXPECT_EQ(0, kmodule_remove_soon(_name)); \
	EXPECT_EQ(0, kmodule_insert(_name, "")); \
} \
TEST(unloads_and_loads_again) \
{ \
	ASSERT_EQ(0, kmodule_insert(_name, "")); \
	EXPECT_EQ(-EEXIST, kmodule_insert(_name, "")); \
	ASSERT_EQ(0, kmodule_remove(_name)); \
	ASSERT_EQ(0, kmodule_insert(_name, "")); \
	ASSERT_EQ(0, kmodule_remove(_name)); \
	EXPECT_EQ(-ENOENT, kmodule_remove(_name)); \
}

#endif /* LAB_TEST_H */
