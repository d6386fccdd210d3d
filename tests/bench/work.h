/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The work that all mechanisms do alike.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef WORK_H
#define WORK_H

#include <stdint.h>

#include "mechanism.h"

#define ROUNDS		5	/* measured */
#define ALL_ROUNDS	7	/* one before to warm up, one after that splits the cost */

uint64_t work_round(const struct mechanism *m, uint32_t bytes, bool quick);
uint64_t work_checksum(uint32_t bytes, uint64_t records);
uint8_t *work_buffer(size_t len);

#endif /* WORK_H */
