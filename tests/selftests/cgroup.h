/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memory cgroup for one test.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef CGROUP_H
#define CGROUP_H

#include "bulk_test.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define CGROUP_NAME	CGROUP_ROOT "/bulk_selftest"

/* 0, or an errno where there is no memory controller to use. */
static inline int cgroup_create(void)
{
	if (mkdir(CGROUP_NAME, 0755) && errno != EEXIST)
		return -errno;
	write_text(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	return access(CGROUP_NAME "/memory.max", W_OK) ? -errno : 0;
}

static inline int cgroup_set(const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUP_NAME "/%s", file);
	return write_text(path, value);
}

/* The number in a file, or the one after @key in a file of "KEY NUMBER". */
static inline long long cgroup_value(const char *file, const char *key)
{
	char path[128], text[8192], line[64];

	snprintf(path, sizeof(path), CGROUP_NAME "/%s", file);
	read_text(path, text + 1, sizeof(text) - 1);
	text[0] = '\n';
	if (!key)
		return strtoll(text + 1, NULL, 10);
	snprintf(line, sizeof(line), "\n%s ", key);
	return text_value(text, line);
}

/* The kernel frees some things only after a grace period. */
static inline long long memory_settled(long long want)
{
	int tries;

	for (tries = 0; tries < 500; tries++) {
		if (cgroup_value("memory.current", NULL) <= want)
			break;
		usleep(20000);
	}
	return cgroup_value("memory.current", NULL);
}

static inline void cgroup_remove(void)
{
	write_text(CGROUP_ROOT "/cgroup.procs", "0");
	rmdir(CGROUP_NAME);
}

#endif /* CGROUP_H */
