/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Records of the bulk_xfer(2) channels that come with the kernel.
 *
 * echo: every record sent comes back, with its tag.
 * sink: takes every record; a RECV answers struct bulk_sink_totals.
 * source: a sent struct bulk_source_request is answered with that many records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _UAPI_LINUX_BULK_CHANNELS_H
#define _UAPI_LINUX_BULK_CHANNELS_H

#include <linux/types.h>

/**
 * struct bulk_sink_totals - what /dev/bulk/sink answers to a RECV
 * @records: records taken by this endpoint
 * @bytes: bytes in them
 * @checksum: XXH64, seed 0, of these bytes in the order they were sent:
 *	what "xxhsum -H64" prints for their concatenation
 */
struct bulk_sink_totals {
	__u64	records;
	__u64	bytes;
	__u64	checksum;
};

/**
 * struct bulk_source_request - what /dev/bulk/source takes
 * @count: how many records to answer with
 * @size: bytes of each record, at most the channel's max_record
 * @reserved: must be 0
 * @seed: selects the byte stream that the records are cut from
 *
 * Record i (from 0) has tag i and holds the bytes i * @size to
 * (i + 1) * @size - 1 of the stream of @seed. A new request discards what is
 * left of the previous one.
 */
struct bulk_source_request {
	__u64	count;
	__u32	size;
	__u32	reserved;
	__u64	seed;
};

/**
 * bulk_source_word() - eight bytes of a source channel's stream
 * @seed: the stream
 * @index: which eight bytes: those at byte offset 8 * @index
 *
 * This is SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014) addressed by its counter, so that a stream can be
 * checked from any offset. The bytes are the little-endian ones of the word.
 *
 * Return: the word.
 */
static inline __u64 bulk_source_word(__u64 seed, __u64 index)
{
	__u64 z = seed + (index + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

#endif /* _UAPI_LINUX_BULK_CHANNELS_H */
