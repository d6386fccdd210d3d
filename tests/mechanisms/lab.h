/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The work that every mechanism does, and what its kernel half can be told; for both halves.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A record has its number in its first and, complemented, in its last eight
 * bytes, and a pattern between. The pattern is laid once, where the records
 * are made; whoever makes them in place lays it in place.
 */
#ifndef LAB_H
#define LAB_H

#include <linux/ioctl.h>
#include <linux/types.h>
#ifndef __KERNEL__
#include <stddef.h>
#endif

#define LAB_PATTERN	0x5a
#define LAB_MIN_BYTES	16		/* of a record; all are multiples of 8 */
#define LAB_MAX_BYTES	(1U << 20)

/**
 * struct lab_setup - how the kernel half is to work; LAB_SETUP starts it anew
 * @bytes: of a record
 * @unit: largest part that a record is moved in
 * @batch: records at a time
 * @flags: LAB_QUEUED, LAB_TIMED, or a mechanism's own from LAB_OWN_FLAGS on
 */
struct lab_setup {
	__u32	bytes;
	__u32	unit;
	__u32	batch;
	__u32	flags;
};

#define LAB_QUEUED	1U	/* a reader sleeps until LAB_PRODUCE */
#define LAB_TIMED	2U	/* ticks of the kernel half are added up */
#define LAB_OWN_FLAGS	16U

/**
 * struct lab_totals - what the kernel half has done since LAB_SETUP
 * @bytes: received
 * @checksum: XXH64, seed 0, of these bytes
 * @ticks: of the time stamp counter, spent there with LAB_TIMED
 * @lost: records that it could not send and that nobody gets
 */
struct lab_totals {
	__u64	bytes;
	__u64	checksum;
	__u64	ticks;
	__u64	lost;
};

#define LAB_SETUP	_IOW('L', 0, struct lab_setup)
#define LAB_TOTALS	_IOR('L', 1, struct lab_totals)
#define LAB_TIME	_IO('L', 2)	/* sets LAB_TIMED, keeps the rest */
#define LAB_PRODUCE	_IO('L', 3)	/* send arg records; returns how many were accepted */
#define LAB_CONSUME	_IO('L', 4)	/* take arg records */

static inline void lab_prepare(void *ptr, size_t len)
{
	__builtin_memset(ptr, LAB_PATTERN, len);
}

static inline void lab_produce(void *ptr, size_t len, __u64 seq)
{
	__u64 last = ~seq;

	__builtin_memcpy(ptr, &seq, sizeof(seq));
	__builtin_memcpy((char *)ptr + len - sizeof(last), &last, sizeof(last));
}

/* The number of a record, for tests; the pattern is the checksum's matter. */
static inline __u64 lab_seq(const void *ptr)
{
	__u64 seq;

	__builtin_memcpy(&seq, ptr, sizeof(seq));
	return seq;
}

#endif /* LAB_H */
