// SPDX-License-Identifier: GPL-2.0
/*
 * Records too long for a ring: their memory, in pages if that is of use.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "memlock.h"
#include "rx.h"

/*
 * A record of so many bytes can be mapped, if it is not in a ring. To do that
 * costs less than a copy from some 24 KiB on (tcg-icount): "RECV breaks even" of
 * ./build.sh bench --icount --only syscall.
 */
#define BULK_FAR_MAPPABLE	SZ_16K

/* @bytes behind the head of a record, and @pages elsewhere. */
static struct bulk_far *bulk_far_alloc(struct bulk_rx *rx, u32 len,
				       size_t bytes, unsigned long pages,
				       gfp_t gfp)
{
	size_t size = struct_size_t(struct bulk_far, rec.data, bytes);
	struct bulk_far *far;

	pages += DIV_ROUND_UP(size, PAGE_SIZE);
	if (!bulk_memlock_charge(rx->memlock, pages))
		return NULL;
	far = bulk_rx_alloc(size, gfp);
	if (!far) {
		bulk_memlock_uncharge(rx->memlock, pages);
		return NULL;
	}
	INIT_LIST_HEAD(&far->node);
	refcount_set(&far->refs, 1);
	far->charged = pages;
	far->len = len;
	far->data = far->rec.data;
	far->rec.head = BULK_REC_BUSY | BULK_REC_FAR;
	return far;
}

static void bulk_far_free(struct bulk_rx *rx, struct bulk_far *far)
{
	bulk_memlock_uncharge(rx->memlock, far->charged);
	bulk_rx_free_atomic(far);
}

/*
 * vfree_atomic() writes to the start of what it frees, while a process may have
 * the record's pages still: there is a page before them.
 */
static void *bulk_far_vmalloc(u32 len, gfp_t gfp)
{
	void *mem = __vmalloc(PAGE_ALIGN((size_t)len) + PAGE_SIZE, gfp);

	return mem ? mem + PAGE_SIZE : NULL;
}

static void bulk_far_vfree(void *data)
{
	vfree_atomic(data - PAGE_SIZE);
}

/* Each page has references of its own, for a process may keep any of them. */
static void *bulk_far_alloc_pages(u32 len, gfp_t gfp)
{
	void *data = NULL;

	gfp = bulk_rx_gfp(gfp);
	if (get_order(len) <= MAX_PAGE_ORDER)
		data = alloc_pages_exact(len, gfp);
	if (!data && gfpflags_allow_blocking(gfp))
		data = bulk_far_vmalloc(len, gfp);
	return data;
}

static struct bulk_far *bulk_far_create_mappable(struct bulk_rx *rx, u32 len,
						 gfp_t gfp)
{
	struct bulk_far *far;

	far = bulk_far_alloc(rx, len, 0, DIV_ROUND_UP(len, PAGE_SIZE), gfp);
	if (!far)
		return NULL;
	far->data = bulk_far_alloc_pages(len, gfp);
	if (!far->data) {
		bulk_far_free(rx, far);
		return NULL;
	}
	/* The rest of the last page is mapped with the record. */
	memset(far->data + len, 0, PAGE_ALIGN(len) - len);
	return far;
}

/**
 * bulk_far_create() - get memory for a record that is too long for a ring
 * @rx: the rings
 * @len: its bytes
 * @gfp: how the memory may be allocated
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the memory, with one reference; or NULL.
 */
struct bulk_far *bulk_far_create(struct bulk_rx *rx, u32 len, gfp_t gfp)
{
	struct bulk_far *far = NULL;

	if (len >= BULK_FAR_MAPPABLE)
		far = bulk_far_create_mappable(rx, len, gfp);
	return far ?: bulk_far_alloc(rx, len, len, 0, gfp);
}

static struct page **bulk_far_list(struct bulk_far *far)
{
	return (struct page **)far->rec.data;
}

/**
 * bulk_far_create_pages() - have a record in pages that are there already
 * @rx: the rings
 * @pages: the pages, each of which gets a reference
 * @len: bytes in them
 * @gfp: how memory for their list may be allocated
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the record, with one reference; or NULL.
 */
struct bulk_far *bulk_far_create_pages(struct bulk_rx *rx,
				       struct page *const *pages, u32 len,
				       gfp_t gfp)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE), i;
	struct bulk_far *far;

	far = bulk_far_alloc(rx, len, array_size(nr, sizeof(*pages)), nr, gfp);
	if (!far)
		return NULL;
	for (i = 0; i < nr; i++) {
		get_page(pages[i]);
		bulk_far_list(far)[i] = pages[i];
	}
	far->data = NULL;
	return far;
}

/**
 * bulk_far_nr_pages() - how many pages a long record is in
 * @far: the record
 *
 * Return: the number; 0 when it is not in pages that a process may have.
 */
unsigned int bulk_far_nr_pages(const struct bulk_far *far)
{
	return bulk_far_is_in_pages(far) ?
	       DIV_ROUND_UP(far->len, PAGE_SIZE) : 0;
}

/**
 * bulk_far_page() - one of these pages
 * @far: the record
 * @i: which, below bulk_far_nr_pages()
 *
 * Return: the page, which has a reference of the record's.
 */
struct page *bulk_far_page(struct bulk_far *far, unsigned int i)
{
	void *at = far->data + i * PAGE_SIZE;

	if (!far->data)
		return bulk_far_list(far)[i];
	return is_vmalloc_addr(at) ? vmalloc_to_page(at) : virt_to_page(at);
}

/* Those of a process, or pinned, stay. */
static void bulk_far_put_pages(struct bulk_far *far)
{
	unsigned int nr = bulk_far_nr_pages(far), i;

	if (nr && is_vmalloc_addr(far->data)) {
		bulk_far_vfree(far->data);
		return;
	}
	for (i = 0; i < nr; i++)
		put_page(bulk_far_page(far, i));
}

/**
 * bulk_far_put() - let go of a long record's memory
 * @rx: the rings
 * @far: the memory
 *
 * Context: Any but NMI.
 */
void bulk_far_put(struct bulk_rx *rx, struct bulk_far *far)
{
	if (!refcount_dec_and_test(&far->refs))
		return;
	bulk_far_put_pages(far);
	bulk_far_free(rx, far);
}

/**
 * bulk_far_put_all() - let go of the memory of several
 * @rx: the rings
 * @list: those, in no list that others know
 *
 * Context: Any but NMI.
 */
void bulk_far_put_all(struct bulk_rx *rx, struct list_head *list)
{
	struct bulk_far *far, *next;

	list_for_each_entry_safe(far, next, list, node) {
		list_del(&far->node);
		bulk_far_put(rx, far);
	}
}
