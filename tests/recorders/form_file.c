// SPDX-License-Identifier: GPL-2.0
/*
 * The log by read(2): of a file below /proc, of a device, of a file system of its own.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * One ring for all, under a lock. The newest records are lost when it is full;
 * the device tells how many.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "form.h"
#include "recorder.h"

#define FOLDER	"/sagafs"

static struct {
	int fd;
	struct form_stream stream;
} file;

static void file_open(const char *path)
{
	file.stream.have = 0;
	file.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (file.fd < 0)
		die("%s: %s", path, strerror(errno));
}

static bool start_procfs(pid_t pid, size_t bytes)
{
	if (!form_start(LOG_RING, pid, bytes))
		return false;
	file_open(LOG_PROC);
	return true;
}

static bool start_chardev(pid_t pid, size_t bytes)
{
	if (!form_start(LOG_RING, pid, bytes))
		return false;
	file.stream.have = 0;
	file.fd = form_ctl;
	return true;
}

static bool start_fs(pid_t pid, size_t bytes)
{
	if (!form_start(LOG_RING, pid, bytes))
		return false;
	if (mkdir(FOLDER, 0755) && errno != EEXIST)
		die(FOLDER ": %s", strerror(errno));
	if (mount(LOG_FS, FOLDER, LOG_FS, 0, NULL))
		die("mount " LOG_FS ": %s", strerror(errno));
	file_open(FOLDER "/log");
	return true;
}

static uint64_t file_drain(void)
{
	return form_take_all(&file.stream, file.fd);
}

static int file_fd(void)
{
	return file.fd;
}

static void stop_procfs(void)
{
	close(file.fd);
	form_stop();
}

static void stop_fs(void)
{
	close(file.fd);
	if (umount(FOLDER))
		die("umount " FOLDER ": %s", strerror(errno));
	form_stop();
}

const struct recorder recorder_procfs = {
	.name = "procfs",
	.about = "a file below /proc, read",
	.start = start_procfs,
	.drain = file_drain,
	.fd = file_fd,
	.lost = form_lost,
	.stop = stop_procfs,
};

const struct recorder recorder_chardev = {
	.name = "chardev",
	.about = "a character device that open starts and close stops, read",
	.start = start_chardev,
	.drain = file_drain,
	.fd = file_fd,
	.lost = form_lost,
	.stop = form_stop,
};

const struct recorder recorder_fs = {
	.name = "fs",
	.about = "/sagafs/log, a file of a file system of its own, read",
	.start = start_fs,
	.drain = file_drain,
	.fd = file_fd,
	.lost = form_lost,
	.stop = stop_fs,
};
