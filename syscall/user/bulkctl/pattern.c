// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl pattern: the stream of the source channel, made in user space.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "channel.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "report.h"
#include "stream.h"
#include "verbs.h"

static uint64_t write_stream(const struct options *o)
{
	XXH64_state_t *sum = checksum_new();
	uint64_t offset, checksum;
	size_t part;
	void *piece;

	piece = piece_alloc(PIECE_BYTES);
	for (offset = 0; offset < o->bytes; offset += part) {
		part = PIECE_BYTES;
		if (o->bytes - offset < part)
			part = o->bytes - offset;
		stream_fill(o->seed, offset, piece, part);
		XXH64_update(sum, piece, part);
		output_write(piece, part);
	}
	checksum = XXH64_digest(sum);
	XXH64_freeState(sum);
	free(piece);
	return checksum;
}

int verb_pattern(const struct options *o, char **args)
{
	const char *name = o->output ? o->output : "-";
	uint64_t checksum;
	FILE *f;

	(void)args;
	output_open(name, NULL);
	output_reserve(o->bytes);
	checksum = write_stream(o);
	output_finish();
	if (!given(o, OPT_JSON))
		return EXIT_GOOD;
	f = output_is_stdout() ? stderr : stdout;
	fputs("{\"verb\":\"pattern\",\"file\":", f);
	json_string(f, name);
	fprintf(f, ",\"seed\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"checksum\":\"%016" PRIx64 "\"}\n",
		o->seed, o->bytes, checksum);
	return EXIT_GOOD;
}
