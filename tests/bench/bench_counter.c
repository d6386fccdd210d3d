// SPDX-License-Identifier: GPL-2.0
/*
 * Shows how exactly the time stamp counter counts instructions: loops of known length.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdio.h>

#include "clock.h"

int main(void)
{
	static const uint64_t lengths[] = { 1000, 100000, 100000, 10000000, 100000000 };
	unsigned int i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		printf("# %" PRIu64 " instructions took %" PRIu64 " ticks\n",
		       lengths[i], clock_loop(lengths[i]));
	printf("# a tick is %s\n", clock_counts_insns() ?
	       "an instruction" : "time: instructions are not counted");
	return 0;
}
