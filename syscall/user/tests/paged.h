/* SPDX-License-Identifier: MIT */
/*
 * Records of the channel echo by page, for tests. echo answers in pages where a
 * record has at least IN_PAGES bytes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PAGED_H
#define PAGED_H

#include <bulk.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "echo.h"
#include "internal.h"
#include "tap.h"

#define PAGE		4096
#define IN_PAGES	16384
#define LONGEST		(1 << 20)	/* echo's longest record */

static struct bulk *b;
static struct bulk_pages *p;
static unsigned char record[LONGEST];

#define OPEN(flags, window)						\
	do {								\
		if (!have_channel())					\
			return no_channel();				\
		b = bulk_open_window("echo", O_RDWR | (flags),		\
				     (window));				\
		CHECK(b);						\
	} while (0)

#define OPEN_ROOM(flags, window, size)					\
	do {								\
		OPEN(flags, window);					\
		p = bulk_pages_open(b, (size));				\
		CHECK(p && p->room);					\
	} while (0)

static inline enum result close_room(void)
{
	bulk_pages_close(p);
	bulk_close(b);
	return PASS;
}

/* Two records differ in each byte, and so do the pages of one. */
static inline unsigned char byte_of(size_t i, uint64_t tag)
{
	return i + 3 * (i / PAGE) + tag;
}

static inline const void *make_record(size_t len, uint64_t tag)
{
	size_t i;

	for (i = 0; i < len; i++)
		record[i] = byte_of(i, tag);
	return record;
}

static inline bool is_record(const unsigned char *at, size_t len, uint64_t tag)
{
	size_t i = 0;

	while (i < len && at[i] == byte_of(i, tag))
		i++;
	return i == len;
}

static inline bool sent(size_t len, uint64_t tag)
{
	return !bulk_send_pages(b, make_record(len, tag), len, tag);
}

/* Return: where this record is that comes next, or NULL: another one does. */
static inline const void *received(struct bulk_pages *pages, size_t want,
				   uint64_t n)
{
	uint32_t lost = 1;
	const void *at;
	uint64_t tag;
	size_t len;

	at = bulk_recv_pages(pages, &len, &tag, &lost);
	return at && len == want && tag == n && !lost &&
	       is_record(at, len, tag) ? at : NULL;
}

static inline bool rest_is_zero(const unsigned char *at, size_t len)
{
	while (len % PAGE && !at[len])
		len++;
	return len % PAGE == 0;
}

static inline bool is_mapped(size_t len, uint64_t tag)
{
	return received(p, len, tag) == p->room && rest_is_zero(p->room, len);
}

static inline bool is_copied(size_t len, uint64_t tag)
{
	const void *at = received(p, len, tag);

	return at && at == p->copy;
}

static inline bool fails_with(int error)
{
	size_t len;

	return !bulk_recv_pages(p, &len, NULL, NULL) && errno == error;
}

#endif /* PAGED_H */
