// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints of the channels sink and source: opened, asked to produce, asked for totals.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bulk_channels.h>
#include <string.h>

#include "bulk_xfer.h"
#include "die.h"
#include "endpoint.h"

static void run_one(int fd, struct bulk_seg seg, const char *what)
{
	long ret = bulk_xfer(fd, &seg, 1, 0);

	if (ret != 1)
		die("%s: %s", what, strerror(-ret));
}

static void request_records(struct transfer *t)
{
	struct bulk_source_request req = {
		.count = t->records,
		.size = t->bytes,
		.seed = STREAM_SEED,
	};

	run_one(t->fd, bulk_seg_send(&req, sizeof(req), 0), "request to source");
}

void endpoint_open(struct transfer *t)
{
	const char *path = t->dir == U2K ? "/dev/bulk/sink" : "/dev/bulk/source";

	t->fd = open(path, O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		die("%s: %s", path, strerror(errno));
	if (t->dir == K2U)
		request_records(t);
}

struct totals endpoint_totals(struct transfer *t)
{
	struct bulk_sink_totals totals;

	run_one(t->fd, bulk_seg_recv(&totals, sizeof(totals)), "totals of sink");
	return (struct totals){ totals.bytes, totals.checksum };
}
