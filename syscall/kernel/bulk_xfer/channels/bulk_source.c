// SPDX-License-Identifier: GPL-2.0
/*
 * The channel source: produces the checkable records that a request asks for.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <uapi/linux/bulk_channels.h>

static struct bulk_channel *source_channel;

/**
 * struct source - what one endpoint was asked for and how far it is
 * @req: the request
 * @next: the record to produce next
 * @chunk: where records are made, piece by piece; it fills up what the slab
 *	allocator gives for the rest
 *
 * The channel is serial: the endpoint's lock protects all of it.
 */
struct source {
	struct bulk_source_request req;
	u64 next;
	u8 chunk[];
};

#define SOURCE_CHUNK	(SZ_2K - sizeof(struct source))

static int source_open(struct bulk_endpoint *ep)
{
	struct source *s = kzalloc(SZ_2K, GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	bulk_set_private(ep, s);
	return 0;
}

static void source_release(struct bulk_endpoint *ep)
{
	kfree(bulk_private(ep));
}

static bool source_request_valid(const struct bulk_source_request *req)
{
	u64 bytes;

	return req->size <= SZ_1M && !req->reserved &&
	       !check_mul_overflow(req->count, (u64)req->size, &bytes);
}

static int source_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	struct source *s = bulk_private(ep);
	struct bulk_source_request req;
	int ret;

	if (iov_iter_count(from) != sizeof(req))
		return -EINVAL;
	if (!copy_from_iter_full(&req, sizeof(req), from))
		return -EFAULT;
	if (!source_request_valid(&req))
		return -EINVAL;
	ret = bulk_rx_discard(ep);
	if (ret)
		return ret;
	s->req = req;
	s->next = 0;
	bulk_rx_wake(ep);
	return 0;
}

/* Copy @n bytes of the word that holds stream offset @pos, from there on. */
static void source_part(u8 *buf, u64 seed, u64 pos, size_t n)
{
	__le64 word = cpu_to_le64(bulk_source_word(seed, pos >> 3));

	memcpy(buf, (u8 *)&word + (pos & 7), n);
}

/*
 * Write the bytes of a stream from @pos on, which need not be a word's first.
 */
static void source_fill(u8 *buf, u64 seed, u64 pos, size_t len)
{
	size_t head = min_t(size_t, -pos & 7, len);
	size_t words = (len - head) / 8;
	size_t tail = (len - head) % 8;
	u64 index = (pos + head) >> 3;

	if (head)
		source_part(buf, seed, pos, head);
	buf += head;
	for (; words; words--, buf += 8)
		put_unaligned_le64(bulk_source_word(seed, index++), buf);
	if (tail)
		source_part(buf, seed, index << 3, tail);
}

static int source_produce(struct source *s, struct iov_iter *to)
{
	u64 pos = s->next * s->req.size;
	size_t left = s->req.size;

	while (left) {
		size_t n = min(left, SOURCE_CHUNK);

		source_fill(s->chunk, s->req.seed, pos, n);
		if (copy_to_iter(s->chunk, n, to) != n)
			return -EFAULT;
		pos += n;
		left -= n;
	}
	return 0;
}

static int source_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta)
{
	struct source *s = bulk_private(ep);
	int ret;

	if (s->next == s->req.count)
		return -EAGAIN;
	meta->len = s->req.size;
	meta->tag = s->next;
	if (iov_iter_count(to) < meta->len)
		return -EMSGSIZE;
	ret = source_produce(s, to);
	if (!ret)
		s->next++;
	return ret;
}

static int source_recv_buf(struct bulk_endpoint *ep, void *data, size_t room,
			   struct bulk_meta *meta)
{
	struct source *s = bulk_private(ep);

	if (s->next == s->req.count)
		return -EAGAIN;
	meta->len = s->req.size;
	meta->tag = s->next;
	if (room < meta->len)
		return -EMSGSIZE;
	source_fill(data, s->req.seed, s->next * s->req.size, meta->len);
	s->next++;
	return 0;
}

static int source_recv_batch(struct bulk_endpoint *ep, struct bulk_space *space)
{
	struct source *s = bulk_private(ep);
	void *data;

	while (s->next < s->req.count) {
		data = bulk_space_next(space, s->req.size, s->next);
		if (!data)
			return 0;
		source_fill(data, s->req.seed, s->next * s->req.size,
			    s->req.size);
		s->next++;
	}
	return -EAGAIN;
}

static __poll_t source_poll(struct bulk_endpoint *ep)
{
	struct source *s = bulk_private(ep);

	return EPOLLOUT | (s->next < s->req.count ? EPOLLIN : 0);
}

static const struct bulk_channel_ops source_ops = {
	.open = source_open,
	.release = source_release,
	.send = source_send,
	.recv = source_recv,
	.recv_buf = source_recv_buf,
	.recv_batch = source_recv_batch,
	.poll = source_poll,
};

static int __init source_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "source",
		.max_record = SZ_1M,
		.flags = BULK_CHANNEL_SERIAL | BULK_CHANNEL_RX_AHEAD,
		.ops = &source_ops,
	};

	source_channel = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(source_channel);
}
module_init(source_init);

static void __exit source_exit(void)
{
	bulk_channel_unregister(source_channel);
}
module_exit(source_exit);

MODULE_DESCRIPTION("bulk_xfer channel: produces checkable records");
MODULE_LICENSE("GPL");
