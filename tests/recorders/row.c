// SPDX-License-Identifier: GPL-2.0
/*
 * Results as JSON lines.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "row.h"

static struct instant begun;
static bool counted;

/**
 * row_begin() - find out what a tick is
 *
 * Where it is no instruction, it is told in nanoseconds.
 */
void row_begin(void)
{
	begun = instant_now();
	counted = clock_counts_insns();
}

/* By the clock's own pace since the start. */
static double ns_of(double ticks)
{
	struct instant now = instant_now();

	return ticks * (now.ns - begun.ns) / (now.tsc - begun.tsc);
}

static double figure_of(double ticks)
{
	return counted ? ticks : ns_of(ticks);
}

static void print_head(const struct recorder *r, const char *what)
{
	printf("{\"recorder\": \"%s\", \"what\": \"%s\", ", r->name, what);
}

static void print_tail(void)
{
	const char *accel = getenv("BULK_ACCEL");

	printf("\"unit\": \"%s\", \"accel\": \"%s\"}\n", counted ? "insns" : "ns",
	       accel ? accel : "unknown");
	fflush(stdout);
}

static const char *word(bool yes)
{
	return yes ? "true" : "false";
}

void row_print_cost(const struct recorder *r, const struct load *load, const struct cost *cost)
{
	const struct recorded *rec = &cost->recorded;
	double more = (double)rec->ticks - cost->plain;

	print_head(r, "cost");
	printf("\"load\": \"%s\", \"calls\": %" PRIu64 ", ", load->name, rec->calls);
	printf("\"plain\": %.1f, ", figure_of(cost->plain) / rec->calls);
	printf("\"recorded\": %.1f, ", figure_of(more) / rec->calls);
	printf("\"drained\": %.1f, ", figure_of(rec->drain_ticks) / rec->seen);
	printf("\"blocked\": %s, ", word(rec->blocked));
	print_tail();
}

void row_print_loss(const struct recorder *r, size_t bytes, const struct recorded *rec)
{
	print_head(r, "loss");
	printf("\"bytes\": %zu, \"made\": %" PRIu64 ", \"seen\": %" PRIu64 ", ", bytes,
	       rec->made, rec->seen);
	if (rec->told == UINT64_MAX)
		printf("\"told\": null, ");
	else
		printf("\"told\": %" PRIu64 ", ", rec->told);
	printf("\"untold\": %" PRId64 ", \"blocked\": %s, ", untold(rec), word(rec->blocked));
	print_tail();
}

void row_print_delay(const struct recorder *r, const struct delay *delay)
{
	print_head(r, "delay");
	printf("\"ns\": %.0f, \"polled\": %s, ", ns_of(delay->ticks), word(delay->polled));
	print_tail();
}
