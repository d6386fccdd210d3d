/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments of one direction, many under one lock.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_SEGS_H
#define _BULK_XFER_SEGS_H

#include <linux/minmax.h>
#include <linux/uio.h>
#include <uapi/linux/bulk_xfer.h>

#include "endpoint.h"

unsigned int bulk_segs_send(struct bulk_endpoint *ep, struct bulk_seg *segs,
			    unsigned int n, int *error);
unsigned int bulk_segs_recv(struct bulk_endpoint *ep, struct bulk_seg *segs,
			    unsigned int n, int *error);

/**
 * bulk_seg_room() - where a segment receives a record
 * @ep: the endpoint
 * @seg: the RECV, in kernel memory
 * @to: set to the room; that beyond the longest record need not be there
 *
 * Context: Process context.
 * Return: 0; -EFAULT.
 */
static inline int bulk_seg_room(const struct bulk_endpoint *ep,
				const struct bulk_seg *seg, struct iov_iter *to)
{
	size_t room = min_t(size_t, seg->len, ep->channel->max_record);

	return import_ubuf(ITER_DEST, u64_to_user_ptr(seg->addr), room, to);
}

#endif /* _BULK_XFER_SEGS_H */
