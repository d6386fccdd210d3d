// SPDX-License-Identifier: MIT
/*
 * Many records in one piece: a region is built and sent to the echo channel, and
 * what comes back is walked.
 *
 *	gcc -o region region.c $(pkg-config --cflags --libs bulk)
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define RECORDS		1000
#define SIZE		65536

/* A region begins at a multiple of 8. */
static uint64_t out[SIZE / 8], in[SIZE / 8];

static void send_all(struct bulk *b, const char *region, size_t len)
{
	ssize_t n;

	for (; len; region += n, len -= n) {
		n = bulk_send_region(b, region, len);
		if (n < 0 && errno != EINTR)
			err(1, "bulk_send_region");
		if (n < 0)
			n = 0;
	}
}

/* Waiting records come at once. Return: how many they were. */
static unsigned int recv_some(struct bulk *b, uint64_t first)
{
	struct bulk_cursor c = { .at = in };
	unsigned int nr = 0;
	const void *data;
	uint64_t tag;
	ssize_t n;
	size_t len;

	n = bulk_recv_region(b, in, sizeof(in));
	if (n < 0 && errno != EINTR)
		err(1, "bulk_recv_region");
	c.left = n < 0 ? 0 : n;
	while ((data = bulk_region_next(&c, &len, &tag, NULL))) {
		if (tag != first + nr++)
			errx(1, "record %llu: %.*s", (unsigned long long)tag,
			     (int)len, (const char *)data);
	}
	return nr;
}

int main(void)
{
	struct bulk_region region = { .buf = out, .room = sizeof(out) };
	struct bulk *b = bulk_open("echo", O_RDWR);
	unsigned int back = 0, regions = 0;
	char text[32];
	int len, i;

	if (!b)
		err(1, "echo");
	for (i = 0; i < RECORDS; i++) {
		len = snprintf(text, sizeof(text), "record %d", i);
		if (bulk_region_add(&region, text, len, i))
			err(1, "bulk_region_add");
	}
	send_all(b, region.buf, region.used);
	for (; back < RECORDS; regions++)
		back += recv_some(b, back);
	printf("%u records went in one region and came back in %u\n", back,
	       regions);
	bulk_close(b);
	return 0;
}
