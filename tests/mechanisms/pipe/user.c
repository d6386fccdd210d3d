// SPDX-License-Identifier: GPL-2.0
/*
 * A pipe between two programs: whole records, records in two parts, batches.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: the writer. Direction: u2u. Synchronous: no, the pipe holds 64 KiB
 * by default. Loss: none, a full pipe makes the writer wait or gives EAGAIN;
 * without a reader it gets SIGPIPE. Unit: any; up to 4096 bytes (PIPE_BUF)
 * don't mix with another writer's. Privilege: none, but both ends must
 * descend from who made it, or be handed over. Choose it for one stream
 * between parent and child.
 */
#include "lab_pipe.h"

/* The other end. */
static int writing(const struct transfer *t)
{
	return *(int *)t->priv;
}

static void pipe_open(struct transfer *t)
{
	int *ends = calloc(2, sizeof(*ends));
	int fds[2];

	if (!ends || pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	pipe_make_room(t, fds[1]);
	t->fd = fds[0];
	*ends = fds[1];
	t->priv = ends;
}

/* As a header and what follows it would be sent. */
static void pipe_open_parts(struct transfer *t)
{
	t->unit = t->bytes / 2;
	pipe_open(t);
}

static void pipe_close(struct transfer *t)
{
	close(writing(t));
	free(t->priv);
}

static void send_single(struct transfer *t, uint64_t count)
{
	struct transfer w = *t;

	w.fd = writing(t);
	rw_send(&w, count);
	t->calls = w.calls;
}

static void send_batch(struct transfer *t, uint64_t count)
{
	pipe_write_batch(t, writing(t), count);
}

static void recv_batch(struct transfer *t, uint64_t count)
{
	pipe_read_batch(t, t->fd, count);
}

static uint64_t offer(struct transfer *t, uint64_t count)
{
	return pipe_offer(t, writing(t), count);
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	return pipe_drain(t, t->fd, count);
}

static const struct about about = {
	.starts = "the writer",
	.synchronous = "no",
	.loss = "none",
	.backpressure = "EAGAIN or the writer waits",
	.notification = "poll, SIGIO, blocking read",
	.unit = "any; 4096 bytes stay together",
	.privilege = "whoever has an end",
	.abi = "stable",
	.use = "one stream between relatives",
};

#define PIPE_ROW(_name, _open, _send, _recv) {					\
	.name = _name, .dir = U2U, .about = &about, .batch = MAX_BATCH,		\
	.copies = 2, .open = _open, .close = pipe_close, .send = _send,		\
	.recv = _recv, .blocks = true, .offer = offer, .drain = drain }

static const struct mechanism whole = PIPE_ROW("pipe", pipe_open, send_single, rw_recv);
static const struct mechanism parts =
	PIPE_ROW("pipe-parts", pipe_open_parts, send_single, rw_recv);
static const struct mechanism batch =
	PIPE_ROW("pipe-batch", pipe_open, send_batch, recv_batch);

const struct mechanism *const mechanisms[] = { &whole, &parts, &batch, NULL };
