// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of a record there and back, by the channel echo, of that of one that goes
 * one way, to the channel sink.
 *
 * Records of 64 B go through the windows, some at a time. Each line, which begins
 * with "# echo", tells a ratio by the guest's clock; with --icount that counts
 * instructions.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "clock.h"
#include "lib/bulk.h"

#define RECORD		64
#define RECORDS		32768
#define ROUNDS		3	/* the fastest counts */

static struct bulk *open_channel(const char *name)
{
	struct bulk *b = bulk_open(name, O_RDWR);

	if (!b)
		err(1, "channel %s", name);
	return b;
}

static void send_some(struct bulk *b, unsigned int n)
{
	char record[RECORD] = { };

	while (n--)
		if (bulk_send(b, record, sizeof(record), n))
			err(1, "bulk_send");
}

static void recv_some(struct bulk *b, unsigned int n)
{
	char record[RECORD];

	while (n--)
		if (bulk_recv(b, record, sizeof(record), NULL, NULL) != sizeof(record))
			err(1, "bulk_recv");
}

/* Nanoseconds for RECORDS of them, @batch at a time. */
static uint64_t time_of(struct bulk *b, unsigned int batch, int back)
{
	struct instant begun = instant_now();
	unsigned int n;

	for (n = 0; n < RECORDS; n += batch) {
		send_some(b, batch);
		if (back)
			recv_some(b, batch);
		else if (bulk_flush(b))
			err(1, "bulk_flush");
	}
	return instant_now().ns - begun.ns;
}

static uint64_t fastest(struct bulk *b, unsigned int batch, int back)
{
	uint64_t best = UINT64_MAX, ns;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		ns = time_of(b, batch, back);
		if (ns < best)
			best = ns;
	}
	return best;
}

int main(void)
{
	static const unsigned int batches[] = { 1, 64 };
	struct bulk *echo = open_channel("echo"), *sink = open_channel("sink");
	uint64_t there, both;
	unsigned int i;

	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		there = fastest(sink, batches[i], 0);
		both = fastest(echo, batches[i], 1);
		printf("# echo: %u at a time, a record of 64 B takes %.0f ns there and back, %.2f times the %.0f ns one way\n",
		       batches[i], (double)both / RECORDS, (double)both / there,
		       (double)there / RECORDS);
	}
	bulk_close(echo);
	bulk_close(sink);
	return 0;
}
