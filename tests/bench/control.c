// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel half of a mechanism, through its control device.
 *
 * These calls stand for what would make a kernel send or look by itself. They
 * are not counted as the mechanism's, and one is made for a whole batch.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "die.h"
#include "mechanism.h"

static long control(struct transfer *t, unsigned long cmd, unsigned long arg,
		    const char *what)
{
	long ret = ioctl(t->ctl, cmd, arg);

	if (ret < 0)
		die("%s: %s: %s", t->mech->name, what, strerror(errno));
	return ret;
}

/**
 * control_setup() - tell the kernel half what comes
 * @t: the transfer; its @ctl takes LAB_* calls
 */
void control_setup(struct transfer *t)
{
	struct lab_setup setup = {
		.bytes = t->bytes,
		.unit = t->unit,
		.batch = t->batch,
		.flags = t->flags,
	};

	control(t, LAB_SETUP, (unsigned long)&setup, "set up");
}

void control_open(struct transfer *t, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/lab_%s", name);
	t->ctl = open(path, O_RDWR | O_CLOEXEC);
	if (t->ctl < 0)
		die("%s: %s", path, strerror(errno));
	control_setup(t);
}

/* Records that the kernel sends now. */
uint64_t control_offer(struct transfer *t, uint64_t count)
{
	return control(t, LAB_PRODUCE, count, "produce");
}

void control_produce(struct transfer *t, uint64_t count)
{
	uint64_t sent = control_offer(t, count);

	if (sent != count)
		die("%s: kernel sent %lu records of %lu", t->mech->name, sent, count);
}

void control_consume(struct transfer *t, uint64_t count)
{
	control(t, LAB_CONSUME, count, "consume");
}

struct lab_totals control_totals(struct transfer *t)
{
	struct lab_totals totals;

	control(t, LAB_TOTALS, (unsigned long)&totals, "totals");
	return totals;
}
