// SPDX-License-Identifier: GPL-2.0
/*
 * write(2) and read(2): on the character device, and on bulk_xfer's endpoints.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "die.h"
#include "endpoint.h"
#include "kernel/bench_chardev.h"
#include "mechanism.h"
#include "raw.h"

#define DEVICE	"/dev/bench_chardev"

_Static_assert(BENCH_CHARDEV_SEED == STREAM_SEED, "one stream for all");

static void rw_send(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		record_stamp(t->buf, n);
		if (raw_write(t->fd, t->buf, t->bytes) != t->bytes)
			die("write of %u bytes came short", t->bytes);
	}
	t->calls += count;
}

static void rw_recv(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (raw_read(t->fd, t->buf, t->bytes) != t->bytes)
			die("read of %u bytes came short", t->bytes);
		record_consume(t, t->buf);
	}
	t->calls += count;
}

static void chardev_open(struct transfer *t)
{
	t->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die(DEVICE ": %s: load bench_chardev.ko", strerror(errno));
}

static struct totals chardev_totals(struct transfer *t)
{
	struct bench_chardev_totals totals;

	if (ioctl(t->fd, BENCH_CHARDEV_TOTALS, &totals))
		die(DEVICE ": totals: %s", strerror(errno));
	return (struct totals){ totals.bytes, totals.checksum };
}

const struct mechanism chardev = {
	.name = "chardev",
	.batch = 1,
	.max_bytes = MAX_BYTES,
	.copies = 1,
	.open = chardev_open,
	.send = rw_send,
	.recv = rw_recv,
	.totals = chardev_totals,
};

const struct mechanism bulk_rw = {
	.name = "bulk-rw",
	.batch = 1,
	.max_bytes = MAX_BYTES,
	.copies = 1,
	.open = endpoint_open,
	.send = rw_send,
	.recv = rw_recv,
	.totals = endpoint_totals,
};
