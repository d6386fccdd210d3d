// SPDX-License-Identifier: GPL-2.0
/*
 * A channel that refuses records after their senders have gone on, for the selftests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The first byte of a record is the errno that it is refused with; 0: none.
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/module.h>

#define REFUSE_MAX_RECORD	65536

static int refuse_send_buf(struct bulk_endpoint *ep, const void *data, size_t len,
		       u64 tag)
{
	return len ? -*(const u8 *)data : 0;
}

static int refuse_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	u8 error = 0;

	if (iov_iter_count(from) && copy_from_iter(&error, 1, from) != 1)
		return -EFAULT;
	iov_iter_advance(from, iov_iter_count(from));
	return -error;
}

static const struct bulk_channel_ops refuse_ops = {
	.send = refuse_send,
	.send_buf = refuse_send_buf,
};

static struct bulk_channel *refuse;

static int __init refuse_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "refuse",
		.max_record = REFUSE_MAX_RECORD,
		.flags = BULK_CHANNEL_TX_LATER,
		.ops = &refuse_ops,
	};

	refuse = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(refuse);
}
module_init(refuse_init);

static void __exit refuse_exit(void)
{
	bulk_channel_unregister(refuse);
}
module_exit(refuse_exit);

MODULE_DESCRIPTION("bulk_xfer selftest: a channel that refuses records");
MODULE_LICENSE("GPL");
