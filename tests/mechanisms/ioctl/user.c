// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(2) with a record's place and length.
 *
 * Copyright (C) 2026 the bulk_xfer authors
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

const struct mechanism *const mechanisms[] = { &to_kernel, &to_user, NULL };
