// SPDX-License-Identifier: GPL-2.0
/*
 * The work that all mechanisms do alike: how many records, with what in them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "die.h"
#include "work.h"

#define ROUND_RECORDS	20480	/* five rounds are 10^5 records */
#define SMALL_BYTES	1024	/* up to here, so many */
#define ROUND_BYTES	(8U << 20)

/**
 * work_round() - records of a round
 * @m: the mechanism
 * @bytes: of a record
 * @quick: just a few
 *
 * Return: how many; a multiple of the largest batch, but for large records.
 */
uint64_t work_round(const struct mechanism *m, uint32_t bytes, bool quick)
{
	uint64_t most = bytes <= SMALL_BYTES ? ROUND_RECORDS * SMALL_BYTES : ROUND_BYTES;
	uint64_t n;

	if (m->max_bytes)
		most = m->max_bytes;
	n = most > bytes ? most / bytes : 1;
	if (n > ROUND_RECORDS)
		n = ROUND_RECORDS;
	/* A limit of records tells that each takes long. */
	if (quick)
		n = n > MAX_BATCH && !m->max_records ? MAX_BATCH : 2;
	if (m->max_records && n > m->max_records)
		n = m->max_records;
	return n < MAX_BATCH ? n : n / MAX_BATCH * MAX_BATCH;
}

/* Memory that is present, with the pattern. */
uint8_t *work_buffer(size_t len)
{
	uint8_t *buf = aligned_alloc(4096, (len + 4095) & ~4095UL);

	if (!buf)
		die("no memory for %zu bytes", len);
	lab_prepare(buf, len);
	return buf;
}

/**
 * work_checksum() - what records 0 to @records - 1 must come out with
 * @bytes: of a record
 * @records: how many
 *
 * Return: XXH64 of them all.
 */
uint64_t work_checksum(uint32_t bytes, uint64_t records)
{
	XXH64_state_t *sum = XXH64_createState();
	uint8_t *buf = work_buffer(bytes);
	uint64_t n, checksum;

	if (!sum)
		die("no memory");
	XXH64_reset(sum, 0);
	for (n = 0; n < records; n++) {
		lab_produce(buf, bytes, n);
		XXH64_update(sum, buf, bytes);
	}
	checksum = XXH64_digest(sum);
	XXH64_freeState(sum);
	free(buf);
	return checksum;
}
