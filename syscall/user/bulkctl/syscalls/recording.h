/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recording: its leader, and an endpoint for each CPU.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_RECORDING_H
#define SYSCALLS_RECORDING_H

#include "../channel.h"
#include "options.h"

/**
 * struct recording - endpoints of the channel syscalls, none of which waits
 * @endpoints: the first is the leader
 * @nr: how many
 * @started: what the leader received first
 */
struct recording {
	struct channel *endpoints;
	unsigned int nr;
	struct bulk_syscalls_started started;
};

/*
 * All of these end bulkctl with a message when they can't do it, but for
 * recording_stop(), which warns.
 */
void recording_open(struct recording *r, const struct options *o);
void recording_start(struct recording *r, const struct syscalls_options *o);
void recording_stop(struct recording *r);
void recording_close(struct recording *r);

#endif /* SYSCALLS_RECORDING_H */
