/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels with a deadline: to set it, to wait for it, to count its timers.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <pthread.h>
#include <time.h>

#include "liar.h"

#define SHORT		"1000"		/* microseconds */
#define LONG		"10000000"	/* the longest there is */
#define IDLE		200000		/* microseconds: many times SHORT */
#define PATIENCE	(kernel_checks_itself() ? 120 : 30)	/* seconds */
#define TRACING		"/sys/kernel/tracing/"

static inline int set_sysfs(const char *channel, const char *what,
			    const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/bulk/%s/%s", channel, what);
	return write_text(path, value);
}

static inline int set_deadline(const char *channel, const char *us)
{
	return set_sysfs(channel, "deadline_us", us);
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

/* No timer runs: the next SEND enters the kernel. */
static inline bool asks_for_a_call(const struct windowed *w)
{
	return __atomic_load_n(&kernel_page(w)->state, __ATOMIC_ACQUIRE) !=
	       BULK_WINDOW_READY;
}

/*
 * Have at least one record in the window that no call brought there: the one
 * before it has started the timer. A SEND that makes no call where one is asked
 * for counts for nothing. Returns how many were sent, or an errno.
 */
static inline int send_uncalled(const struct windowed *w)
{
	time_t end = now() + PATIENCE;
	int sent = 0, ret;

	do {
		ret = window_send(w, "x", 1, 0, BULK_NO_SYSCALL);
		sent += !ret;
		if (!ret && !asks_for_a_call(w))
			return sent;
		ret = window_send(w, "x", 1, 0, 0);
		sent += !ret;
	} while (!ret && now() < end);
	return ret ?: -ETIME;
}

static inline void start_counting(void)
{
	write_text(TRACING "kprobe_events", "p:bulk_expired bulk_deadline_expired");
	write_text(TRACING "events/kprobes/bulk_expired/enable", "1");
}

static inline void stop_counting(void)
{
	write_text(TRACING "events/kprobes/bulk_expired/enable", "0");
	write_text(TRACING "kprobe_events", "-:bulk_expired");
}

/* How often a timer has expired since start_counting(), or -1. */
static inline long long expired(void)
{
	char text[4096];

	read_text(TRACING "kprobe_profile", text, sizeof(text));
	return text_value(text, "bulk_expired ");
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

#endif /* DEADLINE_H */
