// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of bulk_reserve() and bulk_commit() for a record of 64 B whose bytes nobody writes, in the channel blind.
 *
 * The kernel half makes some records in a row and tells what all took; the
 * program then receives them, which does not count. Each line, which begins
 * with "# produce", has the ticks of the time stamp counter for a record; with
 * --icount these are instructions.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "blind/lab_blind.h"
#include "clock.h"
#include "kmodule.h"
#include "lib/bulk.h"

#define RECORDS		512	/* in a row: with their heads, less than a ring of the default window */
#define ROUNDS		9	/* the fastest counts; in the first ones the ring grows */

static int ctl;

static int make_records(void)
{
	int ticks = ioctl(ctl, LAB_BLIND_RESERVE, RECORDS);

	if (ticks < 0)
		err(1, "reserve and commit");
	return ticks;
}

static void take_records(struct bulk *b)
{
	char record[LAB_BLIND_BYTES];
	unsigned int n;

	for (n = 0; n < RECORDS; n++)
		if (bulk_recv(b, record, sizeof(record), NULL, NULL) != sizeof(record))
			err(1, "bulk_recv");
}

static void measure(const char *where, size_t window)
{
	struct bulk *b = bulk_open_window("blind", O_RDWR, window);
	int best = INT_MAX, ticks;
	unsigned int i;

	if (!b)
		err(1, "channel blind");
	if (window && !bulk_window(b))
		errx(1, "no window");
	for (i = 0; i < ROUNDS; i++) {
		ticks = make_records();
		if (ticks < best)
			best = ticks;
		take_records(b);
	}
	printf("# produce: reserve and commit of %u B, their bytes aside, take %.1f ticks in a ring of %s\n",
	       LAB_BLIND_BYTES, (double)best / RECORDS, where);
	bulk_close(b);
}

int main(void)
{
	kmodule_load("blind");
	ctl = open("/dev/lab_blind", O_RDWR | O_CLOEXEC);
	if (ctl < 0)
		err(1, "/dev/lab_blind");
	measure("the kernel's", 0);
	measure("a window", BULK_WINDOW_DEFAULT);
	close(ctl);
	kmodule_unload("blind");
	return 0;
}
