// SPDX-License-Identifier: GPL-2.0
/*
 * Records through an attribute file and a binary attribute: a page, or less, at a time.
 *
 * Each access starts at the beginning of the file, where the kernel asks the
 * module anew.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user; poll tells of a change where the module does. Directions: u2k,
 * k2u. Synchronous. Loss: all values but the last. Unit: a page less one byte
 * to read, a page to write; of a binary attribute a page at a time. Privilege:
 * mode of the file. Choose it for one value of one object, as text.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"

#define ATTRIBUTE_UNIT	4088	/* below a page, in whole words */
#define BINARY_UNIT	4096

static void open_file(struct transfer *t, const char *path)
{
	control_open(t, "sysfs");
	t->fd = open(path, O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die("%s: %s", path, strerror(errno));
}

/* The first read makes later ones wait for what is new. */
static void sysfs_open(struct transfer *t)
{
	open_file(t, "/sys/fs/myfs/record");
	if (t->flags & LAB_QUEUED && pread(t->fd, t->in, t->bytes, 0))
		die("sysfs: there is something to read");
}

static void sysfs_open_blob(struct transfer *t)
{
	open_file(t, "/sys/fs/myfs/blob");
}

static void sysfs_send(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (pwrite(t->fd, t->out + off, len, 0) != len)
				die("%s: write: %s", t->mech->name, strerror(errno));
			t->calls++;
		}
	}
}

static void wait_news(struct transfer *t)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLPRI };

	if (poll(&pfd, 1, -1) != 1)
		die("sysfs: poll: %s", strerror(errno));
}

static void sysfs_recv(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (t->flags & LAB_QUEUED)
			wait_news(t);
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (pread(t->fd, t->in + off, len, 0) != len)
				die("%s: read: %s", t->mech->name, strerror(errno));
			t->calls++;
		}
		lab_consume(t, t->in, t->bytes);
	}
}

static void sysfs_post(struct transfer *t)
{
	control_produce(t, 1);
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes",
	.loss = "all values but the last",
	.backpressure = "the caller waits",
	.notification = "poll (POLLPRI) where the module tells",
	.unit = "a page",
	.privilege = "mode of the file",
	.abi = "for ever, documented in Documentation/ABI",
	.use = "one value of one object",
};

static const struct mechanism to_kernel = {
	.name = "sysfs", .dir = U2K, .about = &about, .copies = 1, .unit = ATTRIBUTE_UNIT,
	.open = sysfs_open, .send = sysfs_send, .totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "sysfs", .dir = K2U, .about = &about, .copies = 2, .unit = ATTRIBUTE_UNIT,
	.open = sysfs_open, .recv = sysfs_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = sysfs_post,
};

static const struct mechanism blob_to_kernel = {
	.name = "sysfs-bin", .dir = U2K, .about = &about, .copies = 1, .unit = BINARY_UNIT,
	.open = sysfs_open_blob, .send = sysfs_send, .totals = control_totals,
};

static const struct mechanism blob_to_user = {
	.name = "sysfs-bin", .dir = K2U, .about = &about, .copies = 2, .unit = BINARY_UNIT,
	.open = sysfs_open_blob, .recv = sysfs_recv,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &blob_to_kernel, &blob_to_user, NULL,
};
