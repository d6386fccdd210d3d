// SPDX-License-Identifier: GPL-2.0
/*
 * What is lost when the receiver takes nothing for one second, and whether it is told.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <unistd.h>

#include "clock.h"
#include "measure.h"

#define STALL_NS	1000000000ULL
#define QUICK_NS	50000000ULL
#define PACE		64		/* records offered every millisecond */
#define PACE_US		1000

struct stall measure_stall(const struct mechanism *m, uint32_t bytes, bool quick)
{
	struct stall s = { .taken = m->offer && m->drain };
	struct transfer t;
	uint64_t end, n;

	if (!s.taken)
		return s;
	t = transfer_open(m, bytes, 0);
	end = instant_now().ns + (quick ? QUICK_NS : STALL_NS);
	for (; instant_now().ns < end; usleep(PACE_US)) {
		n = m->offer(&t, PACE);
		t.next += n;
		s.offered += PACE;
		s.accepted += n;
	}
	do {
		n = m->drain(&t, MAX_BATCH);
		s.received += n;
	} while (n);
	s.told = t.lost;
	transfer_close(&t);
	return s;
}
