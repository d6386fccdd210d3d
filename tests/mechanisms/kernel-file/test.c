// SPDX-License-Identifier: GPL-2.0
/*
 * Files that the kernel reads and writes: both ways, and why one shouldn't.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "lab_file_test.h"

#define PARAM		"/sys/module/lab_kernel_file/parameters/path"
#define DEFAULT		"/tmp/lab_kernel_file"
#define JAIL		"/tmp/lab_kernel_jail"

FIXTURE_LAB("kernel-file")

/* 0 or -errno of the kernel's open(). */
static int kernel_opens(int ctl, const char *path, __u32 bytes)
{
	if (write_text(PARAM, path))
		return -1;
	return lab_set(ctl, bytes, 1, 0) ? -errno : 0;
}

TEST_F(lab, user_reads_what_the_kernel_wrote)
{
	char buf[256];

	unlink(DEFAULT);
	ASSERT_EQ(0, kernel_opens(self->ctl, DEFAULT, 64));
	EXPECT_EQ(3, ioctl(self->ctl, LAB_PRODUCE, 3));
	EXPECT_EQ(192, read_text(DEFAULT, buf, sizeof(buf)));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_TRUE(lab_is_record(buf + 128, 64, 2));
}

TEST_F(lab, kernel_reads_what_the_user_wrote)
{
	char buf[64] = "a record of the user's";
	int fd = open(DEFAULT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ASSERT_EQ(64, write(fd, buf, 64));
	close(fd);
	ASSERT_EQ(0, kernel_opens(self->ctl, DEFAULT, 64));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(64, lab_received(self->ctl));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 2));
	EXPECT_EQ(ENODATA, errno);
}

TEST_F(lab, kernel_gets_errnos_as_anybody)
{
	EXPECT_EQ(-ENOENT, kernel_opens(self->ctl, "/tmp/none/file", 64));
	EXPECT_EQ(-EISDIR, kernel_opens(self->ctl, "/tmp", 64));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(lab, path_has_a_limit)
{
	char path[300];

	memset(path, 'x', sizeof(path) - 1);
	path[299] = '\0';
	EXPECT_EQ(-ENOSPC, write_text(PARAM, path));
	EXPECT_TRUE(is_text(PARAM, DEFAULT "\n"));
}

/* It is the caller who must be allowed to: not the module. */
TEST_F(lab, privilege_is_the_callers)
{
	pid_t pid;
	int status;

	ASSERT_EQ(0, write_text(PARAM, "/root/lab_kernel_file"));
	chmod("/root", 0700);
	pid = fork();
	if (!pid)
		_exit(setuid(65534) || !lab_set(self->ctl, 64, 1, 0) || errno != EACCES);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	unlink("/root/lab_kernel_file");
}

/* One path, another file: as in a container. */
TEST_F(lab, root_folder_is_the_callers)
{
	pid_t pid;
	int status;

	unlink(DEFAULT);
	mkdir(JAIL, 0755);
	mkdir(JAIL "/tmp", 0755);
	ASSERT_EQ(0, write_text(PARAM, DEFAULT));
	pid = fork();
	if (!pid)
		_exit(chroot(JAIL) || lab_set(self->ctl, 64, 1, 0));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, access(DEFAULT, F_OK));
	EXPECT_EQ(0, access(JAIL DEFAULT, F_OK));
	unlink(JAIL DEFAULT);
}

TEST_F(lab, removed_file_is_written_for_nobody)
{
	char buf[8];

	ASSERT_EQ(0, kernel_opens(self->ctl, DEFAULT, 64));
	unlink(DEFAULT);
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(-ENOENT, read_text(DEFAULT, buf, sizeof(buf)));
}

TEST_F(lab, full_disk_and_mount_that_is_kept)
{
	mkdir(JAIL, 0755);
	ASSERT_EQ(0, mount("none", JAIL, "tmpfs", 0, "size=64k"));
	ASSERT_EQ(0, kernel_opens(self->ctl, JAIL "/file", 1 << 20));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, umount(JAIL));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, kernel_opens(self->ctl, DEFAULT, 64));
	EXPECT_EQ(0, umount(JAIL));
}

TEST_F(lab, module_lets_go_of_the_file)
{
	mkdir(JAIL, 0755);
	ASSERT_EQ(0, mount("none", JAIL, "tmpfs", 0, NULL));
	EXPECT_EQ(0, kernel_opens(self->ctl, JAIL "/file", 64));
	EXPECT_EQ(-EAGAIN, kmodule_remove("kernel-file"));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("kernel-file"));
	EXPECT_EQ(0, umount(JAIL));
	EXPECT_EQ(0, kmodule_insert("kernel-file", ""));
}

TEST_HARNESS_MAIN
