// SPDX-License-Identifier: GPL-2.0
/*
 * sagafs: mounted, read, written, not unmounted while a file is open, the module held by the mount.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "lab_file_test.h"

#define MOUNT	"/sagafs"

FIXTURE_LAB("libfs")

static int mount_saga(const char *options)
{
	mkdir(MOUNT, 0755);
	return mount("sagafs", MOUNT, "sagafs", 0, options) ? -errno : 0;
}

static int unmount_saga(void)
{
	return umount(MOUNT) ? -errno : 0;
}

TEST_F(lab, log_is_read_once_mounted)
{
	char text[8];

	EXPECT_EQ(-ENOENT, read_text(MOUNT "/log", text, sizeof(text)));
	ASSERT_EQ(0, mount_saga(NULL));
	EXPECT_TRUE(is_text(MOUNT "/log", "mounted\n"));
	EXPECT_EQ(0, unmount_saga());
	EXPECT_EQ(-ENOENT, read_text(MOUNT "/log", text, sizeof(text)));
	EXPECT_EQ(-EINVAL, unmount_saga());
}

TEST_F(lab, log_outlives_the_mount)
{
	ASSERT_EQ(0, mount_saga(NULL));
	EXPECT_EQ(0, write_text(MOUNT "/log", "once upon a time\n"));
	ASSERT_EQ(0, unmount_saga());
	ASSERT_EQ(0, mount_saga(NULL));
	EXPECT_TRUE(is_text(MOUNT "/log", "mounted\nonce upon a time\nunmounted\nmounted\n"));
	EXPECT_EQ(0, unmount_saga());
}

TEST_F(lab, open_file_keeps_the_mount)
{
	int fd;

	ASSERT_EQ(0, mount_saga(NULL));
	fd = open(MOUNT "/log", O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(-EBUSY, unmount_saga());
	EXPECT_TRUE(is_text(MOUNT "/log", "mounted\n"));
	close(fd);
	EXPECT_EQ(0, unmount_saga());
}

TEST_F(lab, full_log_refuses)
{
	char line[128], long_line[130] = "";
	int fd, i;

	memset(line, 'x', sizeof(line));
	ASSERT_EQ(0, mount_saga(NULL));
	fd = open(MOUNT "/log", O_WRONLY | O_CLOEXEC);
	for (i = 0; i < 31; i++)
		ASSERT_EQ(128, write(fd, line, 128));
	EXPECT_EQ(-1, write(fd, line, 128));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, write(fd, nowhere(), 100));
	EXPECT_EQ(EFAULT, errno);
	memset(long_line, 'y', sizeof(long_line) - 1);
	EXPECT_EQ(-EMSGSIZE, write_text(MOUNT "/log", long_line));
	close(fd);
	EXPECT_EQ(0, unmount_saga());
}

TEST_F(lab, batches_go_both_ways)
{
	int fd;

	ASSERT_EQ(0, mount_saga(NULL));
	ASSERT_EQ(0, lab_set(self->ctl, 64, 3, 0));
	fd = open(MOUNT "/record", O_RDWR | O_CLOEXEC);
	EXPECT_TRUE(batch_goes_both_ways(fd, self->ctl, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(fd, self->ctl, 2, 3));
	close(fd);
	EXPECT_EQ(0, unmount_saga());
}

TEST_F(lab, records_go_both_ways)
{
	char buf[64];
	int fd;

	ASSERT_EQ(0, mount_saga(NULL));
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	fd = open(MOUNT "/record", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(64, read(fd, buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_EQ(64, write(fd, buf, 64));
	EXPECT_EQ(64, lab_received(self->ctl));
	EXPECT_EQ(-1, read(fd, buf, 63));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, write(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
	EXPECT_EQ(0, unmount_saga());
}

TEST_F(lab, tree_is_the_modules)
{
	ASSERT_EQ(0, mount_saga(NULL));
	EXPECT_EQ(-1, open(MOUNT "/other", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mkdir(MOUNT "/dir", 0755));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, nobody_opens(MOUNT "/log", O_RDONLY));
	EXPECT_EQ(EACCES, nobody_opens(MOUNT "/log", O_WRONLY));
	EXPECT_EQ(EACCES, nobody_opens(MOUNT "/record", O_RDONLY));
	EXPECT_EQ(0, unmount_saga());
}

TEST_F(lab, unknown_option_is_refused)
{
	EXPECT_EQ(-EINVAL, mount_saga("hero=odin"));
	EXPECT_EQ(-EINVAL, unmount_saga());
}

TEST_F(lab, mount_keeps_the_module)
{
	ASSERT_EQ(0, mount_saga(NULL));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("libfs"));
	EXPECT_EQ(0, unmount_saga());
	EXPECT_EQ(0, kmodule_remove("libfs"));
	EXPECT_EQ(-ENODEV, mount_saga(NULL));
	EXPECT_EQ(0, kmodule_insert("libfs", ""));
}

TEST_HARNESS_MAIN
