/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of all CPUs in one order: that of their times.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_MERGE_H
#define SYSCALLS_MERGE_H

#include "queue.h"

/**
 * struct merge - queues that are merged
 * @queues: an array of them
 * @nr: how many
 * @heap: room for as many pointers
 */
struct merge {
	struct queue *queues;
	unsigned int nr;
	struct queue **heap;
};

/*
 * Has all that is older than @until taken, the oldest first, and leaves the rest.
 * What comes later than it should, the queues being in order only nearly, is taken
 * as soon as it comes.
 */
void merge_until(struct merge *m, uint64_t until,
		 void (*take)(const struct event *e, void *arg), void *arg);

/* Does anything wait to be merged? */
bool merge_waits(struct merge *m);

#endif /* SYSCALLS_MERGE_H */
