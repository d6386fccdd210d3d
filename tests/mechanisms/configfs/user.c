// SPDX-License-Identifier: GPL-2.0
/*
 * Records as attributes of an item that the program makes: text part by part, binary ones whole.
 *
 * The kernel asks for an attribute's value once for each time that the file is
 * opened, and has a binary one when it is closed: these calls are part of it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user, who makes the item with mkdir(2). Directions: u2k, k2u.
 * Synchronous, binary attributes at close(2). Loss: none. Unit: a page less one
 * byte to write, a page to read; binary attributes any. Privilege: mode of the
 * file, root's mount. Choose it for objects that the administrator makes and
 * sets up.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"

#define MOUNT	"/sys/kernel/config"
#define ITEM	MOUNT "/lab/bench"
#define UNIT	4088	/* below a page, in whole words */
#define ROUND	2048	/* records, where each opens a file */
/* As many as vmalloc() serves until it cleans up behind vfree(): once a round. */
#define ROUND_BIN	4096
#define ROUND_BYTES	(16U << 20)

static void configfs_open(struct transfer *t)
{
	control_open(t, "configfs");
	if (mount("configfs", MOUNT, "configfs", 0, NULL) && errno != EBUSY)
		die(MOUNT ": %s", strerror(errno));
	if (mkdir(ITEM, 0755) && errno != EEXIST)
		die(ITEM ": %s", strerror(errno));
}

static void open_fd(struct transfer *t, const char *path, int how)
{
	configfs_open(t);
	t->fd = open(path, how | O_CLOEXEC);
	if (t->fd < 0)
		die("%s: %s", path, strerror(errno));
}

static void configfs_open_record(struct transfer *t)
{
	open_fd(t, ITEM "/record", O_WRONLY);
}

/* For those that open an attribute again and again. */
static void configfs_open_item(struct transfer *t)
{
	open_fd(t, ITEM, O_PATH | O_DIRECTORY);
}

static void configfs_close(struct transfer *t)
{
	if (rmdir(ITEM))
		die("%s: remove " ITEM ": %s", t->mech->name, strerror(errno));
}

static int open_once(struct transfer *t, const char *name, int how)
{
	int fd = openat(t->fd, name, how | O_CLOEXEC);

	if (fd < 0)
		die("configfs: %s: %s", name, strerror(errno));
	t->calls += 2;
	return fd;
}

static void configfs_send(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (write(t->fd, t->out + off, len) != len)
				die("configfs: write: %s", strerror(errno));
			t->calls++;
		}
	}
}

static void read_value(struct transfer *t, const char *name, void *to, uint32_t len)
{
	int fd = open_once(t, name, O_RDONLY);

	if (read(fd, to, len) != len)
		die("configfs: %s: %s", name, strerror(errno));
	t->calls++;
	close(fd);
}

static void configfs_recv(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = 0; n < count; n++) {
		for (off = 0; (len = part_len(t, off)); off += len)
			read_value(t, "record", t->in + off, len);
		lab_consume(t, t->in, t->bytes);
	}
}

static void blob_send(struct transfer *t, uint64_t count)
{
	uint64_t n;
	int fd;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		fd = open_once(t, "blob", O_WRONLY);
		if (write(fd, t->out, t->bytes) != t->bytes || close(fd))
			die("configfs: blob: %s", strerror(errno));
		t->calls++;
	}
}

static void blob_recv(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		read_value(t, "blob", t->in, t->bytes);
		lab_consume(t, t->in, t->bytes);
	}
}

static const struct about about = {
	.starts = "user",
	.synchronous = "yes; a binary attribute at close(2)",
	.loss = "none",
	.backpressure = "the caller waits",
	.notification = "none",
	.unit = "a page; binary attributes any",
	.privilege = "mode of the file, root's mount",
	.abi = "for ever, documented in Documentation/ABI",
	.use = "objects that the administrator makes",
};

static const struct mechanism to_kernel = {
	.name = "configfs", .dir = U2K, .about = &about, .copies = 1, .unit = UNIT,
	.open = configfs_open_record, .send = configfs_send,
	.totals = control_totals, .close = configfs_close,
};

static const struct mechanism to_user = {
	.name = "configfs", .dir = K2U, .about = &about, .copies = 2, .unit = UNIT,
	.max_records = ROUND,
	.open = configfs_open_item, .recv = configfs_recv, .close = configfs_close,
};

static const struct mechanism blob_to_kernel = {
	.name = "configfs-bin", .dir = U2K, .about = &about, .copies = 1, .max_records = ROUND_BIN,
	.max_bytes = ROUND_BYTES,
	.open = configfs_open_item, .send = blob_send,
	.totals = control_totals, .close = configfs_close,
};

static const struct mechanism blob_to_user = {
	.name = "configfs-bin", .dir = K2U, .about = &about, .copies = 2, .max_records = ROUND_BIN,
	.max_bytes = ROUND_BYTES,
	.open = configfs_open_item, .recv = blob_recv, .close = configfs_close,
};

const struct mechanism *const mechanisms[] = {
	&to_kernel, &to_user, &blob_to_kernel, &blob_to_user, NULL,
};
