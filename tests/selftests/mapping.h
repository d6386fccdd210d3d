/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What smaps tells of a mapping.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdio.h>
#include <string.h>

#include "bulk_test.h"

/* The line of smaps that begins with @key, of the mapping that starts at @at. */
static inline bool smaps_line(const void *at, const char *key, char *line,
			      size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false, found = false;
	char start[32];

	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	while (f && !found && fgets(line, size, f)) {
		here |= !strncmp(line, start, strlen(start));
		found = here && !strncmp(line, key, strlen(key));
	}
	if (f)
		fclose(f);
	return found;
}

#endif /* MAPPING_H */
