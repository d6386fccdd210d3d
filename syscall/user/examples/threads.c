// SPDX-License-Identifier: MIT
/*
 * A thread per endpoint: each sends numbered records to the echo channel and
 * checks that they come back complete and in order.
 *
 *	gcc -pthread -o threads threads.c $(pkg-config --cflags --libs bulk)
 *	./threads [THREADS [RECORDS]]
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH		32
#define MAX_THREADS	1024

static unsigned long records = 100000;

/* A short count is no error: go on where it stopped. */
static void run_all(struct bulk *b, struct bulk_seg *segs, unsigned int nr)
{
	unsigned int done = 0;

	while (done < nr) {
		long n = bulk_call(b, segs + done, nr - done, 0);

		if (n < 0 && errno != EINTR)
			err(1, "bulk_call");
		if (n > 0)
			done += n;
	}
}

/* Sends and receives BATCH records in one call. */
static void run_batch(struct bulk *b, unsigned long first)
{
	unsigned long out[BATCH], in[BATCH];
	struct bulk_seg segs[2 * BATCH];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		out[i] = first + i;
		segs[i] = bulk_seg_send(&out[i], sizeof(out[i]), first + i);
		segs[BATCH + i] = bulk_seg_recv(&in[i], sizeof(in[i]));
	}
	run_all(b, segs, 2 * BATCH);
	for (i = 0; i < BATCH; i++) {
		if (segs[BATCH + i].res != sizeof(in[i]) ||
		    segs[BATCH + i].tag != first + i || in[i] != first + i)
			errx(1, "record %lu is not the one sent", first + i);
	}
}

static void *work(void *arg)
{
	struct bulk *b = bulk_open("echo", O_RDWR);
	unsigned long done;

	(void)arg;
	if (!b)
		err(1, "echo");
	for (done = 0; done < records; done += BATCH)
		run_batch(b, done);
	bulk_close(b);
	return NULL;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!n || *end)
		errx(2, "'%s' is not a number above 0", text);
	return n;
}

int main(int argc, char **argv)
{
	unsigned long nr = argc > 1 ? number(argv[1]) : 4, i;
	pthread_t threads[MAX_THREADS];

	if (argc > 2)
		records = number(argv[2]);
	if (nr > MAX_THREADS)
		errx(2, "at most %d threads", MAX_THREADS);
	for (i = 0; i < nr; i++) {
		errno = pthread_create(&threads[i], NULL, work, NULL);
		if (errno)
			err(1, "pthread_create");
	}
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	printf("%lu threads, each at least %lu records: in order\n", nr,
	       records);
	return 0;
}
