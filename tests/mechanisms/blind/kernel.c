// SPDX-License-Identifier: GPL-2.0
/*
 * A bulk_xfer(2) channel that looks at no byte: /dev/bulk/blind. What is counted there is the interface's own.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * For bench_pages and bench_produce; no mechanism, and without a row. A SEND is
 * copied, unless it comes in pages. A RECV gets what /dev/lab_blind had pushed.
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/limits.h>

#include "lab_kernel.h"
#include "lab_blind.h"
#include "lab_pool.h"

static struct bulk_endpoint *reader;
static struct lab_pool singles, folios;
static u8 *sent;	/* the last record that was copied, or parts of several */

/*
 * What a provider executes to call the two counts, too. No byte is written: a
 * record has what was in its place before, zeroes or records of this reader's.
 */
static long blind_reserve(unsigned long count)
{
	struct bulk_endpoint *ep = reader;
	struct bulk_record *rec;
	u64 begun = rdtsc();
	unsigned long n;

	for (n = 0; n < count; n++) {
		rec = bulk_reserve(ep, LAB_BLIND_BYTES, GFP_KERNEL);
		if (IS_ERR(rec))
			return PTR_ERR(rec);
		bulk_commit(ep, rec, n);
	}
	return min_t(u64, rdtsc() - begun, INT_MAX);
}

static long blind_push(struct lab_pool *pool, unsigned long bytes)
{
	int first;

	if (!bytes || bytes > LAB_BLIND_MAX_BYTES)
		return -EINVAL;
	first = lab_pool_take(pool, DIV_ROUND_UP(bytes, PAGE_SIZE));
	if (first < 0)
		return first;
	return bulk_push_pages(reader, pool->pages + first, bytes, 0, GFP_KERNEL);
}

static long blind_other(struct lab_side *side, unsigned int cmd, unsigned long arg)
{
	if (!reader)
		return -ENODEV;
	switch (cmd) {
	case LAB_BLIND_RESERVE:
		return blind_reserve(arg);
	case LAB_BLIND_PAGES:
		return blind_push(&singles, arg);
	case LAB_BLIND_FOLIO:
		return blind_push(&folios, arg);
	default:
		return -ENOTTY;
	}
}

static const struct lab_ops blind_lab_ops = { .other = blind_other };

LAB_CONTROL("blind", &blind_lab_ops)

static int blind_open(struct bulk_endpoint *ep)
{
	mutex_lock(&lab_control_lock);
	reader = ep;
	mutex_unlock(&lab_control_lock);
	return 0;
}

static void blind_release(struct bulk_endpoint *ep)
{
	mutex_lock(&lab_control_lock);
	if (reader == ep)
		reader = NULL;
	mutex_unlock(&lab_control_lock);
}

static int blind_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	if (iov_iter_is_bvec(from))
		return 0;
	return copy_from_iter_full(sent, iov_iter_count(from), from) ? 0 : -EFAULT;
}

static const struct bulk_channel_ops blind_ops = {
	.open = blind_open,
	.release = blind_release,
	.send = blind_send,
};

static struct bulk_channel *channel;

static void blind_free(void)
{
	lab_pool_free(&folios);
	lab_pool_free(&singles);
	kvfree(sent);
}

static int blind_alloc(void)
{
	int ret;

	sent = kvmalloc(LAB_BLIND_MAX_BYTES, GFP_KERNEL);
	if (!sent)
		return -ENOMEM;
	ret = lab_pool_start(&singles, 0);
	if (!ret)
		ret = lab_pool_start(&folios, LAB_POOL_FOLIO);
	if (ret)
		blind_free();
	return ret;
}

static int __init blind_init(void)
{
	static const struct bulk_channel_desc desc __initconst = {
		.name = "blind",
		.max_record = LAB_BLIND_MAX_BYTES,
		.ops = &blind_ops,
	};
	int ret = blind_alloc();

	if (ret)
		return ret;
	ret = lab_control_init();
	if (ret)
		goto err_memory;
	channel = bulk_channel_register(&desc);
	if (!IS_ERR(channel))
		return 0;
	ret = PTR_ERR(channel);
	lab_control_exit();
err_memory:
	blind_free();
	return ret;
}
module_init(blind_init);

static void __exit blind_exit(void)
{
	bulk_channel_unregister(channel);
	lab_control_exit();
	blind_free();
}
module_exit(blind_exit);

MODULE_DESCRIPTION("Laboratory: bulk_xfer(2) channel that looks at no byte");
MODULE_LICENSE("GPL");
