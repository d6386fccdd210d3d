// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving records as they come.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../clock.h"
#include "../message.h"
#include "../progress.h"
#include "capture.h"

#define NS_PER_MS	1000000ULL

/*
 * A record has its time before it is in the ring, and an interrupt may lie between:
 * those of this age are there on every CPU, those that are younger are held back.
 */
#define HOLD_NS		NS_PER_MS
#define HELD_MS		10

/* Others see each line within 100 ms; the time that it is held is a part of that. */
#define FLUSH_NS	(50 * NS_PER_MS)

#define PROGRESS_NS	(5000 * NS_PER_MS)

/*
 * More records a wake-up cost less each. At one byte a nanosecond, above what a CPU
 * has been seen to record, half a ring fills in this pause.
 */
#define LONGEST_PAUSE_NS	(20 * NS_PER_MS)

static void pause_for_more(const struct capture *c)
{
	struct timespec pause = {
		.tv_nsec = c->recording->started.ring_bytes / 2,
	};

	if (pause.tv_nsec > (long)LONGEST_PAUSE_NS)
		pause.tv_nsec = LONGEST_PAUSE_NS;
	nanosleep(&pause, NULL);
}

void capture_wait(struct capture *c, int ms)
{
	struct epoll_event ev;

	if (epoll_wait(c->epfd, &ev, 1, ms) < 0 && errno != EINTR)
		fail("epoll: %s", strerror(errno));
}

bool capture_signalled(struct capture *c)
{
	struct signalfd_siginfo info;
	bool asked = false;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			asked = true;
		else
			c->signal = info.ssi_signo;
	}
	watch_reap(&c->watch);
	return asked;
}

/* All records before the look at the endpoints are there. */
static void receive_round(struct capture *c)
{
	uint64_t now = now_ns();

	capture_ready(c);
	merge_until(&c->merge, now - HOLD_NS, deliver, &c->to);
}

static void flush(struct capture *c)
{
	uint64_t now = now_ns();

	if (merge_waits(&c->merge) && now - c->flushed < FLUSH_NS)
		return;
	form_flush(&c->form);
	c->flushed = now;
}

static void report_progress(struct capture *c)
{
	uint64_t now;

	if (!c->progress)
		return;
	now = now_ns();
	if (now < c->progress)
		return;
	progress_show(c->to.cost.bytes, 0);
	c->progress = now + PROGRESS_NS;
}

static int patience(struct capture *c)
{
	if (merge_waits(&c->merge))
		return HELD_MS;
	return c->progress ? (int)(PROGRESS_NS / NS_PER_MS) : -1;
}

/* A process that has ended may have made one that no record has told of yet. */
static bool is_over(struct capture *c)
{
	if (c->signal || c->gone)
		return true;
	if (!watch_over(&c->watch))
		return false;
	capture_receive(c);
	merge_until(&c->merge, UINT64_MAX, deliver, &c->to);
	watch_reap(&c->watch);
	return watch_over(&c->watch);
}

void capture_live(struct capture *c, bool to_file)
{
	if (to_file && isatty(STDERR_FILENO))
		c->progress = now_ns() + PROGRESS_NS;
	while (!is_over(c)) {
		capture_wait(c, patience(c));
		pause_for_more(c);
		receive_round(c);
		flush(c);
		capture_signalled(c);
		report_progress(c);
	}
}
