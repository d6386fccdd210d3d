/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two ways to receive share.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_RECV_H
#define BULKCTL_RECV_H

#include "channel.h"
#include "report.h"

struct recv {
	struct channel ch;
	struct report r;
	uint64_t count;
	uint64_t seed;
	char *piece;
	struct bulk_region region;
	XXH64_state_t *sum;
};

/* Asks the source channel for c->count records and checks each. */
void recv_source(struct recv *c);

#endif /* BULKCTL_RECV_H */
