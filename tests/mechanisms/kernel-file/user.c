// SPDX-License-Identifier: GPL-2.0
/*
 * Records through a file that the kernel reads and writes, a batch at a time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Directions: u2k, k2u. Not synchronous: each side finds what
 * the other has left in the file. Loss: what is overwritten, or finds the disk
 * full, and nobody is told. Unit: any. Privilege: mode of the file for this
 * program; the kernel opens it as whoever is current. Choose it never: let a
 * program copy between the file and a device.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"

#define FILE_PATH	"/tmp/lab_kernel_file"

static void file_open(struct transfer *t)
{
	t->fd = open(FILE_PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (t->fd < 0)
		die(FILE_PATH ": %s", strerror(errno));
	control_open(t, "kernel-file");
}

static void file_send(struct transfer *t, uint64_t count)
{
	size_t len = count * t->bytes;
	uint64_t i;

	for (i = 0; i < count; i++)
		lab_produce(record_out(t, i), t->bytes, t->next + i);
	if (pwrite(t->fd, t->out, len, 0) != (ssize_t)len)
		die(FILE_PATH ": write: %s", strerror(errno));
	t->calls++;
}

static void file_recv(struct transfer *t, uint64_t count)
{
	size_t len = count * t->bytes;

	if (pread(t->fd, t->in, len, 0) != (ssize_t)len)
		die(FILE_PATH ": read: %s", strerror(errno));
	t->calls++;
	lab_consume(t, t->in, len);
}

static const struct about about = {
	.starts = "kernel",
	.synchronous = "no",
	.loss = "what is overwritten, or finds the disk full",
	.backpressure = "none but a full disk",
	.notification = "inotify",
	.unit = "any",
	.privilege = "of whoever is current when the kernel opens it",
	.abi = "path and format",
	.use = "never",
};

static const struct mechanism to_kernel = {
	.name = "kernel-file", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 2,
	.open = file_open, .send = file_send, .recv = control_consume,
	.totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "kernel-file", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 2,
	.open = file_open, .send = control_produce, .recv = file_recv,
};

const struct mechanism *const mechanisms[] = { &to_kernel, &to_user, NULL };
