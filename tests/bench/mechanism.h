/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A way to move records, as the bench sees it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef MECHANISM_H
#define MECHANISM_H

#include <stdint.h>
#include <xxhash.h>

#define MAX_BATCH	64
#define BATCH_MAX_BYTES	(64U << 10)	/* largest record that is batched */
#define MAX_BYTES	(1U << 20)	/* largest record */
#define STREAM_SEED	7

enum direction { U2K, K2U };

/**
 * struct transfer - records of one size, one way, through one mechanism
 * @dir: which way
 * @bytes: of a record
 * @records: of the whole transfer, all rounds
 * @batch: records of a system call
 * @fd: the device or endpoint
 * @buf: a record for each of a batch, one after the other
 * @next: the first record of the next round
 * @calls: system calls made so far
 * @lost: records that the mechanism says are lost
 * @sum: of the bytes that the user side received
 */
struct transfer {
	enum direction dir;
	uint32_t bytes;
	uint64_t records;
	unsigned int batch;
	int fd;
	uint8_t *buf;
	uint64_t next;
	uint64_t calls;
	uint64_t lost;
	XXH64_state_t *sum;
};

/**
 * struct totals - what the kernel side has taken
 * @bytes: how many
 * @checksum: XXH64 of them
 */
struct totals {
	uint64_t bytes;
	uint64_t checksum;
};

/**
 * struct mechanism - how a transfer's records are moved
 * @name: in tables
 * @batch: most records of one system call
 * @max_bytes: largest record it is measured with
 * @copies: times that the processor copies a record's bytes on their way
 * @open: sets @fd, and for K2U has the kernel ready to produce @records
 * @send: sends the records @next to @next + count - 1
 * @recv: receives them
 * @totals: what arrived of a U2K transfer
 *
 * A @send or @recv that cannot do its work ends the program.
 */
struct mechanism {
	const char *name;
	unsigned int batch;
	uint32_t max_bytes;
	int copies;
	void (*open)(struct transfer *t);
	void (*send)(struct transfer *t, uint64_t count);
	void (*recv)(struct transfer *t, uint64_t count);
	struct totals (*totals)(struct transfer *t);
};

extern const struct mechanism chardev;
extern const struct mechanism bulk_rw;
extern const struct mechanism bulk_single;
extern const struct mechanism bulk_batch;

/* Buffer of a batch's record i. */
static inline uint8_t *record_buf(const struct transfer *t, unsigned int i)
{
	return t->buf + (size_t)i * t->bytes;
}

/* Every record carries its number. */
static inline void record_stamp(uint8_t *buf, uint64_t number)
{
	*(uint64_t *)buf = number;
}

/* The receiver reads every byte. */
static inline void record_consume(struct transfer *t, const void *buf)
{
	XXH64_update(t->sum, buf, t->bytes);
}

#endif /* MECHANISM_H */
