/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens to each record once all are in order.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_DELIVERY_H
#define SYSCALLS_DELIVERY_H

#include "cost.h"
#include "tids.h"
#include "watch.h"

/**
 * struct delivery - where records go
 * @writer: writes them
 * @since: but for those that are older: nanoseconds of CLOCK_MONOTONIC
 * @cost: counts them
 * @names: of threads, as records tell them
 * @watch: has the processes that are made; NULL: it has not
 * @held: the command until it has left the call that it was held back in; 0: none
 * @let_go: when it was told to
 */
struct delivery {
	const struct writer *writer;
	uint64_t since;
	struct cost cost;
	struct tids names;
	struct watch *watch;
	uint32_t held;
	uint64_t let_go;
};

void delivery_init(struct delivery *d, const struct writer *writer);
/* @arg is the struct delivery. */
void deliver(const struct event *e, void *arg);

#endif /* SYSCALLS_DELIVERY_H */
