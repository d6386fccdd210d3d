// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl recv: records of a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "recv.h"
#include "verbs.h"

#define DEFAULT_COUNT	1

/* Records of any length, so each has room of its own, and is written by itself. */
static void take_batch(struct recv *c, struct bulk_seg *segs, unsigned int nr)
{
	char *piece = c->piece;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		XXH64_update(c->sum, piece, segs[i].res);
		output_write(piece, segs[i].res);
		c->r.bytes += segs[i].res;
		c->r.lost += segs[i].lost;
		piece += c->r.record_size;
	}
	c->r.records += nr;
}

/* Waits for one record and takes what else is there: none is held back. */
static void recv_any(struct recv *c)
{
	unsigned int batch = batch_records(c->r.record_size), nr, i;
	struct bulk_seg segs[BATCH_RECORDS];
	uint64_t start;

	c->piece = piece_alloc((size_t)batch * c->r.record_size);
	while (c->r.records < c->count) {
		nr = batch;
		if (c->count - c->r.records < nr)
			nr = c->count - c->r.records;
		for (i = 0; i < nr; i++)
			segs[i] = bulk_seg_recv(c->piece +
						(size_t)i * c->r.record_size,
						c->r.record_size);
		start = now_ns();
		nr = channel_run_ready(&c->ch, segs, nr);
		c->r.ns += now_ns() - start;
		take_batch(c, segs, nr);
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
	free(c.piece);
	if (c.r.verdict == DIFFERENT)
		output_abandon();
	else
		output_finish();
	channel_close(&c.ch);
	return report_print(&c.r, o);
}
