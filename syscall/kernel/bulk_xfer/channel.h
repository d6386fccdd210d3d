/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels, and the endpoints that are open.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_CHANNEL_H
#define _BULK_XFER_CHANNEL_H

#include <linux/bulk_xfer.h>
#include <linux/cdev.h>
#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "side.h"

/**
 * struct bulk_totals - what has passed through an endpoint or a channel
 * @tx_records: records that the provider took
 * @tx_bytes: bytes in them
 * @rx_records: records received
 * @rx_bytes: bytes in them
 * @rx_lost: records lost by the policy
 */
struct bulk_totals {
	u64 tx_records;
	u64 tx_bytes;
	u64 rx_records;
	u64 rx_bytes;
	u64 rx_lost;
};

/**
 * struct bulk_channel - a registered channel
 * @dev: the device; its reference count is the channel's
 * @cdev: the node
 * @ops: the provider's operations; not to be touched once @gone
 * @private: the provider's pointer
 * @max_record: bytes of the largest record
 * @rx_limit: bytes that may wait in an endpoint's RX rings
 * @mode: permissions of the node
 * @flags: BULK_CHANNEL_*
 * @rx_policy: what gives way at @rx_limit
 * @lock: protects all below; taken before the locks of an endpoint
 * @endpoints: those that are open
 * @nr_endpoints: how many these are
 * @gone: unregistered
 * @told: the log has a mistake of the provider's
 * @closed: totals of the endpoints that were closed
 * @poller: drains the windows; has a lock of its own
 * @deadline_us: microseconds that a record may wait in a window; 0: any time.
 *	Read without a lock
 */
struct bulk_channel {
	struct device dev;
	struct cdev cdev;
	const struct bulk_channel_ops *ops;
	void *private;
	size_t max_record;
	size_t rx_limit;
	umode_t mode;
	unsigned int flags;
	enum bulk_rx_policy rx_policy;
	struct mutex lock; /* protects all below */
	struct list_head endpoints;
	unsigned int nr_endpoints;
	bool gone;
	bool told;
	struct bulk_totals closed;
	struct bulk_poller poller;
	unsigned int deadline_us;
};

static inline const char *bulk_channel_name(const struct bulk_channel *ch)
{
	return dev_name(&ch->dev);
}

/*
 * Where there is a poller, it drains when it is awake and SENDs call when not.
 */
static inline bool bulk_deadline_applies(const struct bulk_channel *ch)
{
	return READ_ONCE(ch->deadline_us) && !READ_ONCE(ch->poller.task);
}

struct bulk_endpoint *bulk_channel_open(struct bulk_channel *ch, fmode_t mode);
void bulk_channel_close(struct bulk_endpoint *ep);
void bulk_channel_totals(struct bulk_channel *ch, struct bulk_totals *totals);

#endif /* _BULK_XFER_CHANNEL_H */
