// SPDX-License-Identifier: GPL-2.0
/*
 * Channels of bulk_xfer(2): the endpoints that are open, from open to close.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <trace/events/bulk_xfer.h>

#include "channel.h"
#include "deadline.h"
#include "drain.h"
#include "endpoint.h"
#include "provider.h"

/**
 * bulk_channel_private() - the pointer that the provider gave
 * @ch: the channel
 *
 * Return: &bulk_channel_desc.private.
 */
void *bulk_channel_private(struct bulk_channel *ch)
{
	return ch->private;
}
EXPORT_SYMBOL_GPL(bulk_channel_private);

static void bulk_totals_add(struct bulk_totals *sum,
			    const struct bulk_totals *more)
{
	sum->tx_records += more->tx_records;
	sum->tx_bytes += more->tx_bytes;
	sum->rx_records += more->rx_records;
	sum->rx_bytes += more->rx_bytes;
	sum->rx_lost += more->rx_lost;
}

/**
 * bulk_channel_totals() - add up a channel's figures
 * @ch: the channel
 * @totals: filled in
 *
 * Context: Process context. Takes the channel's lock.
 */
void bulk_channel_totals(struct bulk_channel *ch, struct bulk_totals *totals)
{
	struct bulk_totals one;
	struct bulk_endpoint *ep;

	mutex_lock(&ch->lock);
	*totals = ch->closed;
	list_for_each_entry(ep, &ch->endpoints, node) {
		bulk_endpoint_totals(ep, &one);
		bulk_totals_add(totals, &one);
	}
	mutex_unlock(&ch->lock);
}

/* Add an endpoint, which is complete, to its channel. */
static int bulk_channel_attach(struct bulk_channel *ch,
			       struct bulk_endpoint *ep, fmode_t mode)
{
	int ret = 0;

	guard(mutex)(&ch->lock);
	if (ch->gone)
		return -ENODEV;
	if ((mode & FMODE_WRITE) && !ch->ops->send)
		return -EACCES;
	/* Before this point the operations may be gone with their module. */
	ep->max_short = ch->ops->send_buf ?
			min(ch->max_record, BULK_SHORT) : -1;
	if (ch->ops->open)
		ret = ch->ops->open(ep);
	if (ret)
		return bulk_provider_error(ep, ret);
	list_add_tail(&ep->node, &ch->endpoints);
	ch->nr_endpoints++;
	return 0;
}

/**
 * bulk_channel_open() - open an endpoint of a channel
 * @ch: the channel, which the caller keeps from being freed
 * @mode: how the file is opened
 *
 * Context: Process context. Takes the channel's lock.
 * Return: the endpoint, with a reference on @ch; or ERR_PTR(): -ENOMEM; -ENODEV
 * when the channel is going away; -EACCES when it can't be opened for this
 * direction; or what the provider's open() says.
 */
struct bulk_endpoint *bulk_channel_open(struct bulk_channel *ch, fmode_t mode)
{
	struct bulk_endpoint *ep = bulk_endpoint_create(ch);
	int ret;

	if (IS_ERR(ep))
		return ep;
	ret = bulk_channel_attach(ch, ep, mode);
	if (ret) {
		bulk_endpoint_put(ep);
		return ERR_PTR(ret);
	}
	get_device(&ch->dev);
	trace_bulk_open(bulk_channel_name(ch), ep->id);
	return ep;
}

/* Take an endpoint, whose file is closed, off its channel. */
static void bulk_channel_forget(struct bulk_channel *ch,
				struct bulk_endpoint *ep)
{
	struct bulk_totals last;

	guard(mutex)(&ch->lock);
	bulk_endpoint_totals(ep, &last);
	bulk_totals_add(&ch->closed, &last);
	list_del(&ep->node);
	ch->nr_endpoints--;
	/* Threads that wait for room use no file. */
	if (!ep->gone)
		bulk_endpoint_detach(ep);
}

/**
 * bulk_channel_close() - the file of an endpoint is closed
 * @ep: the endpoint; nobody uses it any more, but that the poller may look
 *	whether its window is mapped, which it no longer is
 *
 * Context: Process context. Takes the channel's lock.
 */
void bulk_channel_close(struct bulk_endpoint *ep)
{
	struct bulk_channel *ch = ep->channel;
	struct bulk_totals t;

	bulk_drain(ep);
	bulk_deadline_end(&ep->deadline);
	bulk_channel_forget(ch, ep);
	bulk_endpoint_totals(ep, &t);
	trace_bulk_release(bulk_channel_name(ch), ep->id, t.tx_records,
			   t.rx_records, t.rx_lost);
	bulk_endpoint_put(ep);
	put_device(&ch->dev);
}
