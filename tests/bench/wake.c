// SPDX-License-Identifier: GPL-2.0
/*
 * How long a sleeping receiver takes to have a record that is sent.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "measure.h"

#define WAKES		101
#define QUICK_WAKES	5
#define SLEEP_US	1000	/* until the receiver sleeps for certain */
#define LIMIT_MS	10000

static _Atomic uint64_t received_at;
static int wakes;

static void *receive(void *arg)
{
	struct transfer *t = arg;
	int i;

	for (i = 0; i < wakes; i++) {
		t->mech->recv(t, 1);
		atomic_store(&received_at, instant_now().ns);
	}
	return NULL;
}

static uint64_t await(const char *name)
{
	uint64_t at;
	int ms;

	for (ms = 0; ms < LIMIT_MS; ms++) {
		at = atomic_exchange(&received_at, 0);
		if (at)
			return at;
		usleep(SLEEP_US);
	}
	die("%s: a receiver is asleep with a record to take", name);
}

static uint64_t wake_once(struct transfer *t)
{
	uint64_t start;

	usleep(SLEEP_US);
	start = instant_now().ns;
	if (t->mech->poke)
		t->mech->poke(t);
	else
		t->mech->send(t, 1);
	t->next++;
	return await(t->mech->name) - start;
}

struct wakes measure_wakes(const struct mechanism *m, uint32_t bytes, bool quick)
{
	struct wakes w = { .taken = m->blocks };
	uint64_t ns[WAKES];
	struct transfer t;
	pthread_t thread;
	int i;

	if (!w.taken)
		return w;
	wakes = quick ? QUICK_WAKES : WAKES;
	t = transfer_open(m, bytes, m->wake_flags);
	if (pthread_create(&thread, NULL, receive, &t))
		die("no thread");
	for (i = 0; i < wakes; i++)
		ns[i] = wake_once(&t);
	pthread_join(thread, NULL);
	transfer_close(&t);
	qsort(ns, wakes, sizeof(ns[0]), compare_u64);
	w.median = ns[wakes / 2];
	w.p99 = ns[wakes * 99 / 100];
	return w;
}
