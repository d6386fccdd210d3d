// SPDX-License-Identifier: GPL-2.0
/*
 * Figures of open endpoints, found through /proc.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endpoints.h"
#include "message.h"

static const char *const keys[ENDPOINT_VALUES] = {
	[TX_RECORDS] = "bulk-tx-records",
	[TX_BYTES] = "bulk-tx-bytes",
	[RX_RECORDS] = "bulk-rx-records",
	[RX_BYTES] = "bulk-rx-bytes",
	[RX_LOST] = "bulk-rx-lost",
	[RX_QUEUED] = "bulk-rx-queued",
	[RX_QUEUED_BYTES] = "bulk-rx-queued-bytes",
	[RX_RESERVED] = "bulk-rx-reserved",
	[WINDOW] = "bulk-window",
	[WINDOW_ERRORS] = "bulk-window-errors",
	[TX_REFUSED] = "bulk-tx-refused",
	[ENDPOINT_ID] = "bulk-endpoint",
};

static void take_line(struct endpoint *e, char *line)
{
	char *value = strchr(line, ':');
	int i;

	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	value[strcspn(value, "\n")] = '\0';
	if (!strcmp(line, "bulk-channel"))
		snprintf(e->channel, sizeof(e->channel), "%s", value);
	for (i = 0; i < ENDPOINT_VALUES; i++) {
		if (!strcmp(line, keys[i]))
			e->values[i] = strtoull(value, NULL, 10);
	}
}

static FILE *open_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

/* Return: whether the file is an endpoint. It may be closed at any time. */
static bool read_fdinfo(struct endpoint *e, int dir, const char *name)
{
	FILE *f = open_at(dir, name);
	char line[256];

	e->channel[0] = '\0';
	memset(e->values, 0, sizeof(e->values));
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		take_line(e, line);
	fclose(f);
	return e->channel[0];
}

static void read_comm(struct endpoint *e, int proc)
{
	char path[32];
	FILE *f;

	snprintf(e->comm, sizeof(e->comm), "?");
	snprintf(path, sizeof(path), "%u/comm", e->pid);
	f = open_at(proc, path);
	if (!f)
		return;
	if (fgets(e->comm, sizeof(e->comm), f))
		e->comm[strcspn(e->comm, "\n")] = '\0';
	fclose(f);
}

/* Return: false when permission is missing. */
static bool scan_process(int proc, unsigned int pid,
			 void (*visit)(const struct endpoint *e, void *arg),
			 void *arg)
{
	struct endpoint e = { .pid = pid };
	struct dirent *entry;
	char path[32];
	int fd;
	DIR *dir;

	snprintf(path, sizeof(path), "%u/fdinfo", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno != EACCES && errno != EPERM;
	dir = fdopendir(fd);
	if (!dir)
		fail("no memory to read /proc");
	read_comm(&e, proc);
	while ((entry = readdir(dir))) {
		e.fd = atoi(entry->d_name);
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_fdinfo(&e, fd, entry->d_name))
			visit(&e, arg);
	}
	closedir(dir);
	return true;
}

unsigned int endpoints_scan(const char *sysroot,
			    void (*visit)(const struct endpoint *e, void *arg),
			    void *arg)
{
	unsigned int hidden = 0;
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc", sysroot);
	dir = opendir(path);
	if (!dir)
		fail("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    !scan_process(dirfd(dir), atoi(entry->d_name), visit, arg))
			hidden++;
	}
	closedir(dir);
	return hidden;
}
