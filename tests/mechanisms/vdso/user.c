// SPDX-License-Identifier: GPL-2.0
/*
 * The vDSO: functions of the kernel's that run in the caller, on a page that the kernel writes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Direction: k2u, and nothing but what the kernel keeps in its
 * page: the time, the number of the CPU, random numbers. It carries no records
 * of a module's, so that there is no row of figures; bulk_xfer(2) has a path
 * through it, which is measured there. Not synchronous: the kernel writes at
 * each tick, and a sequence number tells readers to look again. Loss: all
 * values but the last. Unit: what a function returns, 16 bytes of time; random
 * numbers any. Privilege: none. There is no kernel half to write: no module can
 * add a function. Choose it, through the C library, for the time; for something
 * new only where it is read far more often than a system call costs.
 */
#include "mechanism.h"

static const struct about about = {
	.starts = "user",
	.synchronous = "no",
	.loss = "all values but the last",
	.backpressure = "none",
	.notification = "none",
	.unit = "functions of the kernel's; no data of one's own",
	.privilege = "none",
	.abi = "versioned symbols",
	.use = "the time",
};

static const struct mechanism calls = { .name = "vdso", .dir = K2U, .about = &about };

const struct mechanism *const mechanisms[] = { &calls, NULL };
