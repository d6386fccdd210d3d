/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /sys/class/bulk/NAME says of a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_CHANNEL_SYSFS_H
#define _BULK_XFER_CHANNEL_SYSFS_H

struct attribute_group;

extern const struct attribute_group *bulk_channel_groups[];

#endif /* _BULK_XFER_CHANNEL_SYSFS_H */
