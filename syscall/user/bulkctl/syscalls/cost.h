/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a recording received, what it lost, and what it took.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_COST_H
#define SYSCALLS_COST_H

#include <linux/bulk_syscalls.h>

#include "event.h"

/**
 * struct cost - figures of all endpoints
 * @records: received, but for TOTALS
 * @bytes: of these
 * @told: lost, as told before other records
 * @skipped: received, and malformed or unknown
 * @totals: endpoints that told their totals
 * @made: as they tell: received, skipped and lost ones
 * @lost: likewise
 * @unseen: threads that were not recorded
 * @losses: by call; no two are of the same
 * @nr_losses: how many there are
 */
struct cost {
	uint64_t records;
	uint64_t bytes;
	uint64_t told;
	uint64_t skipped;
	unsigned int totals;
	uint64_t made;
	uint64_t lost;
	uint64_t unseen;
	struct bulk_syscalls_loss *losses;
	unsigned int nr_losses;
};

void cost_event(struct cost *c, const struct event *e);
/* On standard error. */
void cost_print(struct cost *c);

#endif /* SYSCALLS_COST_H */
