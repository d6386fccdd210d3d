// SPDX-License-Identifier: MIT
/*
 * Sending and receiving regions: many records in one piece.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk_xfer.h>

#include "internal.h"

static ssize_t run_region(struct bulk *b, struct bulk_seg *seg)
{
	long ret = bulk_run_anyhow(b, seg, 1, 0);

	return ret < 0 ? bulk_failed(ret) : seg->res;
}

/* A region that is longer than .res can tell is sent in part, as to write(2). */
ssize_t bulk_send_region(struct bulk *b, const void *region, size_t len)
{
	struct bulk_seg seg = bulk_seg_send_region(region, bulk_room(len));

	return run_region(b, &seg);
}

ssize_t bulk_recv_region(struct bulk *b, void *buf, size_t room)
{
	struct bulk_seg seg = bulk_seg_recv_region(buf, bulk_room(room));

	return run_region(b, &seg);
}
