// SPDX-License-Identifier: GPL-2.0
/*
 * Members of an object of JSON that tell of a system call.
 *
 * Numbers that may have all of 64 bits and mean no quantity are strings, because
 * many readers of JSON keep 53 bits.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <inttypes.h>

#include "../json.h"
#include "json_call.h"

static void put_hex(FILE *f, const uint64_t *words, size_t nr)
{
	size_t i;

	fputc('[', f);
	for (i = 0; i < nr; i++)
		fprintf(f, "%s\"0x%" PRIx64 "\"", i ? "," : "", words[i]);
	fputc(']', f);
}

static void put_path(FILE *f, const struct bulk_syscalls_part *part)
{
	fprintf(f, "{\"arg\":%u,\"path\":", part->arg);
	json_bytes(f, part->data, part->len);
	if (part->flags & BULK_SYSCALLS_PART_CUT)
		fputs(",\"cut\":true", f);
	if (part->flags & BULK_SYSCALLS_PART_FAULT)
		fputs(",\"fault\":true", f);
	fputc('}', f);
}

static bool put_paths(FILE *f, struct parts p, const char *before)
{
	const struct bulk_syscalls_part *part;
	bool any = false;

	while ((part = part_next(&p, BULK_SYSCALLS_PART_PATH))) {
		fprintf(f, "%s", any ? "," : before);
		if (!any)
			fputs("\"paths\":[", f);
		put_path(f, part);
		any = true;
	}
	if (any)
		fputc(']', f);
	return any;
}

static void put_stack(FILE *f, struct parts p, const char *before)
{
	const struct bulk_syscalls_part *part;

	part = part_next(&p, BULK_SYSCALLS_PART_STACK);
	if (!part)
		return;
	fprintf(f, "%s\"stack\":", before);
	put_hex(f, (const uint64_t *)part->data, part->len / sizeof(uint64_t));
	if (part->flags & BULK_SYSCALLS_PART_CUT)
		fputs(",\"stack_cut\":true", f);
}

void json_call_args(FILE *f, const struct call_view *v, const char *before)
{
	if (v->args) {
		fprintf(f, "%s\"args\":", before);
		put_hex(f, v->args, v->nr_args);
		before = ",";
	}
	if (put_paths(f, v->parts, before))
		before = ",";
	put_stack(f, v->parts, before);
}

void json_call_result(FILE *f, const struct call_view *v)
{
	fprintf(f, "\"result\":%" PRId64 ",\"errno\":",
		(int64_t)v->exit->result);
	json_string(f, result_errno(v->exit->result));
}

int json_end(FILE *f)
{
	if (fflush(f))
		return -1;
	if (!ferror(f))
		return 0;
	errno = EIO; /* that of the write that failed is gone */
	return -1;
}
