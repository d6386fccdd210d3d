// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl list: channels, their modes and limits.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "message.h"
#include "sysfs.h"
#include "verbs.h"

struct entry {
	const char *name;
	bool has_node;
	struct stat st;
	uint64_t max_record, rx_limit, endpoints;
	uint64_t poller_idle_us, deadline_us;
	char rx_policy[32];
};

static void look_up(struct entry *e, const char *sysroot, const char *name)
{
	char path[PATH_MAX];

	*e = (struct entry){ .name = name };
	snprintf(path, sizeof(path), "%s/dev/bulk/%s", sysroot, name);
	e->has_node = !stat(path, &e->st);
	sysfs_number(sysroot, name, "max_record", &e->max_record);
	sysfs_number(sysroot, name, "rx_limit", &e->rx_limit);
	sysfs_number(sysroot, name, "endpoints", &e->endpoints);
	sysfs_number(sysroot, name, "poller_idle_us", &e->poller_idle_us);
	sysfs_number(sysroot, name, "deadline_us", &e->deadline_us);
	sysfs_text(sysroot, name, "rx_policy", e->rx_policy,
		   sizeof(e->rx_policy));
}

static void print_json(const struct entry *e)
{
	fputs("{\"channel\":", stdout);
	json_string(stdout, e->name);
	if (e->has_node)
		printf(",\"mode\":\"%04o\",\"uid\":%u,\"gid\":%u",
		       e->st.st_mode & 07777, e->st.st_uid, e->st.st_gid);
	else
		fputs(",\"mode\":null,\"uid\":null,\"gid\":null", stdout);
	printf(",\"max_record\":%" PRIu64 ",\"rx_limit\":%" PRIu64 ",\"rx_policy\":",
	       e->max_record, e->rx_limit);
	json_string(stdout, e->rx_policy);
	printf(",\"endpoints\":%" PRIu64 ",\"poller_idle_us\":%" PRIu64
	       ",\"deadline_us\":%" PRIu64 "}", e->endpoints,
	       e->poller_idle_us, e->deadline_us);
}

static void print_text(const struct entry *e)
{
	char mode[8] = "no node";

	if (e->has_node)
		snprintf(mode, sizeof(mode), "%04o", e->st.st_mode & 07777);
	printf("%-16s %-7s %12" PRIu64 " %12" PRIu64 "  %-16s %9" PRIu64
	       " %14" PRIu64 " %11" PRIu64 "\n",
	       e->name, mode, e->max_record, e->rx_limit, e->rx_policy,
	       e->endpoints, e->poller_idle_us, e->deadline_us);
}

static void print_start(bool json)
{
	if (json)
		putchar('[');
	else
		printf("%-16s %-7s %12s %12s  %-16s %9s %14s %11s\n", "CHANNEL",
		       "MODE", "MAX_RECORD", "RX_LIMIT", "RX_POLICY",
		       "ENDPOINTS", "POLLER_IDLE_US", "DEADLINE_US");
}

int verb_list(const struct options *o, char **args)
{
	bool json = given(o, OPT_JSON);
	struct entry e;
	char **names;
	int nr, i;

	(void)args;
	nr = sysfs_channels_or_fail(o->sysroot, &names);
	print_start(json);
	for (i = 0; i < nr; i++) {
		look_up(&e, o->sysroot, names[i]);
		if (json && i)
			putchar(',');
		if (json)
			print_json(&e);
		else
			print_text(&e);
	}
	if (json)
		puts("]");
	sysfs_free(names, nr);
	return EXIT_GOOD;
}
