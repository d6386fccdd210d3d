/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading and unloading of modules in selftests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Modules are looked for in the folder that BULK_MODULES names, then where the
 * test image has them; after that modprobe(8) is asked.
 */
#ifndef MODULE_H
#define MODULE_H

#include "bulk_test.h"

static inline int load_file(const char *dir, const char *name,
			    const char *params)
{
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(__NR_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* 0, -ENOENT when there is no such module, or what loading it gave. */
static inline int load_module(const char *name, const char *params)
{
	const char *dirs[3] = { getenv("BULK_MODULES"), "/modules",
				"/lib/modules" };
	char command[128];
	int ret = -ENOENT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs) && ret == -ENOENT; i++)
		if (dirs[i])
			ret = load_file(dirs[i], name, params);
	if (ret != -ENOENT)
		return ret;
	snprintf(command, sizeof(command), "modprobe -q %s %s 2>/dev/null",
		 name, params);
	return system(command) ? -ENOENT : 0;
}

static inline int unload_module(const char *name)
{
	return syscall(__NR_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static inline int set_module_param(const char *module, const char *param,
				   int value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 param);
	snprintf(text, sizeof(text), "%d", value);
	return write_text(path, text);
}

static inline int get_module_param(const char *module, const char *param)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 param);
	return read_text(path, text, sizeof(text)) ? atoi(text) : -1;
}

#endif /* MODULE_H */
