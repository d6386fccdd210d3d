// SPDX-License-Identifier: GPL-2.0
/*
 * A channel that pushes records in pages, and keeps an eye on these, for the selftests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A sent struct pages_request asks for records, whose tags go on from the last
 * one's; a record holds the bytes that its tag stands for, see fill() of the
 * selftests. A push that is refused ends the request, which fails if it was the
 * first; but what the policy loses has a tag and is lost.
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <uapi/linux/bulk_channels.h>

#define PAGES_MAX_RECORD	SZ_64K
#define PAGES_MAX_LEN		(2 * PAGES_MAX_RECORD)	/* also of what is refused */
#define PAGES_MAX_COUNT		1024
#define PAGES_POISON		0xaa

/**
 * enum pages_kind - what the records of a request are made of
 * @PAGES_OWN: pages
 * @PAGES_COMPOUND: pages that are one allocation
 * @PAGES_IN_IRQ: pages, pushed in hard interrupt context
 * @PAGES_MIXED: pages where the tag is even, else memory as of any record
 * @PAGES_YOURS: one record of one page, the caller's at @addr
 * @PAGES_SLAB: one record of one page, in which the allocator has its objects
 */
enum pages_kind {
	PAGES_OWN,
	PAGES_COMPOUND,
	PAGES_IN_IRQ,
	PAGES_MIXED,
	PAGES_YOURS,
	PAGES_SLAB,
};

struct pages_request {
	u32 count;
	u32 len;
	u64 kind;
	u64 addr;
};

static int policy = BULK_RX_BLOCK;
module_param(policy, int, 0400);
MODULE_PARM_DESC(policy, "what happens to a record without room");

/* --- Pages, and whether others use them --- */

/**
 * struct pages_block - the pages of a record
 * @node: in pages_blocks
 * @compound: they are one allocation, with one reference
 * @nr: how many they are
 * @pages: each with a reference of this module's
 */
struct pages_block {
	struct list_head node;
	bool compound;
	unsigned int nr;
	struct page *pages[];
};

static LIST_HEAD(pages_blocks);
static DEFINE_MUTEX(pages_lock);

static void pages_free(struct pages_block *block)
{
	unsigned int i;

	for (i = 0; i < (block->compound ? 1 : block->nr); i++)
		if (block->pages[i])
			put_page(block->pages[i]);
	kfree(block);
}

static bool pages_fill_compound(struct pages_block *block)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP,
					get_order(block->nr * PAGE_SIZE));
	unsigned int i;

	for (i = 0; page && i < block->nr; i++)
		block->pages[i] = page + i;
	return page;
}

static bool pages_fill_single(struct pages_block *block)
{
	unsigned int i;

	for (i = 0; i < block->nr; i++) {
		block->pages[i] = alloc_page(GFP_KERNEL);
		if (!block->pages[i])
			return false;
	}
	return true;
}

/* A record of no bytes has a page, too: it is to be refused for its length. */
static struct pages_block *pages_alloc(size_t len, bool compound)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE) ?: 1;
	struct pages_block *block;

	block = kzalloc(struct_size(block, pages, nr), GFP_KERNEL);
	if (!block)
		return NULL;
	block->compound = compound;
	block->nr = nr;
	if (compound ? pages_fill_compound(block) : pages_fill_single(block))
		return block;
	pages_free(block);
	return NULL;
}

/* How many pages others use; memory that nobody else uses is freed. */
static int pages_sweep(void)
{
	struct pages_block *block, *next;
	int busy = 0, used;
	unsigned int i;

	guard(mutex)(&pages_lock);
	list_for_each_entry_safe(block, next, &pages_blocks, node) {
		for (i = 0, used = 0; i < block->nr; i++)
			used += page_count(block->pages[i]) > 1;
		busy += used;
		if (used)
			continue;
		list_del(&block->node);
		pages_free(block);
	}
	return busy;
}

static int busy_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", pages_sweep());
}

static const struct kernel_param_ops busy_ops = { .get = busy_get };
module_param_cb(busy, &busy_ops, NULL, 0444);
MODULE_PARM_DESC(busy, "pages of this module's that others use");

/* --- Pushing --- */

static void pages_write(void *to, u64 first, size_t len, u64 tag)
{
	size_t i;
	u64 word;

	for (i = 0; i < len; i += sizeof(word)) {
		word = bulk_source_word(tag, first + i / sizeof(word));
		memcpy(to + i, &word, min(len - i, sizeof(word)));
	}
}

/* The rest of the last page holds what no reader may see. */
static void pages_write_block(struct pages_block *block, size_t len, u64 tag)
{
	size_t pos = 0, n;
	unsigned int i;

	for (i = 0; i < block->nr; i++, pos += n) {
		n = min(len - pos, PAGE_SIZE);
		memset(page_address(block->pages[i]), PAGES_POISON, PAGE_SIZE);
		pages_write(page_address(block->pages[i]), pos / sizeof(u64), n,
			    tag);
	}
}

/**
 * struct pages_push - a record on its way
 * @work: pushes it in an interrupt
 * @ep: whose it is
 * @block: its pages
 * @len: bytes of the record
 * @tag: its tag
 * @ret: what the push returned
 */
struct pages_push {
	struct irq_work work;
	struct bulk_endpoint *ep;
	struct pages_block *block;
	size_t len;
	u64 tag;
	int ret;
};

static void pages_push_in_irq(struct irq_work *work)
{
	struct pages_push *p = container_of(work, struct pages_push, work);

	p->ret = bulk_push_pages(p->ep, p->block->pages, p->len, p->tag,
				 GFP_ATOMIC);
}

static void pages_push_block(struct pages_push *p, bool in_irq)
{
	if (in_irq) {
		irq_work_queue(&p->work);
		irq_work_sync(&p->work);
		return;
	}
	p->ret = bulk_push_pages(p->ep, p->block->pages, p->len, p->tag,
				 GFP_KERNEL);
}

static int pages_push_own(struct bulk_endpoint *ep,
			  const struct pages_request *req, u64 tag)
{
	struct pages_push p = {
		.work = IRQ_WORK_INIT(pages_push_in_irq),
		.ep = ep,
		.block = pages_alloc(req->len, req->kind == PAGES_COMPOUND),
		.len = req->len,
		.tag = tag,
	};

	if (!p.block)
		return -ENOMEM;
	pages_write_block(p.block, p.len, tag);
	pages_push_block(&p, req->kind == PAGES_IN_IRQ);
	guard(mutex)(&pages_lock);
	list_add_tail(&p.block->node, &pages_blocks);
	return p.ret;
}

static int pages_push_plain(struct bulk_endpoint *ep, size_t len, u64 tag)
{
	struct bulk_record *rec = bulk_reserve(ep, len, GFP_KERNEL);

	if (IS_ERR(rec))
		return PTR_ERR(rec);
	pages_write(bulk_record_data(rec), 0, len, tag);
	bulk_commit(ep, rec, tag);
	return 0;
}

/* The page is the caller's, and present. */
static int pages_push_yours(struct bulk_endpoint *ep,
			    const struct pages_request *req, u64 tag)
{
	struct page *page;
	int ret;

	if (get_user_pages_fast_only(req->addr, 1, 0, &page) != 1)
		return -EFAULT;
	ret = bulk_push_pages(ep, &page, PAGE_SIZE, tag, GFP_KERNEL);
	put_page(page);
	return ret;
}

static int pages_push_slab(struct bulk_endpoint *ep, u64 tag)
{
	void *object = kzalloc(SZ_64, GFP_KERNEL);
	struct page *page;
	int ret;

	if (!object)
		return -ENOMEM;
	page = virt_to_page(object);
	ret = bulk_push_pages(ep, &page, PAGE_SIZE, tag, GFP_KERNEL);
	kfree(object);
	return ret;
}

static int pages_push_one(struct bulk_endpoint *ep,
			  const struct pages_request *req, u64 tag)
{
	switch (req->kind) {
	case PAGES_MIXED:
		if (tag % 2)
			return pages_push_plain(ep, req->len, tag);
		fallthrough;
	case PAGES_OWN:
	case PAGES_COMPOUND:
	case PAGES_IN_IRQ:
		return pages_push_own(ep, req, tag);
	case PAGES_YOURS:
		return pages_push_yours(ep, req, tag);
	case PAGES_SLAB:
		return pages_push_slab(ep, tag);
	default:
		return -EINVAL;
	}
}

/* --- The channel --- */

/**
 * struct pages_source - an endpoint's
 * @next: the next record's tag
 */
struct pages_source {
	u64 next;
};

static int pages_open(struct bulk_endpoint *ep)
{
	struct pages_source *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	bulk_set_private(ep, s);
	return 0;
}

static void pages_release(struct bulk_endpoint *ep)
{
	kfree(bulk_private(ep));
}

static int pages_produce(struct bulk_endpoint *ep,
			 const struct pages_request *req)
{
	struct pages_source *s = bulk_private(ep);
	u64 first = s->next;
	u32 left;
	int ret;

	for (left = req->count; left; left--, s->next++) {
		ret = pages_push_one(ep, req, s->next);
		if (ret && ret != -ENOSPC)
			return s->next == first ? ret : 0;
	}
	return 0;
}

static int pages_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	struct pages_request req;

	if (iov_iter_count(from) != sizeof(req))
		return -EINVAL;
	if (!copy_from_iter_full(&req, sizeof(req), from))
		return -EFAULT;
	if (req.len > PAGES_MAX_LEN || req.count > PAGES_MAX_COUNT)
		return -EINVAL;
	pages_sweep();
	return pages_produce(ep, &req);
}

static const struct bulk_channel_ops pages_ops = {
	.open = pages_open,
	.release = pages_release,
	.send = pages_send,
};

static struct bulk_channel *pages_channel;

/* By the parameter, or by unloading, whichever comes first. */
static void pages_unregister(void)
{
	struct bulk_channel *ch = xchg(&pages_channel, NULL);

	if (ch)
		bulk_channel_unregister(ch);
}

static int gone_set(const char *text, const struct kernel_param *kp)
{
	pages_unregister();
	return 0;
}

static const struct kernel_param_ops gone_ops = { .set = gone_set };
module_param_cb(gone, &gone_ops, NULL, 0200);
MODULE_PARM_DESC(gone, "written to, ends the channel and leaves the module");

static int __init pages_init(void)
{
	struct bulk_channel_desc desc = {
		.name = "pages",
		.max_record = PAGES_MAX_RECORD,
		.rx_policy = policy,
		.ops = &pages_ops,
	};
	struct bulk_channel *ch = bulk_channel_register(&desc);

	if (IS_ERR(ch))
		return PTR_ERR(ch);
	pages_channel = ch;
	return 0;
}
module_init(pages_init);

static void __exit pages_exit(void)
{
	struct pages_block *block, *next;

	pages_unregister();
	list_for_each_entry_safe(block, next, &pages_blocks, node)
		pages_free(block);
}
module_exit(pages_exit);

MODULE_DESCRIPTION("bulk_xfer selftest: a channel that pushes pages");
MODULE_LICENSE("GPL");
