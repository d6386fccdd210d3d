/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a recorder costs, loses, and how soon it shows a call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loads.h"
#include "recorder.h"

/**
 * struct recorded - a load that was recorded
 * @calls: that it made
 * @ticks: of the time stamp counter, that it took
 * @made: records that there are of it
 * @seen: of these, how many were drained
 * @drain_ticks: what that took
 * @told: how many were lost, as the mechanism tells; UINT64_MAX: it does not
 * @blocked: the load waited for the reader, which then drained before its end
 */
struct recorded {
	uint64_t calls;
	uint64_t ticks;
	uint64_t made;
	uint64_t seen;
	uint64_t drain_ticks;
	uint64_t told;
	bool blocked;
};

/**
 * struct cost - of recording a load
 * @plain: ticks of the load when it is not recorded
 * @recorded: the load, recorded
 */
struct cost {
	uint64_t plain;
	struct recorded recorded;
};

/**
 * struct delay - from a call to its first record in the reader's hands
 * @ticks: of the time stamp counter, the median
 * @polled: the reader does not sleep, because nothing would wake it
 */
struct delay {
	uint64_t ticks;
	bool polled;
};

struct recorded measure_loss(const struct recorder *r, uint64_t calls, size_t bytes);
struct cost measure_cost(const struct recorder *r, const struct load *load, uint64_t calls,
			 bool quick);
struct delay measure_delay(const struct recorder *r, unsigned int steps);

/* Of the records that were made, those that were neither seen nor told of as lost. */
static inline int64_t untold(const struct recorded *rec)
{
	return rec->made - rec->seen - (rec->told == UINT64_MAX ? 0 : rec->told);
}

#endif /* MEASURE_H */
