// SPDX-License-Identifier: GPL-2.0
/*
 * How much more as many threads as processors move than one, with an endpoint each.
 *
 * Records of 64 B go through each endpoint's window, to the channel sink or from
 * the channel source. A line for each, which begins with "# threads", tells the
 * ratio by wall time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <err.h>
#include <fcntl.h>
#include <linux/bulk_channels.h>
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

/* An endpoint of its own for each thread, once all have one. */
static struct bulk *open_with_others(const char *channel, pthread_barrier_t *start)
{
	struct bulk *b = bulk_open(channel, O_RDWR);

	if (!b)
		err(1, "channel %s", channel);
	pthread_barrier_wait(start);
	return b;
}

static void *send_all(void *start)
{
	struct bulk *b = open_with_others("sink", start);
	char record[RECORD] = { };
	unsigned int i;

	for (i = 0; i < RECORDS; i++)
		if (bulk_send(b, record, sizeof(record), i))
			err(1, "bulk_send");
	if (bulk_flush(b))
		err(1, "bulk_flush");
	bulk_close(b);
	return NULL;
}

static void *recv_all(void *start)
{
	static const struct bulk_source_request request = { .count = RECORDS, .size = RECORD };
	struct bulk *b = open_with_others("source", start);
	char record[RECORD];
	unsigned int i;

	if (bulk_send(b, &request, sizeof(request), 0))
		err(1, "bulk_send");
	for (i = 0; i < RECORDS; i++)
		if (bulk_recv(b, record, sizeof(record), NULL, NULL) != RECORD)
			err(1, "bulk_recv");
	bulk_close(b);
	return NULL;
}

typedef void *(*thread_t)(void *start);

/* Nanoseconds until the last of so many threads has moved all. */
static uint64_t time_of(thread_t move_all, unsigned int threads)
{
	pthread_t ids[MAX_THREADS];
	pthread_barrier_t start;
	struct instant begun;
	unsigned int i;

	pthread_barrier_init(&start, NULL, threads + 1);
	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, move_all, &start))
			errx(1, "no thread");
	pthread_barrier_wait(&start);
	begun = instant_now();
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	pthread_barrier_destroy(&start);
	return instant_now().ns - begun.ns;
}

static uint64_t fastest(thread_t move_all, unsigned int threads)
{
	uint64_t best = UINT64_MAX, ns;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		ns = time_of(move_all, threads);
		if (ns < best)
			best = ns;
	}
	return best;
}

static void print_ratio(const char *what, thread_t move_all, long threads)
{
	printf("# threads: %ld with an endpoint each %s %.2f times what one does, on %ld processors\n", threads,
	       what, (double)fastest(move_all, 1) * threads / fastest(move_all, threads), threads);
}

int main(void)
{
	long threads = sysconf(_SC_NPROCESSORS_ONLN);

	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	if (threads < 2)
		return 0;
	print_ratio("SEND", send_all, threads);
	print_ratio("RECV", recv_all, threads);
	return 0;
}
