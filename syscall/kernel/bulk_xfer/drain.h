/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the window to the provider.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_DRAIN_H
#define _BULK_XFER_DRAIN_H

#include <linux/types.h>

struct bulk_endpoint;
struct bulk_window;

int bulk_drain_locked(struct bulk_endpoint *ep);
int bulk_drain(struct bulk_endpoint *ep);
int bulk_flush(struct bulk_endpoint *ep, bool nowait);
int bulk_flush_error(struct bulk_endpoint *ep);
void bulk_drain_arm(struct bulk_endpoint *ep);

void bulk_deadline_arm(struct bulk_endpoint *ep, struct bulk_window *w);
void bulk_deadline_stop_calls(struct bulk_window *w);

#endif /* _BULK_XFER_DRAIN_H */
