// SPDX-License-Identifier: GPL-2.0
/*
 * Records that the kernel puts above the caller's heap, which is given back after each batch.
 *
 * Nothing may ask the C library for memory between the two calls.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: this program's call, in which the kernel chooses the place.
 * Direction: k2u only. Synchronous. Loss: none. Unit: what RLIMIT_DATA and the
 * address space have room for. Privilege: the node's mode; one thread only.
 * Choose it never: read(2) into a buffer of one's own does the same.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "brk.h"
#include "die.h"
#include "mechanism.h"

static void brk_open(struct transfer *t)
{
	control_open(t, "brk");
	t->fd = t->ctl;
}

static void take_batch(struct transfer *t, uint64_t nr)
{
	uintptr_t end = (uintptr_t)sbrk(0);
	uintptr_t at = (end + 4095) & ~4095UL;

	if (ioctl(t->fd, BRK_EXPORT, nr) != (int)nr)
		die("brk: export: %s", strerror(errno));
	lab_consume(t, (void *)at, nr * t->bytes);
	if ((uintptr_t)syscall(__NR_brk, end) != end)
		die("brk: the heap does not shrink");
	t->calls += 2;
}

static void brk_recv(struct transfer *t, uint64_t count)
{
	uint64_t n, nr;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		take_batch(t, nr);
	}
}

static const struct about about = {
	.starts = "kernel, within a call of the user's",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "the caller waits",
	.notification = "none of its own",
	.unit = "RLIMIT_DATA",
	.privilege = "mode of the node; one thread only",
	.abi = "none",
	.use = "never",
};

static const struct mechanism to_user = {
	.name = "brk", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = brk_open, .recv = brk_recv,
};

const struct mechanism *const mechanisms[] = { &to_user, NULL };
