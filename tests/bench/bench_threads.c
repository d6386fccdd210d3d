// SPDX-License-Identifier: GPL-2.0
/*
 * How much more as many threads as processors move than one, with an endpoint each.
 *
 * Records of 64 B go through each endpoint's window to the channel sink. One
 * line, which begins with "# threads", tells the ratio by wall time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "lib/bulk.h"

#define RECORD		64
#define RECORDS		200000	/* of each thread */
#define MAX_THREADS	64
#define ROUNDS		3	/* the fastest counts */

static void *send_all(void *arg)
{
	struct bulk *b = bulk_open("sink", O_RDWR);
	pthread_barrier_t *start = arg;
	char record[RECORD] = { };
	unsigned int i;

	if (!b)
		err(1, "channel sink");
	pthread_barrier_wait(start);
	for (i = 0; i < RECORDS; i++)
		if (bulk_send(b, record, sizeof(record), i))
			err(1, "bulk_send");
	if (bulk_flush(b))
		err(1, "bulk_flush");
	bulk_close(b);
	return NULL;
}

/* Nanoseconds until the last of so many threads has sent all. */
static uint64_t time_of(unsigned int threads)
{
	pthread_t ids[MAX_THREADS];
	pthread_barrier_t start;
	struct instant begun;
	unsigned int i;

	pthread_barrier_init(&start, NULL, threads + 1);
	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, send_all, &start))
			errx(1, "no thread");
	pthread_barrier_wait(&start);
	begun = instant_now();
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	pthread_barrier_destroy(&start);
	return instant_now().ns - begun.ns;
}

static uint64_t fastest(unsigned int threads)
{
	uint64_t best = UINT64_MAX, ns;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		ns = time_of(threads);
		if (ns < best)
			best = ns;
	}
	return best;
}

int main(void)
{
	long threads = sysconf(_SC_NPROCESSORS_ONLN);

	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	if (threads < 2)
		return 0;
	printf("# threads: %ld with an endpoint each move %.2f times what one moves, on %ld processors\n",
	       threads, (double)fastest(1) * threads / fastest(threads), threads);
	return 0;
}
