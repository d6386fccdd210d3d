// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl recv: records of a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "explain.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "recv.h"
#include "region.h"
#include "verbs.h"

#define DEFAULT_COUNT	1

static void take_record(struct recv *c, const void *data, size_t len,
			uint32_t lost)
{
	XXH64_update(c->sum, data, len);
	output_write(data, len);
	c->r.records++;
	c->r.bytes += len;
	c->r.lost += lost;
}

/* A region has room for longer ones than were asked for. */
static void check_len(const struct recv *c, size_t len)
{
	struct bulk_seg seg = bulk_seg_recv(NULL, len);

	if (len <= c->r.record_size)
		return;
	errno = EMSGSIZE;
	explain_transfer(&c->ch, &seg);
}

/*
 * Room of a region for the records that are wanted yet, or 0: as many empty ones
 * would fill it, so that none is received that isn't wanted.
 */
static size_t region_room(const struct recv *c)
{
	uint64_t wanted = c->count - c->r.records;
	size_t room = REGION_BYTES;

	if (wanted < REGION_BYTES / BULK_PACKED_SIZE(0))
		room = wanted * BULK_PACKED_SIZE(0);
	return room < BULK_PACKED_SIZE(c->r.record_size) ? 0 : room;
}

static void recv_region(struct recv *c, size_t room)
{
	struct bulk_cursor at = { .at = c->region.buf };
	uint64_t start = now_ns();
	const void *data;
	uint32_t lost;
	size_t len;

	at.left = channel_recv_region(&c->ch, c->region.buf, room);
	c->r.ns += now_ns() - start;
	while ((data = bulk_region_next(&at, &len, NULL, &lost))) {
		check_len(c, len);
		take_record(c, data, len, lost);
	}
}

/* Records of any length, so each has room of its own, and is written by itself. */
static void recv_batch(struct recv *c)
{
	unsigned int nr = batch_records(c->r.record_size), i;
	struct bulk_seg segs[BATCH_RECORDS];
	uint64_t start;
	char *room;

	if (c->count - c->r.records < nr)
		nr = c->count - c->r.records;
	for (i = 0, room = c->piece; i < nr; i++, room += c->r.record_size)
		segs[i] = bulk_seg_recv(room, c->r.record_size);
	start = now_ns();
	nr = channel_run_ready(&c->ch, segs, nr);
	c->r.ns += now_ns() - start;
	for (i = 0, room = c->piece; i < nr; i++, room += c->r.record_size)
		take_record(c, room, segs[i].res, segs[i].lost);
}

/* Waits for one record and takes what else is there: none is held back. */
static void recv_any(struct recv *c)
{
	size_t room;

	c->piece = piece_alloc((size_t)batch_records(c->r.record_size) *
			       c->r.record_size);
	while (c->r.records < c->count) {
		room = in_regions(c->r.record_size) ? region_room(c) : 0;
		if (room)
			recv_region(c, room);
		else
			recv_batch(c);
	}
}

static uint32_t room(const struct channel *ch, const struct options *o)
{
	if (!o->record_size && ch->max_record && ch->max_record <= INT32_MAX)
		return ch->max_record;
	return channel_record_size(ch, o);
}

static void start(struct recv *c, const struct options *o, bool is_source)
{
	c->r.channel = c->ch.name;
	c->r.file = o->output;
	c->r.record_size = is_source ? channel_record_size(&c->ch, o) :
				       room(&c->ch, o);
	c->r.window = bulk_window(c->ch.bulk);
	c->count = given(o, OPT_COUNT) ? o->count : DEFAULT_COUNT;
	c->seed = o->seed;
	c->sum = checksum_new();
	c->region = region_new();
	output_open(o->output, NULL);
}

int verb_recv(const struct options *o, char **args)
{
	bool is_source = !strcmp(channel_name(args[0]), "source");
	struct recv c = { .r = { .verb = "recv" } };

	if (given(o, OPT_SEED) && !is_source)
		usage("recv: --seed is for the source channel");
	channel_open(&c.ch, args[0], is_source ? O_RDWR : O_RDONLY, o);
	start(&c, o, is_source);
	if (is_source)
		recv_source(&c);
	else
		recv_any(&c);
	c.r.calls = c.ch.calls;
	c.r.checksum = XXH64_digest(c.sum);
	XXH64_freeState(c.sum);
	free(c.region.buf);
	free(c.piece);
	if (c.r.verdict == DIFFERENT)
		output_abandon();
	else
		output_finish();
	channel_close(&c.ch);
	return report_print(&c.r, o);
}
