/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What sysfs says of the channels.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_SYSFS_H
#define BULKCTL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_NAME_MAX	64

/* Reads one value. Return: false when it is not there. */
bool sysfs_text(const char *sysroot, const char *channel, const char *file,
		char *value, size_t size);
bool sysfs_number(const char *sysroot, const char *channel, const char *file,
		  uint64_t *value);

/* Writes one value. Return: 0 or an errno. */
int sysfs_set(const char *sysroot, const char *channel, const char *file,
	      const char *value);

/*
 * Names of all channels, sorted; each and the array are the caller's to free.
 * Return: how many, -1 with errno when the kernel shows no such class.
 */
int sysfs_channels(const char *sysroot, char ***names);

/* The same, ends bulkctl with a message instead. */
int sysfs_channels_or_fail(const char *sysroot, char ***names);
void sysfs_free(char **names, int nr);

#endif /* BULKCTL_SYSFS_H */
