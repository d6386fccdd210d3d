/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several descriptors, one for each processor, as one that can be waited on.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef GATHER_H
#define GATHER_H

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "die.h"

#define MAX_CPUS	64

/* Processors that records may come from. */
static inline unsigned int gather_cpus(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (cpus < 1 || cpus > MAX_CPUS)
		die("%ld processors: want 1 to %d", cpus, MAX_CPUS);
	return cpus;
}

static inline int gather_open(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		die("epoll: %s", strerror(errno));
	return fd;
}

static inline void gather_add(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll: %s", strerror(errno));
}

#endif /* GATHER_H */
