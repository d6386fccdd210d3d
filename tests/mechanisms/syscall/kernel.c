// SPDX-License-Identifier: GPL-2.0
/*
 * A bulk_xfer(2) channel that does the laboratory's work: /dev/bulk/lab.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u, both in one call. Not
 * synchronous unless flushed. Loss: by the channel's policy, counted and told
 * in-band. Unit: the channel's max_record. Privilege: the node's mode. Choose
 * it for many records, both ways.
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/iov_iter.h>
#include <linux/sizes.h>

#include "lab_kernel.h"
#include "lab_channel.h"
#include "lab_pool.h"

static atomic_long_t posted;
static struct bulk_endpoint *reader;
static struct lab_pool pool;	/* of lab_control_lock */

static int channel_push_copy(struct lab_side *side)
{
	lab_produce(side->buf, side->setup.bytes, side->seq);
	return bulk_push(reader, side->buf, side->setup.bytes, side->seq, GFP_KERNEL);
}

static int channel_push_pages(struct lab_side *side)
{
	int first = lab_pool_take(&pool, DIV_ROUND_UP(side->setup.bytes, PAGE_SIZE));

	if (first < 0)
		return first;
	lab_produce(pool.data + first * PAGE_SIZE, side->setup.bytes, side->seq);
	return bulk_push_pages(reader, pool.pages + first, side->setup.bytes, side->seq,
			       GFP_KERNEL);
}

/* Into the reader's queue, as far as the channel's policy lets them. */
static long channel_push(struct lab_side *side, unsigned long count)
{
	bool in_pages = side->setup.flags & LAB_CHANNEL_PAGES;
	unsigned long n;
	int ret = 0;

	if (!reader)
		return -ENODEV;
	for (n = 0; n < count; n++) {
		ret = in_pages ? channel_push_pages(side) : channel_push_copy(side);
		if (ret)
			break;
		side->seq++;
	}
	return ret && ret != -EAGAIN ? ret : n;
}

static long channel_post(struct lab_side *side, unsigned long count)
{
	if (side->setup.flags & (LAB_CHANNEL_PUSHED | LAB_CHANNEL_PAGES))
		return channel_push(side, count);
	atomic_long_add(count, &posted);
	if (reader)
		bulk_rx_wake(reader);
	return count;
}

static long channel_setup(struct lab_side *side)
{
	atomic_long_set(&posted, 0);
	if (!(side->setup.flags & LAB_CHANNEL_PAGES))
		return 0;
	return lab_pool_start(&pool, side->setup.flags & LAB_CHANNEL_FOLIOS ? LAB_POOL_FOLIO : 0);
}

static long channel_resume(struct lab_side *side, unsigned int cmd, unsigned long arg)
{
	if (cmd != LAB_CHANNEL_RESUME)
		return -ENOTTY;
	WRITE_ONCE(side->setup.flags, side->setup.flags & ~LAB_CHANNEL_STALLED);
	if (reader)
		bulk_tx_wake(reader);
	return 0;
}

static const struct lab_ops channel_lab_ops = {
	.setup = channel_setup,
	.produce = channel_post,
	.other = channel_resume,
};

LAB_CONTROL("syscall", &channel_lab_ops)

static int channel_open(struct bulk_endpoint *ep)
{
	mutex_lock(&lab_control_lock);
	reader = ep;
	mutex_unlock(&lab_control_lock);
	return 0;
}

static void channel_release(struct bulk_endpoint *ep)
{
	mutex_lock(&lab_control_lock);
	if (reader == ep)
		reader = NULL;
	mutex_unlock(&lab_control_lock);
}

static bool channel_stalled(void)
{
	return unlikely(READ_ONCE(lab.setup.flags) & LAB_CHANNEL_STALLED);
}

static int channel_send_buf(struct bulk_endpoint *ep, const void *data, size_t len, u64 tag)
{
	u64 entered = lab_enter(&lab);

	if (channel_stalled())
		return -EAGAIN;
	lab_consume(&lab, data, len);
	lab_leave(&lab, entered);
	return 0;
}

static int channel_send_batch(struct bulk_endpoint *ep, struct bulk_batch *batch)
{
	u64 entered = lab_enter(&lab), tag;
	const void *data;
	size_t len;

	while ((data = bulk_batch_next(batch, &len, &tag))) {
		if (channel_stalled())
			return -EAGAIN;
		lab_consume(&lab, data, len);
	}
	lab_leave(&lab, entered);
	return 0;
}

static size_t channel_look(void *part, size_t progress, size_t len, void *priv, void *priv2)
{
	lab_consume(&lab, part, len);
	return 0;
}

/* A record that comes in pages is read there. */
static int channel_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	size_t len = iov_iter_count(from);
	u64 entered = lab_enter(&lab);

	if (channel_stalled())
		return -EAGAIN;
	if (iov_iter_is_bvec(from)) {
		iterate_and_advance_kernel(from, len, NULL, NULL, channel_look);
	} else {
		if (!copy_from_iter_full(lab.buf, len, from))
			return -EFAULT;
		lab_consume(&lab, lab.buf, len);
	}
	lab_leave(&lab, entered);
	return 0;
}

/* A record that was taken off and could not be delivered. */
static void channel_unpost(void)
{
	if (lab.setup.flags & LAB_QUEUED)
		atomic_long_inc(&posted);
}

static int channel_recv(struct bulk_endpoint *ep, struct iov_iter *to, struct bulk_meta *meta)
{
	u64 entered = lab_enter(&lab);

	if (lab.setup.flags & LAB_QUEUED && atomic_long_dec_if_positive(&posted) < 0)
		return -EAGAIN;
	meta->len = lab.setup.bytes;
	meta->tag = lab.seq;
	if (iov_iter_count(to) < meta->len) {
		channel_unpost();
		return -EMSGSIZE;
	}
	lab_produce(lab.buf, meta->len, lab.seq);
	if (copy_to_iter(lab.buf, meta->len, to) != meta->len) {
		channel_unpost();
		return -EFAULT;
	}
	lab.seq++;
	lab_leave(&lab, entered);
	return 0;
}

static int channel_recv_buf(struct bulk_endpoint *ep, void *data, size_t room, struct bulk_meta *meta)
{
	u64 entered = lab_enter(&lab);

	if (lab.setup.flags & LAB_QUEUED && atomic_long_dec_if_positive(&posted) < 0)
		return -EAGAIN;
	meta->len = lab.setup.bytes;
	meta->tag = lab.seq;
	if (room < meta->len) {
		channel_unpost();
		return -EMSGSIZE;
	}
	lab_make(&lab, data);
	lab_leave(&lab, entered);
	return 0;
}

static int channel_recv_batch(struct bulk_endpoint *ep, struct bulk_space *space)
{
	u64 entered = lab_enter(&lab);
	void *data;
	int ret = 0;

	for (;;) {
		if (lab.setup.flags & LAB_QUEUED && atomic_long_dec_if_positive(&posted) < 0) {
			ret = -EAGAIN;
			break;
		}
		data = bulk_space_next(space, lab.setup.bytes, lab.seq);
		if (!data) {
			channel_unpost();
			break;
		}
		lab_make(&lab, data);
	}
	lab_leave(&lab, entered);
	return ret;
}

static __poll_t channel_poll(struct bulk_endpoint *ep)
{
	bool empty = lab.setup.flags & LAB_QUEUED && !atomic_long_read(&posted);

	return (channel_stalled() ? 0 : EPOLLOUT) | (empty ? 0 : EPOLLIN);
}

static const struct bulk_channel_ops channel_ops = {
	.open = channel_open,
	.release = channel_release,
	.send_buf = channel_send_buf,
	.send_batch = channel_send_batch,
	.send = channel_send,
	.recv = channel_recv,
	.recv_buf = channel_recv_buf,
	.recv_batch = channel_recv_batch,
	.poll = channel_poll,
};

static struct bulk_channel *channel;

static int __init channel_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "lab",
		.max_record = SZ_1M,
		.flags = BULK_CHANNEL_SERIAL | BULK_CHANNEL_TX_LATER |
			 BULK_CHANNEL_TX_IN_PLACE | BULK_CHANNEL_RX_AHEAD,
		.ops = &channel_ops,
	};
	int ret = lab_control_init();

	if (ret)
		return ret;
	channel = bulk_channel_register(&desc);
	if (IS_ERR(channel))
		lab_control_exit();
	return PTR_ERR_OR_ZERO(channel);
}
module_init(channel_init);

static void __exit channel_exit(void)
{
	bulk_channel_unregister(channel);
	lab_control_exit();
	lab_pool_free(&pool);
}
module_exit(channel_exit);

MODULE_DESCRIPTION("Laboratory: bulk_xfer(2) channel");
MODULE_LICENSE("GPL");
