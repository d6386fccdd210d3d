/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records in place: written and read where they lie in the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_INPLACE_H
#define _BULK_XFER_INPLACE_H

#include <linux/types.h>

struct bulk_endpoint;
struct bulk_seg;

int bulk_window_reserve(struct bulk_endpoint *ep, struct bulk_seg *seg,
			bool nowait);
int bulk_window_commit(struct bulk_endpoint *ep, struct bulk_seg *seg);
int bulk_window_borrow(struct bulk_endpoint *ep, struct bulk_seg *seg,
		       bool nowait);
int bulk_window_return(struct bulk_endpoint *ep, struct bulk_seg *seg);

#endif /* _BULK_XFER_INPLACE_H */
