/* SPDX-License-Identifier: MIT */
/*
 * The channel that sends back what it is sent, for tests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef ECHO_H
#define ECHO_H

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define ECHO		"/dev/bulk/echo"
#define NOBODY		65534

/* The channel's own node stays its owner's. */
#define ECHO_FOR_ALL	"/tmp/echo-for-all"

static inline enum result no_channel(void)
{
	return skip("no echo channel");
}

static inline bool have_channel(void)
{
	return !access(ECHO, F_OK);
}

static inline bool make_node_for_all(void)
{
	struct stat st;

	unlink(ECHO_FOR_ALL);
	umask(0);
	return !stat(ECHO, &st) &&
	       !mknod(ECHO_FOR_ALL, S_IFCHR | 0666, st.st_rdev);
}

#endif /* ECHO_H */
