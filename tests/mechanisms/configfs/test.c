// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: items that come and go, their values, items that are busy, limits, the module held.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "lab_file_test.h"

#define MOUNT	"/sys/kernel/config"
#define LAB	MOUNT "/lab"
#define ITEM	LAB "/one"

FIXTURE_LAB("configfs")

static int make_item(const char *path)
{
	if (mount("configfs", MOUNT, "configfs", 0, NULL) && errno != EBUSY)
		return -errno;
	return mkdir(path, 0755) ? -errno : 0;
}

static int remove_item(const char *path)
{
	return rmdir(path) ? -errno : 0;
}

TEST_F(lab, mkdir_makes_and_rmdir_removes)
{
	char text[8];

	ASSERT_EQ(0, make_item(ITEM));
	EXPECT_TRUE(is_text(ITEM "/value", "0\n"));
	EXPECT_EQ(-EEXIST, make_item(ITEM));
	EXPECT_EQ(0, remove_item(ITEM));
	EXPECT_EQ(-ENOENT, read_text(ITEM "/value", text, sizeof(text)));
	EXPECT_EQ(-ENOENT, remove_item(ITEM));
	ASSERT_EQ(0, make_item(ITEM));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, each_item_has_its_own_values)
{
	ASSERT_EQ(0, make_item(ITEM));
	ASSERT_EQ(0, make_item(LAB "/two"));
	EXPECT_EQ(0, write_text(ITEM "/value", "7\n"));
	EXPECT_TRUE(is_text(ITEM "/value", "7\n"));
	EXPECT_TRUE(is_text(LAB "/two/value", "0\n"));
	EXPECT_EQ(0, remove_item(LAB "/two"));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, values_are_checked)
{
	ASSERT_EQ(0, make_item(ITEM));
	EXPECT_EQ(0, write_text(ITEM "/value", "100"));
	EXPECT_EQ(-ERANGE, write_text(ITEM "/value", "101"));
	EXPECT_EQ(-ERANGE, write_text(ITEM "/value", "-1"));
	EXPECT_EQ(-EINVAL, write_text(ITEM "/value", "x"));
	EXPECT_EQ(-EINVAL, write_text(ITEM "/busy", "maybe"));
	EXPECT_TRUE(is_text(ITEM "/value", "100\n"));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, busy_item_refuses)
{
	ASSERT_EQ(0, make_item(ITEM));
	ASSERT_EQ(0, write_text(ITEM "/busy", "1"));
	EXPECT_EQ(-EBUSY, remove_item(ITEM));
	EXPECT_TRUE(is_text(ITEM "/busy", "1\n"));
	EXPECT_EQ(0, write_text(ITEM "/busy", "0"));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, user_makes_items_and_nothing_else)
{
	ASSERT_EQ(0, make_item(ITEM));
	EXPECT_EQ(-ENAMETOOLONG, make_item(LAB "/a-name-of-more-than-sixteen"));
	EXPECT_EQ(-EPERM, make_item(MOUNT "/other"));
	EXPECT_EQ(-EPERM, make_item(ITEM "/below"));
	EXPECT_EQ(-EPERM, remove_item(LAB));
	EXPECT_EQ(-1, open(ITEM "/file", O_CREAT | O_RDWR, 0600));
	EXPECT_EQ(EACCES, nobody_opens(ITEM "/value", O_WRONLY));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, a_value_is_at_most_a_page)
{
	static char buf[8192];
	int fd;

	ASSERT_EQ(0, make_item(ITEM));
	ASSERT_EQ(0, lab_set(self->ctl, 4096, 1, 0));
	fd = open(ITEM "/record", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(4096, read(fd, buf, 8192));
	EXPECT_TRUE(lab_is_record(buf, 4096, 0));
	EXPECT_EQ(0, read(fd, buf, 8192));
	EXPECT_EQ(4095, write(fd, buf, 8192));
	EXPECT_EQ(4095, lab_received(self->ctl));
	close(fd);
	ASSERT_EQ(0, lab_set(self->ctl, 4104, 1, 0));
	EXPECT_EQ(-EMSGSIZE, read_text(ITEM "/record", buf, sizeof(buf)));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, binary_attribute_is_passed_at_close)
{
	char buf[64];
	int fd;

	ASSERT_EQ(0, make_item(ITEM));
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	fd = open(ITEM "/blob", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(64, read(fd, buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_EQ(-1, write(fd, buf, 64));
	EXPECT_EQ(ETXTBSY, errno);
	close(fd);

	fd = open(ITEM "/blob", O_WRONLY | O_CLOEXEC);
	EXPECT_EQ(32, write(fd, buf, 32));
	EXPECT_EQ(32, write(fd, buf + 32, 32));
	EXPECT_EQ(0, lab_received(self->ctl));
	EXPECT_EQ(-1, pwrite(fd, buf, 64, LAB_MAX_BYTES));
	EXPECT_EQ(EFBIG, errno);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(64, lab_received(self->ctl));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, faulting_writes_are_not_taken)
{
	int fd;

	ASSERT_EQ(0, make_item(ITEM));
	fd = open(ITEM "/record", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-1, write(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(fd, nowhere(), 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
	close(fd);
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_F(lab, open_file_outlives_the_item)
{
	char buf[8];
	int fd;

	ASSERT_EQ(0, make_item(ITEM));
	fd = open(ITEM "/value", O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(0, remove_item(ITEM));
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(ENOENT, errno);
	close(fd);
}

TEST_F(lab, items_keep_the_module)
{
	ASSERT_EQ(0, make_item(ITEM));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("configfs"));
	EXPECT_EQ(0, remove_item(ITEM));
}

TEST_HARNESS_MAIN
