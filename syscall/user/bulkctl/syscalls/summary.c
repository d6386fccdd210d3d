// SPDX-License-Identifier: GPL-2.0
/*
 * How often calls are made and how long they take, as strace -c prints it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "../message.h"
#include "decode.h"

#define MAX_ERRNO	4095

/**
 * struct row - one call
 * @next: another one of the same bucket
 * @head: of an exit of it: what names it
 */
struct row {
	struct row *next;
	struct bulk_syscalls_exit sample;
	uint64_t calls;
	uint64_t errors;
	uint64_t ns;
};

/* As many as there are numbers in use, about. */
#define BUCKETS		512

static struct {
	FILE *out;
	struct row *buckets[BUCKETS];
	unsigned int nr;
	uint64_t lost;
} summary;

static struct row *row_of(const struct bulk_syscalls_exit *e)
{
	struct row **at = &summary.buckets[e->nr % BUCKETS];

	while (*at && ((*at)->sample.nr != e->nr ||
		       (*at)->sample.head.abi != e->head.abi))
		at = &(*at)->next;
	if (*at)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (!*at)
		fail("no memory for another call");
	(*at)->sample = *e;
	summary.nr++;
	return *at;
}

static void summary_event(const struct event *e)
{
	const struct bulk_syscalls_exit *leave = (const void *)e->head;
	struct row *row;

	summary.lost += e->lost;
	if (e->head->type != BULK_SYSCALLS_EXIT)
		return;
	row = row_of(leave);
	row->calls++;
	row->ns += leave->duration_ns;
	row->errors += leave->result < 0 && leave->result >= -MAX_ERRNO;
}

/* The longest first; of those that are as long, the most frequent. */
static int compare(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a;
	const struct row *y = *(struct row *const *)b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return x->sample.nr < y->sample.nr ? -1 : 1;
}

/* Return: the rows in the order that they are printed in; NULL with errno. */
static struct row **sorted_rows(void)
{
	struct row **rows = malloc((summary.nr + 1) * sizeof(*rows)), *row;
	unsigned int i, nr = 0;

	if (!rows)
		return NULL;
	for (i = 0; i < BUCKETS; i++) {
		for (row = summary.buckets[i]; row; row = row->next)
			rows[nr++] = row;
	}
	qsort(rows, nr, sizeof(*rows), compare);
	return rows;
}

static void print_rule(void)
{
	fputs("------ ----------- ----------- --------- --------- ----------------\n",
	      summary.out);
}

/* No errors are no figure, as strace has it. */
static void print_row(const struct row *row, const char *name, size_t len,
		      uint64_t all_ns)
{
	char errors[24] = "";

	if (row->errors)
		snprintf(errors, sizeof(errors), "%" PRIu64, row->errors);
	fprintf(summary.out, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " %9s %.*s\n",
		all_ns ? 100.0 * row->ns / all_ns : 0.0, row->ns / 1e9,
		row->calls ? row->ns / row->calls / 1000 : 0, row->calls,
		errors, (int)len, name);
}

static void print_call(const struct row *row, uint64_t all_ns)
{
	static struct line name;

	name.len = 0;
	decode_name(&name, &row->sample.head);
	print_row(row, name.text, name.len, all_ns);
}

static int summary_end(void)
{
	struct row **rows = sorted_rows(), all = { .calls = 0 };
	unsigned int i;

	if (!rows)
		return -1;
	for (i = 0; i < summary.nr; i++) {
		all.calls += rows[i]->calls;
		all.errors += rows[i]->errors;
		all.ns += rows[i]->ns;
	}
	fputs("% time     seconds  usecs/call     calls    errors syscall\n",
	      summary.out);
	print_rule();
	for (i = 0; i < summary.nr; i++)
		print_call(rows[i], all.ns);
	print_rule();
	print_row(&all, "total", sizeof("total") - 1, all.ns);
	if (summary.lost)
		fprintf(summary.out, "--- %" PRIu64 " records lost ---\n",
			summary.lost);
	free(rows);
	return fflush(summary.out) || ferror(summary.out) ? -1 : 0;
}

static int summary_begin(FILE *out, const char *path,
			 const struct bulk_syscalls_started *started)
{
	(void)path;
	(void)started;
	summary.out = out;
	return 0;
}

const struct writer writer_summary = {
	.name = "summary",
	.begin = summary_begin,
	.event = summary_event,
	.end = summary_end,
};
