// SPDX-License-Identifier: MIT
/*
 * A thread per endpoint: each sends numbered records to the echo channel and
 * checks that they come back complete and in order. Most records move through
 * the endpoint's window, which the library maps by itself.
 *
 *	gcc -pthread -o threads threads.c $(pkg-config --cflags --libs bulk)
 *	./threads [THREADS [RECORDS]]
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
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
static void send_all(struct bulk *b, const struct iovec *from,
		     const uint64_t *tags)
{
	unsigned int done = 0;

	while (done < BATCH) {
		long n = bulk_send_many(b, from + done, BATCH - done,
					tags + done);

		if (n < 0 && errno != EINTR)
			err(1, "bulk_send_many");
		if (n > 0)
			done += n;
	}
}

/* Receives what is there, until it is all. */
static void recv_all(struct bulk *b, struct iovec *room, uint64_t *tags)
{
	unsigned int done = 0;

	while (done < BATCH) {
		long n = bulk_recv_many(b, room + done, BATCH - done,
					tags + done, NULL);

		if (n < 0 && errno != EINTR)
			err(1, "bulk_recv_many");
		if (n > 0)
			done += n;
	}
}

static void run_batch(struct bulk *b, unsigned long first)
{
	struct iovec sent[BATCH], got[BATCH];
	unsigned long out[BATCH], in[BATCH];
	uint64_t tags[BATCH];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		out[i] = first + i;
		tags[i] = first + i;
		sent[i] = (struct iovec){ &out[i], sizeof(out[i]) };
		got[i] = (struct iovec){ &in[i], sizeof(in[i]) };
	}
	send_all(b, sent, tags);
	recv_all(b, got, tags);
	for (i = 0; i < BATCH; i++) {
		if (got[i].iov_len != sizeof(in[i]) || tags[i] != first + i ||
		    in[i] != first + i)
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
