// SPDX-License-Identifier: GPL-2.0
/*
 * The figures of one transfer, and how they are printed.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "report.h"

static double per(uint64_t what, uint64_t of)
{
	return of ? (double)what / of : 0;
}

static double mb_per_s(const struct report *r)
{
	return per(r->bytes, r->ns) * 1e3;
}

static void print_json(FILE *f, const struct report *r)
{
	static const char *const verified[] = {
		[UNCHECKED] = "null",
		[VERIFIED] = "true",
		[DIFFERENT] = "false",
	};

	fputs("{\"verb\":", f);
	json_string(f, r->verb);
	fputs(",\"channel\":", f);
	json_string(f, r->channel);
	fputs(",\"file\":", f);
	json_string(f, r->file);
	fprintf(f, ",\"record_size\":%u,\"window\":%" PRIu64, r->record_size,
		r->window);
	fprintf(f, ",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64, r->records,
		r->bytes);
	fprintf(f, ",\"ns\":%" PRIu64 ",\"mb_per_s\":%.3f,\"ns_per_record\":%.1f",
		r->ns, mb_per_s(r), per(r->ns, r->records));
	fprintf(f, ",\"syscalls\":%" PRIu64 ",\"syscalls_per_record\":%.6f",
		r->calls, per(r->calls, r->records));
	fprintf(f, ",\"lost\":%" PRIu64 ",\"checksum\":\"%016" PRIx64 "\",\"verified\":%s}\n",
		r->lost, r->checksum, verified[r->verdict]);
}

static void print_text(FILE *f, const struct report *r)
{
	static const char *const verified[] = {
		[UNCHECKED] = "nothing to compare with",
		[VERIFIED] = "verified",
		[DIFFERENT] = "NOT THE SAME",
	};

	fprintf(f, "%s %s: %" PRIu64 " bytes in %" PRIu64 " records of %u, ",
		r->verb, r->channel, r->bytes, r->records, r->record_size);
	if (r->window)
		fprintf(f, "window of %" PRIu64 " bytes\n", r->window);
	else
		fputs("no window\n", f);
	fprintf(f, "  %.6f s, %.1f MB/s, %.1f ns per record, %.4f system calls per record\n",
		r->ns / 1e9, mb_per_s(r), per(r->ns, r->records),
		per(r->calls, r->records));
	if (r->lost)
		fprintf(f, "  %" PRIu64 " records lost\n", r->lost);
	fprintf(f, "  xxh64 %016" PRIx64 ", %s\n", r->checksum,
		verified[r->verdict]);
}

int report_print(const struct report *r, const struct options *o)
{
	FILE *f = output_is_stdout() ? stderr : stdout;

	progress_clear();
	if (r->lost)
		warn("%" PRIu64 " records were lost on channel %s", r->lost,
		     r->channel);
	if (given(o, OPT_JSON))
		print_json(f, r);
	else
		print_text(f, r);
	return r->verdict == DIFFERENT ? EXIT_FAILED : EXIT_GOOD;
}

XXH64_state_t *checksum_new(void)
{
	XXH64_state_t *state = XXH64_createState();

	if (!state)
		fail("no memory for a checksum");
	XXH64_reset(state, 0);
	return state;
}
