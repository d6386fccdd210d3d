// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring by liburing: single requests, batches, registered buffers, SQPOLL, commands.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Not synchronous: submitting returns at
 * once, a completion tells of the end; here each batch waits for its own. Loss:
 * none, completions without room are kept by the kernel. Unit: any that the
 * file takes. Privilege: the file's; a sysctl may disable io_uring. Choose it
 * for many operations at a time on files that others offer.
 */
#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "die.h"
#include "mechanism.h"
#include "uring_cmd.h"

#define SQPOLL_IDLE_MS	20

/* Registered buffers: what is sent, what is received. */
enum { BUF_OUT, BUF_IN };

static struct io_uring *ring_make(struct transfer *t, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = SQPOLL_IDLE_MS };
	struct io_uring *ring = calloc(1, sizeof(*ring));
	int ret;

	control_open(t, "io_uring");
	t->fd = t->ctl;
	if (!ring)
		die("no memory");
	ret = io_uring_queue_init_params(2 * MAX_BATCH, ring, &params);
	if (ret)
		die("io_uring: %s", strerror(-ret));
	t->priv = ring;
	return ring;
}

static void ring_open(struct transfer *t)
{
	ring_make(t, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
}

/* Wake-ups are taken by another thread than the one that opens. */
static void ring_open_plain(struct transfer *t)
{
	ring_make(t, 0);
}

static void register_all(struct transfer *t, struct io_uring *ring)
{
	size_t len = (size_t)t->bytes * t->batch;
	struct iovec iov[] = { { t->out, len }, { t->in, len } };
	int ret = io_uring_register_buffers(ring, iov, 2);

	if (!ret)
		ret = io_uring_register_files(ring, &t->fd, 1);
	if (ret)
		die("io_uring: register: %s", strerror(-ret));
}

static void ring_open_fixed(struct transfer *t)
{
	register_all(t, ring_make(t, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN));
}

/*
 * The thread inherits its weight. Where instructions are counted there is one
 * CPU, on which it is to poll when nobody else works; where time is, it must
 * not wait for that.
 */
static void ring_open_sqpoll(struct transfer *t)
{
	struct io_uring *ring;

	if (clock_counts_insns())
		setpriority(PRIO_PROCESS, 0, 19);
	ring = ring_make(t, IORING_SETUP_SQPOLL);
	setpriority(PRIO_PROCESS, 0, 0);
	register_all(t, ring);
}

static void ring_close(struct transfer *t)
{
	io_uring_queue_exit(t->priv);
	free(t->priv);
}

typedef void (*prepare_fn)(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf);

static void prep_write(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf)
{
	io_uring_prep_write(sqe, t->fd, buf, t->bytes, 0);
}

static void prep_read(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf)
{
	io_uring_prep_read(sqe, t->fd, buf, t->bytes, 0);
}

static void prep_write_fixed(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf)
{
	io_uring_prep_write_fixed(sqe, 0, buf, t->bytes, 0, BUF_OUT);
	sqe->flags |= IOSQE_FIXED_FILE;
}

static void prep_read_fixed(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf)
{
	io_uring_prep_read_fixed(sqe, 0, buf, t->bytes, 0, BUF_IN);
	sqe->flags |= IOSQE_FIXED_FILE;
}

static void prep_cmd(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf, uint32_t op)
{
	struct lab_uring_cmd cmd = { .addr = (uintptr_t)buf, .len = t->bytes };

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, 0, NULL, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

static void prep_cmd_send(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf)
{
	prep_cmd(t, sqe, buf, LAB_URING_SEND);
}

static void prep_cmd_recv(struct transfer *t, struct io_uring_sqe *sqe, uint8_t *buf)
{
	prep_cmd(t, sqe, buf, LAB_URING_RECV);
}

/* A polling thread submits by itself; only sleeping on either side is a call. */
static void submit_polled(struct transfer *t, struct io_uring *ring, unsigned int nr)
{
	struct io_uring_cqe *cqe;

	t->calls += !!(*ring->sq.kflags & IORING_SQ_NEED_WAKEUP);
	if (io_uring_submit(ring) < 0)
		die("%s: submit", t->mech->name);
	if (io_uring_cq_ready(ring) >= nr)
		return;
	t->calls++;
	if (io_uring_wait_cqe_nr(ring, &cqe, nr))
		die("%s: wait", t->mech->name);
}

static void submit(struct transfer *t, struct io_uring *ring, unsigned int nr)
{
	if (ring->flags & IORING_SETUP_SQPOLL) {
		submit_polled(t, ring, nr);
		return;
	}
	if (io_uring_submit_and_wait(ring, nr) < 0)
		die("%s: submit", t->mech->name);
	t->calls++;
}

static void complete(struct transfer *t, struct io_uring *ring, unsigned int nr)
{
	struct io_uring_cqe *cqe;
	unsigned int head, seen = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		if (cqe->res != (int)t->bytes)
			die("%s: request ended with %d", t->mech->name, cqe->res);
		seen++;
	}
	if (seen != nr)
		die("%s: %u completions of %u", t->mech->name, seen, nr);
	io_uring_cq_advance(ring, nr);
}

/* A polling thread may not have given back yet what it has taken. */
static struct io_uring_sqe *get_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(ring)))
		if (io_uring_sqring_wait(ring) < 0)
			die("io_uring: no room for a request");
	return sqe;
}

static void run(struct transfer *t, unsigned int nr, uint8_t *bufs, prepare_fn prepare)
{
	struct io_uring *ring = t->priv;
	unsigned int i;

	for (i = 0; i < nr; i++)
		prepare(t, get_sqe(ring), bufs + (size_t)i * t->bytes);
	submit(t, ring, nr);
	complete(t, ring, nr);
}

static void send_by(struct transfer *t, uint64_t count, prepare_fn prepare)
{
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			lab_produce(record_out(t, i), t->bytes, t->next + n + i);
		run(t, nr, t->out, prepare);
	}
}

/* Requests that need not wait are done in their order. */
static void recv_by(struct transfer *t, uint64_t count, prepare_fn prepare)
{
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		run(t, nr, t->in, prepare);
		for (i = 0; i < nr; i++)
			lab_consume(t, record_in(t, i), t->bytes);
	}
}

static void ring_send(struct transfer *t, uint64_t count)
{
	send_by(t, count, prep_write);
}

static void ring_recv(struct transfer *t, uint64_t count)
{
	recv_by(t, count, prep_read);
}

static void ring_send_fixed(struct transfer *t, uint64_t count)
{
	send_by(t, count, prep_write_fixed);
}

static void ring_recv_fixed(struct transfer *t, uint64_t count)
{
	recv_by(t, count, prep_read_fixed);
}

static void ring_send_cmd(struct transfer *t, uint64_t count)
{
	send_by(t, count, prep_cmd_send);
}

static void ring_recv_cmd(struct transfer *t, uint64_t count)
{
	recv_by(t, count, prep_cmd_recv);
}

static void ring_poke(struct transfer *t)
{
	control_produce(t, 1);
}

static const struct about about = {
	.starts = "user",
	.synchronous = "no",
	.loss = "none",
	.backpressure = "the rings' size",
	.notification = "completion queue, eventfd, poll",
	.unit = "any",
	.privilege = "mode of the node; may be disabled by sysctl",
	.abi = "stable; opcodes are added",
	.use = "many operations at a time on files that others offer",
};

#define FORM(_id, _name, _batch, _open, _send, _recv, _blocks)				\
static const struct mechanism _id##_to_kernel = {				\
	.name = _name, .dir = U2K, .about = &about, .batch = _batch, .copies = 1, \
	.open = _open, .close = ring_close, .send = _send, .totals = control_totals, \
};										\
static const struct mechanism _id##_to_user = {					\
	.name = _name, .dir = K2U, .about = &about, .batch = _batch, .copies = 1, \
	.open = _open, .close = ring_close, .recv = _recv, .blocks = _blocks,	\
	.wake_flags = LAB_QUEUED, .poke = ring_poke,				\
}

FORM(plain, "io_uring", 1, ring_open_plain, ring_send, ring_recv, true);
FORM(batch, "io_uring-batch", MAX_BATCH, ring_open, ring_send, ring_recv, false);
FORM(fixed, "io_uring-fixed", MAX_BATCH, ring_open_fixed, ring_send_fixed, ring_recv_fixed, false);
FORM(polled, "io_uring-sqpoll", MAX_BATCH, ring_open_sqpoll, ring_send_fixed, ring_recv_fixed, 0);
FORM(cmd, "io_uring-cmd", MAX_BATCH, ring_open_fixed, ring_send_cmd, ring_recv_cmd, false);

const struct mechanism *const mechanisms[] = {
	&plain_to_kernel, &plain_to_user, &batch_to_kernel, &batch_to_user,
	&fixed_to_kernel, &fixed_to_user, &polled_to_kernel, &polled_to_user,
	&cmd_to_kernel, &cmd_to_user, NULL,
};
