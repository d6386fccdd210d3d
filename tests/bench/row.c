// SPDX-License-Identifier: GPL-2.0
/*
 * Results as JSON lines.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "row.h"

static const char *const directions[] = { "u2k", "k2u", "u2u" };

/* A figure, or null where there is none. */
static void print_figure(const char *name, bool known, double value, int digits)
{
	if (known)
		printf("\"%s\": %.*f, ", name, digits, value);
	else
		printf("\"%s\": null, ", name);
}

static void print_cost(const struct figures *f, bool counted)
{
	double ns = (double)f->ns[ROUNDS / 2] / f->round;
	double ticks = (double)f->ticks[ROUNDS / 2] / f->round;

	print_figure("ns_per_record", !counted, ns, 1);
	print_figure("insns_per_record", counted, ticks, 1);
}

/* One part of the cost by both measures; the other part is the rest. */
static void print_split(const struct figures *f, bool counted)
{
	double ns = (double)f->ns[ROUNDS / 2] / f->round;
	double ticks = (double)f->ticks[ROUNDS / 2] / f->round;
	bool known = f->sender >= 0;

	print_figure("cycles_per_record", !counted, ticks, 1);
	print_figure("ns_spread", !counted,
		     (double)(f->ns[ROUNDS - 1] - f->ns[0]) / f->ns[ROUNDS / 2], 3);
	print_figure("insns_spread", counted,
		     (double)(f->ticks[ROUNDS - 1] - f->ticks[0]) / f->ticks[ROUNDS / 2], 5);
	print_figure("sender_ns", known && !counted, ns * f->sender, 1);
	print_figure("receiver_ns", known && !counted, ns * (1 - f->sender), 1);
	print_figure("sender_insns", known && counted, ticks * f->sender, 1);
	print_figure("receiver_insns", known && counted, ticks * (1 - f->sender), 1);
}

static void print_aside(const struct aside *aside)
{
	const struct wakes *w = &aside->wakes;
	const struct stall *s = &aside->stall;
	uint64_t lost = s->accepted - s->received;

	print_figure("wake_ns_median", w->taken, w->median, 0);
	print_figure("wake_ns_p99", w->taken, w->p99, 0);
	print_figure("stall_offered", s->taken, s->offered, 0);
	print_figure("stall_refused", s->taken, s->offered - s->accepted, 0);
	print_figure("stall_lost", s->taken, lost, 0);
	if (s->taken && lost)
		printf("\"stall_noticed\": %s, ", s->told ? "true" : "false");
	else
		printf("\"stall_noticed\": null, ");
}

void row_print(const struct mechanism *m, uint32_t bytes, const struct figures *f,
	       const struct aside *aside, bool counted)
{
	const char *accel = getenv("BULK_ACCEL");

	printf("{\"mechanism\": \"%s\", \"direction\": \"%s\", \"bytes\": %u, ",
	       m->name, directions[m->dir], bytes);
	printf("\"records\": %" PRIu64 ", \"batch\": %u, ", f->records, f->batch);
	print_cost(f, counted);
	printf("\"syscalls_per_record\": %.6f, \"copies\": %d, ",
	       (double)f->calls / f->records, m->copies);
	printf("\"unit\": %u, ", f->unit);
	printf("\"queued\": %s, ", m->send && m->recv ? "true" : "false");
	print_split(f, counted);
	print_aside(aside);
	printf("\"lost\": %" PRIu64 ", \"accel\": \"%s\"}\n", f->lost,
	       accel ? accel : "unknown");
	fflush(stdout);
}

/* A note, lest rows seem to be missing. */
void row_print_least(const struct mechanism *m)
{
	printf("# no rows below %u B: %s %s\n", m->min_bytes, m->name, directions[m->dir]);
}

/* True for the first entry of a mechanism. */
static bool is_first(const struct mechanism *const *m)
{
	return m == mechanisms || strcmp(m[-1]->name, m[0]->name);
}

int row_list(void)
{
	const struct mechanism *const *m;

	for (m = mechanisms; *m; m++)
		if (is_first(m))
			puts((*m)->name);
	return 0;
}

/* The directions of a mechanism's entries. */
static void print_ways(const struct mechanism *const *m)
{
	const char *name = (*m)->name, *comma = "";

	printf("{\"mechanism\": \"%s\", \"directions\": \"", name);
	for (; *m && !strcmp((*m)->name, name); m++, comma = ", ")
		printf("%s%s", comma, directions[(*m)->dir]);
	printf("\", ");
}

static void print_about(const struct mechanism *const *m)
{
	const struct about *a = (*m)->about;

	print_ways(m);
	printf("\"starts\": \"%s\", \"synchronous\": \"%s\", ", a->starts, a->synchronous);
	printf("\"loss\": \"%s\", \"backpressure\": \"%s\", \"notification\": \"%s\", ",
	       a->loss, a->backpressure, a->notification);
	printf("\"unit\": \"%s\", \"privilege\": \"%s\", \"abi\": \"%s\", ",
	       a->unit, a->privilege, a->abi);
	printf("\"use\": \"%s\"}\n", a->use);
}

int row_about(void)
{
	const struct mechanism *const *m;

	for (m = mechanisms; *m; m++)
		if (is_first(m))
			print_about(m);
	return 0;
}
