// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl set: change how the kernel looks after a channel's windows.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "message.h"
#include "sysfs.h"
#include "verbs.h"

static const char *const settings[] = { "poller_idle_us", "deadline_us" };

static bool is_setting(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!strcmp(settings[i], name))
			return true;
	}
	return false;
}

int verb_set(const struct options *o, char **args)
{
	const char *channel = args[0], *setting = args[1], *value = args[2];
	uint64_t is;
	int error;

	if (!is_setting(setting))
		usage("set: no setting '%s': poller_idle_us or deadline_us",
		      setting);
	if (strchr(channel, '/'))
		usage("'%s' is not the name of a channel", channel);
	if (!sysfs_number(o->sysroot, channel, "max_record", &is))
		fail("no channel %s: is the module loaded?", channel);
	error = sysfs_set(o->sysroot, channel, setting, value);
	if (error)
		fail("%s of channel %s can't be '%s': %s", setting, channel,
		     value, strerror(error));
	return EXIT_GOOD;
}
