// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the records of a region.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "packed.h"

/* All forms share this one, because the compiler puts the checksum into the loop of a function that alone calls it. */
void packed_consume(struct transfer *t, const void *first, unsigned int nr)
{
	const size_t bytes = t->bytes, step = packed_size(t);
	const struct bulk_packed *rec = first, *end = first + nr * step;
	uint64_t lost = 0;

	for (; rec < end; rec = (const void *)rec + step) {
		if (rec->len != bytes)
			die("%s: received %u bytes, not %zu", t->mech->name, rec->len, bytes);
		lost += rec->lost;
		lab_consume(t, rec->data, bytes);
	}
	t->lost += lost;
}
