/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How bulkctl says what went wrong, and its exit codes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_MESSAGE_H
#define BULKCTL_MESSAGE_H

enum {
	EXIT_GOOD	= 0,
	EXIT_FAILED	= 1,	/* a transfer or its verification */
	EXIT_USAGE	= 2,
};

#define PRINTF(fmt, args)	__attribute__((format(printf, fmt, args)))

/* A line on standard error. */
void warn(const char *fmt, ...) PRINTF(1, 2);

/* The same, and bulkctl ends with EXIT_FAILED; a half-written output is undone. */
void fail(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* The same with EXIT_USAGE; NULL when the reason has been printed. */
void usage(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

#endif /* BULKCTL_MESSAGE_H */
