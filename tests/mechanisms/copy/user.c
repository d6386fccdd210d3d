// SPDX-License-Identifier: GPL-2.0
/*
 * No mechanism at all: memcpy() within one process, then the checksum. What all others are up against.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Direction: user to user. Synchronous. Nothing is lost. Any
 * unit. No privilege. Choose it when both sides are one process.
 */
#include <string.h>

#include "mechanism.h"

static void copy_send(struct transfer *t, uint64_t count)
{
	uint8_t *out = record_out(t, 0), *in = record_in(t, 0);
	uint64_t n;

	for (n = 0; n < count; n++) {
		lab_produce(out, t->bytes, t->next + n);
		memcpy(in, out, t->bytes);
		/* Or the compiler would checksum what was copied from. */
		__asm__ volatile("" : : : "memory");
		lab_consume(t, in, t->bytes);
	}
}

static void copy_open(struct transfer *t)
{
	(void)t;
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "the caller does it all",
	.notification = "none",
	.unit = "any",
	.privilege = "none",
	.abi = "C",
	.use = "as the measure of what can't be had for less",
};

static const struct mechanism user_to_user = {
	.name = "copy", .dir = U2U, .about = &about, .copies = 1,
	.open = copy_open, .send = copy_send,
};

const struct mechanism *const mechanisms[] = { &user_to_user, NULL };
