/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records that a provider makes ahead of their receiver.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_PRODUCE_H
#define _BULK_XFER_PRODUCE_H

#include <linux/types.h>

struct bulk_endpoint;

int bulk_produce(struct bulk_endpoint *ep, size_t room, size_t *need);
int bulk_produce_window(struct bulk_endpoint *ep, size_t *need);

#endif /* _BULK_XFER_PRODUCE_H */
