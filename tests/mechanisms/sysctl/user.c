// SPDX-License-Identifier: GPL-2.0
/*
 * Records as the value of a sysctl whose handler takes any bytes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: a value that is
 * written again before anybody looks. Unit: below 4 MiB with this handler; the
 * common ones take numbers and strings. Privilege: mode of the file, as a rule
 * root's to set. Choose it for a parameter that the administrator sets at boot
 * time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "die.h"
#include "mechanism.h"
#include "rw.h"

static void sysctl_open(struct transfer *t)
{
	control_open(t, "sysctl");
	t->fd = open("/proc/sys/net/test/record", O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die("/proc/sys/net/test/record: %s", strerror(errno));
}

static void sysctl_post(struct transfer *t)
{
	control_produce(t, 1);
}

/* A change of the value is told by POLLERR. */
static void sysctl_recv(struct transfer *t, uint64_t count)
{
	struct pollfd pfd = { .fd = t->fd };

	if (t->flags & LAB_QUEUED && poll(&pfd, 1, -1) != 1)
		die("sysctl: poll: %s", strerror(errno));
	rw_recv(t, count);
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "all values but the last",
	.backpressure = "the caller waits",
	.notification = "poll (POLLERR) where the module tells",
	.unit = "4 MiB; numbers and strings with the common handlers",
	.privilege = "mode of the file; as a rule root's to set",
	.abi = "for ever",
	.use = "a parameter that the administrator sets at boot time",
};

static const struct mechanism to_kernel = {
	.name = "sysctl", .dir = U2K, .about = &about, .copies = 1,
	.open = sysctl_open, .send = rw_send, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "sysctl", .dir = K2U, .about = &about, .copies = 2,
	.open = sysctl_open, .recv = sysctl_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = sysctl_post,
};

const struct mechanism *const mechanisms[] = { &to_kernel, &to_user, NULL };
