/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The figures of one transfer, and how they are printed.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_REPORT_H
#define BULKCTL_REPORT_H

#include <stdint.h>

#include <xxhash.h>

#include "options.h"

enum verdict {
	UNCHECKED,	/* nothing to compare with */
	VERIFIED,
	DIFFERENT,
};

struct report {
	const char *verb;
	const char *channel;
	const char *file;	/* NULL: none */
	uint32_t record_size;
	uint64_t window;	/* bytes, 0: none */
	uint64_t records;
	uint64_t bytes;
	uint64_t lost;
	uint64_t ns;		/* in the transfer loop alone */
	uint64_t calls;
	uint64_t checksum;	/* XXH64, seed 0 */
	enum verdict verdict;
};

/* Return: the exit code that goes with the verdict. */
int report_print(const struct report *r, const struct options *o);

XXH64_state_t *checksum_new(void);

#endif /* BULKCTL_REPORT_H */
