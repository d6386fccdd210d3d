/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records by page: pinned when they are sent, mapped when they are received.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PAGES_H
#define PAGES_H

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "region.h"

#define PAGE		4096UL	/* bytes, on x86 */
#define IN_PAGES	16384UL	/* echo gives records of so many bytes, or more, in pages */
#define WINDOW_MAX	"/proc/sys/kernel/bulk_xfer/window_max"

static inline size_t whole_pages(size_t len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

/* A page room, or NULL with errno. */
static inline char *map_room(int fd, size_t size)
{
	void *room = mmap(NULL, size, PROT_READ, MAP_SHARED, fd,
			  BULK_OFF_PAGES);

	return room == MAP_FAILED ? NULL : room;
}

static inline struct bulk_seg seg_pin(const void *buf, size_t len, __u64 tag)
{
	struct bulk_seg seg = seg_send(buf, len, tag);

	seg.flags = BULK_SEG_PIN;
	return seg;
}

static inline struct bulk_seg seg_map(void *at, size_t room)
{
	struct bulk_seg seg = seg_recv(at, room);

	seg.flags = BULK_SEG_MAP;
	return seg;
}

/* One SEND of pinned memory that does not wait: 0 or an errno. */
static inline int bulk_pin(int fd, const void *buf, size_t len, __u64 tag)
{
	struct bulk_seg seg = seg_pin(buf, len, tag);

	return try_one(fd, &seg);
}

/* One RECV into a page room that does not wait: bytes or an errno. */
static inline int bulk_map(int fd, void *at, size_t room, __u64 *tag)
{
	struct bulk_seg seg = seg_map(at, room);
	int ret = try_one(fd, &seg);

	if (tag)
		*tag = seg.tag;
	return ret ?: seg.res;
}

/* One SEND of what @tag stands for, which does not wait: 0 or an errno. */
static inline int send_filled(int fd, size_t len, __u64 tag)
{
	char *buf = malloc(len + 1);
	int ret;

	fill(buf, len, tag);
	ret = bulk_send(fd, buf, len, tag);
	free(buf);
	return ret;
}

/* Is what @tag stands for mapped at @at, with zeroes after it in the last page? */
static inline bool is_mapped(const char *at, size_t len, __u64 tag)
{
	size_t end = whole_pages(len);

	if (filled(at, len, tag) != len)
		return false;
	for (; len < end; len++)
		if (at[len])
			return false;
	return true;
}

/* A child that doesn't outlive a test that fails. */
static inline pid_t fork_child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* The child, which is killed now, has come no further. */
static inline bool kill_child(pid_t pid)
{
	int status;

	return !kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid &&
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* A thread in a call of one segment. */
struct waiter {
	pthread_t thread;
	pid_t tid;
	int fd;
	struct bulk_seg seg;
	long ret;
};

static inline void *run_waiter(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->ret = bulk_xfer(w->fd, &w->seg, 1, 0);
	return NULL;
}

/* Returns when it sleeps there. */
static inline void start_waiter(struct waiter *w, int fd, struct bulk_seg seg)
{
	*w = (struct waiter){ .fd = fd, .seg = seg };
	pthread_create(&w->thread, NULL, run_waiter, w);
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(w->tid, __NR_bulk_xfer);
}

#endif /* PAGES_H */
