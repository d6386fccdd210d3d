// SPDX-License-Identifier: GPL-2.0
/*
 * A named pipe from the kernel, to the kernel, and between programs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user, who makes the pipe. Directions: u2k, k2u, u2u. Synchronous: no,
 * the pipe holds 64 KiB unless F_SETPIPE_SZ makes it larger. Loss: none, a full
 * pipe makes the writer wait or gives EAGAIN. Unit: any; up to 4096 bytes
 * (PIPE_BUF) stay together. Privilege: mode of the pipe. Choose it between
 * programs that have but a path in common; to the kernel for nothing new.
 */
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lab_fifo.h"
#include "lab_pipe.h"

/* Opened for both, which never waits for the other side and never ends. */
static void make_fifo(struct transfer *t)
{
	unlink(LAB_FIFO_PATH);
	if (mkfifo(LAB_FIFO_PATH, 0600))
		die("%s: %s", LAB_FIFO_PATH, strerror(errno));
	t->fd = open(LAB_FIFO_PATH, O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die("%s: %s", LAB_FIFO_PATH, strerror(errno));
	pipe_make_room(t, t->fd);
}

static void open_to_kernel(struct transfer *t)
{
	make_fifo(t);
	t->flags |= LAB_FIFO_READ;
	control_open(t, "fifo");
}

static void open_to_user(struct transfer *t)
{
	make_fifo(t);
	t->flags |= LAB_FIFO_WRITE;
	control_open(t, "fifo");
}

static void close_fifo(struct transfer *t)
{
	unlink(LAB_FIFO_PATH);
	t->flags = 0;
	if (t->ctl >= 0)
		control_setup(t);
}

static void send_batch(struct transfer *t, uint64_t count)
{
	pipe_write_batch(t, t->fd, count);
}

static void recv_batch(struct transfer *t, uint64_t count)
{
	pipe_read_batch(t, t->fd, count);
}

static uint64_t offer(struct transfer *t, uint64_t count)
{
	return pipe_offer(t, t->fd, count);
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	return pipe_drain(t, t->fd, count);
}

static uint64_t kernel_drain(struct transfer *t, uint64_t count)
{
	int got = ioctl(t->ctl, LAB_CONSUME, count);

	if (got < 0)
		die("fifo: consume: %s", strerror(errno));
	return got;
}

static const struct about about = {
	.starts = "user",
	.synchronous = "no",
	.loss = "none",
	.backpressure = "EAGAIN or the writer waits",
	.notification = "poll, SIGIO, blocking read",
	.unit = "any; 4096 bytes stay together",
	.privilege = "mode of the pipe",
	.abi = "stable; the kernel isn't meant to open files",
	.use = "between programs only",
};

#define TO_KERNEL(_name, _send) {						\
	.name = _name, .dir = U2K, .about = &about, .batch = MAX_BATCH,		\
	.copies = 2, .open = open_to_kernel, .close = close_fifo,		\
	.send = _send, .recv = control_consume, .totals = control_totals,	\
	.blocks = true, .wake_flags = LAB_QUEUED, .offer = offer, .drain = kernel_drain }

#define TO_USER(_name, _recv) {							\
	.name = _name, .dir = K2U, .about = &about, .batch = MAX_BATCH,		\
	.copies = 2, .open = open_to_user, .close = close_fifo,			\
	.send = control_produce, .recv = _recv, .blocks = true,			\
	.offer = control_offer, .drain = drain }

#define BETWEEN(_name, _send, _recv) {						\
	.name = _name, .dir = U2U, .about = &about, .batch = MAX_BATCH,		\
	.copies = 2, .open = make_fifo, .close = close_fifo,			\
	.send = _send, .recv = _recv, .blocks = true, .offer = offer, .drain = drain }

static const struct mechanism single_to_kernel = TO_KERNEL("fifo", rw_send);
static const struct mechanism single_to_user = TO_USER("fifo", rw_recv);
static const struct mechanism single_between = BETWEEN("fifo", rw_send, rw_recv);
static const struct mechanism batch_to_kernel = TO_KERNEL("fifo-batch", send_batch);
static const struct mechanism batch_to_user = TO_USER("fifo-batch", recv_batch);
static const struct mechanism batch_between = BETWEEN("fifo-batch", send_batch, recv_batch);

const struct mechanism *const mechanisms[] = {
	&single_to_kernel, &single_to_user, &single_between,
	&batch_to_kernel, &batch_to_user, &batch_between, NULL,
};
