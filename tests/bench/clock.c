// SPDX-License-Identifier: GPL-2.0
/*
 * Time and instructions; tells whether the time stamp counter counts the latter.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <time.h>

#include "clock.h"

/* Far fewer than there are between two timer interrupts. */
#define PROBE_INSNS	100000
#define PROBE_TRIES	5

/**
 * instant_now() - where the run is
 *
 * The counter is read last, so that reading the clock counts for what lies
 * before: a pair of instants has the clock's some fifty instructions once.
 *
 * Return: clock and counter.
 */
struct instant instant_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){
		.ns = ts.tv_sec * 1000000000ULL + ts.tv_nsec,
		.tsc = clock_ticks(),
	};
}

/**
 * clock_loop() - execute a known number of instructions
 * @insns: how many; even
 *
 * Return: ticks of the time stamp counter that it took.
 */
uint64_t clock_loop(uint64_t insns)
{
	uint64_t turns = insns / 2, start = clock_ticks();

	__asm__ volatile("1: dec %0; jnz 1b" : "+r" (turns) : : "cc");
	return clock_ticks() - start;
}

/**
 * clock_counts_insns() - is a tick an instruction?
 *
 * A timer interrupt may fall into one try, not into all of them.
 *
 * Return: true where a loop of known length takes as many ticks, but for the
 * handful of instructions around it.
 */
bool clock_counts_insns(void)
{
	int i;

	for (i = 0; i < PROBE_TRIES; i++) {
		uint64_t ticks = clock_loop(PROBE_INSNS);

		if (ticks >= PROBE_INSNS && ticks <= PROBE_INSNS + 16)
			return true;
	}
	return false;
}
