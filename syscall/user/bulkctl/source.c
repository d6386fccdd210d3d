// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving from the source channel, whose records can be checked.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>

#include <linux/bulk_channels.h>

#include "clock.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "recv.h"
#include "region.h"
#include "stream.h"

static void request(struct recv *c)
{
	struct bulk_source_request request = {
		.count = c->count,
		.size = c->r.record_size,
		.seed = c->seed,
	};
	struct bulk_seg seg = bulk_seg_send(&request, sizeof(request), 0);
	uint64_t start = now_ns();

	channel_run(&c->ch, &seg, 1);
	c->r.ns += now_ns() - start;
}

static void check_batch(struct recv *c, const struct bulk_seg *segs,
			unsigned int nr, uint64_t tag)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		c->r.lost += segs[i].lost;
		if (segs[i].res != (__s32)c->r.record_size ||
		    segs[i].tag != tag + i)
			fail("record %" PRIu64 " of %u bytes came as %" PRIu64 " of %d bytes",
			     tag + i, c->r.record_size, (uint64_t)segs[i].tag,
			     segs[i].res);
	}
}

static void recv_segments(struct recv *c, uint64_t records)
{
	unsigned int batch = batch_records(c->r.record_size), nr, i;
	struct bulk_seg segs[BATCH_RECORDS];
	uint32_t size = c->r.record_size;
	uint64_t done;

	for (done = 0; done < records; done += nr) {
		nr = records - done < batch ? records - done : batch;
		for (i = 0; i < nr; i++)
			segs[i] = bulk_seg_recv(c->piece + (done + i) * size,
						size);
		channel_run(&c->ch, segs, nr);
		check_batch(c, segs, nr, c->r.records + done);
	}
}

/* The same for records that are small; no more than these are asked for. */
static void recv_regions(struct recv *c, uint64_t records)
{
	size_t packed = BULK_PACKED_SIZE(c->r.record_size), len, room;
	struct expected e = {
		.to = c->piece,
		.len = records * c->r.record_size,
		.size = c->r.record_size,
		.tag = c->r.records,
		.how = "came",
	};

	while (e.len) {
		room = e.len / e.size * packed;
		if (room > REGION_BYTES)
			room = REGION_BYTES;
		len = channel_recv_region(&c->ch, c->region.buf, room);
		region_take(c->region.buf, len, &e);
	}
	c->r.lost += e.lost;
}

static void recv_piece(struct recv *c, uint64_t records)
{
	if (in_regions(c->r.record_size))
		recv_regions(c, records);
	else
		recv_segments(c, records);
}

static void check_bytes(struct recv *c, size_t len)
{
	size_t same = stream_compare(c->seed, c->r.bytes, c->piece, len);

	if (same == len)
		return;
	c->r.verdict = DIFFERENT;
	warn("byte %" PRIu64 " is not the one of the stream of seed %" PRIu64,
	     c->r.bytes + same, c->seed);
}

static void take_piece(struct recv *c, uint64_t records)
{
	size_t len = records * c->r.record_size;

	check_bytes(c, len);
	XXH64_update(c->sum, c->piece, len);
	output_write(c->piece, len);
	c->r.records += records;
	c->r.bytes += len;
}

static uint64_t total_bytes(const struct recv *c)
{
	uint64_t total;

	if (__builtin_mul_overflow(c->count, c->r.record_size, &total))
		usage("recv: so many records hold more than 2^64 bytes");
	return total;
}

void recv_source(struct recv *c)
{
	size_t bytes = piece_bytes(c->r.record_size);
	uint64_t piece_records = bytes / c->r.record_size;
	uint64_t total, start, nr;

	total = total_bytes(c);
	output_reserve(total);
	c->piece = piece_alloc(bytes);
	c->r.verdict = VERIFIED;
	request(c);
	while (c->r.records < c->count && c->r.verdict == VERIFIED) {
		nr = c->count - c->r.records;
		if (nr > piece_records)
			nr = piece_records;
		start = now_ns();
		recv_piece(c, nr);
		c->r.ns += now_ns() - start;
		take_piece(c, nr);
		progress_show(c->r.bytes, total);
	}
	if (c->r.lost)
		c->r.verdict = DIFFERENT;
}
