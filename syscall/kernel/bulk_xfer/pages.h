/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records by page: what is sent, or received, is not copied.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_PAGES_H
#define _BULK_XFER_PAGES_H

#include <linux/types.h>

struct bulk_endpoint;
struct bulk_seg;

int bulk_pin_send(struct bulk_endpoint *ep, struct bulk_seg *seg, bool nowait);
int bulk_map_recv(struct bulk_endpoint *ep, struct bulk_seg *seg, bool nowait);

#endif /* _BULK_XFER_PAGES_H */
