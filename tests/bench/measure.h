/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is measured of one mechanism, one way, at one record size.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "mechanism.h"
#include "work.h"

/**
 * struct figures - of records moved
 * @records: how many, over all rounds
 * @round: how many in a round
 * @batch: records at a time
 * @unit: part in which one was moved
 * @ns: time of each measured round, ascending
 * @ticks: of the time stamp counter, likewise
 * @sender: share of the cost that is the sender's; negative where unknown
 * @calls: system calls
 * @lost: records that the receiver was told are lost
 */
struct figures {
	uint64_t records;
	uint64_t round;
	unsigned int batch;
	uint32_t unit;
	uint64_t ns[ROUNDS];
	uint64_t ticks[ROUNDS];
	double sender;
	uint64_t calls;
	uint64_t lost;
};

/**
 * struct wakes - from sending to the woken receiver having the record
 * @taken: were they measured?
 * @median: in ns
 * @p99: 99th percentile, in ns
 */
struct wakes {
	bool taken;
	uint64_t median;
	uint64_t p99;
};

/**
 * struct stall - a receiver that takes nothing for a second
 * @taken: was it measured?
 * @offered: records that the sender tried to send
 * @accepted: sends that succeeded
 * @received: records that came out afterwards
 * @told: losses that the receiver was told of
 */
struct stall {
	bool taken;
	uint64_t offered;
	uint64_t accepted;
	uint64_t received;
	uint64_t told;
};

struct transfer transfer_open(const struct mechanism *m, uint32_t bytes, uint32_t flags);
void transfer_close(struct transfer *t);

struct figures measure(const struct mechanism *m, uint32_t bytes, bool quick);
struct wakes measure_wakes(const struct mechanism *m, uint32_t bytes, bool quick);
struct stall measure_stall(const struct mechanism *m, uint32_t bytes, bool quick);

int compare_u64(const void *a, const void *b);

#endif /* MEASURE_H */
