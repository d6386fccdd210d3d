// SPDX-License-Identifier: GPL-2.0
/*
 * How bulkctl says what went wrong.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "message.h"
#include "output.h"
#include "progress.h"

static void line(const char *fmt, va_list args)
{
	progress_clear();
	fputs("bulkctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line(fmt, args);
	va_end(args);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line(fmt, args);
	va_end(args);
	output_abandon();
	exit(EXIT_FAILED);
}

void usage(const char *fmt, ...)
{
	va_list args;

	if (fmt) {
		va_start(args, fmt);
		line(fmt, args);
		va_end(args);
	}
	fputs("Try 'bulkctl --help'.\n", stderr);
	exit(EXIT_USAGE);
}
