/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line of bulkctl, parsed.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_OPTIONS_H
#define BULKCTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	OPT_RECORD	= 1 << 0,
	OPT_COUNT	= 1 << 1,
	OPT_SEED	= 1 << 2,
	OPT_BYTES	= 1 << 3,
	OPT_OUTPUT	= 1 << 4,
	OPT_JSON	= 1 << 5,
	OPT_SYSROOT	= 1 << 6,
	OPT_HELP	= 1 << 7,
	OPT_VERSION	= 1 << 8,
	OPT_WINDOW	= 1 << 9,
};

/* What every verb understands. */
#define OPT_COMMON	(OPT_JSON | OPT_SYSROOT)

struct options {
	unsigned int given;	/* OPT_* */
	uint32_t record_size;	/* 0: not given */
	uint64_t count;
	uint64_t seed;
	uint64_t bytes;
	uint64_t window;	/* bytes */
	const char *output;	/* NULL: not given */
	const char *sysroot;	/* "" unless given */
};

static inline bool given(const struct options *o, unsigned int opt)
{
	return o->given & opt;
}

/* Return: index of the first word that is no option; argc: there is none. */
int options_verb(int argc, char **argv);

/* Exits with 2 when the command line makes no sense. Return: index of the verb. */
int options_parse(struct options *o, int argc, char **argv);

/* A number that K, M, G, T may follow; exits with 2 where it is none. */
uint64_t options_number(const char *what, const char *text, uint64_t max);

#endif /* BULKCTL_OPTIONS_H */
