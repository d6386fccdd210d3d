/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One record through an endpoint.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_TRANSFER_H
#define _BULK_XFER_TRANSFER_H

#include <linux/bulk_xfer.h>
#include <linux/types.h>

struct bulk_endpoint;
struct iov_iter;

/* As BULK_RECV_BEATEN: some of a region was sent, and not all. */
#define BULK_SHORT_REGION	2

int bulk_endpoint_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag,
		       bool nowait);
int bulk_endpoint_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta, bool nowait);
int bulk_recv_locked(struct bulk_endpoint *ep, struct iov_iter *to,
		     struct bulk_meta *meta);
int bulk_recv_error(struct bulk_endpoint *ep);
int bulk_wait_record(struct bulk_endpoint *ep, int ret, int seen, bool nowait);
int bulk_give_way(void);
int bulk_fault_in(struct iov_iter *iter, size_t len, bool write,
		  unsigned int *faults);

/**
 * bulk_seg_received() - tell of a record in the segment that received it
 * @seg: the segment, in kernel memory
 * @meta: the record's length, tag and losses
 *
 * Context: Any.
 */
static inline void bulk_seg_received(struct bulk_seg *seg,
				     const struct bulk_meta *meta)
{
	seg->res = meta->len;
	seg->tag = meta->tag;
	seg->lost = meta->lost;
}

#endif /* _BULK_XFER_TRANSFER_H */
