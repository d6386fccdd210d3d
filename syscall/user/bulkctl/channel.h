/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open channel, and the loop that runs segments on it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_CHANNEL_H
#define BULKCTL_CHANNEL_H

#include <bulk.h>
#include <bulk_xfer.h>

#include "options.h"

/* Records of one call, and how much they hold together. */
#define BATCH_RECORDS	64
#define BATCH_BYTES	(4U << 20)

/* Records up to this go many at a time: a copy more costs less than a segment. */
#define REGION_RECORD	4096
#define REGION_BYTES	(256U << 10)

/* A file goes through memory in pieces of about this size. */
#define PIECE_BYTES	(8U << 20)

struct channel {
	const char *name;	/* without the directory */
	const char *sysroot;
	struct bulk *bulk;
	uint64_t max_record;	/* 0: sysfs doesn't say */
	uint64_t calls;		/* bulk_xfer(2) so far; see channel.c */
};

/* The name of a channel without the directory. */
const char *channel_name(const char *arg);

/* All of these end bulkctl with a message when they can't do it. */
void channel_open(struct channel *ch, const char *arg, int flags,
		  const struct options *o);
void channel_close(struct channel *ch);
void channel_run(struct channel *ch, struct bulk_seg *segs, unsigned int nr);
void channel_flush(struct channel *ch);
unsigned int channel_run_ready(struct channel *ch, struct bulk_seg *segs,
			       unsigned int nr);

/* Waits until all of the region is sent. */
void channel_send_region(struct channel *ch, const void *region, size_t len);

/* Does not wait. Return: bytes of the region that were sent. */
size_t channel_send_ready(struct channel *ch, const void *region, size_t len);

/* Waits for the first record only. Return: bytes of the region. */
size_t channel_recv_region(struct channel *ch, void *buf, size_t room);

/* What a transfer uses where the command line says nothing. */
uint32_t channel_record_size(const struct channel *ch,
			     const struct options *o);

static inline unsigned int batch_records(uint32_t record_size)
{
	uint32_t fit = BATCH_BYTES / record_size;

	if (fit > BATCH_RECORDS)
		return BATCH_RECORDS;
	return fit ? fit : 1;
}

/* A multiple of the record size, so that no record straddles two pieces. */
static inline size_t piece_bytes(uint32_t record_size)
{
	size_t records = PIECE_BYTES / record_size;

	return (records ? records : 1) * record_size;
}

/* Its bytes are touched already: no page fault falls into a timed loop. */
void *piece_alloc(size_t bytes);

#endif /* BULKCTL_CHANNEL_H */
