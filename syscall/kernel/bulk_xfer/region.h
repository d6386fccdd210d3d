/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions: many records in one piece, copied by one segment of a call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_REGION_H
#define _BULK_XFER_REGION_H

#include <linux/types.h>

struct bulk_endpoint;
struct bulk_seg;

int bulk_region_send(struct bulk_endpoint *ep, struct bulk_seg *seg,
		     bool nowait);
int bulk_region_recv(struct bulk_endpoint *ep, struct bulk_seg *seg,
		     bool nowait);

#endif /* _BULK_XFER_REGION_H */
