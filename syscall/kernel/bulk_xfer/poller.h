/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The poller: a thread that looks after the windows of a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_POLLER_H
#define _BULK_XFER_POLLER_H

struct bulk_channel;
struct bulk_poller;

void bulk_poller_init(struct bulk_poller *p);
int bulk_poller_set(struct bulk_channel *ch, unsigned int idle_us);

#endif /* _BULK_XFER_POLLER_H */
