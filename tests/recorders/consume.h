/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reader's work, the same for all: every byte of a record goes into a checksum.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef CONSUME_H
#define CONSUME_H

#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

extern uint64_t consumed_sum;

static inline void consume(const void *record, size_t len)
{
	consumed_sum = XXH64(record, len, consumed_sum);
}

#endif /* CONSUME_H */
