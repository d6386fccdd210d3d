// SPDX-License-Identifier: GPL-2.0
/*
 * The channel sink: takes every record, reads every byte, answers the totals.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/iov_iter.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xxhash.h>
#include <uapi/linux/bulk_channels.h>

static struct bulk_channel *sink_channel;

/**
 * struct sink - totals of one endpoint
 * @records: records taken
 * @bytes: bytes in them
 * @hash: of these bytes
 * @chunk: where a record is read, piece by piece; it fills up what the slab
 *	allocator gives for the rest
 *
 * The channel is serial: the endpoint's lock protects all of it.
 */
struct sink {
	u64 records;
	u64 bytes;
	struct xxh64_state hash;
	u8 chunk[];
};

#define SINK_CHUNK	(SZ_2K - sizeof(struct sink))

static int sink_open(struct bulk_endpoint *ep)
{
	struct sink *s = kzalloc(SZ_2K, GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	xxh64_reset(&s->hash, 0);
	bulk_set_private(ep, s);
	return 0;
}

static void sink_release(struct bulk_endpoint *ep)
{
	kfree(bulk_private(ep));
}

static size_t sink_hash_step(void *data, size_t progress, size_t len,
			     void *hash, void *unused)
{
	xxh64_update(hash, data, len);
	return 0;
}

/* Hash aside, so that a copy that comes short leaves no trace. */
static int sink_hash(struct sink *s, struct iov_iter *from)
{
	struct xxh64_state hash = s->hash;
	size_t n;

	/*
	 * Pages of the sender's: it may write to them meanwhile,
	 * and spoils its hash.
	 */
	if (iov_iter_is_bvec(from)) {
		iterate_and_advance_kernel(from, iov_iter_count(from), &s->hash,
					   NULL, sink_hash_step);
		return 0;
	}
	while ((n = min(iov_iter_count(from), SINK_CHUNK))) {
		if (!copy_from_iter_full(s->chunk, n, from))
			return -EFAULT;
		xxh64_update(&hash, s->chunk, n);
	}
	s->hash = hash;
	return 0;
}

static int sink_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	size_t len = iov_iter_count(from);
	struct sink *s = bulk_private(ep);
	int ret = sink_hash(s, from);

	if (ret)
		return ret;
	s->records++;
	s->bytes += len;
	return 0;
}

static int sink_send_buf(struct bulk_endpoint *ep, const void *data, size_t len,
			 u64 tag)
{
	struct sink *s = bulk_private(ep);

	xxh64_update(&s->hash, data, len);
	s->records++;
	s->bytes += len;
	return 0;
}

static int sink_send_batch(struct bulk_endpoint *ep, struct bulk_batch *batch)
{
	const void *data;
	size_t len;
	u64 tag;

	while ((data = bulk_batch_next(batch, &len, &tag)))
		sink_send_buf(ep, data, len, tag);
	return 0;
}

static int sink_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		     struct bulk_meta *meta)
{
	struct sink *s = bulk_private(ep);
	struct bulk_sink_totals totals = {
		.records = s->records,
		.bytes = s->bytes,
		.checksum = xxh64_digest(&s->hash),
	};

	meta->len = sizeof(totals);
	if (iov_iter_count(to) < sizeof(totals))
		return -EMSGSIZE;
	if (copy_to_iter(&totals, sizeof(totals), to) != sizeof(totals))
		return -EFAULT;
	return 0;
}

static __poll_t sink_poll(struct bulk_endpoint *ep)
{
	return EPOLLIN | EPOLLOUT;
}

static const struct bulk_channel_ops sink_ops = {
	.open = sink_open,
	.release = sink_release,
	.send = sink_send,
	.send_buf = sink_send_buf,
	.send_batch = sink_send_batch,
	.recv = sink_recv,
	.poll = sink_poll,
};

static int __init sink_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "sink",
		.max_record = SZ_1M,
		.flags = BULK_CHANNEL_SERIAL | BULK_CHANNEL_TX_LATER |
			 BULK_CHANNEL_TX_IN_PLACE,
		.ops = &sink_ops,
	};

	sink_channel = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(sink_channel);
}
module_init(sink_init);

static void __exit sink_exit(void)
{
	bulk_channel_unregister(sink_channel);
}
module_exit(sink_exit);

MODULE_DESCRIPTION("bulk_xfer channel: takes and checksums");
MODULE_LICENSE("GPL");
