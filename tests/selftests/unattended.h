/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels whose windows the kernel looks after by itself: their settings, and
 * senders that leave their records to it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef UNATTENDED_H
#define UNATTENDED_H

#include <pthread.h>
#include <time.h>

#include "window.h"

#define PATIENCE	(kernel_checks_itself() ? 120 : 30)	/* seconds */

static inline int set_sysfs(const char *channel, const char *what,
			    const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/bulk/%s/%s", channel, what);
	return write_text(path, value);
}

static inline time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Looks, which drains nothing, until the figure is at least @value. */
static inline bool reaches(int fd, const char *what, long long value)
{
	time_t end = now() + PATIENCE;

	while (figure(fd, what) < value && now() < end)
		usleep(1000);
	return figure(fd, what) >= value;
}

struct sender {
	pthread_t thread;
	const struct windowed *w;
	__u64 id;
	unsigned long long sent;
	unsigned long long most;
	long ret;
};

/* Sends until there were enough, or the channel is gone. */
static inline void *run_sender(void *arg)
{
	struct sender *s = arg;

	while (s->sent < s->most &&
	       !(s->ret = window_send(s->w, &s->sent, sizeof(s->sent), s->id, 0)))
		__atomic_add_fetch(&s->sent, 1, __ATOMIC_RELAXED);
	return NULL;
}

#endif /* UNATTENDED_H */
