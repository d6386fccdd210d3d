// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2) by plain system call: one segment a call, and a full batch.
 *
 * Segments are made once and used again, as the interface allows: a call
 * leaves what it was told as it is.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>

#include "bulk_xfer.h"
#include "die.h"
#include "endpoint.h"
#include "mechanism.h"

static void run_segs(struct transfer *t, struct bulk_seg *segs)
{
	long ret = bulk_xfer(t->fd, segs, t->batch, 0);

	if (ret != t->batch)
		die("bulk_xfer of %u segments: %ld: %s", t->batch, ret,
		    ret < 0 ? strerror(-ret) : "stopped early");
	t->calls++;
}

static void bulk_send(struct transfer *t, uint64_t count)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i;
	uint64_t n;

	for (i = 0; i < t->batch; i++)
		segs[i] = bulk_seg_send(record_buf(t, i), t->bytes, 0);
	for (n = t->next; n < t->next + count; n += t->batch) {
		for (i = 0; i < t->batch; i++)
			record_stamp(record_buf(t, i), n + i);
		run_segs(t, segs);
	}
}

static void consume_segs(struct transfer *t, const struct bulk_seg *segs)
{
	unsigned int i;

	for (i = 0; i < t->batch; i++) {
		if (segs[i].res != (int32_t)t->bytes)
			die("received %d bytes, not %u", segs[i].res, t->bytes);
		t->lost += segs[i].lost;
		record_consume(t, record_buf(t, i));
	}
}

static void bulk_recv(struct transfer *t, uint64_t count)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i;
	uint64_t n;

	for (i = 0; i < t->batch; i++)
		segs[i] = bulk_seg_recv(record_buf(t, i), t->bytes);
	for (n = 0; n < count; n += t->batch) {
		run_segs(t, segs);
		consume_segs(t, segs);
	}
}

const struct mechanism bulk_single = {
	.name = "syscall",
	.batch = 1,
	.max_bytes = MAX_BYTES,
	.copies = 1,
	.open = endpoint_open,
	.send = bulk_send,
	.recv = bulk_recv,
	.totals = endpoint_totals,
};

const struct mechanism bulk_batch = {
	.name = "bulk-batch",
	.batch = MAX_BATCH,
	.max_bytes = BATCH_MAX_BYTES,
	.copies = 1,
	.open = endpoint_open,
	.send = bulk_send,
	.recv = bulk_recv,
	.totals = endpoint_totals,
};
