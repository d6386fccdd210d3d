/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Errors of a channel, in words that say what to do.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_EXPLAIN_H
#define BULKCTL_EXPLAIN_H

#include "channel.h"

/* All read errno. */
void explain_open(const struct channel *ch, const char *path, int flags)
	__attribute__((noreturn));
void explain_transfer(const struct channel *ch, const struct bulk_seg *seg)
	__attribute__((noreturn));

void explain_flush(const struct channel *ch) __attribute__((noreturn));

#endif /* BULKCTL_EXPLAIN_H */
