/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A way to move records, as the measuring program sees it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef MECHANISM_H
#define MECHANISM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <xxhash.h>

#include "lab.h"

#define MAX_BATCH	64
#define BATCH_BYTES	(4U << 20)	/* of one batch, at most */

enum direction { U2K, K2U, U2U };

struct mechanism;

/**
 * struct transfer - records of one size, one way, through one mechanism
 * @mech: the mechanism
 * @bytes: of a record
 * @unit: largest part that it is moved in: @bytes, or less where it is split
 * @batch: records at a time
 * @flags: LAB_* for the kernel half
 * @fd: the mechanism's own
 * @ctl: control device of the kernel half, or -1
 * @out: a record for each of a batch, one after the other, with the pattern
 * @in: room for as many
 * @next: number of the next record to send
 * @calls: system calls made so far
 * @lost: records that the receiver was told are lost
 * @sum: of the bytes that the user side received
 * @priv: the mechanism's own
 */
struct transfer {
	const struct mechanism *mech;
	uint32_t bytes;
	uint32_t unit;
	unsigned int batch;
	uint32_t flags;
	int fd;
	int ctl;
	uint8_t *out;
	uint8_t *in;
	uint64_t next;
	uint64_t calls;
	uint64_t lost;
	XXH64_state_t *sum;
	void *priv;
};

/**
 * struct about - what is to be known of a mechanism besides figures; for the report
 * @starts: who starts the exchange: user, kernel, both
 * @synchronous: does the sender's call end only when the receiver has the record: yes, no
 * @loss: what is lost when nobody reads
 * @backpressure: what makes the sender slow down
 * @notification: how a receiver learns that there is something
 * @unit: the largest unit
 * @privilege: who may use it
 * @abi: how stable the interface is
 * @use: when to choose it
 */
struct about {
	const char *starts;
	const char *synchronous;
	const char *loss;
	const char *backpressure;
	const char *notification;
	const char *unit;
	const char *privilege;
	const char *abi;
	const char *use;
};

/**
 * struct mechanism - how records are moved one way
 * @name: in tables; one mechanism has an entry for each direction
 * @dir: the direction
 * @about: what to know of it
 * @batch: most records at a time; 0 means 1
 * @unit: largest part that is moved at once; 0 means a record of any size
 * @min_bytes: of the smallest record that it is for: smaller ones have no rows
 * @max_records: of a round, for what is slow; 0 means as many as others
 * @max_bytes: of a round, for what moves so little at a time that large records
 *	take minutes; --quick leaves out larger ones; 0 means as many as others
 * @copies: times that the processor copies a record's bytes on their way
 * @open: sets @fd and @ctl as needed, may lower @batch, and has the kernel half
 *	ready; what has none carries no records and is only told about
 * @send: sends records @next to @next + count - 1, also the kernel's for K2U
 * @recv: receives and consumes as many, also the kernel's for U2K
 * @totals: what the kernel half received (U2K only)
 * @close: undoes @open; none closes @fd and @ctl
 * @blocks: @recv of one record sleeps until there is one, so that the time of
 *	waking up can be taken: @recv in a second thread, then @poke
 * @wake_flags: of the transfer in which that is done
 * @poke: sends one record for that; none means @send
 * @offer: tries to send count records without ever sleeping; returns how many were accepted
 * @drain: receives what is there, at most count, without sleeping; returns how
 *	many, and adds to @lost what it was told of
 *
 * A mechanism that has only @send (U2K) or only @recv (K2U) is synchronous:
 * one call does the work of both sides, and count is a whole round. One that
 * has both gets batches, @send and @recv by turns. What cannot do its work
 * ends the program with die().
 */
struct mechanism {
	const char *name;
	enum direction dir;
	const struct about *about;
	unsigned int batch;
	uint32_t unit;
	uint32_t min_bytes;
	uint64_t max_records;
	uint64_t max_bytes;
	int copies;
	void (*open)(struct transfer *t);
	void (*send)(struct transfer *t, uint64_t count);
	void (*recv)(struct transfer *t, uint64_t count);
	struct lab_totals (*totals)(struct transfer *t);
	void (*close)(struct transfer *t);
	bool blocks;
	uint32_t wake_flags;
	void (*poke)(struct transfer *t);
	uint64_t (*offer)(struct transfer *t, uint64_t count);
	uint64_t (*drain)(struct transfer *t, uint64_t count);
};

/* What a mechanism's program has: a list that ends with NULL. */
extern const struct mechanism *const mechanisms[];

/* Kernel halves that have a control device /dev/lab_NAME (control.c). */
void control_open(struct transfer *t, const char *name);
void control_setup(struct transfer *t);
void control_produce(struct transfer *t, uint64_t count);
void control_consume(struct transfer *t, uint64_t count);
uint64_t control_offer(struct transfer *t, uint64_t count);
struct lab_totals control_totals(struct transfer *t);

/* Record i of a batch. */
static inline uint8_t *record_out(const struct transfer *t, unsigned int i)
{
	return t->out + (size_t)i * t->bytes;
}

static inline uint8_t *record_in(const struct transfer *t, unsigned int i)
{
	return t->in + (size_t)i * t->bytes;
}

/* Records of the next batch, where so many are @left. */
static inline unsigned int batch_of(const struct transfer *t, uint64_t left)
{
	return left < t->batch ? left : t->batch;
}

/* Bytes of the part of a record that starts at @off; 0 at its end. */
static inline uint32_t part_len(const struct transfer *t, uint32_t off)
{
	return t->bytes - off < t->unit ? t->bytes - off : t->unit;
}

/* The receiver reads every byte. */
static inline void lab_consume(struct transfer *t, const void *ptr, size_t len)
{
	XXH64_update(t->sum, ptr, len);
}

#endif /* MECHANISM_H */
