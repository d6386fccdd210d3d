// SPDX-License-Identifier: GPL-2.0
/*
 * Records through files below /proc: by read and write of the module's own, and out of a seq_file.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: none. Unit: any by the
 * module's own read and write; of a seq_file its largest element. Privilege:
 * mode of the file. Choose it for what belongs to a process; for anything else
 * it is deprecated: sysfs, debugfs, netlink.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "die.h"
#include "mechanism.h"
#include "raw.h"
#include "rw.h"

static void procfs_open_file(struct transfer *t, const char *path, int how)
{
	control_open(t, "procfs");
	t->fd = open(path, how | O_CLOEXEC);
	if (t->fd < 0)
		die("%s: %s", path, strerror(errno));
}

static void procfs_open(struct transfer *t)
{
	procfs_open_file(t, "/proc/lab/record", O_RDWR);
}

static void procfs_open_seq(struct transfer *t)
{
	procfs_open_file(t, "/proc/lab/records", O_RDONLY);
}

static void procfs_post(struct transfer *t)
{
	control_produce(t, 1);
}

/* A read gives whole records, as many as the file's buffer has. */
static void read_batch(struct transfer *t, size_t want)
{
	size_t got;
	long ret;

	for (got = 0; got < want; got += ret) {
		ret = raw_read(t->fd, t->in + got, want - got);
		if (ret <= 0)
			die("procfs: read: %s", strerror(-ret));
		t->calls++;
	}
	lab_consume(t, t->in, want);
}

static void procfs_recv_seq(struct transfer *t, uint64_t count)
{
	uint64_t n, nr;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		read_batch(t, nr * t->bytes);
	}
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "none",
	.backpressure = "the caller waits",
	.notification = "poll where the module has it",
	.unit = "any; seq_file: grows to the largest element",
	.privilege = "mode of the file",
	.abi = "text that programs parse: for ever",
	.use = "what belongs to a process",
};

static const struct mechanism to_kernel = {
	.name = "procfs", .dir = U2K, .about = &about, .copies = 1,
	.open = procfs_open, .send = rw_send, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "procfs", .dir = K2U, .about = &about, .copies = 1,
	.open = procfs_open, .recv = rw_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = procfs_post,
};

static const struct mechanism batch_to_kernel = {
	.name = "procfs-batch", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = procfs_open, .send = rw_send_batch, .totals = control_totals,
};

static const struct mechanism batch_to_user = {
	.name = "procfs-batch", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = procfs_open, .recv = rw_recv_batch,
};

static const struct mechanism seq_to_user = {
	.name = "procfs-seq", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 2,
	.open = procfs_open_seq, .recv = procfs_recv_seq,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &batch_to_kernel, &batch_to_user, &seq_to_user, NULL,
};
