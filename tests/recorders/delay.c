// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes until a reader that waits has seen a call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <poll.h>
#include <stdlib.h>

#include "clock.h"
#include "die.h"
#include "measure.h"

#define DELAY_BYTES	(1U << 20)
/* A step is the call that counts, and the kill(2) by which it stops itself. */
#define STEP_RECORDS	(2 * 2)
#define DEADLINE_MS	60000
#define POLL_MS		100

/* The next records, at least one. */
static uint64_t take(const struct recorder *r)
{
	uint64_t begun = instant_now().ns, records;
	struct pollfd pfd = { .fd = r->fd(), .events = POLLIN };

	while (!(records = r->drain())) {
		/* Some tell of full buffers only: there may be records all the same. */
		if (pfd.fd >= 0)
			poll(&pfd, 1, POLL_MS);
		if (instant_now().ns - begun > DEADLINE_MS * 1000000ULL)
			break;
	}
	if (!records)
		die("%s: a call was not seen", r->name);
	return records;
}

static uint64_t step(const struct recorder *r, struct loading *l)
{
	uint64_t records, seen;

	load_go(l);
	records = take(r);
	seen = clock_ticks();
	if (!load_wait_for_stop(l))
		die("%s: the load ended", r->name);
	while (records < STEP_RECORDS)
		records += take(r);
	return seen - l->work->started;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/**
 * measure_delay() - time from a call to a waiting reader having its first record
 * @r: the recorder
 * @steps: how often
 *
 * Return: the delay.
 */
struct delay measure_delay(const struct recorder *r, unsigned int steps)
{
	struct loading l = load_fork(&load_steps, steps);
	uint64_t *delays = calloc(steps, sizeof(*delays));
	struct delay delay;
	unsigned int i;

	if (!delays || !r->start(l.pid, DELAY_BYTES))
		die("%s: %s", r->name, delays ? recorder_why : "no memory");
	for (i = 0; i < steps; i++)
		delays[i] = step(r, &l);
	delay.polled = r->fd() < 0;
	load_go(&l);
	while (!load_has_ended(&l, DEADLINE_MS * 1000000ULL))
		r->drain();
	r->stop();
	load_free(&l);
	qsort(delays, steps, sizeof(*delays), compare);
	delay.ticks = delays[steps / 2];
	free(delays);
	return delay;
}
