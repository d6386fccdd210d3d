// SPDX-License-Identifier: GPL-2.0
/*
 * The flight recorder: records stay in the rings, where newer ones take the place
 * of the oldest, until somebody wants to know what came last.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "../clock.h"
#include "capture.h"

static void forget_older(struct capture *c, uint64_t ns)
{
	uint64_t now = now_ns();

	c->to.since = now > ns ? now - ns : 0;
}

static void dump_last(struct capture *c, uint64_t ns)
{
	forget_older(c, ns);
	capture_receive(c);
	merge_until(&c->merge, UINT64_MAX, deliver, &c->to);
	form_flush(&c->form);
}

void capture_flight(struct capture *c, uint64_t last_ns, bool dump)
{
	if (dump)
		dump_last(c, last_ns);
	while (!c->signal && !c->gone && !watch_over(&c->watch)) {
		capture_wait(c, -1);
		if (capture_signalled(c))
			dump_last(c, last_ns);
	}
	forget_older(c, last_ns);
}
