// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl: channels of bulk_xfer(2) from the command line.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "verbs.h"

struct verb {
	const char *name;
	int (*run)(const struct options *o, char **args);
	unsigned int options;	/* OPT_* beside the common ones */
	unsigned int required;	/* those of them it can't do without */
	int min_args;
	int max_args;
};

static const struct verb verbs[] = {
	{ "list", verb_list, 0, 0, 0, 0 },
	{ "stat", verb_stat, 0, 0, 0, 1 },
	{ "set", verb_set, 0, 0, 3, 3 },
	{ "send", verb_send, OPT_RECORD | OPT_WINDOW, 0, 2, 2 },
	{ "recv", verb_recv,
	  OPT_RECORD | OPT_COUNT | OPT_SEED | OPT_OUTPUT | OPT_WINDOW, 0, 1, 1 },
	{ "copy", verb_copy, OPT_RECORD | OPT_WINDOW, 0, 2, 2 },
	{ "pattern", verb_pattern, OPT_SEED | OPT_BYTES | OPT_OUTPUT,
	  OPT_SEED | OPT_BYTES, 0, 0 },
};

static const char help[] =
"Usage:\n"
"  bulkctl list                              channels, modes, limits\n"
"  bulkctl stat [CHANNEL]                    totals of channels and endpoints\n"
"  bulkctl set CHANNEL poller_idle_us|deadline_us N\n"
"                                            how windows are looked after\n"
"  bulkctl send [-r SIZE] CHANNEL FILE       send FILE as records\n"
"  bulkctl recv [-r SIZE] [-n N] [--seed S] [-o FILE] CHANNEL\n"
"                                            receive N records\n"
"  bulkctl copy [-r SIZE] IN OUT             copy a file through the echo channel\n"
"  bulkctl pattern --seed S --bytes N [-o FILE]\n"
"                                            the stream of the source channel\n"
"  bulkctl syscalls [OPTION]... [-p PID | -c CGROUP | -- COMMAND...]\n"
"                                            record system calls, see its --help\n"
"\n"
"CHANNEL is a name in /dev/bulk or a path; FILE, IN, OUT may be '-'.\n"
"\n"
"  -r, --record-size SIZE  bytes of a record (K, M, G may follow)\n"
"  -n, --count N           how many records to receive\n"
"      --seed S            which stream to ask the source channel for\n"
"      --window SIZE       bytes of memory shared with the kernel, 0: none\n"
"      --bytes N           how much of the stream\n"
"  -o, --output FILE       where received bytes go\n"
"      --json              print figures as JSON, one line\n"
"      --sysroot DIR       look for /dev, /proc and /sys below DIR\n"
"  -h, --help              print this\n"
"  -V, --version           print the version\n"
"\n"
"Exit status: 0 good, 1 transfer or verification failed, 2 usage.\n";

static const struct verb *find_verb(const char *name)
{
	size_t i;

	if (!name)
		usage("no verb given");
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	usage("no verb '%s'", name);
}

static void check(const struct verb *v, const struct options *o, int nr_args)
{
	if (o->given & ~(v->options | OPT_COMMON))
		usage("%s: an option that it does not take", v->name);
	if ((o->given & v->required) != v->required)
		usage("%s: an option is missing that it needs", v->name);
	if (nr_args < v->min_args)
		usage("%s: too few arguments", v->name);
	if (nr_args > v->max_args)
		usage("%s: too many arguments", v->name);
}

static void finish_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		fail("standard output: %s", strerror(errno));
}

/* Words behind COMMAND are not bulkctl's: they must not be looked at for options. */
static int run_syscalls(int argc, char **argv, int verb)
{
	struct options o;
	int ret;

	options_parse(&o, verb, argv);
	if (o.given & ~OPT_COMMON)
		usage("syscalls: an option that it does not take");
	ret = verb_syscalls(&o, argc - verb, argv + verb);
	finish_stdout();
	return ret;
}

int main(int argc, char **argv)
{
	int first = options_verb(argc, argv), ret;
	const struct verb *v;
	struct options o;

	if (first < argc && !strcmp(argv[first], "syscalls"))
		return run_syscalls(argc, argv, first);
	first = options_parse(&o, argc, argv);
	if (given(&o, OPT_HELP | OPT_VERSION)) {
		fputs(given(&o, OPT_HELP) ? help : "bulkctl " VERSION "\n",
		      stdout);
		finish_stdout();
		return EXIT_GOOD;
	}
	v = find_verb(argv[first]);
	check(v, &o, argc - first - 1);
	ret = v->run(&o, argv + first + 1);
	finish_stdout();
	return ret;
}
