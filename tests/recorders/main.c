// SPDX-License-Identifier: GPL-2.0
/*
 * Measures ways to record system calls; prints a JSON object for each figure.
 *
 * recorders [--list | --quick] [RECORDER]...
 *
 * Each is asked what recording a call costs, what is lost while nobody reads,
 * and, where the clock is one, how soon a reader sees a call. --quick makes few
 * calls. Words choose recorders. BULK_ACCEL names the accelerator in the results.
 *
 * Exit: 0; 1 where a record is missing that a mechanism which tells of losses did
 * not tell of; 4 where nothing but what cannot be had here was asked for.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "clock.h"
#include "consume.h"
#include "die.h"
#include "recorder_perf.h"
#include "row.h"

#define EXIT_SKIP	4

static const struct recorder *const recorders[] = {
	&recorder_bulk, &recorder_bpf, &recorder_perf, &recorder_perf_waking,
	&recorder_ftrace, &recorder_strace, &recorder_mmap, &recorder_relay,
	&recorder_chardev, &recorder_own_syscall, &recorder_fs, &recorder_procfs,
	&recorder_genetlink, NULL,
};

static const size_t loss_bytes[] = { 128 << 10, 1 << 20, 0 };

const char *recorder_why;
uint64_t consumed_sum;

/**
 * struct size - how much is measured
 * @cost_calls: of a load whose cost is measured
 * @loss_calls: of one whose records nobody reads
 * @steps: calls whose delay is measured
 */
struct size {
	uint64_t cost_calls;
	uint64_t loss_calls;
	unsigned int steps;
};

/* More calls than the larger buffer holds, also of --quick. */
static const struct size full = { 20000, 100000, 200 };
static const struct size quick = { 2000, 20000, 20 };
/* A call takes a hundred times as long under ptrace(2): of so many, it makes one. */
#define STRACE_ONE_IN	10

static uint64_t calls_of(const struct recorder *r, uint64_t calls)
{
	return r == &recorder_strace ? calls / STRACE_ONE_IN : calls;
}

static bool can_be_had(const struct recorder *r)
{
	struct loading l = load_fork(&load_getppid, 1);
	bool had = r->start(l.pid, loss_bytes[0]);

	load_go(&l);
	while (!load_has_ended(&l, PATIENCE_NS))
		;
	if (had)
		r->stop();
	else
		fprintf(stderr, "%s: %s\n", r->name, recorder_why);
	load_free(&l);
	return had;
}

static void print_cost(const struct recorder *r, const struct load *load, const struct size *size)
{
	struct cost cost = measure_cost(r, load, calls_of(r, size->cost_calls),
					size == &quick);

	row_print_cost(r, load, &cost);
}

/* False where a record is missing without having been told of. */
static bool print_losses(const struct recorder *r, const struct size *size)
{
	const size_t *bytes;
	bool good = true;

	for (bytes = loss_bytes; *bytes; bytes++) {
		struct recorded rec = measure_loss(r, calls_of(r, size->loss_calls),
						   *bytes);

		row_print_loss(r, *bytes, &rec);
		if (!untold(&rec) || (rec.told == UINT64_MAX && untold(&rec) > 0))
			continue;
		fprintf(stderr, "%s: %zu bytes: %" PRId64 " records neither seen nor told of\n",
			r->name, *bytes, untold(&rec));
		good = false;
	}
	return good;
}

static bool run(const struct recorder *r, const struct size *size)
{
	struct delay delay;
	bool good;

	print_cost(r, &load_getppid, size);
	print_cost(r, &load_files, size);
	good = print_losses(r, size);
	if (clock_counts_insns())
		return good;
	delay = measure_delay(r, size->steps);
	row_print_delay(r, &delay);
	return good;
}

static bool is_wanted(const struct recorder *r, char **names)
{
	bool any = *names;

	for (; *names; names++)
		if (!strcmp(*names, r->name))
			return true;
	return !any;
}

static int run_wanted(char **names, const struct size *size)
{
	const struct recorder *const *r;
	bool good = true, any = false;

	row_begin();
	load_init();
	load_tree_make();
	atexit(load_tree_remove);
	for (r = recorders; *r; r++) {
		if (!is_wanted(*r, names) || !can_be_had(*r))
			continue;
		any = true;
		good &= run(*r, size);
	}
	return !good ? 1 : any ? 0 : EXIT_SKIP;
}

static void list(void)
{
	const struct recorder *const *r;

	for (r = recorders; *r; r++)
		printf("%-12s %s\n", (*r)->name, (*r)->about);
}

int main(int argc, char **argv)
{
	const struct size *size = &full;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--quick")) {
		size = &quick;
		argv++;
	}
	return run_wanted(argv + 1, size);
}
