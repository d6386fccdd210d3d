// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: parameters with and without notice, attributes, a bus, the page that limits all.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_file_test.h"

#define PARAM(_name)	"/sys/module/lab_sysfs/parameters/" _name
#define MYFS(_name)	"/sys/fs/myfs/" _name
#define BUS_VALUE	"/sys/bus/my_pseudo_bus/value"

FIXTURE_LAB("sysfs")

static int set_up(int fd, __u32 bytes, __u32 unit)
{
	struct lab_setup setup = { bytes, unit, 1, 0 };

	return ioctl(fd, LAB_SETUP, &setup);
}

TEST_F(lab, silent_parameter_is_just_changed)
{
	EXPECT_TRUE(is_text(PARAM("silent"), "1\n"));
	EXPECT_EQ(0, write_text(PARAM("silent"), "-5"));
	EXPECT_TRUE(is_text(PARAM("silent"), "-5\n"));
	EXPECT_EQ(-EINVAL, write_text(PARAM("silent"), "x"));
	EXPECT_TRUE(is_text(PARAM("changes"), "0\n"));
}

TEST_F(lab, noticed_parameter_is_checked_and_told)
{
	EXPECT_EQ(0, write_text(PARAM("noticed"), "100"));
	EXPECT_EQ(0, write_text(PARAM("noticed"), "7"));
	EXPECT_TRUE(is_text(PARAM("changes"), "2\n"));
	EXPECT_EQ(-EINVAL, write_text(PARAM("noticed"), "0"));
	EXPECT_EQ(-EINVAL, write_text(PARAM("noticed"), "101"));
	EXPECT_TRUE(is_text(PARAM("noticed"), "7\n"));
	EXPECT_TRUE(is_text(PARAM("changes"), "2\n"));
}

TEST(parameters_are_set_when_the_module_is_loaded)
{
	kmodule_remove("sysfs");
	ASSERT_EQ(0, kmodule_insert("sysfs", "silent=3 noticed=50"));
	EXPECT_TRUE(is_text(PARAM("silent"), "3\n"));
	EXPECT_TRUE(is_text(PARAM("noticed"), "50\n"));
	EXPECT_TRUE(is_text(PARAM("changes"), "1\n"));
	EXPECT_EQ(0, kmodule_remove("sysfs"));
	EXPECT_EQ(-EINVAL, kmodule_insert("sysfs", "noticed=101"));
	EXPECT_EQ(-ENOENT, kmodule_remove("sysfs"));
}

TEST_F(lab, attributes_of_a_kobject)
{
	EXPECT_TRUE(is_text(MYFS("first"), "1\n"));
	EXPECT_TRUE(is_text(MYFS("second"), "2\n"));
	EXPECT_EQ(0, write_text(MYFS("first"), "0x10\n"));
	EXPECT_TRUE(is_text(MYFS("first"), "16\n"));
	EXPECT_TRUE(is_text(MYFS("second"), "2\n"));
	EXPECT_EQ(-EINVAL, write_text(MYFS("second"), "two"));
	EXPECT_EQ(-ERANGE, write_text(MYFS("second"), "99999999999"));
	EXPECT_TRUE(is_text(MYFS("second"), "2\n"));
}

TEST_F(lab, attribute_of_a_bus)
{
	EXPECT_TRUE(is_text(BUS_VALUE, "0\n"));
	EXPECT_EQ(0, write_text(BUS_VALUE, "42"));
	EXPECT_TRUE(is_text(BUS_VALUE, "42\n"));
	EXPECT_EQ(-EINVAL, write_text(BUS_VALUE, "x"));
	EXPECT_EQ(0, access("/sys/bus/my_pseudo_bus/devices", F_OK));
}

TEST_F(lab, modes_keep_others_out)
{
	EXPECT_EQ(0, nobody_opens(MYFS("first"), O_RDONLY));
	EXPECT_EQ(EACCES, nobody_opens(MYFS("first"), O_WRONLY));
	EXPECT_EQ(EACCES, nobody_opens(MYFS("record"), O_RDONLY));
	EXPECT_EQ(EACCES, nobody_opens(PARAM("silent"), O_WRONLY));
	EXPECT_EQ(-1, open(MYFS("third"), O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(lab, a_value_is_at_most_a_page)
{
	int fd = open(MYFS("record"), O_RDWR | O_CLOEXEC);
	static char buf[8192];

	ASSERT_EQ(0, set_up(self->ctl, 8192, 4088));
	EXPECT_EQ(4088, pread(fd, buf, 8192, 0));
	EXPECT_EQ(0, lab_seq(buf));
	EXPECT_EQ(0, pread(fd, buf, 8192, 4088));
	EXPECT_EQ(4088, pread(fd, buf, 8192, 0));
	EXPECT_EQ(16, pread(fd, buf, 8192, 0));
	EXPECT_EQ(~0ULL, lab_seq(buf + 8));
	EXPECT_EQ(4096, pwrite(fd, buf, 8192, 0));
	EXPECT_EQ(4096, lab_received(self->ctl));
	EXPECT_EQ(-1, pwrite(fd, nowhere(), 64, 0));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, set_up(self->ctl, 8192, 4096));
	EXPECT_EQ(-1, pread(fd, buf, 8192, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, set_up(self->ctl, 8192, 4104));
	EXPECT_EQ(EMSGSIZE, errno);
	close(fd);
}

TEST_F(lab, binary_attribute_is_passed_page_by_page)
{
	int fd = open(MYFS("blob"), O_RDWR | O_CLOEXEC);
	static char buf[8192];

	ASSERT_EQ(0, set_up(self->ctl, 8192, 4096));
	EXPECT_EQ(4096, read(fd, buf, 8192));
	EXPECT_EQ(0, lab_seq(buf));
	EXPECT_EQ(4096, read(fd, buf, 8192));
	EXPECT_EQ(~0ULL, lab_seq(buf + 4088));
	EXPECT_EQ(-1, read(fd, buf, 100));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(4096, write(fd, buf, 8192));
	EXPECT_EQ(4096, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, poll_tells_of_a_new_value)
{
	struct pollfd pfd = {
		.fd = open(MYFS("record"), O_RDONLY | O_CLOEXEC), .events = POLLPRI,
	};
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_QUEUED));
	EXPECT_EQ(0, pread(pfd.fd, buf, 64, 0));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, poll(&pfd, 1, -1));
	EXPECT_EQ(POLLPRI | POLLERR, pfd.revents);
	EXPECT_EQ(64, pread(pfd.fd, buf, 64, 0));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	close(pfd.fd);
}

TEST_F(lab, open_file_outlives_the_module)
{
	int fd = open(MYFS("record"), O_RDWR | O_CLOEXEC);
	char buf[64] = "";

	EXPECT_EQ(-EAGAIN, kmodule_remove("sysfs"));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("sysfs"));
	EXPECT_EQ(-1, read(fd, buf, 64));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, write(fd, buf, 64));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	EXPECT_EQ(0, kmodule_insert("sysfs", ""));
}

TEST_HARNESS_MAIN
