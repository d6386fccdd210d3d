/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the mechanisms that go through a pipe have in common; user side.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_PIPE_H
#define LAB_PIPE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"
#include "rw.h"

#define PIPE_DEFAULT	65536

/* A batch must fit, and a record that is larger than a page begins a new one. */
static inline void pipe_make_room(struct transfer *t, int fd)
{
	size_t room = (size_t)t->batch * ((t->bytes + 4095) & ~4095U);

	if ((size_t)t->batch * t->bytes <= PIPE_DEFAULT)
		return;
	if (fcntl(fd, F_SETPIPE_SZ, room) < 0)
		die("%s: pipe of %zu bytes: %s", t->mech->name, room, strerror(errno));
}

/* Records of one size: a stream may be cut anywhere. */
static inline void pipe_write_batch(struct transfer *t, int fd, unsigned int count)
{
	size_t len = (size_t)count * t->bytes;
	unsigned int i;

	for (i = 0; i < count; i++)
		lab_produce(record_out(t, i), t->bytes, t->next + i);
	if (write(fd, t->out, len) != (ssize_t)len)
		die("%s: write came short", t->mech->name);
	t->calls++;
}

static inline void pipe_read_batch(struct transfer *t, int fd, unsigned int count)
{
	size_t len = (size_t)count * t->bytes, done;
	ssize_t ret;

	for (done = 0; done < len; done += ret) {
		ret = read(fd, t->in + done, len - done);
		if (ret <= 0)
			die("%s: read: %s", t->mech->name, strerror(errno));
		t->calls++;
	}
	for (done = 0; done < len; done += t->bytes)
		lab_consume(t, t->in + done, t->bytes);
}

static inline bool pipe_is_ready(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & events;
}

/* A pipe that has room at all has it for a record of at most a page. */
static inline uint64_t pipe_offer(struct transfer *t, int fd, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count && pipe_is_ready(fd, POLLOUT); n++) {
		lab_produce(t->out, t->bytes, t->next + n);
		if (write(fd, t->out, t->bytes) != t->bytes)
			die("%s: write came short", t->mech->name);
	}
	return n;
}

static inline uint64_t pipe_drain(struct transfer *t, int fd, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count && pipe_is_ready(fd, POLLIN); n++) {
		if (read(fd, t->in, t->bytes) != t->bytes)
			die("%s: read came short", t->mech->name);
		lab_consume(t, t->in, t->bytes);
	}
	return n;
}

#endif /* LAB_PIPE_H */
