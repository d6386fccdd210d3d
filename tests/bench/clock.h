/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time and instructions.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct instant - a point of a run
 * @ns: CLOCK_MONOTONIC
 * @tsc: time stamp counter. QEMU's -icount shift=0 makes it the number of
 *	instructions that the processor has executed, user and kernel together.
 */
struct instant {
	uint64_t ns;
	uint64_t tsc;
};

static inline uint64_t clock_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

struct instant instant_now(void);
uint64_t clock_loop(uint64_t insns);
bool clock_counts_insns(void);

#endif /* CLOCK_H */
