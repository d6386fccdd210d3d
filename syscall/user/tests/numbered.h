/* SPDX-License-Identifier: MIT */
/*
 * Numbered records in a region, for tests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef NUMBERED_H
#define NUMBERED_H

#include <bulk.h>
#include <stdbool.h>
#include <string.h>

#define LONGEST		60
#define HEAD		BULK_PACKED_SIZE(0)

/* Record i has the length i % 61 and the tag ~i. */
static inline bool add_numbered(struct bulk_region *r, unsigned int i)
{
	char data[LONGEST + 1];

	memset(data, i, sizeof(data));
	return !bulk_region_add(r, data, i % (LONGEST + 1), ~(uint64_t)i);
}

static inline bool is_numbered(const char *data, size_t len, uint64_t tag,
			       unsigned int i)
{
	char want[LONGEST + 1];

	memset(want, i, sizeof(want));
	return len == i % (LONGEST + 1) && tag == ~(uint64_t)i &&
	       !memcmp(data, want, len);
}

/* Return: the number of the next record, or 0 when one is another than it. */
static inline unsigned int take_numbered(const void *region, size_t size,
					 unsigned int i)
{
	struct bulk_cursor c = { region, size };
	const void *data;
	uint64_t tag;
	size_t len;

	while ((data = bulk_region_next(&c, &len, &tag, NULL)))
		if (!is_numbered(data, len, tag, i++))
			return 0;
	return c.left ? 0 : i;
}

#endif /* NUMBERED_H */
