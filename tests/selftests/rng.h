/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random programs of selftests: repeatable, by a seed that is printed.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef RNG_H
#define RNG_H

#include <stdbool.h>
#include <sys/random.h>

#include "bulk_test.h"

struct rng {
	__u64 seed;
	__u64 drawn;
};

/* BULK_SEED=N in the environment repeats the run that printed N. */
static inline struct rng rng_from_environment(void)
{
	const char *text = getenv("BULK_SEED");
	struct rng rng = { };

	if (text)
		rng.seed = strtoull(text, NULL, 0);
	else if (getrandom(&rng.seed, sizeof(rng.seed), 0) < 0)
		rng.seed = getpid();
	return rng;
}

static inline __u64 draw(struct rng *rng)
{
	return bulk_source_word(rng->seed, rng->drawn++);
}

/* From 0 to @n - 1. */
static inline __u64 below(struct rng *rng, __u64 n)
{
	return draw(rng) % n;
}

static inline bool one_in(struct rng *rng, __u64 n)
{
	return !below(rng, n);
}

#endif /* RNG_H */
