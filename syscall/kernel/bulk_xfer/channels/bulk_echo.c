// SPDX-License-Identifier: GPL-2.0
/*
 * The channel echo: what is sent comes back. A provider at its simplest.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sizes.h>

static struct bulk_channel *echo;

static int echo_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	size_t len = iov_iter_count(from);
	struct bulk_record *rec = bulk_reserve(ep, len, GFP_KERNEL);

	if (IS_ERR(rec))
		return PTR_ERR(rec);
	if (!copy_from_iter_full(bulk_record_data(rec), len, from)) {
		bulk_abort(ep, rec);
		return -EFAULT;
	}
	bulk_commit(ep, rec, tag);
	return 0;
}

static int echo_send_buf(struct bulk_endpoint *ep, const void *data, size_t len,
			 u64 tag)
{
	return bulk_push(ep, data, len, tag, GFP_KERNEL);
}

static int echo_send_batch(struct bulk_endpoint *ep, struct bulk_batch *batch)
{
	const void *data;
	int ret = 0;
	size_t len;
	u64 tag;

	do {
		bulk_push_batch(ep, batch);
		data = bulk_batch_next(batch, &len, &tag);
		if (data)
			ret = echo_send_buf(ep, data, len, tag);
	} while (data && !ret);
	return ret;
}

static __poll_t echo_poll(struct bulk_endpoint *ep)
{
	return bulk_rx_has_room(ep) ? EPOLLOUT : 0;
}

static const struct bulk_channel_ops echo_ops = {
	.send = echo_send,
	.send_buf = echo_send_buf,
	.send_batch = echo_send_batch,
	.poll = echo_poll,
};

static int __init echo_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "echo",
		.max_record = SZ_1M,
		.rx_policy = BULK_RX_BLOCK,
		.flags = BULK_CHANNEL_TX_LATER | BULK_CHANNEL_TX_IN_PLACE,
		.ops = &echo_ops,
	};

	echo = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(echo);
}
module_init(echo_init);

static void __exit echo_exit(void)
{
	bulk_channel_unregister(echo);
}
module_exit(echo_exit);

MODULE_DESCRIPTION("bulk_xfer channel: what is sent comes back");
MODULE_LICENSE("GPL");
