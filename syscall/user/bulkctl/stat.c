// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl stat: totals of channels and of open endpoints.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "endpoints.h"
#include "json.h"
#include "message.h"
#include "verbs.h"

static const char *const channel_values[] = {
	"endpoints", "tx_records", "tx_bytes", "rx_records", "rx_bytes",
	"rx_lost",
};

static const char *const endpoint_names[ENDPOINT_ID] = {
	[TX_RECORDS] = "tx_records",
	[TX_BYTES] = "tx_bytes",
	[RX_RECORDS] = "rx_records",
	[RX_BYTES] = "rx_bytes",
	[RX_LOST] = "rx_lost",
	[RX_QUEUED] = "rx_queued",
	[RX_QUEUED_BYTES] = "rx_queued_bytes",
	[RX_RESERVED] = "rx_reserved",
	[WINDOW] = "window",
	[WINDOW_ERRORS] = "window_errors",
	[TX_REFUSED] = "tx_refused",
};

#define NR_CHANNEL_VALUES \
	(sizeof(channel_values) / sizeof(channel_values[0]))

struct stat_state {
	const char *only;	/* one channel, NULL: all */
	bool json;
	unsigned int shown;
};

static bool wanted(const struct stat_state *s, const char *channel)
{
	return !s->only || !strcmp(s->only, channel);
}

static void print_value(const struct stat_state *s, const char *name,
			uint64_t value)
{
	if (s->json)
		printf(",\"%s\":%" PRIu64, name, value);
	else
		printf(" %15" PRIu64, value);
}

static void start_object(struct stat_state *s, const char *first)
{
	if (s->json)
		printf("%s{\"%s\":", s->shown ? "," : "", first);
	s->shown++;
}

/* A process picks its own name: it must not drive root's terminal with it. */
static void print_harmless(int width, const char *name)
{
	for (; *name; name++, width--)
		putchar(isprint((unsigned char)*name) ? *name : '?');
	printf("%*s", width > 0 ? width : 0, "");
}

static void print_name(const struct stat_state *s, int width, const char *name)
{
	if (s->json)
		json_string(stdout, name);
	else
		print_harmless(width, name);
}

static void print_channel(struct stat_state *s, const char *sysroot,
			  const char *name)
{
	uint64_t value;
	size_t i;

	start_object(s, "channel");
	print_name(s, 16, name);
	for (i = 0; i < NR_CHANNEL_VALUES; i++) {
		value = 0;
		sysfs_number(sysroot, name, channel_values[i], &value);
		print_value(s, channel_values[i], value);
	}
	putchar(s->json ? '}' : '\n');
}

static void print_endpoint(const struct endpoint *e, void *arg)
{
	struct stat_state *s = arg;
	int i;

	if (!wanted(s, e->channel))
		return;
	start_object(s, "channel");
	print_name(s, 16, e->channel);
	printf(s->json ? ",\"endpoint\":%" PRIu64 ",\"pid\":%u,\"fd\":%u,\"comm\":" :
			 " %8" PRIu64 " %7u %5u ",
	       e->values[ENDPOINT_ID], e->pid, e->fd);
	print_name(s, 16, e->comm);
	for (i = 0; i < ENDPOINT_ID; i++)
		print_value(s, endpoint_names[i], e->values[i]);
	putchar(s->json ? '}' : '\n');
}

static void heading(const char *const *names, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		printf(" %15s", names[i]);
	putchar('\n');
}

static void print_channels(struct stat_state *s, const char *sysroot)
{
	char **names;
	int nr, i;

	nr = sysfs_channels_or_fail(sysroot, &names);
	if (s->json) {
		fputs("{\"channels\":[", stdout);
	} else {
		printf("%-16s", "CHANNEL");
		heading(channel_values, NR_CHANNEL_VALUES);
	}
	for (i = 0; i < nr; i++) {
		if (wanted(s, names[i]))
			print_channel(s, sysroot, names[i]);
	}
	sysfs_free(names, nr);
}

/* Return: processes that could not be looked into. */
static unsigned int print_endpoints(struct stat_state *s, const char *sysroot)
{
	unsigned int hidden;

	s->shown = 0;
	if (s->json) {
		fputs("],\"endpoints\":[", stdout);
	} else {
		printf("\n%-16s %8s %7s %5s %-16s", "CHANNEL", "ENDPOINT",
		       "PID", "FD", "COMM");
		heading(endpoint_names, ENDPOINT_ID);
	}
	hidden = endpoints_scan(sysroot, print_endpoint, s);
	if (s->json)
		puts("]}");
	return hidden;
}

int verb_stat(const struct options *o, char **args)
{
	struct stat_state s = { .only = args[0], .json = given(o, OPT_JSON) };
	unsigned int hidden;
	uint64_t value;

	if (s.only && !sysfs_number(o->sysroot, s.only, "max_record", &value))
		fail("no channel %s: is the module loaded?", s.only);
	print_channels(&s, o->sysroot);
	hidden = print_endpoints(&s, o->sysroot);
	if (hidden)
		warn("%u processes may not be looked into: run as root to see their endpoints",
		     hidden);
	return EXIT_GOOD;
}
