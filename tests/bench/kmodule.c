// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading a mechanism's kernel half.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"
#include "kmodule.h"

/* Where lab_NAME.ko is. */
#ifndef KMODULE_FOLDER
#define KMODULE_FOLDER	"/lab"
#endif
#define LIMIT_MS	10000

int kmodule_insert(const char *name, const char *params)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), KMODULE_FOLDER "/lab_%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(__NR_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int kmodule_remove(const char *name)
{
	char module[128], *c;

	snprintf(module, sizeof(module), "lab_%s", name);
	for (c = module; *c; c++)
		if (*c == '-')
			*c = '_';
	return syscall(__NR_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

int kmodule_remove_soon(const char *name)
{
	int ret = kmodule_remove(name), ms;

	for (ms = 0; ret == -EAGAIN && ms < LIMIT_MS; ms++) {
		usleep(1000);
		ret = kmodule_remove(name);
	}
	return ret;
}

void kmodule_load(const char *name)
{
	int ret = kmodule_insert(name, "");

	if (ret && ret != -ENOENT)
		die("load lab_%s.ko: %s", name, strerror(-ret));
}

void kmodule_unload(const char *name)
{
	int ret = kmodule_remove_soon(name);

	if (ret && ret != -ENOENT)
		die("unload lab_%s: %s", name, strerror(-ret));
}
