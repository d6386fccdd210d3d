/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pieces of a file as regions, and regions as pieces.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_REGION_H
#define BULKCTL_REGION_H

#include "channel.h"

/* Do records of this size go as regions? */
static inline bool in_regions(uint32_t record_size)
{
	return record_size <= REGION_RECORD;
}

/* Room for a region, which is empty. The caller frees .buf. */
struct bulk_region region_new(void);

/*
 * Cuts @data into records of @size bytes, the last may be short, and replaces
 * what is in @r by as many as it has room for. Return: bytes of @data in them.
 */
size_t region_fill(struct bulk_region *r, const char *data, size_t len,
		   uint32_t size, uint64_t tag);

/* Records that are to come, and where their bytes go, one behind the other. */
struct expected {
	char *to;
	size_t len;	/* of them all */
	uint32_t size;	/* of each, the last may be short */
	uint64_t tag;	/* of the next */
	uint64_t lost;	/* before those that have come */
	const char *how;	/* they come, for the message: "came" */
};

/* Ends bulkctl with a message where one is not what was expected. */
void region_take(const void *region, size_t len, struct expected *e);

#endif /* BULKCTL_REGION_H */
