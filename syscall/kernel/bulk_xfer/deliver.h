/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handing the provider records that are in kernel memory.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_DELIVER_H
#define _BULK_XFER_DELIVER_H

#include <linux/types.h>

#include "endpoint.h"

/* There is no record where one should be, or it is cut. */
#define BULK_NO_RECORD		3

/**
 * struct bulk_delivered - what a provider has taken of a batch
 * @records: records
 * @bytes: what these occupy
 * @refused: what the next one occupies, when the provider has refused it
 */
struct bulk_delivered {
	unsigned int records;
	size_t bytes;
	size_t refused;
};

int bulk_deliver_iter(struct bulk_endpoint *ep, void *data, size_t len,
		      u64 tag);
int bulk_deliver_batch(struct bulk_endpoint *ep, const void *data, size_t len,
		       size_t max_record, struct bulk_delivered *taken);

/*
 * A record in kernel memory, to the provider,
 * under the TX lock; inline for speed.
 */
static inline int bulk_deliver(struct bulk_endpoint *ep, void *data, size_t len,
			       u64 tag)
{
	if (ep->ops->send_buf)
		return ep->ops->send_buf(ep, data, len, tag);
	return bulk_deliver_iter(ep, data, len, tag);
}

#endif /* _BULK_XFER_DELIVER_H */
