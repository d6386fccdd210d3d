/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that a kernel half makes records in, and uses again when nobody else has them, as a NIC's ring does.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_POOL_H
#define LAB_POOL_H

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define LAB_POOL_PAGES	(SZ_8M / PAGE_SIZE)
#define LAB_POOL_FOLIO	(PMD_SHIFT - PAGE_SHIFT)	/* order of a folio of 2 MiB */

/**
 * struct lab_pool - a ring of pages
 * @pages: all, in their order
 * @data: the same as memory in one piece; NULL: there are none
 * @order: of the folios that they belong to
 * @next: the one that the next record begins with
 */
struct lab_pool {
	struct page *pages[LAB_POOL_PAGES];
	u8 *data;
	unsigned int order;
	unsigned int next;
};

/* A page that is still in use keeps its folio. */
static inline void lab_pool_free(struct lab_pool *pool)
{
	unsigned int i;

	vunmap(pool->data);
	for (i = 0; i < LAB_POOL_PAGES && pool->pages[i]; i += 1U << pool->order)
		put_page(pool->pages[i]);
	memset(pool, 0, sizeof(*pool));
}

/* Zeroed, because a process gets to see all of a page. */
static inline int lab_pool_create(struct lab_pool *pool, unsigned int order)
{
	unsigned int i, part;
	struct page *page;

	pool->order = order;
	for (i = 0; i < LAB_POOL_PAGES; i += 1U << order) {
		page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO | __GFP_NOWARN, order);
		if (!page)
			goto err_pool;
		for (part = 0; part < 1U << order; part++)
			pool->pages[i + part] = page + part;
	}
	pool->data = vmap(pool->pages, LAB_POOL_PAGES, VM_MAP, PAGE_KERNEL);
	if (pool->data)
		return 0;

err_pool:
	lab_pool_free(pool);
	return -ENOMEM;
}

/* The pages of a folio that a record begins in the midst of were its own when it was begun. */
static inline bool lab_pool_in_use(const struct lab_pool *pool, unsigned int first,
				   unsigned int nr)
{
	unsigned int step = 1U << pool->order, i;

	for (i = ALIGN(first, step); i < first + nr; i += step)
		if (page_count(pool->pages[i]) > 1)
			return true;
	return false;
}

/**
 * lab_pool_take() - pages for the next record
 * @pool: the pages
 * @nr: how many; at most a quarter of them
 *
 * Records of one size keep their places, and with them the pattern.
 *
 * Return: the first one's index; -EAGAIN while somebody has one of them.
 */
static inline int lab_pool_take(struct lab_pool *pool, unsigned int nr)
{
	unsigned int first = pool->next;

	if (first + nr > LAB_POOL_PAGES)
		first = 0;
	if (lab_pool_in_use(pool, first, nr))
		return -EAGAIN;
	pool->next = first + nr;
	return first;
}

/**
 * lab_pool_start() - have pages, of which none is in use, with the pattern
 * @pool: the pages, or zeroes
 * @order: of the folios that they shall belong to
 *
 * Return: 0; -EBUSY while somebody has one; -ENOMEM.
 */
static inline int lab_pool_start(struct lab_pool *pool, unsigned int order)
{
	int ret = 0;

	if (pool->data && lab_pool_in_use(pool, 0, LAB_POOL_PAGES))
		return -EBUSY;
	if (pool->data && pool->order != order)
		lab_pool_free(pool);
	if (!pool->data)
		ret = lab_pool_create(pool, order);
	if (ret)
		return ret;
	pool->next = 0;
	lab_prepare(pool->data, LAB_POOL_PAGES * PAGE_SIZE);
	return 0;
}

#endif /* LAB_POOL_H */
