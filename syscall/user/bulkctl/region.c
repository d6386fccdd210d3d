// SPDX-License-Identifier: GPL-2.0
/*
 * Pieces of a file as regions, and regions as pieces.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <string.h>

#include "message.h"
#include "region.h"

struct bulk_region region_new(void)
{
	return (struct bulk_region){ .buf = piece_alloc(REGION_BYTES),
				     .room = REGION_BYTES };
}

size_t region_fill(struct bulk_region *r, const char *data, size_t len,
		   uint32_t size, uint64_t tag)
{
	size_t at, part;

	r->used = 0;
	for (at = 0; at < len; at += part) {
		part = len - at < size ? len - at : size;
		if (bulk_region_add(r, data + at, part, tag++))
			break;
	}
	return at;
}

static void take_record(struct expected *e, const void *data, size_t len,
			uint64_t tag)
{
	size_t want = e->len < e->size ? e->len : e->size;

	if (!want || len != want || tag != e->tag)
		fail("record %" PRIu64 " of %zu bytes %s as %" PRIu64 " of %zu bytes",
		     e->tag, want, e->how, tag, len);
	memcpy(e->to, data, len);
	e->to += len;
	e->len -= len;
	e->tag++;
}

void region_take(const void *region, size_t len, struct expected *e)
{
	struct bulk_cursor c = { region, len };
	const void *data;
	uint32_t lost;
	uint64_t tag;

	while ((data = bulk_region_next(&c, &len, &tag, &lost))) {
		e->lost += lost;
		take_record(e, data, len, tag);
	}
	if (c.left)
		fail("what was received ends in %zu bytes that are no record",
		     c.left);
}
