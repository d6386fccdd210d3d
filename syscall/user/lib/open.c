// SPDX-License-Identifier: MIT
/*
 * Opening and closing an endpoint.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulk_xfer.h>

#include "internal.h"

#define OPEN_FLAGS	(O_ACCMODE | O_NONBLOCK | O_CLOEXEC)

static int open_channel(const char *channel, int flags)
{
	char path[PATH_MAX];
	int len;

	if (!*channel || (flags & ~OPEN_FLAGS)) {
		errno = EINVAL;
		return -1;
	}
	if (strchr(channel, '/'))
		return open(channel, flags | O_CLOEXEC | O_NOCTTY);
	len = snprintf(path, sizeof(path), "/dev/bulk/%s", channel);
	if (len >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC | O_NOCTTY);
}

/*
 * An empty call asks both whether there is the call and whether the file is an
 * endpoint. Without the call only fdinfo can tell, and something must: write(2)
 * would go through to whatever file it is.
 */
static int probe(struct bulk *b)
{
	long ret = bulk_xfer(b->fd, NULL, 0, 0);

	b->has_call = !ret;
	if (bulk_is_withheld(ret))
		ret = bulk_is_endpoint(b->fd) ? 0 : -ENOSYS;
	if (ret < 0)
		errno = -ret;
	return ret < 0 ? -1 : 0;
}

struct bulk *bulk_open(const char *channel, int flags)
{
	return bulk_open_window(channel, flags, BULK_WINDOW_DEFAULT);
}

struct bulk *bulk_open_window(const char *channel, int flags, size_t size)
{
	struct bulk *b = calloc(1, sizeof(*b));
	int saved;

	if (!b)
		return NULL;
	b->fd = open_channel(channel, flags);
	if (b->fd >= 0 && probe(b) == 0) {
		/* What does not fit the window takes the call. */
		if (b->has_call)
			bulk_window_open(b, size);
		return b;
	}
	saved = errno;
	bulk_close(b);
	errno = saved;
	return NULL;
}

void bulk_close(struct bulk *b)
{
	if (!b)
		return;
	bulk_window_close(b);
	if (b->fd >= 0)
		close(b->fd);
	free(b);
}

int bulk_fd(const struct bulk *b)
{
	return b->fd;
}
