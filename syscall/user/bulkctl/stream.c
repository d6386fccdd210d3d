// SPDX-License-Identifier: GPL-2.0
/*
 * The byte streams that the source channel cuts its records from.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <endian.h>
#include <string.h>

#include <linux/bulk_channels.h>

#include "stream.h"

/* Bytes skip to skip + len - 1 of one word, len at most 8 - skip. */
static void fill_part(uint64_t seed, uint64_t index, size_t skip, void *buf,
		      size_t len)
{
	uint64_t word = htole64(bulk_source_word(seed, index));

	memcpy(buf, (const char *)&word + skip, len);
}

void stream_fill(uint64_t seed, uint64_t offset, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		size_t skip = offset % 8;
		size_t part = len < 8 - skip ? len : 8 - skip;

		fill_part(seed, offset / 8, skip, to, part);
		to += part;
		offset += part;
		len -= part;
	}
}

size_t stream_compare(uint64_t seed, uint64_t offset, const void *buf,
		      size_t len)
{
	const char *have = buf;
	char want[4096];
	size_t at = 0;

	while (at < len) {
		size_t part = len - at < sizeof(want) ? len - at : sizeof(want);
		size_t i = 0;

		stream_fill(seed, offset + at, want, part);
		if (memcmp(have + at, want, part)) {
			while (have[at + i] == want[i])
				i++;
			return at + i;
		}
		at += part;
	}
	return len;
}
