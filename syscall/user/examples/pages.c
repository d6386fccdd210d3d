// SPDX-License-Identifier: MIT
/*
 * Long records without copies in between: sent to the echo channel from where
 * they lie, and received where their pages are.
 *
 *	gcc -o pages pages.c $(pkg-config --cflags --libs bulk)
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define RECORDS		100
#define SIZE		262144
#define WORDS		(SIZE / 8)

static uint64_t out[WORDS];

static void send_words(struct bulk *b, uint64_t first)
{
	int i;

	for (i = 0; i < WORDS; i++)
		out[i] = first + i;
	while (bulk_send_pages(b, out, sizeof(out), first))
		if (errno != EINTR)
			err(1, "bulk_send_pages");
}

/* The record is there until the next one is received. */
static void recv_words(struct bulk_pages *p, uint64_t first)
{
	const uint64_t *in;
	uint64_t tag;
	size_t len, i;

	while (!(in = bulk_recv_pages(p, &len, &tag, NULL)))
		if (errno != EINTR)
			err(1, "bulk_recv_pages");
	if (len != SIZE || tag != first)
		errx(1, "%zu bytes with the tag %llu", len,
		     (unsigned long long)tag);
	for (i = 0; i < WORDS; i++)
		if (in[i] != first + i)
			errx(1, "word %zu of record %llu", i,
			     (unsigned long long)tag);
}

int main(void)
{
	struct bulk *b = bulk_open("echo", O_RDWR);
	struct bulk_pages *p;
	int i;

	if (!b)
		err(1, "echo");
	p = bulk_pages_open(b, SIZE);
	if (!p)
		err(1, "bulk_pages_open");
	for (i = 0; i < RECORDS; i++) {
		send_words(b, i);
		recv_words(p, i);
	}
	printf("%d records of %d bytes came back\n", RECORDS, SIZE);
	bulk_pages_close(p);
	bulk_close(b);
	return 0;
}
