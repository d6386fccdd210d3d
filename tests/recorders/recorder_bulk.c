// SPDX-License-Identifier: GPL-2.0
/*
 * The channel syscalls of bulk_xfer(2): an endpoint for each processor, read in its window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The oldest records are lost when nobody reads; each endpoint tells how many
 * were. The leader has no processor's records once each has its endpoint.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bulk_syscalls.h>
#include <string.h>
#include <unistd.h>

#include "consume.h"
#include "die.h"
#include "gather.h"
#include "lib/bulk.h"
#include "recorder.h"

#define CHANNEL	"syscalls"
/* Nothing is waited for so long where all is well. */
#define TOTALS_MS	60000

/**
 * struct endpoint - an endpoint of the recording
 * @b: its handle
 * @totals: it has told what it lost
 */
struct endpoint {
	struct bulk *b;
	bool totals;
};

static struct {
	unsigned int cpus;
	struct endpoint leader;
	struct endpoint cpu[MAX_CPUS];
	uint64_t recording;
	uint64_t taken;	/* and not yet said so */
	uint64_t lost;
	int epoll;
} bulk;

/* Room for a record that a ring of a window has not, or that has no window. */
static uint8_t room[64 << 10] __attribute__((aligned(8)));

/* Returns 1 for a record of a call; others tell of the recording, or of processes. */
static unsigned int take_record(struct endpoint *e, const void *record, size_t len)
{
	const struct bulk_syscalls_totals *totals = record;
	const struct bulk_syscalls_started *started = record;
	const struct bulk_syscalls_head *head = record;
	unsigned int i;

	if (len < sizeof(*head))
		die("bulk: a record of %zu bytes", len);
	consume(record, len);
	switch (head->type) {
	case BULK_SYSCALLS_ENTER:
	case BULK_SYSCALLS_EXIT:
		return 1;
	case BULK_SYSCALLS_STARTED:
		bulk.recording = started->recording;
		return 0;
	case BULK_SYSCALLS_TOTALS:
		e->totals = true;
		for (i = 0; i < totals->nr_losses; i++)
			if (totals->losses[i].nr != BULK_SYSCALLS_NO_CALL)
				bulk.lost += totals->losses[i].overwritten +
					     totals->losses[i].refused +
					     totals->losses[i].killed;
		return 0;
	default:
		return 0;
	}
}

static uint64_t take_region(struct endpoint *e, const void *region, size_t bytes)
{
	struct bulk_cursor c = { region, bytes };
	uint64_t records = 0;
	const void *record;
	size_t len;

	while ((record = bulk_region_next(&c, &len, NULL, NULL)))
		records += take_record(e, record, len);
	if (c.left)
		die("bulk: %zu bytes that are no record", c.left);
	return records;
}

/* False when there is nothing; a record that is in no window is copied. */
static bool take_copied(struct endpoint *e)
{
	ssize_t len = bulk_recv_region(e->b, room, sizeof(room));

	if (len < 0 && errno != EAGAIN)
		die("bulk: receive: %s", strerror(errno));
	if (len < 0)
		return false;
	bulk.taken += take_region(e, room, len);
	return true;
}

static bool take(struct endpoint *e)
{
	const void *region;
	size_t len;

	region = bulk_borrow(e->b, SIZE_MAX, &len);
	if (!region && (errno == EOPNOTSUPP || errno == EMSGSIZE))
		return take_copied(e);
	if (!region && errno != EAGAIN)
		die("bulk: borrow: %s", strerror(errno));
	if (!region)
		return false;
	bulk.taken += take_region(e, region, len);
	if (bulk_return(e->b, len, 0))
		die("bulk: return: %s", strerror(errno));
	return true;
}

static uint64_t bulk_drain(void)
{
	uint64_t records;
	unsigned int i;

	while (take(&bulk.leader))
		;
	for (i = 0; i < bulk.cpus; i++)
		while (take(&bulk.cpu[i]))
			;
	records = bulk.taken;
	bulk.taken = 0;
	return records;
}

static void request(const struct endpoint *e, const void *what, size_t len, const char *name)
{
	if (bulk_send(e->b, what, len, 0) || bulk_flush(e->b))
		die("bulk: %s: %s", name, strerror(errno));
}

/* Bytes of a window whose rings have so many: they are mapped twice, behind two pages. */
static size_t window_of(size_t ring)
{
	return 2 * 4096 + 4 * ring;
}

static size_t power_of_two(size_t least)
{
	size_t size = 4096;

	while (size < least)
		size *= 2;
	return size;
}

static bool open_endpoint(struct endpoint *e, size_t bytes)
{
	e->totals = false;
	e->b = bulk_open_window(CHANNEL, O_RDWR | O_NONBLOCK, window_of(power_of_two(bytes)));
	if (e->b)
		return true;
	if (errno != ENOENT)
		die("bulk: channel " CHANNEL ": %s", strerror(errno));
	recorder_why = "no channel " CHANNEL;
	return false;
}

static void start_leader(pid_t pid, size_t bytes)
{
	struct {
		struct bulk_syscalls_request request;
		__u32 pid;
	} start = {
		.request = {
			.op = BULK_SYSCALLS_START,
			.policy = BULK_SYSCALLS_OVERWRITE,
			.ring_bytes = bytes,
			.nr_pids = 1,
			.filter.flags = BULK_SYSCALLS_PIDS | BULK_SYSCALLS_DESCENDANTS,
		},
		.pid = pid,
	};

	bulk.recording = 0;
	request(&bulk.leader, &start, offsetof(typeof(start), pid) + sizeof(start.pid), "start");
	take(&bulk.leader);
	if (!bulk.recording)
		die("bulk: the recording did not start");
}

static void join(unsigned int cpu, size_t bytes)
{
	const struct bulk_syscalls_request r = {
		.op = BULK_SYSCALLS_JOIN,
		.recording = bulk.recording,
		.cpu = cpu,
	};

	if (!open_endpoint(&bulk.cpu[cpu], bytes))
		die("bulk: %s", recorder_why);
	request(&bulk.cpu[cpu], &r, offsetof(struct bulk_syscalls_request, filter), "join");
	gather_add(bulk.epoll, bulk_fd(bulk.cpu[cpu].b));
}

static bool bulk_start(pid_t pid, size_t bytes)
{
	unsigned int i;

	bulk.cpus = gather_cpus();
	bulk.taken = 0;
	bulk.lost = 0;
	if (bytes / bulk.cpus < BULK_SYSCALLS_RING_MIN) {
		recorder_why = "too many processors for so little memory";
		return false;
	}
	/* What waits there is the first record, and the totals. */
	if (!open_endpoint(&bulk.leader, BULK_SYSCALLS_RING_MIN))
		return false;
	bulk.epoll = gather_open();
	gather_add(bulk.epoll, bulk_fd(bulk.leader.b));
	start_leader(pid, bytes / bulk.cpus);
	for (i = 0; i < bulk.cpus; i++)
		join(i, bytes / bulk.cpus);
	return true;
}

static int bulk_epoll(void)
{
	return bulk.epoll;
}

/* Totals may be made when they are asked for, and are then in no window. */
static bool has_told(struct endpoint *e)
{
	while (!e->totals && take_copied(e))
		;
	return e->totals;
}

static bool all_told(void)
{
	bool all = has_told(&bulk.leader);
	unsigned int i;

	for (i = 0; i < bulk.cpus; i++)
		all &= has_told(&bulk.cpu[i]);
	return all;
}

/* The recording ends by it, because endpoints tell what they lost when they are asked to. */
static uint64_t bulk_lost(void)
{
	const struct bulk_syscalls_request r = { .op = BULK_SYSCALLS_STOP };
	struct epoll_event event;

	request(&bulk.leader, &r, offsetof(struct bulk_syscalls_request, filter), "stop");
	while (!all_told())
		if (epoll_wait(bulk.epoll, &event, 1, TOTALS_MS) != 1)
			die("bulk: an endpoint has no totals");
	return bulk.lost;
}

static void bulk_stop(void)
{
	unsigned int i;

	for (i = 0; i < bulk.cpus; i++)
		bulk_close(bulk.cpu[i].b);
	bulk_close(bulk.leader.b);
	close(bulk.epoll);
}

const struct recorder recorder_bulk = {
	.name = "bulk",
	.about = "bulk_xfer(2), channel syscalls: an endpoint for each processor, read in its window",
	.start = bulk_start,
	.drain = bulk_drain,
	.fd = bulk_epoll,
	.lost = bulk_lost,
	.stop = bulk_stop,
};
