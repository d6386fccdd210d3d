// SPDX-License-Identifier: GPL-2.0
/*
 * write(2) and read(2) on a character device.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous: a call returns when the
 * driver has, or has made, its records. Loss: none, the caller waits, or gets
 * EAGAIN. Unit: any length; of a read no more than the driver has. Privilege:
 * the node's mode. Choose it for a stream or a device of one's own.
 */
#include "mechanism.h"
#include "rw.h"

static void chardev_open(struct transfer *t)
{
	control_open(t, "chardev");
	t->fd = t->ctl;
}

static void chardev_post(struct transfer *t)
{
	control_produce(t, 1);
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "the caller waits",
	.notification = "poll, SIGIO, blocking read",
	.unit = "any",
	.privilege = "mode of the node",
	.abi = "stable calls, own format",
	.use = "a stream or a device of one's own",
};

static const struct mechanism to_kernel = {
	.name = "chardev", .dir = U2K, .about = &about, .copies = 1,
	.open = chardev_open, .send = rw_send, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "chardev", .dir = K2U, .about = &about, .copies = 1,
	.open = chardev_open, .recv = rw_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = chardev_post,
};

static const struct mechanism batch_to_kernel = {
	.name = "chardev-batch", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = chardev_open, .send = rw_send_batch, .totals = control_totals,
};

static const struct mechanism batch_to_user = {
	.name = "chardev-batch", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = chardev_open, .recv = rw_recv_batch,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &batch_to_kernel, &batch_to_user, NULL,
};
