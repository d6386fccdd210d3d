// SPDX-License-Identifier: GPL-2.0
/*
 * The work that all mechanisms do alike: how many records, with what in them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/bulk_channels.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "work.h"

#define MAX_RECORDS	100000
#define LARGE_BYTES	(32U << 20)	/* of a transfer of large records */
#define LARGE_RECORD		4096
#define PATTERN		0x5a

static uint64_t round_records(uint32_t bytes)
{
	uint64_t n = bytes < LARGE_RECORD ? MAX_RECORDS : LARGE_BYTES / bytes;
	unsigned int unit = bytes <= BATCH_MAX_BYTES ? MAX_BATCH : 1;

	return (n / ROUNDS / unit + 1) * unit;
}

/**
 * work_buffer() - memory for a batch of records
 * @w: the work
 * @batch: how many records
 *
 * Return: the memory, present, with the bytes that the user side sends.
 */
uint8_t *work_buffer(const struct work *w, unsigned int batch)
{
	size_t len = (size_t)w->bytes * batch;
	uint8_t *buf = aligned_alloc(4096, (len + 4095) & ~4095UL);

	if (!buf)
		die("no memory for %zu bytes", len);
	return memset(buf, PATTERN, len);
}

static void sum_sent(XXH64_state_t *sum, const struct work *w)
{
	uint64_t n, records = w->round * ROUNDS;
	uint8_t *buf = work_buffer(w, 1);

	for (n = 0; n < records; n++) {
		record_stamp(buf, n);
		XXH64_update(sum, buf, w->bytes);
	}
	free(buf);
}

static void sum_stream(XXH64_state_t *sum, const struct work *w)
{
	uint64_t i, words = w->round * ROUNDS * w->bytes / 8;
	__u64 piece[512];

	for (i = 0; i < words; i++) {
		piece[i % 512] = bulk_source_word(STREAM_SEED, i);
		if (i % 512 == 511)
			XXH64_update(sum, piece, sizeof(piece));
	}
	XXH64_update(sum, piece, words % 512 * 8);
}

static uint64_t work_checksum(const struct work *w)
{
	XXH64_state_t *sum = XXH64_createState();
	uint64_t checksum;

	if (!sum)
		die("no memory");
	XXH64_reset(sum, 0);
	if (w->dir == U2K)
		sum_sent(sum, w);
	else
		sum_stream(sum, w);
	checksum = XXH64_digest(sum);
	XXH64_freeState(sum);
	return checksum;
}

/**
 * work_make() - what is to be moved
 * @dir: which way
 * @bytes: of a record: a multiple of 8
 *
 * Return: the work, with the checksum that it must come out with.
 */
struct work work_make(enum direction dir, uint32_t bytes)
{
	struct work w = {
		.dir = dir,
		.bytes = bytes,
		.round = round_records(bytes),
	};

	w.checksum = work_checksum(&w);
	return w;
}
