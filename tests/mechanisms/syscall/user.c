// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2): one segment a call, a full batch, write(2) and read(2); lists the forms of other files.
 *
 * Segments are made once and used again, as the interface allows: a call
 * leaves what it was told as it is.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u, both in one call. Not
 * synchronous unless flushed: a window holds records until the kernel is
 * entered. Loss: none on the way to the kernel, a full provider gives EAGAIN or
 * lets the caller wait; to the user by the channel's policy, counted and told
 * in the next record. Unit: max_record of the channel, 1 MiB here. Privilege:
 * the node's mode. Choose it for many records, both ways.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bulk_xfer.h"
#include "die.h"
#include "form.h"
#include "rw.h"

void bulk_open_endpoint(struct transfer *t)
{
	control_open(t, "syscall");
	t->fd = open("/dev/bulk/lab", O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die("/dev/bulk/lab: %s", strerror(errno));
}

void call_run(struct transfer *t, struct bulk_seg *segs, unsigned int nr)
{
	long ret = bulk_xfer(t->fd, segs, nr, 0);

	if (ret != nr)
		die("bulk_xfer of %u segments: %ld: %s", nr, ret,
		    ret < 0 ? strerror(-ret) : "stopped early");
	t->calls++;
}

static void bulk_send(struct transfer *t, uint64_t count)
{
	send_segs(t, count, 0, call_run);
}

static void bulk_recv(struct transfer *t, uint64_t count)
{
	recv_segs(t, count, call_run);
}

const struct about bulk_about = {
	.starts = "both",
	.synchronous = "no",
	.loss = "none on the way to the kernel; to the user by the channel's policy, counted",
	.backpressure = "EAGAIN or the caller waits",
	.notification = "poll, blocking call",
	.unit = "max_record of the channel",
	.privilege = "mode of the node",
	.abi = "system call",
	.use = "many records, both ways",
};

/* Both directions of one form. */
#define BULK_FORM(_id, _name, _batch, _send, _recv, _blocks, _offer, _drain)	\
static const struct mechanism _id##_to_kernel = {				\
	.name = _name, .dir = U2K, .about = &bulk_about, .batch = _batch, .copies = 1, \
	.open = bulk_open_endpoint, .send = _send, .totals = control_totals,	\
	.offer = _offer, .drain = provider_drain,				\
};										\
static const struct mechanism _id##_to_user = {					\
	.name = _name, .dir = K2U, .about = &bulk_about, .batch = _batch, .copies = 1, \
	.open = bulk_open_endpoint, .recv = _recv, .blocks = _blocks,		\
	.wake_flags = LAB_QUEUED, .poke = bulk_poke,				\
	.offer = provider_offer, .drain = _drain,				\
}

void bulk_poke(struct transfer *t)
{
	control_produce(t, 1);
}

BULK_FORM(single, "syscall", 1, bulk_send, bulk_recv, true, call_offer, call_drain);
BULK_FORM(batch, "bulk-batch", MAX_BATCH, bulk_send, bulk_recv, false, call_offer, call_drain);
BULK_FORM(rw, "bulk-rw", 1, rw_send, rw_recv, true, file_offer, file_drain);

const struct mechanism *const mechanisms[] = {
	&single_to_kernel, &single_to_user,
	&batch_to_kernel, &batch_to_user,
	&rw_to_kernel, &rw_to_user,
	&beside_to_kernel, &beside_to_user,
	&vdso_to_kernel, &vdso_to_user,
	&vdso_batch_to_kernel, &vdso_batch_to_user,
	&region_to_kernel, &region_to_user,
	&region_call_to_kernel, &region_call_to_user,
	&inplace_to_kernel, &inplace_to_user,
	&pages_to_kernel, &pages_to_user,
	&huge_to_kernel, &huge_to_user,
	NULL,
};
