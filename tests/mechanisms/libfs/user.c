// SPDX-License-Identifier: GPL-2.0
/*
 * Records by write(2) and read(2) on a file of sagafs, which the program mounts.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: none. Unit: any.
 * Privilege: root mounts it, then modes of files. Choose it for an interface of
 * many files with rules of its own; for one file a character device does.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"
#include "rw.h"

#define MOUNT	"/sagafs"

static void sagafs_open(struct transfer *t)
{
	control_open(t, "libfs");
	mkdir(MOUNT, 0755);
	if (mount("sagafs", MOUNT, "sagafs", 0, NULL))
		die(MOUNT ": %s", strerror(errno));
	t->fd = open(MOUNT "/record", O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die(MOUNT "/record: %s", strerror(errno));
}

static void sagafs_close(struct transfer *t)
{
	close(t->fd);
	t->fd = -1;
	if (umount(MOUNT))
		die("unmount " MOUNT ": %s", strerror(errno));
}

static void sagafs_post(struct transfer *t)
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
	.privilege = "root mounts; mode of the file",
	.abi = "own files, for ever",
	.use = "an interface of many files with own rules",
};

static const struct mechanism to_kernel = {
	.name = "libfs", .dir = U2K, .about = &about, .copies = 1,
	.open = sagafs_open, .send = rw_send, .totals = control_totals,
	.close = sagafs_close,
};

static const struct mechanism to_user = {
	.name = "libfs", .dir = K2U, .about = &about, .copies = 1,
	.open = sagafs_open, .recv = rw_recv, .close = sagafs_close,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = sagafs_post,
};

static const struct mechanism batch_to_kernel = {
	.name = "libfs-batch", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = sagafs_open, .send = rw_send_batch, .totals = control_totals,
	.close = sagafs_close,
};

static const struct mechanism batch_to_user = {
	.name = "libfs-batch", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = sagafs_open, .recv = rw_recv_batch, .close = sagafs_close,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &batch_to_kernel, &batch_to_user, NULL,
};
