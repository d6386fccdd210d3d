// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of loads: one call over and over, reading a tree of files, one call at a time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Calls are made without libc's functions, which make more calls in one version
 * than in another.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "loads.h"

#define FOLDERS		8
#define FILES		32	/* in each */
#define FILE_BYTES	600	/* more than one part of the buffer, as cat has it of longer ones */
#define PART		512
/* A step begins so long after it went on, when its reader waits. */
#define STEP_TICKS	2000000

static char tree[] = "/tmp/recorders-XXXXXX";

static long call(struct work *work, long nr, long a, const void *b, long c)
{
	long ret = syscall(nr, a, b, c);

	if (ret < 0)
		_exit(2);
	work->made++;
	return ret;
}

static void run_getppid(struct work *work)
{
	while (work->made < work->calls)
		call(work, SYS_getppid, 0, NULL, 0);
}

/* What cat does. */
static void read_file(struct work *work, int folder, const char *name, int out)
{
	int fd = call(work, SYS_openat, folder, name, O_RDONLY);
	char part[PART];
	struct stat st;
	long len;

	call(work, SYS_fstat, fd, &st, 0);
	while ((len = call(work, SYS_read, fd, part, sizeof(part))))
		call(work, SYS_write, out, part, len);
	call(work, SYS_close, fd, NULL, 0);
}

/* An entry of getdents64(2), which has no header. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static void read_folder(struct work *work, const char *path, int out)
{
	int folder = call(work, SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	char room[4096] __attribute__((aligned(8)));
	const struct entry *entry;
	long len, at;

	while ((len = call(work, SYS_getdents64, folder, room, sizeof(room))))
		for (at = 0; at < len; at += entry->len) {
			entry = (const struct entry *)(room + at);
			if (entry->name[0] != '.')
				read_file(work, folder, entry->name, out);
		}
	call(work, SYS_close, folder, NULL, 0);
}

static void folder_path(char *path, size_t room, unsigned int n)
{
	snprintf(path, room, "%s/%u", tree, n);
}

static void run_files(struct work *work)
{
	int out = call(work, SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY);
	char path[64];
	unsigned int n;

	for (n = 0; work->made < work->calls; n = (n + 1) % FOLDERS) {
		folder_path(path, sizeof(path), n);
		read_folder(work, path, out);
	}
	call(work, SYS_close, out, NULL, 0);
}

/* Stopped before each call, until the parent is ready to see it. */
static void run_steps(struct work *work)
{
	uint64_t begun;

	while (work->made < work->calls) {
		begun = clock_ticks();
		while (clock_ticks() - begun < STEP_TICKS)
			;
		work->started = clock_ticks();
		call(work, SYS_getppid, 0, NULL, 0);
		syscall(SYS_kill, getpid(), SIGSTOP);
	}
}

static void make_file(const char *folder, unsigned int n)
{
	char path[96], text[FILE_BYTES];
	int fd;

	memset(text, 'x', sizeof(text));
	snprintf(path, sizeof(path), "%s/%u", folder, n);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, sizeof(text)) != sizeof(text))
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/**
 * load_tree_make() - make the files that load_files reads
 */
void load_tree_make(void)
{
	unsigned int folder, n;
	char path[64];

	if (!mkdtemp(tree))
		die("%s: %s", tree, strerror(errno));
	for (folder = 0; folder < FOLDERS; folder++) {
		folder_path(path, sizeof(path), folder);
		if (mkdir(path, 0700))
			die("%s: %s", path, strerror(errno));
		for (n = 0; n < FILES; n++)
			make_file(path, n);
	}
}

/**
 * load_tree_remove() - remove them
 */
void load_tree_remove(void)
{
	unsigned int folder, n;
	char path[96];

	for (folder = 0; folder < FOLDERS; folder++) {
		for (n = 0; n < FILES; n++) {
			snprintf(path, sizeof(path), "%s/%u/%u", tree, folder, n);
			unlink(path);
		}
		folder_path(path, sizeof(path), folder);
		rmdir(path);
	}
	rmdir(tree);
}

const struct load load_getppid = { .name = "getppid", .warm = 64, .run = run_getppid };
const struct load load_files = { .name = "files", .warm = 64, .run = run_files };
const struct load load_steps = { .name = "steps", .run = run_steps };
