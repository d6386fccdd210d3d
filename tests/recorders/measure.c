// SPDX-License-Identifier: GPL-2.0
/*
 * Runs loads, recorded and not; the reader drains when they have ended.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>

#include "clock.h"
#include "die.h"
#include "measure.h"

/* Room for all records of a load, so that what is lost is no part of a cost. */
#define COST_BYTES	(32U << 20)
#define ROUNDS		3	/* the fastest counts */
#define AGAIN_NS	1000000

static uint64_t drain(const struct recorder *r, struct recorded *rec)
{
	uint64_t begun = clock_ticks(), records = r->drain();

	rec->seen += records;
	rec->drain_ticks += clock_ticks() - begun;
	return records;
}

static void wait_for(const struct recorder *r, struct loading *l, struct recorded *rec)
{
	load_go(l);
	while (!load_has_ended(l, rec->blocked ? AGAIN_NS : PATIENCE_NS)) {
		rec->blocked = true;
		drain(r, rec);
	}
	rec->calls = l->work->made;
	rec->ticks = l->work->ticks;
	rec->made = load_records(rec->calls);
}

static void start(const struct recorder *r, const struct loading *l, size_t bytes)
{
	if (!r->start(l->pid, bytes))
		die("%s: %s", r->name, recorder_why);
}

static struct recorded record(const struct recorder *r, const struct load *load, uint64_t calls,
			      size_t bytes)
{
	struct loading l = load_fork(load, calls);
	struct recorded rec = { 0 };

	start(r, &l, bytes);
	wait_for(r, &l, &rec);
	while (drain(r, &rec))
		;
	rec.told = r->lost();
	r->stop();
	load_free(&l);
	return rec;
}

/**
 * measure_loss() - what is lost when nobody reads until the end
 * @r: the recorder
 * @calls: how many the load makes
 * @bytes: of its buffers
 *
 * Return: what became of the records.
 */
struct recorded measure_loss(const struct recorder *r, uint64_t calls, size_t bytes)
{
	return record(r, &load_getppid, calls, bytes);
}

static uint64_t run_plain(const struct load *load, uint64_t calls)
{
	struct loading l = load_fork(load, calls);
	uint64_t ticks;

	load_go(&l);
	while (!load_has_ended(&l, PATIENCE_NS))
		;
	ticks = l.work->ticks;
	load_free(&l);
	return ticks;
}

static void keep_least(uint64_t *least, uint64_t value)
{
	if (value < *least)
		*least = value;
}

/**
 * measure_cost() - what recording adds to a load, and what reading the records takes
 * @r: the recorder
 * @load: the load
 * @calls: how many it makes
 * @quick: one round is enough
 *
 * Return: the least of some rounds of each.
 */
struct cost measure_cost(const struct recorder *r, const struct load *load, uint64_t calls,
			 bool quick)
{
	struct cost cost = { .plain = UINT64_MAX };
	int i;

	for (i = 0; i < (quick ? 1 : ROUNDS); i++) {
		struct recorded rec;

		keep_least(&cost.plain, run_plain(load, calls));
		rec = record(r, load, calls, COST_BYTES);
		if (rec.seen != rec.made)
			die("%s: load %s: %" PRIu64 " records of %" PRIu64, r->name, load->name,
			    rec.seen, rec.made);
		if (i) {
			keep_least(&rec.ticks, cost.recorded.ticks);
			keep_least(&rec.drain_ticks, cost.recorded.drain_ticks);
		}
		cost.recorded = rec;
	}
	return cost;
}
