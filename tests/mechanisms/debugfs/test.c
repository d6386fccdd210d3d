// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: a number, a blob, records, who may enter, removal under open files.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_file_test.h"

#define DIR	"/sys/kernel/debug/lab_debugfs/"

FIXTURE_LAB("debugfs")

TEST_F(lab, u8_in_one_line)
{
	EXPECT_TRUE(is_text(DIR "level", "1\n"));
	EXPECT_EQ(0, write_text(DIR "level", "255\n"));
	EXPECT_TRUE(is_text(DIR "level", "255\n"));
	EXPECT_EQ(0, write_text(DIR "level", "0x10"));
	EXPECT_TRUE(is_text(DIR "level", "16\n"));
	EXPECT_EQ(-EINVAL, write_text(DIR "level", "much"));
	EXPECT_TRUE(is_text(DIR "level", "16\n"));
}

/* The one-line files don't check the range: the number is cut to its type. */
TEST_F(lab, u8_is_cut_off)
{
	EXPECT_EQ(0, write_text(DIR "level", "257"));
	EXPECT_TRUE(is_text(DIR "level", "1\n"));
}

TEST_F(lab, blob_is_read_as_it_is)
{
	static const char want[] = "a blob of bytes\0with a zero in it\n";
	char text[64];

	EXPECT_EQ(sizeof(want) - 1, read_text(DIR "blob", text, sizeof(text)));
	EXPECT_EQ(0, memcmp(want, text, sizeof(want) - 1));
}

/* Its mode is 0444: that keeps others out, not root. */
TEST_F(lab, root_may_write_into_the_blob)
{
	static const char want[] = "the blob";
	char text[64];

	EXPECT_EQ(0, write_text(DIR "blob", want));
	EXPECT_EQ(34, read_text(DIR "blob", text, sizeof(text)));
	EXPECT_EQ(0, memcmp(want, text, strlen(want)));
}

TEST_F(lab, batches_go_both_ways)
{
	int fd = open(DIR "record", O_RDWR | O_CLOEXEC);

	ASSERT_EQ(0, lab_set(self->ctl, 64, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(fd, self->ctl, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(fd, self->ctl, 2, 3));
	close(fd);
}

TEST_F(lab, records_go_both_ways)
{
	int fd = open(DIR "record", O_RDWR | O_CLOEXEC);
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
	EXPECT_EQ(-1, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(64, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, poll_tells_of_records)
{
	struct pollfd pfd = {
		.fd = open(DIR "record", O_RDONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLIN,
	};
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_QUEUED));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(-1, read(pfd.fd, buf, 64));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(64, read(pfd.fd, buf, 64));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	close(pfd.fd);
}

/* Modes of files don't matter: the mount point is closed. */
TEST_F(lab, only_root_enters)
{
	EXPECT_EQ(EACCES, nobody_opens(DIR "level", O_RDONLY));
	EXPECT_EQ(EACCES, nobody_opens(DIR "blob", O_RDONLY));
}

TEST_F(lab, own_operations_keep_the_module)
{
	int fd = open(DIR "record", O_RDWR | O_CLOEXEC);

	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("debugfs"));
	close(fd);
}

TEST_F(lab, open_number_outlives_the_module)
{
	int fd = open(DIR "level", O_RDONLY | O_CLOEXEC);
	char buf[8];

	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("debugfs"));
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(EIO, errno);
	close(fd);
	EXPECT_EQ(0, kmodule_insert("debugfs", ""));
}

TEST_HARNESS_MAIN
