// SPDX-License-Identifier: GPL-2.0
/*
 * vmsplice and splice: user pages to a device, device pages to the user, user to user by a pipe.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u, u2u. Synchronous to a device, queued in a
 * pipe. Loss: none, a full pipe makes the writer wait. Unit: none, a pipe is a
 * stream; its size bounds a call. Privilege: the node's mode; large pipes by
 * sysctl. Choose it to move whole pages that the program does not look at:
 * pages that were given must not be written until they are read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"

#define PIPE_BYTES	(4 << 20)	/* a page for each slot: a batch fits in one call */

/* Both ends. */
struct ends {
	int fd[2];
};

static void pipe_open(struct transfer *t)
{
	struct ends *ends = calloc(1, sizeof(*ends));

	if (!ends || pipe2(ends->fd, O_CLOEXEC))
		die("splice: pipe: %s", strerror(errno));
	if (fcntl(ends->fd[1], F_SETPIPE_SZ, 2 * PIPE_BYTES) < 0)
		die("splice: size of pipe: %s", strerror(errno));
	t->priv = ends;
}

static void device_open(struct transfer *t)
{
	pipe_open(t);
	control_open(t, "splice");
	t->fd = t->ctl;
}

static void pipe_end(struct transfer *t)
{
	struct ends *ends = t->priv;

	close(ends->fd[0]);
	close(ends->fd[1]);
	free(ends);
}

static void moved(struct transfer *t, ssize_t len, size_t want, const char *what)
{
	t->calls++;
	if (len != (ssize_t)want)
		die("splice: %s moved %zd bytes of %zu: %s", what, len, want, strerror(errno));
}

/* The pages themselves go into the pipe: they may not be touched until they are read. */
static void give(struct transfer *t, uint64_t first, uint64_t count)
{
	struct iovec iov = { t->out, count * t->bytes };
	struct ends *ends = t->priv;
	uint64_t i;

	for (i = 0; i < count; i++)
		lab_produce(record_out(t, i), t->bytes, first + i);
	moved(t, vmsplice(ends->fd[1], &iov, 1, 0), iov.iov_len, "vmsplice");
}

static void take(struct transfer *t, uint64_t count)
{
	struct ends *ends = t->priv;
	uint64_t i;

	moved(t, read(ends->fd[0], t->in, count * t->bytes), count * t->bytes, "read");
	for (i = 0; i < count; i++)
		lab_consume(t, record_in(t, i), t->bytes);
}

static void send_device(struct transfer *t, uint64_t count)
{
	struct ends *ends = t->priv;
	uint64_t n, nr;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		give(t, t->next + n, nr);
		moved(t, splice(ends->fd[0], NULL, t->fd, NULL, nr * t->bytes, SPLICE_F_MOVE),
		      nr * t->bytes, "splice to the device");
	}
}

static void recv_device(struct transfer *t, uint64_t count)
{
	struct ends *ends = t->priv;
	uint64_t n, nr;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		moved(t, splice(t->fd, NULL, ends->fd[1], NULL, nr * t->bytes, SPLICE_F_MOVE),
		      nr * t->bytes, "splice from the device");
		take(t, nr);
	}
}

static void send_pipe(struct transfer *t, uint64_t count)
{
	give(t, t->next, count);
}

static const struct about about = {
	.starts = "user",
	.synchronous = "to a device yes, in a pipe no",
	.loss = "none",
	.backpressure = "a full pipe blocks",
	.notification = "poll on the pipe",
	.unit = "none: a stream",
	.privilege = "mode of the node; large pipes by sysctl",
	.abi = "stable",
	.use = "whole pages that the program does not look at",
};

static const struct mechanism to_kernel = {
	.name = "splice", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 0,
	.open = device_open, .close = pipe_end, .send = send_device, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "splice", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = device_open, .close = pipe_end, .recv = recv_device,
};

static const struct mechanism to_other = {
	.name = "splice", .dir = U2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = pipe_open, .close = pipe_end, .send = send_pipe, .recv = take, .blocks = true,
};

const struct mechanism *const mechanisms[] = { &to_kernel, &to_user, &to_other, NULL };
