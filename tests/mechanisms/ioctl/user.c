// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(2) with a record's place and length, or with an array of these.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u, or both in one call. Synchronous. Loss:
 * none. Unit: 16383 bytes by the command's number; any by a pointer in it, as
 * here. Privilege: the node's mode. Choose it for commands of a device, not for
 * data: a program must know each command's layout.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "die.h"
#include "ioctl.h"
#include "mechanism.h"

static void ioctl_open(struct transfer *t)
{
	control_open(t, "ioctl");
	t->fd = t->ctl;
}

static void ioctl_send(struct transfer *t, uint64_t count)
{
	struct ioctl_record rec = { .addr = (uintptr_t)t->out, .len = t->bytes };
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		if (ioctl(t->fd, IOCTL_SEND, &rec))
			die("ioctl: send: %s", strerror(errno));
	}
	t->calls += count;
}

static void ioctl_recv(struct transfer *t, uint64_t count)
{
	struct ioctl_record rec = { .addr = (uintptr_t)t->in, .len = t->bytes };
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (ioctl(t->fd, IOCTL_RECV, &rec) != (int)t->bytes)
			die("ioctl: receive: %s", strerror(errno));
		lab_consume(t, t->in, t->bytes);
	}
	t->calls += count;
}

/* As of writev(2): what is where is told once, and the array used again. */
static void describe(const struct transfer *t, uint8_t *records, struct ioctl_record *recs)
{
	unsigned int i;

	for (i = 0; i < t->batch; i++)
		recs[i] = (struct ioctl_record){
			.addr = (uintptr_t)records + (size_t)i * t->bytes,
			.len = t->bytes,
		};
}

static void run_batch(struct transfer *t, unsigned long cmd, const struct ioctl_record *recs,
		      unsigned int nr)
{
	struct ioctl_batch batch = { .addr = (uintptr_t)recs, .nr = nr };
	int ret = ioctl(t->fd, cmd, &batch);

	if (ret != (int)nr)
		die("ioctl: %d records of %u: %s", ret, nr, ret < 0 ? strerror(errno) : "refused");
	t->calls++;
}

static void ioctl_send_batch(struct transfer *t, uint64_t count)
{
	struct ioctl_record recs[IOCTL_BATCH];
	unsigned int i, nr;
	uint64_t n;

	describe(t, t->out, recs);
	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			lab_produce(record_out(t, i), t->bytes, t->next + n + i);
		run_batch(t, IOCTL_SEND_BATCH, recs, nr);
	}
}

static void ioctl_recv_batch(struct transfer *t, uint64_t count)
{
	struct ioctl_record recs[IOCTL_BATCH];
	unsigned int i, nr;
	uint64_t n;

	describe(t, t->in, recs);
	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		run_batch(t, IOCTL_RECV_BATCH, recs, nr);
		for (i = 0; i < nr; i++)
			lab_consume(t, record_in(t, i), t->bytes);
	}
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "the caller waits",
	.notification = "none of its own",
	.unit = "16383 B, any by pointer",
	.privilege = "mode of the node",
	.abi = "each command is one",
	.use = "commands of a device",
};

static const struct mechanism to_kernel = {
	.name = "ioctl", .dir = U2K, .about = &about, .copies = 1,
	.open = ioctl_open, .send = ioctl_send, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "ioctl", .dir = K2U, .about = &about, .copies = 1,
	.open = ioctl_open, .recv = ioctl_recv,
};

static const struct mechanism batch_to_kernel = {
	.name = "ioctl-batch", .dir = U2K, .about = &about, .batch = IOCTL_BATCH, .copies = 1,
	.open = ioctl_open, .send = ioctl_send_batch, .totals = control_totals,
};

static const struct mechanism batch_to_user = {
	.name = "ioctl-batch", .dir = K2U, .about = &about, .batch = IOCTL_BATCH, .copies = 1,
	.open = ioctl_open, .recv = ioctl_recv_batch,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &batch_to_kernel, &batch_to_user, NULL,
};
