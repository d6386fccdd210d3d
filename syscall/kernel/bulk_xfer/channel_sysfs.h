/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of a channel in /sys/class/bulk/NAME.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_CHANNEL_SYSFS_H
#define _BULK_XFER_CHANNEL_SYSFS_H

struct attribute_group;

extern const struct attribute_group *bulk_channel_groups[];

#endif /* _BULK_XFER_CHANNEL_SYSFS_H */
