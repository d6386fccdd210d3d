// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of bulkctl.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "options.h"

static const struct option long_options[] = {
	{ "record-size", required_argument, NULL, 'r' },
	{ "count", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, 's' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "window", required_argument, NULL, 'w' },
	{ "output", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "sysroot", required_argument, NULL, 'S' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ },
};

#define LETTERS	"r:n:o:hV"

/* Return: log2 of what the suffix multiplies by, -1: no such suffix. */
static int suffix_shift(const char *suffix)
{
	static const char suffixes[] = "kmgt";
	const char *at;

	if (!*suffix)
		return 0;
	at = strchr(suffixes, tolower((unsigned char)*suffix));
	if (!at || suffix[1])
		return -1;
	return 10 * (at - suffixes + 1);
}

uint64_t options_number(const char *what, const char *text, uint64_t max)
{
	unsigned long long value;
	char *end;
	int shift;

	errno = 0;
	value = strtoull(text, &end, 0);
	shift = suffix_shift(end);
	if (!isdigit((unsigned char)*text) || shift < 0)
		usage("%s: '%s' is not a number (K, M, G, T may follow it)",
		      what, text);
	if (errno == ERANGE || value > max >> shift)
		usage("%s: %s is too large, at most %llu", what, text,
		      (unsigned long long)max);
	return (uint64_t)value << shift;
}

static uint32_t parse_record_size(const char *text)
{
	uint32_t size = options_number("record size", text, INT32_MAX);

	if (!size)
		usage("record size: must be at least 1");
	return size;
}

static unsigned int parse_one(struct options *o, int c)
{
	switch (c) {
	case 'r':
		o->record_size = parse_record_size(optarg);
		return OPT_RECORD;
	case 'n':
		o->count = options_number("count", optarg, UINT64_MAX);
		return OPT_COUNT;
	case 's':
		o->seed = options_number("seed", optarg, UINT64_MAX);
		return OPT_SEED;
	case 'b':
		o->bytes = options_number("bytes", optarg, INT64_MAX);
		return OPT_BYTES;
	case 'w':
		o->window = options_number("window", optarg, INT64_MAX);
		return OPT_WINDOW;
	case 'o':
		o->output = optarg;
		return OPT_OUTPUT;
	case 'S':
		o->sysroot = optarg;
		return OPT_SYSROOT;
	case 'j':
		return OPT_JSON;
	case 'h':
		return OPT_HELP;
	case 'V':
		return OPT_VERSION;
	}
	usage(NULL); /* getopt has said what is wrong */
}

int options_verb(int argc, char **argv)
{
	int said = opterr, verb;

	opterr = 0; /* what is wrong is said when it is parsed */
	while (getopt_long(argc, argv, "+" LETTERS, long_options, NULL) >= 0)
		;
	opterr = said;
	verb = optind;
	optind = 0; /* begins anew, also to the order of the words */
	return verb;
}

int options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .sysroot = "" };
	for (;;) {
		c = getopt_long(argc, argv, LETTERS, long_options, NULL);
		if (c < 0)
			return optind;
		o->given |= parse_one(o, c);
	}
}
