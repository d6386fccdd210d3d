// SPDX-License-Identifier: GPL-2.0
/*
 * Channels of bulk_xfer(2): registration and the nodes /dev/bulk/NAME.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "channel.h"
#include "channel_sysfs.h"
#include "endpoint.h"
#include "file.h"
#include "poller.h"

#define BULK_MAX_CHANNELS	1024
#define BULK_CHANNEL_FLAGS	(BULK_CHANNEL_SERIAL | BULK_CHANNEL_TX_LATER | \
				 BULK_CHANNEL_TX_IN_PLACE | \
				 BULK_CHANNEL_RX_AHEAD)
#define BULK_MAX_NAME		31

static dev_t bulk_devt;
static DEFINE_IDA(bulk_minors);

/*
 * Serializes the registrations, so that a name is looked up and taken at once.
 */
static DEFINE_MUTEX(bulk_register_lock);

static char *bulk_devnode(const struct device *dev, umode_t *mode)
{
	const struct bulk_channel *ch =
		container_of_const(dev, struct bulk_channel, dev);

	if (mode)
		*mode = ch->mode;
	return kasprintf(GFP_KERNEL, "bulk/%s", dev_name(dev));
}

static void bulk_channel_free(struct device *dev)
{
	struct bulk_channel *ch = container_of(dev, struct bulk_channel, dev);

	ida_free(&bulk_minors, MINOR(dev->devt));
	kfree(ch);
}

static const struct class bulk_class = {
	.name = "bulk",
	.dev_groups = bulk_channel_groups,
	.devnode = bulk_devnode,
	.dev_release = bulk_channel_free,
};

static bool bulk_name_valid(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	return len && len <= BULK_MAX_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static bool bulk_desc_valid(const struct bulk_channel_desc *desc)
{
	return bulk_name_valid(desc->name) && desc->ops &&
	       !(desc->mode & ~0777) &&
	       desc->max_record && desc->max_record <= BULK_MAX_RECORD &&
	       desc->rx_policy <= BULK_RX_OVERWRITE_OLDEST &&
	       desc->deadline_us <= BULK_MAX_DEADLINE_US &&
	       !(desc->flags & ~BULK_CHANNEL_FLAGS);
}

static size_t bulk_rx_limit(const struct bulk_channel_desc *desc)
{
	size_t least = bulk_record_space(desc->max_record);

	return max(desc->rx_limit ?: size_mul(desc->max_record, 4), least);
}

static struct bulk_channel *
bulk_channel_alloc(const struct bulk_channel_desc *desc)
{
	struct bulk_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL);

	if (!ch)
		return NULL;
	ch->ops = desc->ops;
	ch->private = desc->private;
	ch->max_record = desc->max_record;
	ch->rx_limit = bulk_rx_limit(desc);
	ch->mode = desc->mode ?: 0600;
	ch->flags = desc->flags;
	ch->rx_policy = desc->rx_policy;
	ch->deadline_us = desc->deadline_us;
	mutex_init(&ch->lock);
	INIT_LIST_HEAD(&ch->endpoints);
	bulk_poller_init(&ch->poller);
	return ch;
}

static int bulk_channel_add(struct bulk_channel *ch, const char *name)
{
	struct device *twin;
	int ret;

	lockdep_assert_held(&bulk_register_lock);
	twin = class_find_device_by_name(&bulk_class, name);
	if (twin) {
		put_device(twin);
		return -EEXIST;
	}
	ret = dev_set_name(&ch->dev, "%s", name);
	if (ret)
		return ret;
	return cdev_device_add(&ch->cdev, &ch->dev);
}

/**
 * bulk_channel_register() - offer a channel to user space
 * @desc: what it is; only @desc->ops must stay after the call
 *
 * The node /dev/bulk/NAME can be opened before this returns.
 *
 * Context: Process context. May sleep.
 * Return: the channel, for bulk_channel_unregister(); or ERR_PTR(): -EINVAL for
 * a description outside of the limits that &struct bulk_channel_desc gives,
 * -EEXIST for a name that is taken, -ENOSPC when there are too many channels,
 * -ENOMEM.
 */
struct bulk_channel *bulk_channel_register(const struct bulk_channel_desc *desc)
{
	struct bulk_channel *ch;
	int minor, ret;

	if (!bulk_desc_valid(desc))
		return ERR_PTR(-EINVAL);
	ch = bulk_channel_alloc(desc);
	if (!ch)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&bulk_minors, BULK_MAX_CHANNELS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(ch);
		return ERR_PTR(minor);
	}

	device_initialize(&ch->dev);
	ch->dev.class = &bulk_class;
	ch->dev.devt = MKDEV(MAJOR(bulk_devt), minor);
	cdev_init(&ch->cdev, &bulk_endpoint_fops);

	mutex_lock(&bulk_register_lock);
	ret = bulk_channel_add(ch, desc->name);
	mutex_unlock(&bulk_register_lock);
	if (ret) {
		put_device(&ch->dev);
		return ERR_PTR(ret);
	}
	return ch;
}
EXPORT_SYMBOL_GPL(bulk_channel_register);

/**
 * bulk_channel_unregister() - withdraw a channel
 * @ch: from bulk_channel_register()
 *
 * Endpoints may still be open: their sleepers wake, what is queued can still
 * be received, everything else answers -ENODEV. When this returns no operation
 * of the provider runs or will run, and its module may go.
 *
 * Context: Process context, not from an operation of the channel. May sleep,
 * though never for user space.
 */
void bulk_channel_unregister(struct bulk_channel *ch)
{
	struct bulk_endpoint *ep;

	mutex_lock(&bulk_register_lock);
	cdev_device_del(&ch->cdev, &ch->dev);
	mutex_unlock(&bulk_register_lock);
	bulk_poller_set(ch, 0);

	mutex_lock(&ch->lock);
	ch->gone = true;
	list_for_each_entry(ep, &ch->endpoints, node)
		bulk_endpoint_detach(ep);
	mutex_unlock(&ch->lock);

	put_device(&ch->dev);
}
EXPORT_SYMBOL_GPL(bulk_channel_unregister);

static int __init bulk_channel_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&bulk_devt, 0, BULK_MAX_CHANNELS, "bulk");
	if (ret)
		return ret;
	ret = class_register(&bulk_class);
	if (ret)
		unregister_chrdev_region(bulk_devt, BULK_MAX_CHANNELS);
	return ret;
}
subsys_initcall(bulk_channel_init);
