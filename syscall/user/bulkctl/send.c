// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl send: a file to a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bulk_channels.h>

#include "channel.h"
#include "clock.h"
#include "input.h"
#include "message.h"
#include "progress.h"
#include "region.h"
#include "report.h"
#include "verbs.h"

/* Return: records sent. The last may be short. */
static uint64_t send_segments(struct channel *ch, const char *data, size_t len,
			      uint32_t size, uint64_t tag)
{
	unsigned int batch = batch_records(size), nr = 0;
	struct bulk_seg segs[BATCH_RECORDS];
	uint64_t records = 0;
	size_t at, part;

	for (at = 0; at < len; at += part) {
		part = len - at < size ? len - at : size;
		segs[nr++] = bulk_seg_send(data + at, part, tag + records);
		records++;
		if (nr < batch && at + part < len)
			continue;
		channel_run(ch, segs, nr);
		nr = 0;
	}
	return records;
}

/* The same for records that are small. */
static uint64_t send_regions(struct channel *ch, struct bulk_region *region,
			     const char *data, size_t len, uint32_t size,
			     uint64_t tag)
{
	uint64_t records = 0;
	size_t part;

	for (; len; data += part, len -= part) {
		part = region_fill(region, data, len, size, tag + records);
		channel_send_region(ch, region->buf, region->used);
		records += (part + size - 1) / size;
	}
	return records;
}

static uint64_t send_piece(struct channel *ch, struct bulk_region *region,
			   const char *data, size_t len, uint32_t size,
			   uint64_t tag)
{
	if (in_regions(size))
		return send_regions(ch, region, data, len, size, tag);
	return send_segments(ch, data, len, size, tag);
}

static void send_all(struct channel *ch, struct input *in, struct report *r)
{
	size_t bytes = piece_bytes(r->record_size), len;
	struct bulk_region region = region_new();
	void *piece = piece_alloc(bytes);
	XXH64_state_t *sum = checksum_new();
	uint64_t start;

	while ((len = input_read(in, piece, bytes))) {
		start = now_ns();
		r->records += send_piece(ch, &region, piece, len,
					 r->record_size, r->records);
		r->ns += now_ns() - start;
		r->bytes += len;
		XXH64_update(sum, piece, len);
		progress_show(r->bytes, input_size(in));
	}
	start = now_ns();
	channel_flush(ch);
	r->ns += now_ns() - start;
	r->checksum = XXH64_digest(sum);
	r->calls = ch->calls;
	XXH64_freeState(sum);
	free(region.buf);
	free(piece);
}

/* The sink knows what it took: records, bytes and checksum must be ours. */
static enum verdict ask_sink(struct channel *ch, const struct report *r)
{
	struct bulk_sink_totals t;
	struct bulk_seg seg = bulk_seg_recv(&t, sizeof(t));

	channel_run(ch, &seg, 1);
	if (seg.res != sizeof(t))
		fail("channel %s answered %d bytes, not its totals", ch->name,
		     seg.res);
	if (t.records == r->records && t.bytes == r->bytes &&
	    t.checksum == r->checksum)
		return VERIFIED;
	warn("%" PRIu64 " records, %" PRIu64 " bytes, xxh64 %016" PRIx64 " were sent",
	     r->records, r->bytes, r->checksum);
	warn("channel %s took %" PRIu64 ", %" PRIu64 ", %016" PRIx64,
	     ch->name, (uint64_t)t.records, (uint64_t)t.bytes,
	     (uint64_t)t.checksum);
	return DIFFERENT;
}

int verb_send(const struct options *o, char **args)
{
	struct report r = { .verb = "send", .file = args[1] };
	struct channel ch;
	struct input in;
	bool is_sink;

	input_open(&in, args[1]);
	is_sink = !strcmp(channel_name(args[0]), "sink");
	channel_open(&ch, args[0], is_sink ? O_RDWR : O_WRONLY, o);
	r.channel = ch.name;
	r.record_size = channel_record_size(&ch, o);
	r.window = bulk_window(ch.bulk);
	send_all(&ch, &in, &r);
	input_close(&in);
	if (is_sink)
		r.verdict = ask_sink(&ch, &r);
	channel_close(&ch);
	return report_print(&r, o);
}
