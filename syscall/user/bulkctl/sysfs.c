// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs says of the channels.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "sysfs.h"

bool sysfs_text(const char *sysroot, const char *channel, const char *file,
		char *value, size_t size)
{
	char path[PATH_MAX];
	bool found;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/sys/class/bulk/%s/%s", sysroot,
		     channel, file) >= (int)sizeof(path))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	found = fgets(value, size, f);
	fclose(f);
	if (found)
		value[strcspn(value, "\n")] = '\0';
	return found;
}

bool sysfs_number(const char *sysroot, const char *channel, const char *file,
		  uint64_t *value)
{
	char text[32], *end;

	if (!sysfs_text(sysroot, channel, file, text, sizeof(text)))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && end != text && !*end;
}

int sysfs_set(const char *sysroot, const char *channel, const char *file,
	      const char *value)
{
	char path[PATH_MAX];
	int fd, error = 0;

	if (snprintf(path, sizeof(path), "%s/sys/class/bulk/%s/%s", sysroot,
		     channel, file) >= (int)sizeof(path))
		return ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		error = errno;
	close(fd);
	return error;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int sysfs_channels(const char *sysroot, char ***names)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int nr, i;

	snprintf(path, sizeof(path), "%s/sys/class/bulk", sysroot);
	nr = scandir(path, &entries, not_hidden, alphasort);
	if (nr < 0)
		return -1;
	*names = calloc(nr + 1, sizeof(**names));
	for (i = 0; i < nr; i++) {
		if (*names)
			(*names)[i] = strdup(entries[i]->d_name);
		if (!*names || !(*names)[i])
			fail("no memory for the names of the channels");
		free(entries[i]);
	}
	free(entries);
	return nr;
}

int sysfs_channels_or_fail(const char *sysroot, char ***names)
{
	int nr = sysfs_channels(sysroot, names);

	if (nr < 0)
		fail("%s/sys/class/bulk: %s (kernel without CONFIG_BULK_XFER, or no sysfs mounted)",
		     sysroot, strerror(errno));
	return nr;
}

void sysfs_free(char **names, int nr)
{
	while (nr-- > 0)
		free(names[nr]);
	free(names);
}
