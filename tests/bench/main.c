// SPDX-License-Identifier: GPL-2.0
/*
 * Measures one laboratory program's mechanisms; prints one JSON object for each case.
 *
 * NAME [--list | --about | --quick] [MECHANISM | BYTES]...
 *
 * Words choose mechanisms (the program's own name means all of its; none that
 * is known here means nothing to do) and record sizes. --quick moves just a
 * few records of a few sizes. The kernel half, lab_NAME.ko, is loaded from the program's
 * folder. BULK_ACCEL names the accelerator in the results.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "die.h"
#include "kmodule.h"
#include "measure.h"
#include "row.h"

#define MAX_SIZES	16
#define ASIDE_BYTES	64	/* of records whose wake-ups and losses are measured */

static const uint32_t default_sizes[] = { 16, 64, 1000, 1024, 4096, 16384, 65536, 1 << 20 };
static const uint32_t quick_sizes[] = { 64, 1000, 65536 };

/**
 * struct wanted - what the command line asks for
 * @names: mechanisms; none means all
 * @nr_names: how many
 * @sizes: record sizes
 * @nr_sizes: how many
 * @quick: just a few records
 */
struct wanted {
	char **names;
	unsigned int nr_names;
	uint32_t sizes[MAX_SIZES];
	unsigned int nr_sizes;
	bool quick;
};

static uint32_t parse_size(const char *word)
{
	char *end;
	unsigned long bytes = strtoul(word, &end, 10);

	if (*end || bytes < LAB_MIN_BYTES || bytes % 8 || bytes > LAB_MAX_BYTES)
		die("record size %s: want a multiple of 8 from %u to %u", word,
		    LAB_MIN_BYTES, LAB_MAX_BYTES);
	return bytes;
}

static void set_sizes(struct wanted *want, const uint32_t *sizes, size_t len)
{
	memcpy(want->sizes, sizes, len);
	want->nr_sizes = len / sizeof(*sizes);
}

static void parse(struct wanted *want, char **words)
{
	want->names = words;
	for (; *words; words++) {
		if (want->nr_sizes == MAX_SIZES)
			die("more than %d sizes", MAX_SIZES);
		if (!strcmp(*words, "--quick"))
			want->quick = true;
		else if (**words >= '0' && **words <= '9')
			want->sizes[want->nr_sizes++] = parse_size(*words);
		else
			want->names[want->nr_names++] = *words;
	}
	if (want->nr_sizes)
		return;
	if (want->quick)
		set_sizes(want, quick_sizes, sizeof(quick_sizes));
	else
		set_sizes(want, default_sizes, sizeof(default_sizes));
}

static bool is_wanted(const struct wanted *want, const struct mechanism *m)
{
	unsigned int i;

	for (i = 0; i < want->nr_names; i++)
		if (!strcmp(want->names[i], m->name) ||
		    !strcmp(want->names[i], program_invocation_short_name))
			return true;
	return !want->nr_names;
}

/* Where instructions are counted, the clock is made of them: no time. */
static struct aside measure_aside(const struct mechanism *m, bool skip, bool quick)
{
	struct aside aside = { 0 };

	if (skip)
		return aside;
	aside.wakes = measure_wakes(m, ASIDE_BYTES, quick);
	aside.stall = measure_stall(m, ASIDE_BYTES, quick);
	return aside;
}

static bool is_measured(const struct wanted *want, const struct mechanism *m, uint32_t bytes)
{
	if (bytes < m->min_bytes)
		return false;
	return !want->quick || !m->max_bytes || bytes <= m->max_bytes;
}

static void run_mechanism(const struct wanted *want, const struct mechanism *m, bool counted)
{
	struct aside aside = measure_aside(m, counted, want->quick);
	unsigned int i;

	if (m->min_bytes)
		row_print_least(m);
	for (i = 0; i < want->nr_sizes; i++) {
		struct figures f;

		if (!is_measured(want, m, want->sizes[i]))
			continue;
		f = measure(m, want->sizes[i], want->quick);
		row_print(m, want->sizes[i], &f, &aside, counted);
	}
}

static int run_all(const struct wanted *want)
{
	const struct mechanism *const *m;
	bool counted = clock_counts_insns(), any = false;

	for (m = mechanisms; *m; m++) {
		if (!(*m)->open || !is_wanted(want, *m))
			continue;
		if (!any)
			kmodule_load(program_invocation_short_name);
		any = true;
		run_mechanism(want, *m, counted);
	}
	if (any)
		kmodule_unload(program_invocation_short_name);
	return 0;
}

int main(int argc, char **argv)
{
	struct wanted want = { 0 };

	if (argc == 2 && !strcmp(argv[1], "--list"))
		return row_list();
	if (argc == 2 && !strcmp(argv[1], "--about"))
		return row_about();
	parse(&want, argv + 1);
	return run_all(&want);
}
