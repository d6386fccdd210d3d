// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of one direction, many under one lock.
 *
 * They end at the first one that would have to wait, to fault a page in, or to
 * be refused. What the provider refused it is not asked again: the answer may
 * have been a record that its rings' policy let go, and that is counted. Any
 * other has had no effect, and is run once more by itself.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>
#include <uapi/linux/bulk_xfer.h>

#include "drain.h"
#include "endpoint.h"
#include "produce.h"
#include "provider.h"
#include "rx.h"
#include "segs.h"
#include "transfer.h"

/* Is it a segment for @op with nothing else in the words that qualify it? */
static bool bulk_seg_is_plain(const struct bulk_seg *seg, u16 op)
{
	/* In one load. */
	return (seg->op | (u64)seg->flags << 16 | (u64)seg->lost << 32) == op;
}

/*
 * copy_from_user() does the same, and a call and checks of the object beside.
 * An address of the kernel must not be read from, not even ahead of the test.
 */
static __always_inline bool bulk_user_address(void __user **from, size_t len)
{
	if (can_do_masked_user_access()) {
		*from = mask_user_address(*from);
		return true;
	}
	if (!access_ok(*from, len))
		return false;
	barrier_nospec();
	return true;
}

static int bulk_send_short(struct bulk_endpoint *ep, const struct bulk_seg *seg)
{
	void __user *from = u64_to_user_ptr(seg->addr);
	/* Zeroing it would cost more than filling it. */
	u64 record[BULK_SHORT / sizeof(u64)] __uninitialized;

	if (!bulk_user_address(&from, seg->len) ||
	    __copy_from_user_inatomic(record, from, seg->len))
		return -EFAULT;
	return ep->ops->send_buf(ep, record, seg->len, seg->tag);
}

static int bulk_send_long(struct bulk_endpoint *ep, const struct bulk_seg *seg)
{
	struct iov_iter from;

	if (seg->len > ep->channel->max_record)
		return -EMSGSIZE;
	if (import_ubuf(ITER_SOURCE, u64_to_user_ptr(seg->addr), seg->len,
			&from))
		return -EFAULT;
	return ep->ops->send(ep, &from, seg->tag);
}

static int bulk_send_plain(struct bulk_endpoint *ep, const struct bulk_seg *seg)
{
	if (seg->len <= ep->max_short)
		return bulk_send_short(ep, seg);
	return bulk_send_long(ep, seg);
}

static void bulk_trace_sent(struct bulk_endpoint *ep,
			    const struct bulk_seg *seg)
{
	/* The test keeps the arguments from being made ready for nobody. */
	if (trace_bulk_send_enabled())
		trace_bulk_send(bulk_channel_name(ep->channel), ep->id,
				seg->len, seg->tag);
}

/*
 * Return: the error of the segment that ended them;
 * 0 when it is to be run by itself.
 */
static int bulk_refusal(int ret)
{
	return ret == -EAGAIN || ret == -EFAULT ? 0 : ret;
}

/**
 * bulk_segs_send() - send the records of consecutive segments
 * @ep: the endpoint, open for writing
 * @segs: the segments, in kernel memory; the results go there
 * @n: how many they are, at least 1
 * @error: set when the provider refused the segment after those that were sent
 *
 * Context: Process context. Takes the TX lock, and does not fault.
 * Return: how many were sent before one that isn't plain sailing, or @n.
 */
unsigned int bulk_segs_send(struct bulk_endpoint *ep, struct bulk_seg *segs,
			    unsigned int n, int *error)
{
	struct bulk_seg *seg = segs;
	u64 bytes = 0;
	int ret, before;

	mutex_lock(&ep->tx_lock);
	/* Records in the window go first. */
	if (ep->gone || (unlikely(ep->window) && bulk_drain_locked(ep)))
		n = 0;
	pagefault_disable();
	for (; seg < segs + n; seg++) {
		if (!bulk_seg_is_plain(seg, BULK_OP_SEND))
			break;
		before = bulk_provider_enter();
		ret = bulk_send_plain(ep, seg);
		bulk_provider_leave(ep, before);
		if (unlikely(ret)) {
			*error = bulk_refusal(bulk_provider_error(ep, ret));
			break;
		}
		seg->res = seg->len;
		bytes += seg->len;
		bulk_trace_sent(ep, seg);
	}
	pagefault_enable();
	ep->tx.records += seg - segs;
	ep->tx.bytes += bytes;
	mutex_unlock(&ep->tx_lock);
	return seg - segs;
}

static int bulk_recv_plain(struct bulk_endpoint *ep, struct bulk_seg *seg)
{
	struct bulk_meta meta;
	struct iov_iter to;
	int ret;

	if (seg->op != BULK_OP_RECV || seg->flags)
		return -EAGAIN;
	if (bulk_seg_room(ep, seg, &to))
		return -EFAULT;
	ret = bulk_recv_locked(ep, &to, &meta);
	if (ret)
		return ret;
	bulk_seg_received(seg, &meta);
	return 0;
}

/* The length of a record that is too long is told by who runs it by itself. */
static int bulk_recv_refusal(int ret)
{
	return ret == -EMSGSIZE || ret == BULK_RECV_BEATEN ?
	       0 : bulk_refusal(ret);
}

/**
 * bulk_segs_recv() - receive records for consecutive segments
 * @ep: the endpoint, open for reading
 * @segs: the segments, in kernel memory; the results go there
 * @n: how many they are, at least 1
 * @error: set when there was an error in place of the record that follows
 *
 * Context: Process context. Takes the RX lock, and does not fault.
 * Return: how many were received before one that isn't plain sailing, or @n.
 */
unsigned int bulk_segs_recv(struct bulk_endpoint *ep, struct bulk_seg *segs,
			    unsigned int n, int *error)
{
	unsigned int i;
	int ret;

	/* The provider may answer a record that was just sent. */
	if (bulk_drain(ep) == -EBADMSG)
		return 0;
	mutex_lock(ep->rx_lock);
	pagefault_disable();
	for (i = 0; i < n; i++) {
		ret = bulk_recv_plain(ep, &segs[i]);
		if (unlikely(ret)) {
			*error = bulk_recv_refusal(ret);
			break;
		}
	}
	pagefault_enable();
	if (i)
		bulk_produce_window(ep, NULL);
	mutex_unlock(ep->rx_lock);
	return i;
}
