// SPDX-License-Identifier: GPL-2.0
/*
 * A channel that counts how often it is asked, for the selftests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A record whose first byte is not 0 is refused with that errno; any other is
 * echoed, or lost where the queue is full. Where nothing waits, a RECV fails
 * with the parameter recv_errno.
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/module.h>

#define COUNTED_MAX_RECORD	1024
#define COUNTED_RX_LIMIT	4096

static atomic_t asked = ATOMIC_INIT(0);

static int asked_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&asked));
}

static const struct kernel_param_ops asked_ops = { .get = asked_get };
module_param_cb(asked, &asked_ops, NULL, 0444);
MODULE_PARM_DESC(asked, "calls of the channel's operations");

static int recv_errno = EAGAIN;
module_param(recv_errno, int, 0644);
MODULE_PARM_DESC(recv_errno, "what a RECV fails with");

static int counted_take(struct bulk_endpoint *ep, const void *data, size_t len,
			u64 tag)
{
	int error = len ? *(const u8 *)data : 0;

	atomic_inc(&asked);
	return error ? -error : bulk_push(ep, data, len, tag, GFP_KERNEL);
}

static int counted_send(struct bulk_endpoint *ep, struct iov_iter *from,
			u64 tag)
{
	u8 data[COUNTED_MAX_RECORD];
	size_t len = iov_iter_count(from);

	if (copy_from_iter(data, len, from) != len)
		return -EFAULT;
	return counted_take(ep, data, len, tag);
}

static int counted_recv(struct bulk_endpoint *ep, struct iov_iter *to,
			struct bulk_meta *meta)
{
	atomic_inc(&asked);
	return -READ_ONCE(recv_errno);
}

static const struct bulk_channel_ops counted_ops = {
	.send = counted_send,
	.send_buf = counted_take,
	.recv = counted_recv,
};

static struct bulk_channel *counted;

static int __init counted_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "counted",
		.max_record = COUNTED_MAX_RECORD,
		.rx_limit = COUNTED_RX_LIMIT,
		.rx_policy = BULK_RX_REFUSE_NEWEST,
		.ops = &counted_ops,
	};

	counted = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(counted);
}
module_init(counted_init);

static void __exit counted_exit(void)
{
	bulk_channel_unregister(counted);
}
module_exit(counted_exit);

MODULE_DESCRIPTION("bulk_xfer selftest: a channel that counts");
MODULE_LICENSE("GPL");
