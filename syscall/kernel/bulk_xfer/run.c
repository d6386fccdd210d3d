// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of segments of one direction, under one lock.
 *
 * A run ends at the first segment that would have to wait, to fault a page in,
 * or to be refused: that one has had no effect, and is run once more by itself.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "internal.h"

/* Records up to this length are copied to the stack for a provider's take(). */
#define BULK_SHORT	256

static int bulk_send_short(struct bulk_endpoint *ep, const struct bulk_seg *seg)
{
	void __user *from = u64_to_user_ptr(seg->addr);
	u64 record[BULK_SHORT / sizeof(u64)];

	if (!access_ok(from, seg->len) ||
	    __copy_from_user_inatomic(record, from, seg->len))
		return -EFAULT;
	return ep->ops->take(ep, record, seg->len, seg->tag);
}

static int bulk_send_plain(struct bulk_endpoint *ep, const struct bulk_seg *seg)
{
	struct iov_iter from;

	if (seg->op != BULK_OP_SEND || seg->flags || seg->lost)
		return -EINVAL;
	if (seg->len > ep->channel->max_record)
		return -EMSGSIZE;
	if (ep->ops->take && seg->len <= BULK_SHORT)
		return bulk_send_short(ep, seg);
	if (import_ubuf(ITER_SOURCE, u64_to_user_ptr(seg->addr), seg->len,
			&from))
		return -EFAULT;
	return ep->ops->send(ep, &from, seg->tag);
}

/**
 * bulk_send_run() - send the records of consecutive segments
 * @ep: the endpoint, open for writing
 * @segs: the segments, in kernel memory; the results go there
 * @n: how many they are, at least 1
 *
 * Context: Process context. Takes the TX lock, and does not fault.
 * Return: how many were sent before one that isn't plain sailing, or @n.
 */
unsigned int bulk_send_run(struct bulk_endpoint *ep, struct bulk_seg *segs,
			   unsigned int n)
{
	unsigned int i = 0;
	u64 bytes = 0;

	mutex_lock(&ep->tx_lock);
	pagefault_disable();
	for (; i < n && !ep->gone && !bulk_send_plain(ep, &segs[i]); i++) {
		segs[i].res = segs[i].len;
		bytes += segs[i].len;
		trace_bulk_send(bulk_channel_name(ep->channel), ep->id,
				segs[i].len, segs[i].tag);
	}
	pagefault_enable();
	ep->tx.records += i;
	ep->tx.bytes += bytes;
	mutex_unlock(&ep->tx_lock);
	return i;
}

static int bulk_recv_plain(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	size_t room = min_t(size_t, seg->len, ep->channel->max_record);
	struct bulk_meta meta = {};
	struct iov_iter to;
	int ret;

	if (seg->op != BULK_OP_RECV || seg->flags)
		return -EINVAL;
	if (import_ubuf(ITER_DEST, u64_to_user_ptr(seg->addr), room, &to))
		return -EFAULT;
	ret = bulk_recv_locked(ep, &to, &meta);
	if (ret)
		return ret;
	seg->res = meta.len;
	seg->tag = meta.tag;
	seg->lost = meta.lost;
	return 0;
}

/**
 * bulk_recv_run() - receive records for consecutive segments
 * @ep: the endpoint, open for reading
 * @segs: the segments, in kernel memory; the results go there
 * @n: how many they are, at least 1
 *
 * Context: Process context. Takes the RX lock, and does not fault.
 * Return: how many were received before one that isn't plain sailing, or @n.
 */
unsigned int bulk_recv_run(struct bulk_endpoint *ep, struct bulk_seg *segs,
			   unsigned int n)
{
	unsigned int i = 0;
	u64 bytes = 0;

	mutex_lock(ep->rx_lock);
	pagefault_disable();
	for (; i < n && !bulk_recv_plain(ep, &segs[i]); i++) {
		bytes += segs[i].res;
		trace_bulk_recv(bulk_channel_name(ep->channel), ep->id,
				segs[i].res, segs[i].tag, segs[i].lost);
	}
	pagefault_enable();
	ep->rx.records += i;
	ep->rx.bytes += bytes;
	mutex_unlock(ep->rx_lock);
	return i;
}
