/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels with a deadline: to set it, to wait for it, to count its timers.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include "liar.h"
#include "unattended.h"

#define SHORT		"1000"		/* microseconds */
#define LONG		"10000000"	/* the longest there is */
#define IDLE		200000		/* microseconds: many times SHORT */
#define TRACING		"/sys/kernel/tracing/"

static inline int set_deadline(const char *channel, const char *us)
{
	return set_sysfs(channel, "deadline_us", us);
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

#endif /* DEADLINE_H */
