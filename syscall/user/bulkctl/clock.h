/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock that transfers are timed with.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_CLOCK_H
#define BULKCTL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

#endif /* BULKCTL_CLOCK_H */
