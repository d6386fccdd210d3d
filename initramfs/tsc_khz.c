// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the kHz of the host's time stamp counter, which is the guest's under TCG.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * On a busy host the guest's own calibration against the PIT fails, and it is
 * left with the 4 ms clock of its timer interrupt.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct sample {
	uint64_t ns;
	uint64_t ticks;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The closest of many tries: an interruption between the readings spoils one. */
static struct sample take(void)
{
	uint64_t best = UINT64_MAX;
	struct sample sample = { 0 };
	unsigned int i, aux;

	for (i = 0; i < 1000; i++) {
		uint64_t before = __rdtscp(&aux);
		uint64_t ns = now();
		uint64_t took = __rdtscp(&aux) - before;

		if (took >= best)
			continue;
		best = took;
		sample = (struct sample){ .ns = ns, .ticks = before + took / 2 };
	}
	return sample;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	struct sample start = take(), end;

	nanosleep(&pause, NULL);
	end = take();
	printf("%.0f\n", (end.ticks - start.ticks) * 1e6 / (end.ns - start.ns));
	return 0;
}
