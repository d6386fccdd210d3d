// SPDX-License-Identifier: GPL-2.0
/*
 * The progress bar.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define BAR_WIDTH	40

/* What is over sooner is not worth a flicker. */
#define PATIENCE_NS	500000000ULL

static bool shown;
static uint64_t first_ns;

static double mib(uint64_t bytes)
{
	return bytes / 1048576.0;
}

static void draw_bar(uint64_t done, uint64_t total)
{
	double part = done < total ? (double)done / total : 1.0;
	int i;

	fputs("\r[", stderr);
	for (i = 0; i < BAR_WIDTH; i++)
		fputc(i < part * BAR_WIDTH ? '#' : '.', stderr);
	fprintf(stderr, "] %3.0f%%  %.1f of %.1f MiB", part * 100, mib(done),
		mib(total));
}

void progress_show(uint64_t done, uint64_t total)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (!first_ns)
		first_ns = now_ns();
	if (now_ns() - first_ns < PATIENCE_NS)
		return;
	shown = true;
	if (total)
		draw_bar(done, total);
	else
		fprintf(stderr, "\r%.1f MiB", mib(done));
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
