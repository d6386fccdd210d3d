// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of a channel in /sys/class/bulk/NAME, one value a file.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sysfs.h>

#include "channel.h"
#include "channel_sysfs.h"
#include "deadline.h"
#include "poller.h"

static const char * const bulk_rx_policy_names[] = {
	[BULK_RX_BLOCK] = "block",
	[BULK_RX_REFUSE_NEWEST] = "refuse-newest",
	[BULK_RX_OVERWRITE_OLDEST] = "overwrite-oldest",
};

static struct bulk_channel *to_channel(struct device *dev)
{
	return container_of(dev, struct bulk_channel, dev);
}

static ssize_t max_record_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%zu\n", to_channel(dev)->max_record);
}
static DEVICE_ATTR_RO(max_record);

static ssize_t rx_limit_show(struct device *dev,
			     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%zu\n", to_channel(dev)->rx_limit);
}
static DEVICE_ATTR_RO(rx_limit);

static ssize_t rx_policy_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	enum bulk_rx_policy policy = to_channel(dev)->rx_policy;

	return sysfs_emit(buf, "%s\n", bulk_rx_policy_names[policy]);
}
static DEVICE_ATTR_RO(rx_policy);

static ssize_t endpoints_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(to_channel(dev)->nr_endpoints));
}
static DEVICE_ATTR_RO(endpoints);

static ssize_t poller_idle_us_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(to_channel(dev)->poller.idle_us));
}

static ssize_t poller_idle_us_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	unsigned int idle_us;
	int ret = kstrtouint(buf, 0, &idle_us);

	if (!ret)
		ret = bulk_poller_set(to_channel(dev), idle_us);
	return ret ?: count;
}
static DEVICE_ATTR_RW(poller_idle_us);

static ssize_t deadline_us_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_channel(dev)->deadline_us));
}

static ssize_t deadline_us_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count)
{
	unsigned int us;
	int ret = kstrtouint(buf, 0, &us);

	if (!ret)
		ret = bulk_deadline_set(to_channel(dev), us);
	return ret ?: count;
}
static DEVICE_ATTR_RW(deadline_us);

static struct bulk_totals bulk_totals_of(struct device *dev)
{
	struct bulk_totals totals;

	bulk_channel_totals(to_channel(dev), &totals);
	return totals;
}

static ssize_t tx_records_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", bulk_totals_of(dev).tx_records);
}
static DEVICE_ATTR_RO(tx_records);

static ssize_t tx_bytes_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", bulk_totals_of(dev).tx_bytes);
}
static DEVICE_ATTR_RO(tx_bytes);

static ssize_t rx_records_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", bulk_totals_of(dev).rx_records);
}
static DEVICE_ATTR_RO(rx_records);

static ssize_t rx_bytes_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", bulk_totals_of(dev).rx_bytes);
}
static DEVICE_ATTR_RO(rx_bytes);

static ssize_t rx_lost_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%llu\n", bulk_totals_of(dev).rx_lost);
}
static DEVICE_ATTR_RO(rx_lost);

static struct attribute *bulk_channel_attrs[] = {
	&dev_attr_max_record.attr,
	&dev_attr_rx_limit.attr,
	&dev_attr_rx_policy.attr,
	&dev_attr_endpoints.attr,
	&dev_attr_poller_idle_us.attr,
	&dev_attr_deadline_us.attr,
	&dev_attr_tx_records.attr,
	&dev_attr_tx_bytes.attr,
	&dev_attr_rx_records.attr,
	&dev_attr_rx_bytes.attr,
	&dev_attr_rx_lost.attr,
	NULL
};

static const struct attribute_group bulk_channel_group = {
	.attrs = bulk_channel_attrs,
};

const struct attribute_group *bulk_channel_groups[] = {
	&bulk_channel_group,
	NULL
};
