// SPDX-License-Identifier: GPL-2.0
/*
 * Moves records in rounds and measures them; checks that every byte arrived.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "measure.h"

/* Where there are two steps, what each of them took. */
struct steps {
	uint64_t send;
	uint64_t recv;
};

int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static unsigned int largest_batch(const struct mechanism *m, uint32_t bytes)
{
	unsigned int batch = m->batch ? m->batch : 1;

	return bytes * (uint64_t)batch > BATCH_BYTES ? BATCH_BYTES / bytes : batch;
}

/**
 * transfer_open() - make a mechanism ready
 * @m: the mechanism
 * @bytes: of a record
 * @flags: for its kernel half
 *
 * Return: the transfer.
 */
struct transfer transfer_open(const struct mechanism *m, uint32_t bytes, uint32_t flags)
{
	struct transfer t = {
		.mech = m,
		.bytes = bytes,
		.unit = m->unit && m->unit < bytes ? m->unit : bytes,
		.batch = largest_batch(m, bytes),
		.flags = flags,
		.fd = -1,
		.ctl = -1,
		.sum = XXH64_createState(),
	};

	if (!t.sum)
		die("no memory");
	XXH64_reset(t.sum, 0);
	t.out = work_buffer((size_t)bytes * t.batch);
	t.in = work_buffer((size_t)bytes * t.batch);
	m->open(&t);
	return t;
}

void transfer_close(struct transfer *t)
{
	if (t->mech->close)
		t->mech->close(t);
	if (t->ctl >= 0 && t->ctl != t->fd)
		close(t->ctl);
	if (t->fd >= 0)
		close(t->fd);
	free(t->out);
	free(t->in);
	XXH64_freeState(t->sum);
}

static void run_batches(struct transfer *t, uint64_t count, struct steps *steps)
{
	uint64_t left, n;

	for (left = count; left; left -= n) {
		uint64_t start = steps ? clock_ticks() : 0, sent;

		n = batch_of(t, left);
		t->mech->send(t, n);
		sent = steps ? clock_ticks() : 0;
		t->mech->recv(t, n);
		t->next += n;
		if (!steps)
			continue;
		steps->send += sent - start;
		steps->recv += clock_ticks() - sent;
	}
}

static void run_round(struct transfer *t, uint64_t count, struct steps *steps)
{
	if (t->mech->send && t->mech->recv) {
		run_batches(t, count, steps);
		return;
	}
	if (t->mech->send)
		t->mech->send(t, count);
	else
		t->mech->recv(t, count);
	t->next += count;
}

/* A synchronous mechanism's kernel half says itself what it took. */
static double split_by_kernel(struct transfer *t, uint64_t count)
{
	uint64_t start, ticks, kernel;

	if (t->ctl < 0 || ioctl(t->ctl, LAB_TIME)) {
		run_round(t, count, NULL);
		return -1;
	}
	start = clock_ticks();
	run_round(t, count, NULL);
	ticks = clock_ticks() - start;
	kernel = control_totals(t).ticks;
	if (!kernel || kernel > ticks)
		return -1;
	return (double)(t->mech->dir == K2U ? kernel : ticks - kernel) / ticks;
}

static double split_round(struct transfer *t, uint64_t count)
{
	struct steps steps = { 0 };

	if (!t->mech->send || !t->mech->recv)
		return split_by_kernel(t, count);
	run_round(t, count, &steps);
	return (double)steps.send / (steps.send + steps.recv);
}

/* A record that is missing without being counted, or is another: no figures. */
static void check(struct transfer *t, uint64_t records)
{
	uint64_t got, want = work_checksum(t->bytes, records);

	if (t->lost)
		return;
	if (t->mech->dir == U2K) {
		struct lab_totals totals = t->mech->totals(t);

		if (totals.bytes != records * t->bytes)
			die("%s: kernel took %llu bytes of %" PRIu64, t->mech->name,
			    totals.bytes, records * t->bytes);
		got = totals.checksum;
	} else {
		got = XXH64_digest(t->sum);
	}
	if (got != want)
		die("%s: %u-byte records: checksum %016" PRIx64 ", not %016" PRIx64,
		    t->mech->name, t->bytes, got, want);
}

struct figures measure(const struct mechanism *m, uint32_t bytes, bool quick)
{
	struct transfer t = transfer_open(m, bytes, 0);
	struct figures f = {
		.round = work_round(m, bytes, quick),
		.batch = t.batch,
		.unit = t.unit,
	};
	int i;

	run_round(&t, f.round, NULL);
	t.calls = 0;
	for (i = 0; i < ROUNDS; i++) {
		struct instant start = instant_now(), end;

		run_round(&t, f.round, NULL);
		end = instant_now();
		f.ns[i] = end.ns - start.ns;
		f.ticks[i] = end.tsc - start.tsc;
	}
	f.records = f.round * ROUNDS;
	f.calls = t.calls;
	f.sender = split_round(&t, f.round);
	f.lost = t.lost;
	check(&t, f.round * ALL_ROUNDS);
	transfer_close(&t);
	qsort(f.ns, ROUNDS, sizeof(f.ns[0]), compare_u64);
	qsort(f.ticks, ROUNDS, sizeof(f.ticks[0]), compare_u64);
	return f;
}
