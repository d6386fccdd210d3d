/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the selftests of bulk_xfer(2) share: the call, segments, figures.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_TEST_H
#define BULK_TEST_H

#include "../kselftest_harness.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bulk_channels.h>
#include <linux/bulk_xfer.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Generous: an emulated kernel that checks itself is some 100 times slower. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define MAX_RECORD	(1024U * 1024)	/* of echo, sink and source */
#define SEG_UNTOUCHED	0x5a5a5a5a	/* no result: neither a size nor an errno */

static inline long bulk_xfer(int fd, struct bulk_seg *segs,
			     unsigned int nr_segs, unsigned int flags)
{
	long ret = syscall(__NR_bulk_xfer, fd, segs, nr_segs, flags);

	return ret < 0 ? -errno : ret;
}

static inline struct bulk_seg seg_send(const void *buf, size_t len, __u64 tag)
{
	return (struct bulk_seg){
		.op = BULK_OP_SEND,
		.addr = (unsigned long)buf,
		.len = len,
		.tag = tag,
		.res = SEG_UNTOUCHED,
	};
}

static inline struct bulk_seg seg_recv(void *buf, size_t room)
{
	return (struct bulk_seg){
		.op = BULK_OP_RECV,
		.addr = (unsigned long)buf,
		.len = room,
		.res = SEG_UNTOUCHED,
	};
}

/* One segment that does not wait: 0 or an errno. */
static inline int try_one(int fd, struct bulk_seg *seg)
{
	long ret = bulk_xfer(fd, seg, 1, BULK_DONTWAIT);

	return ret == 1 ? 0 : ret;
}

/* One SEND that does not wait: 0 or an errno. */
static inline int bulk_send(int fd, const void *buf, size_t len, __u64 tag)
{
	struct bulk_seg seg = seg_send(buf, len, tag);

	return try_one(fd, &seg);
}

/* One RECV that does not wait: bytes or an errno. */
static inline int bulk_recv(int fd, void *buf, size_t room, __u64 *tag)
{
	struct bulk_seg seg = seg_recv(buf, room);
	int ret = try_one(fd, &seg);

	if (tag)
		*tag = seg.tag;
	return ret ?: seg.res;
}

/* A file descriptor or an errno, -ENOENT where the kernel lacks the channel. */
static inline int open_channel(const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/bulk/%s", name);
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

static inline size_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	n = n < 0 ? 0 : n;
	buf[n] = 0;
	return n;
}

static inline int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

/* The number after "KEY" in a text of such lines, or -1. */
static inline long long text_value(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 0) : -1;
}

static inline long long figure(int fd, const char *key)
{
	char path[64], line[64], text[1024];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(line, sizeof(line), "bulk-%s:\t", key);
	read_text(path, text, sizeof(text));
	return text_value(text, line);
}

/* What sysfs says of a channel. */
static inline long long sysfs_figure(const char *channel, const char *what)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/class/bulk/%s/%s", channel, what);
	return read_text(path, text, sizeof(text)) ? atoll(text) : -1;
}

/* A kernel that is slow, and whose objects are larger than they have to be. */
static inline bool kernel_checks_itself(void)
{
	return !access("/proc/lockdep_stats", F_OK) ||
	       !access("/sys/kernel/debug/kmemleak", F_OK);
}

/*
 * How much of a test that is long by nature is done: @full where BULK_FULL is
 * set, as a soak does; else @some, or @few on a kernel that checks itself.
 */
static inline unsigned long rounds(unsigned long full, unsigned long some,
				   unsigned long few)
{
	if (getenv("BULK_FULL"))
		return full;
	return kernel_checks_itself() ? few : some;
}

/*
 * A hundred times in a long test, where BULK_PROGRESS names a file for it: how
 * many of @all operations are done. To KTAP the line is a comment.
 */
static inline void tell_progress(unsigned long long done,
				 unsigned long long all)
{
	const char *path = getenv("BULK_PROGRESS");
	char line[80];

	if (!path || done % (all / 100 + 1))
		return;
	snprintf(line, sizeof(line), "# %llu of %llu operations\n", done, all);
	write_text(path, line);
}

/* Fill a buffer with what @seed stands for. */
static inline void fill(void *buf, size_t len, __u64 seed)
{
	unsigned char *byte = buf;
	size_t i;

	for (i = 0; i < len; i++)
		byte[i] = bulk_source_word(seed, i / 8) >> (i % 8 * 8);
}

/* How many bytes from the first differ not from what fill() gives. */
static inline size_t filled(const void *buf, size_t len, __u64 seed)
{
	const unsigned char *byte = buf;
	__u64 word = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = bulk_source_word(seed, i / 8);
		if (byte[i] != (unsigned char)(word >> (i % 8 * 8)))
			return i;
	}
	return len;
}

static inline void *map_pages(size_t pages)
{
	return mmap(NULL, pages * getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* One page with an inaccessible one after it: returns the end of the first. */
static inline char *map_before_hole(size_t pages)
{
	char *map = map_pages(pages + 1);

	if (map == MAP_FAILED)
		return NULL;
	munmap(map + pages * getpagesize(), getpagesize());
	return map + pages * getpagesize();
}

/* Wait until a thread sleeps in the system call @nr; only a deadline ends it. */
static inline void wait_blocked(pid_t tid, long nr)
{
	char path[64], text[256], *end;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	for (;;) {
		read_text(path, text, sizeof(text));
		if (strtol(text, &end, 10) == nr && end != text)
			return;
		usleep(1000);
	}
}

#endif /* BULK_TEST_H */
