// SPDX-License-Identifier: GPL-2.0
/*
 * Records by write(2) and read(2) on a file of debugfs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: none. Unit: any.
 * Privilege: root, who alone may enter the mount point. Choose it to debug the
 * module: no program may rely on the file being there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "die.h"
#include "mechanism.h"
#include "rw.h"

#define RECORD	"/sys/kernel/debug/lab_debugfs/record"

static void debugfs_open(struct transfer *t)
{
	control_open(t, "debugfs");
	t->fd = open(RECORD, O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die(RECORD ": %s", strerror(errno));
}

static void debugfs_post(struct transfer *t)
{
	control_produce(t, 1);
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "the caller waits",
	.notification = "poll where the module has it",
	.unit = "any",
	.privilege = "root",
	.abi = "none",
	.use = "debugging",
};

static const struct mechanism to_kernel = {
	.name = "debugfs", .dir = U2K, .about = &about, .copies = 1,
	.open = debugfs_open, .send = rw_send, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "debugfs", .dir = K2U, .about = &about, .copies = 1,
	.open = debugfs_open, .recv = rw_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = debugfs_post,
};

static const struct mechanism batch_to_kernel = {
	.name = "debugfs-batch", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = debugfs_open, .send = rw_send_batch, .totals = control_totals,
};

static const struct mechanism batch_to_user = {
	.name = "debugfs-batch", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = debugfs_open, .recv = rw_recv_batch,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &batch_to_kernel, &batch_to_user, NULL,
};
