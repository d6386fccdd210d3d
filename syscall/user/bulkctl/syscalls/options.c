// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of bulkctl syscalls.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../message.h"
#include "filter.h"
#include "options.h"

#define NS_PER_US	1000ULL
#define NS_PER_S	1000000000ULL

/* Return addresses of --stack without a number. */
#define DEFAULT_STACK	16

/* Options that have no letter. */
enum {
	OPTION_ERRORS = 256,
	OPTION_SLOWER,
	OPTION_ONE_IN,
	OPTION_UID,
	OPTION_STACK,
	OPTION_PATHS,
	OPTION_POLICY,
	OPTION_RING,
	OPTION_SUMMARY,
	OPTION_LAST,
	OPTION_DUMP,
	OPTION_JSON,
	OPTION_SYSROOT,
};

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "cgroup", required_argument, NULL, 'c' },
	{ "follow", no_argument, NULL, 'f' },
	{ "errors", no_argument, NULL, OPTION_ERRORS },
	{ "slower", required_argument, NULL, OPTION_SLOWER },
	{ "one-in", required_argument, NULL, OPTION_ONE_IN },
	{ "uid", required_argument, NULL, OPTION_UID },
	{ "stack", optional_argument, NULL, OPTION_STACK },
	{ "paths", no_argument, NULL, OPTION_PATHS },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "ring", required_argument, NULL, OPTION_RING },
	{ "summary", no_argument, NULL, OPTION_SUMMARY },
	{ "output", required_argument, NULL, 'o' },
	{ "last", required_argument, NULL, OPTION_LAST },
	{ "dump", no_argument, NULL, OPTION_DUMP },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "sysroot", required_argument, NULL, OPTION_SYSROOT },
	{ "help", no_argument, NULL, 'h' },
	{ },
};

static const char help[] =
"Usage:\n"
"  bulkctl syscalls [OPTION]... [-p PID[,PID]... | -c CGROUP | -- COMMAND...]\n"
"\n"
"Records the system calls of processes, of a cgroup, of a command and of what it\n"
"starts, or, without any of these, of all. A recording ends with what it records,\n"
"or by Ctrl-C.\n"
"\n"
"  -p, --pid PID[,PID]     processes, with all their threads\n"
"  -c, --cgroup CGROUP     a path below /sys/fs/cgroup\n"
"  -f, --follow            the processes that these start, too\n"
"  -e SET                  names of calls with commas between, or %file, %desc,\n"
"                          %network, %process, %memory; '!' before: all others\n"
"      --errors            only calls that fail\n"
"      --slower US         only calls that take so many microseconds\n"
"      --one-in N          only one call in so many of each thread\n"
"      --uid UID           only of this effective user\n"
"      --stack[=N]         return addresses of the caller (16), by frame pointers\n"
"      --paths             the paths that calls are given\n"
"      --policy overwrite|refuse|block\n"
"                          lose the oldest, the newest, or none: calls then wait\n"
"      --ring SIZE         bytes that may wait on each CPU (K, M may follow)\n"
"      --summary           count and time the calls, and print a table at the end\n"
"      --json              an object for each record, one a line\n"
"  -o, --output FILE       where records go: FILE.ndjson as --json, FILE.json for\n"
"                          Perfetto, FILE.ctf or FOLDER/ for babeltrace2, else text\n"
"      --last S            a flight recorder: keep all in the rings, and write the\n"
"                          last S seconds upon SIGUSR1 and at the end\n"
"      --dump              with --last: write once at the start as well\n"
"      --sysroot DIR       look for /dev and /sys below DIR\n"
"  -h, --help              print this\n"
"\n"
"Exit status: 0 good, 1 failed, 2 usage; that of COMMAND, if there is one.\n";

static uint64_t number(const char *what, const char *value, uint64_t least,
		       uint64_t most)
{
	uint64_t n = options_number(what, value, most);

	if (n < least)
		usage("%s: must be at least %llu", what,
		      (unsigned long long)least);
	return n;
}

static void parse_pids(struct syscalls_options *o, char *list)
{
	char *word;

	while ((word = strsep(&list, ","))) {
		if (o->request.nr_pids == BULK_SYSCALLS_MAX_PIDS)
			usage("pid: at most %u of them", BULK_SYSCALLS_MAX_PIDS);
		o->pids[o->request.nr_pids++] = number("pid", word, 1, INT_MAX);
	}
	o->request.filter.flags |= BULK_SYSCALLS_PIDS;
}

static uint32_t parse_policy(const char *word)
{
	static const char *const policies[] = {
		[BULK_SYSCALLS_OVERWRITE] = "overwrite",
		[BULK_SYSCALLS_REFUSE] = "refuse",
		[BULK_SYSCALLS_BLOCK] = "block",
	};
	uint32_t i;

	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (!strcmp(policies[i], word))
			return i;
	}
	usage("policy: '%s' is none of overwrite, refuse, block", word);
}

/* Options that select calls. Return: false where @c is no option of that kind. */
static bool parse_filter(struct syscalls_options *o, int c)
{
	struct bulk_syscalls_filter *f = &o->request.filter;

	switch (c) {
	case 'e':
		filter_calls(f, optarg);
		return true;
	case OPTION_ERRORS:
		f->flags |= BULK_SYSCALLS_ERRORS;
		return true;
	case OPTION_SLOWER:
		f->slower_ns = NS_PER_US * number("slower", optarg, 0,
						  UINT64_MAX / NS_PER_US);
		return true;
	case OPTION_ONE_IN:
		f->one_in = number("one-in", optarg, 1, UINT32_MAX);
		return true;
	case OPTION_UID:
		f->uid = number("uid", optarg, 0, UINT32_MAX - 1);
		f->flags |= BULK_SYSCALLS_UID;
		return true;
	case OPTION_STACK:
		f->stack = optarg ? number("stack", optarg, 1,
					   BULK_SYSCALLS_MAX_STACK) :
				    DEFAULT_STACK;
		return true;
	case OPTION_PATHS:
		f->flags |= BULK_SYSCALLS_PATHS;
		return true;
	}
	return false;
}

static void parse_one(struct syscalls_options *o, int c)
{
	switch (c) {
	case 'p':
		parse_pids(o, optarg);
		break;
	case 'c':
		o->cgroup = optarg;
		break;
	case 'f':
		o->follow = true;
		break;
	case 'o':
		o->output = optarg;
		break;
	case OPTION_POLICY:
		o->request.policy = parse_policy(optarg);
		break;
	case OPTION_RING:
		o->request.ring_bytes = number("ring", optarg,
					       BULK_SYSCALLS_RING_MIN,
					       BULK_SYSCALLS_RING_MAX);
		break;
	case OPTION_SUMMARY:
		o->summary = true;
		break;
	case OPTION_LAST:
		o->last_ns = NS_PER_S * number("last", optarg, 1,
					       INT64_MAX / NS_PER_S);
		break;
	case OPTION_DUMP:
		o->dump = true;
		break;
	case OPTION_JSON:
		o->common.given |= OPT_JSON;
		break;
	case OPTION_SYSROOT:
		o->common.sysroot = optarg;
		break;
	case 'h':
		o->help = true;
		break;
	default:
		if (!parse_filter(o, c))
			usage(NULL); /* getopt has said what is wrong */
	}
}

static void check_target(const struct syscalls_options *o)
{
	if (!!o->request.nr_pids + !!o->cgroup + !!o->command > 1)
		usage("syscalls: processes, a cgroup or a command: one of them");
	if (o->follow && !o->request.nr_pids && !o->command)
		usage("syscalls: --follow is for -p");
}

static void check(const struct syscalls_options *o)
{
	check_target(o);
	if (o->summary && given(&o->common, OPT_JSON))
		usage("syscalls: --summary has no form as JSON");
	if (o->output && given(&o->common, OPT_JSON))
		usage("syscalls: a file's name says its form: end it in .ndjson");
	if (o->dump && !o->last_ns)
		usage("syscalls: --dump is for --last");
	if (o->last_ns && o->request.policy == BULK_SYSCALLS_BLOCK)
		usage("syscalls: with --last nothing is read, and calls would wait: another policy");
}

void syscalls_options_parse(struct syscalls_options *o,
			    const struct options *common, int argc,
			    char **argv)
{
	int c;

	*o = (struct syscalls_options){ .common = *common };
	o->request.op = BULK_SYSCALLS_START;
	optind = 0; /* begins anew, behind the verb */
	while ((c = getopt_long(argc, argv, "+p:c:fe:o:h", long_options,
				NULL)) >= 0)
		parse_one(o, c);
	if (o->help) {
		fputs(help, stdout);
		return;
	}
	if (argv[optind])
		o->command = argv + optind;
	check(o);
}
