// SPDX-License-Identifier: GPL-2.0
/*
 * The fixed page of x86-64, 0xffffffffff600000: three calls of old, emulated by the kernel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Direction: k2u, and nothing but the time and the number of the
 * CPU: it carries no records, so that there is no row of figures. Synchronous.
 * Loss: none. Unit: 24 bytes, a time and a time zone. Privilege: none. Once
 * these were functions that read the clock without entering the kernel; at the
 * same place in every process they were of more use to attackers, and today
 * each call is a fault that the kernel turns into a system call, or the page is
 * absent (vsyscall=none, or a kernel without CONFIG_X86_VSYSCALL_EMULATION).
 * There is no kernel half to write: no module can add a call. Choose it never:
 * it is there for programs of before 2013; the vDSO is what took its place.
 */
#include "mechanism.h"

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "none",
	.notification = "none",
	.unit = "three calls of the kernel's; no data of one's own",
	.privilege = "none",
	.abi = "frozen, emulated or absent",
	.use = "never; for programs of before 2013",
};

static const struct mechanism calls = { .name = "vsyscall", .dir = K2U, .about = &about };

const struct mechanism *const mechanisms[] = { &calls, NULL };
