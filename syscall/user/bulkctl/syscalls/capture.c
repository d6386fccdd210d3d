// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving what a recording records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../clock.h"
#include "../explain.h"
#include "../message.h"
#include "capture.h"

/* So long a channel may be silent that is asked for its totals. */
#define PATIENCE_NS	10000000000ULL

#define POLL_NS		1000000

void capture_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

static void wake_by(struct capture *c, int fd, uint32_t which)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = which };

	if (epoll_ctl(c->epfd, EPOLL_CTL_ADD, fd, &ev))
		fail("epoll: %s", strerror(errno));
}

static void make_queues(struct capture *c, unsigned int nr)
{
	c->merge.nr = nr;
	c->merge.queues = calloc(nr, sizeof(*c->merge.queues));
	c->merge.heap = calloc(nr, sizeof(*c->merge.heap));
	c->events = calloc(nr + 2, sizeof(*c->events));
	if (!c->merge.queues || !c->merge.heap || !c->events)
		fail("no memory for the queues of %u endpoints", nr);
}

void capture_open(struct capture *c, bool live)
{
	unsigned int nr = c->recording->nr, i;
	sigset_t set;

	make_queues(c, nr);
	/* The first record is received already. */
	c->to.cost.records = 1;
	c->to.cost.bytes = sizeof(c->recording->started);
	capture_signals(&set);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	c->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (c->signals < 0 || c->epfd < 0)
		fail("epoll: %s", strerror(errno));
	for (i = 0; live && i < nr; i++)
		wake_by(c, bulk_fd(c->recording->endpoints[i].bulk), i);
	wake_by(c, c->signals, nr);
	wake_by(c, c->watch.epfd, nr + 1);
}

void capture_close(struct capture *c)
{
	unsigned int i;

	for (i = 0; i < c->merge.nr; i++)
		queue_free(&c->merge.queues[i]);
	free(c->merge.queues);
	free(c->merge.heap);
	free(c->events);
	tids_clear(&c->to.names);
	free(c->to.cost.losses);
	close(c->signals);
	close(c->epfd);
	close(c->watch.epfd);
}

/*
 * No more can have waited at the beginning than ring and
 * window hold, so that what comes faster than it is received does not keep it here.
 */
static void receive_from(struct capture *c, unsigned int i)
{
	struct channel *ch = &c->recording->endpoints[i];
	size_t most = bulk_window(ch->bulk) + c->recording->started.ring_bytes;
	struct bulk_seg seg;
	size_t got = 0, room;
	ssize_t len;
	void *at;

	while (got <= most) {
		at = queue_room(&c->merge.queues[i], &room);
		if (!at)
			fail("no memory for what is received");
		len = bulk_recv_region(ch->bulk, at, room);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			break;
		if (!len)
			return;
		queue_filled(&c->merge.queues[i], len);
		got += len;
	}
	if (got > most || errno == EAGAIN)
		return;
	seg = bulk_seg_recv_region(at, room);
	if (errno != ENODEV)
		explain_transfer(ch, &seg);
	c->gone = true;
}

void capture_receive(struct capture *c)
{
	unsigned int i;

	for (i = 0; i < c->merge.nr; i++)
		receive_from(c, i);
}

void capture_ready(struct capture *c)
{
	int nr, i;

	nr = epoll_wait(c->epfd, c->events, c->merge.nr + 2, 0);
	for (i = 0; i < nr; i++) {
		if (c->events[i].data.u32 < c->merge.nr)
			receive_from(c, c->events[i].data.u32);
	}
}

static bool is_complete(const struct capture *c)
{
	return c->gone || c->to.cost.totals >= c->merge.nr;
}

static uint64_t received(const struct capture *c)
{
	return c->to.cost.records + c->to.cost.totals;
}

/* An endpoint tells its totals once, when all before is received. */
void capture_end(struct capture *c)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	uint64_t since = now_ns(), before = 0;
	unsigned int i;

	recording_stop(c->recording);
	for (;;) {
		capture_receive(c);
		merge_until(&c->merge, UINT64_MAX, deliver, &c->to);
		if (received(c) != before)
			since = now_ns();
		before = received(c);
		if (is_complete(c) || now_ns() - since > PATIENCE_NS)
			break;
		nanosleep(&pause, NULL);
	}
	if (c->gone)
		warn("the channel went away: its module was unloaded");
	else if (!is_complete(c))
		warn("%u of %u endpoints did not tell what they lost",
		     c->merge.nr - c->to.cost.totals, c->merge.nr);
	for (i = 0; i < c->merge.nr; i++)
		c->to.cost.skipped += c->merge.queues[i].skipped;
}
