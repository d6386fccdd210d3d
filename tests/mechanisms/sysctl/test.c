// SPDX-License-Identifier: GPL-2.0
/*
 * sysctl: integers from 10 to 20, readers and writers, a value of the module's own, removal.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_file_test.h"

#define VALUE1	"/proc/sys/net/test/value1"
#define VALUE2	"/proc/sys/net/test/value2"
#define RECORD	"/proc/sys/net/test/record"

FIXTURE_LAB("sysctl")

TEST_F(lab, values_are_set_and_read)
{
	EXPECT_TRUE(is_text(VALUE1, "10\n"));
	EXPECT_TRUE(is_text(VALUE2, "20\n"));
	EXPECT_EQ(0, write_text(VALUE1, "15\n"));
	EXPECT_EQ(0, write_text(VALUE2, "12"));
	EXPECT_TRUE(is_text(VALUE1, "15\n"));
	EXPECT_TRUE(is_text(VALUE2, "12\n"));
}

TEST_F(lab, limits_belong_to_the_range)
{
	EXPECT_EQ(0, write_text(VALUE1, "20"));
	EXPECT_EQ(0, write_text(VALUE1, "10"));
	EXPECT_EQ(-EINVAL, write_text(VALUE1, "9"));
	EXPECT_EQ(-EINVAL, write_text(VALUE1, "21"));
	EXPECT_EQ(-EINVAL, write_text(VALUE2, "-10"));
	EXPECT_EQ(-EINVAL, write_text(VALUE2, "ten"));
	EXPECT_EQ(-EINVAL, write_text(VALUE2, "99999999999999999999"));
	EXPECT_TRUE(is_text(VALUE1, "10\n"));
	EXPECT_TRUE(is_text(VALUE2, "20\n"));
}

TEST_F(lab, ordinary_users_only_read)
{
	EXPECT_EQ(0, nobody_opens(VALUE1, O_RDONLY));
	EXPECT_EQ(EACCES, nobody_opens(VALUE1, O_WRONLY));
	EXPECT_EQ(EACCES, nobody_opens(RECORD, O_RDONLY));
}

TEST_F(lab, own_handler_takes_any_bytes)
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
	EXPECT_EQ(-1, write(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(64, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, four_mebibytes_are_too_many)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC);
	char *large = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(1 << 20, write(fd, large, 1 << 20));
	EXPECT_EQ(-1, write(fd, large, 4 << 20));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(1 << 20, lab_received(self->ctl));
	munmap(large, 4 << 20);
	close(fd);
}

TEST_F(lab, poll_tells_of_a_new_value)
{
	struct pollfd pfd = { .fd = open(RECORD, O_RDWR | O_CLOEXEC), .events = POLLPRI };

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, poll(&pfd, 1, -1));
	EXPECT_EQ(POLLPRI | POLLERR, pfd.revents);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	close(pfd.fd);
}

/* The queue that they are in goes with the module. */
TEST_F(lab, pollers_outlive_the_module)
{
	int fd = open(RECORD, O_RDWR | O_CLOEXEC);
	int epoll = lab_epoll(fd, EPOLLPRI);
	pid_t pid;

	ASSERT_LE(0, epoll);
	pid = lab_start_poller(fd, self->ctl, POLLPRI);
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("sysctl"));
	EXPECT_EQ(0, lab_wait_for(pid));
	close(epoll);
	close(fd);
	EXPECT_EQ(0, kmodule_insert("sysctl", ""));
}

TEST_F(lab, names_are_the_modules_to_make)
{
	EXPECT_EQ(-1, open("/proc/sys/net/test/value3", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, unlink(VALUE1));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(lab, open_file_outlives_the_module)
{
	int fd = open(VALUE1, O_RDWR | O_CLOEXEC);
	char buf[64];

	EXPECT_EQ(-EAGAIN, kmodule_remove("sysctl"));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("sysctl"));
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(ENOENT, errno);
	close(fd);
	EXPECT_EQ(-ENOENT, read_text(VALUE1, buf, sizeof(buf)));
	EXPECT_EQ(0, kmodule_insert("sysctl", ""));
}

TEST_HARNESS_MAIN
