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

#define ROUNDS	5

/**
 * struct work - records of one size, one way
 * @dir: which way
 * @bytes: of a record
 * @round: records of a round, a multiple of every batch
 * @checksum: of the records of all rounds
 */
struct work {
	enum direction dir;
	uint32_t bytes;
	uint64_t round;
	uint64_t checksum;
};

struct work work_make(enum direction dir, uint32_t bytes);
uint8_t *work_buffer(const struct work *w, unsigned int batch);

#endif /* WORK_H */
