// SPDX-License-Identifier: GPL-2.0
/*
 * Measures records through system calls; prints one JSON object for each case.
 *
 * bench_syscall [--check] [MECHANISM | BYTES]...: only these mechanisms and
 * record sizes; --check just looks whether there are such. BULK_ACCEL names
 * the accelerator in the results.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "mechanism.h"
#include "work.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_WANTED	32

static const struct mechanism *const mechanisms[] = {
	&chardev, &bulk_rw, &bulk_single, &bulk_batch,
};

static const uint32_t default_sizes[] = { 64, 1024, 64 << 10, 1 << 20 };

/**
 * struct wanted - what the command line asks for
 * @mechs: mechanisms
 * @nr_mechs: how many
 * @sizes: record sizes
 * @nr_sizes: how many
 */
struct wanted {
	const struct mechanism *mechs[MAX_WANTED];
	unsigned int nr_mechs;
	uint32_t sizes[MAX_WANTED];
	unsigned int nr_sizes;
};

/**
 * struct run - a mechanism at work
 * @mech: the mechanism
 * @t: its transfer
 * @ns: time of each round
 * @ticks: of the time stamp counter, likewise
 */
struct run {
	const struct mechanism *mech;
	struct transfer t;
	uint64_t ns[ROUNDS];
	uint64_t ticks[ROUNDS];
};

static bool counts_insns;

static struct transfer transfer_open(const struct mechanism *m,
				     const struct work *w)
{
	struct transfer t = {
		.dir = w->dir,
		.bytes = w->bytes,
		.records = w->round * ROUNDS,
		.batch = m->batch,
		.buf = work_buffer(w, m->batch),
		.sum = XXH64_createState(),
	};

	if (!t.sum)
		die("no memory");
	XXH64_reset(t.sum, 0);
	m->open(&t);
	return t;
}

static void transfer_close(struct transfer *t)
{
	close(t->fd);
	free(t->buf);
	XXH64_freeState(t->sum);
}

/* A record that is missing without being counted, or is another: no figures. */
static void check(const struct mechanism *m, struct transfer *t,
		  const struct work *w)
{
	uint64_t got;

	if (t->dir == U2K) {
		struct totals totals = m->totals(t);

		if (totals.bytes != t->records * t->bytes)
			die("%s: kernel took %" PRIu64 " bytes of %" PRIu64,
			    m->name, totals.bytes, t->records * t->bytes);
		got = totals.checksum;
	} else {
		got = XXH64_digest(t->sum);
	}
	if (!t->lost && got != w->checksum)
		die("%s: %u-byte records: checksum %016" PRIx64 ", not %016" PRIx64,
		    m->name, t->bytes, got, w->checksum);
}

static void run_round(struct run *r, int round, uint64_t count)
{
	struct instant start = instant_now(), end;

	if (r->t.dir == U2K)
		r->mech->send(&r->t, count);
	else
		r->mech->recv(&r->t, count);
	end = instant_now();
	r->t.next += count;
	r->ns[round] = end.ns - start.ns;
	r->ticks[round] = end.tsc - start.tsc;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double median(uint64_t *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

/* Where instructions are counted, the clock is made of them: no time. */
static void print_cost(struct run *r, uint64_t records)
{
	if (counts_insns)
		printf("\"ns_per_record\": null, \"insns_per_record\": %.1f, ",
		       median(r->ticks) / records);
	else
		printf("\"ns_per_record\": %.1f, \"insns_per_record\": null, ",
		       median(r->ns) / records);
}

static void print_run(struct run *r, uint64_t round)
{
	const char *accel = getenv("BULK_ACCEL");
	const struct transfer *t = &r->t;

	printf("{\"mechanism\": \"%s\", \"direction\": \"%s\", \"bytes\": %u, ",
	       r->mech->name, t->dir == U2K ? "u2k" : "k2u", t->bytes);
	printf("\"records\": %" PRIu64 ", \"batch\": %u, ", t->records,
	       t->batch);
	print_cost(r, round);
	printf("\"syscalls_per_record\": %.6f, \"copies\": %d, ",
	       (double)t->calls / t->records, r->mech->copies);
	printf("\"lost\": %" PRIu64 ", \"accel\": \"%s\"}\n", t->lost,
	       accel ? accel : "unknown");
	fflush(stdout);
}

static unsigned int open_runs(struct run *runs, const struct wanted *want,
			      const struct work *w)
{
	unsigned int i, nr = 0;

	for (i = 0; i < want->nr_mechs; i++) {
		if (w->bytes > want->mechs[i]->max_bytes)
			continue;
		runs[nr].mech = want->mechs[i];
		runs[nr].t = transfer_open(want->mechs[i], w);
		nr++;
	}
	return nr;
}

/* Mechanisms take turns, so that what else the host does hits all alike. */
static void measure(const struct wanted *want, enum direction dir,
		    uint32_t bytes)
{
	struct work w = work_make(dir, bytes);
	struct run runs[MAX_WANTED];
	unsigned int nr = open_runs(runs, want, &w), i;
	int round;

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < nr; i++)
			run_round(&runs[i], round, w.round);
	for (i = 0; i < nr; i++) {
		check(runs[i].mech, &runs[i].t, &w);
		print_run(&runs[i], w.round);
		transfer_close(&runs[i].t);
	}
}

static const struct mechanism *find_mechanism(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mechanisms); i++)
		if (!strcmp(mechanisms[i]->name, name))
			return mechanisms[i];
	die("no mechanism %s: there are chardev, bulk-rw, syscall, bulk-batch",
	    name);
}

static uint32_t parse_size(const char *word)
{
	char *end;
	unsigned long bytes = strtoul(word, &end, 10);

	if (*end || !bytes || bytes % 8 || bytes > MAX_BYTES)
		die("record size %s: want a multiple of 8 up to %u", word,
		    MAX_BYTES);
	return bytes;
}

static void parse(struct wanted *want, char **words)
{
	for (; *words; words++) {
		if (want->nr_mechs == MAX_WANTED || want->nr_sizes == MAX_WANTED)
			die("more than %d words", MAX_WANTED);
		if (**words >= '0' && **words <= '9')
			want->sizes[want->nr_sizes++] = parse_size(*words);
		else
			want->mechs[want->nr_mechs++] = find_mechanism(*words);
	}
}

static void fill_defaults(struct wanted *want)
{
	if (!want->nr_mechs) {
		memcpy(want->mechs, mechanisms, sizeof(mechanisms));
		want->nr_mechs = ARRAY_SIZE(mechanisms);
	}
	if (!want->nr_sizes) {
		memcpy(want->sizes, default_sizes, sizeof(default_sizes));
		want->nr_sizes = ARRAY_SIZE(default_sizes);
	}
}

int main(int argc, char **argv)
{
	bool check_only = argc > 1 && !strcmp(argv[1], "--check");
	struct wanted want = { 0 };
	unsigned int i;

	parse(&want, argv + 1 + check_only);
	if (check_only)
		return 0;
	fill_defaults(&want);
	counts_insns = clock_counts_insns();
	for (i = 0; i < want.nr_sizes; i++) {
		measure(&want, U2K, want.sizes[i]);
		measure(&want, K2U, want.sizes[i]);
	}
	return 0;
}
