/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments of one direction, many under one lock.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_SEGS_H
#define _BULK_XFER_SEGS_H

struct bulk_endpoint;
struct bulk_seg;

unsigned int bulk_segs_send(struct bulk_endpoint *ep, struct bulk_seg *segs,
			    unsigned int n, int *error);
unsigned int bulk_segs_recv(struct bulk_endpoint *ep, struct bulk_seg *segs,
			    unsigned int n, int *error);

#endif /* _BULK_XFER_SEGS_H */
