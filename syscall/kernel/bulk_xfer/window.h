/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The window of an endpoint: memory that it shares with one process.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_WINDOW_H
#define _BULK_XFER_WINDOW_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <vdso/bulk_xfer.h>

#include "ring.h"
#include "rx.h"

struct bulk_endpoint;
struct mem_cgroup;
struct mm_struct;
struct page;

/*
 * Pages before the rings: one that the process writes,
 * one that the kernel does.
 */
#define BULK_CONTROL_PAGES	2

/*
 * The first page of a window, as its mapping counts. Rings begin at a multiple
 * of PMD_SIZE then, where the huge pages of a mapping have to be.
 */
#define BULK_WINDOW_PGOFF	((1UL << PMD_ORDER) - BULK_CONTROL_PAGES)

/**
 * struct bulk_window - the window of an endpoint
 * @ref: held by the endpoint, by its RX rings, and by every mapping, also by a
 *	forked child's
 * @maps: mappings in @mm; 0 when the process has unmapped it
 * @mm: whose window it is
 * @start: where the process has it
 * @memcg: who pays for what a kernel thread does for it
 * @area: all of it as the process sees it, in kernel addresses
 * @page: the pages of @area, with a reference for each time that one is there
 * @pages: its size there, and as the process sees it
 * @locked: pages that the endpoint's owner is charged for
 * @memlock: the endpoint's owner, who is charged
 * @user: in @area, written by the process
 * @kernel: in @area, written by the kernel
 * @tx: user to kernel; protected by the endpoint's TX lock, as all below
 * @rx: kernel to user
 * @copy: where records are copied that the provider may not see change
 * @armed: value of the RX side's events when a sleeper asked to be woken
 * @starved: the provider had no memory for the first record in @tx
 * @bad: the process wrote nonsense; set under either lock
 */
struct bulk_window {
	struct kref ref;
	atomic_t maps;
	struct mm_struct *mm;
	unsigned long start;
	struct mem_cgroup *memcg;
	void *area;
	struct page **page;
	unsigned int pages;
	unsigned int locked;
	struct bulk_memlock *memlock;
	struct bulk_window_user *user;
	struct bulk_window_kernel *kernel;
	struct bulk_ring tx;
	struct bulk_rx_ring rx;
	void *copy;
	int armed;
	bool starved;
	bool bad;
};

/**
 * bulk_window_copy_size() - bytes of what
 * is copied out of the TX ring at a time
 * @w: the window
 *
 * Return: bytes, at least what the longest record takes of the ring.
 */
static inline size_t bulk_window_copy_size(const struct bulk_window *w)
{
	return w->tx.size / BULK_RING_SHARE;
}

bool bulk_window_is_mapped(const struct bulk_endpoint *ep);
u64 bulk_window_reserved(const struct bulk_window *w);
u64 bulk_window_borrowed(const struct bulk_window *w);

struct bulk_window *bulk_window_create(struct bulk_endpoint *ep, u32 ring);
unsigned long bulk_window_memory(const struct bulk_endpoint *ep,
				 const struct bulk_window *w);
void bulk_window_retire(struct bulk_endpoint *ep);
void bulk_window_put(struct bulk_window *w);
struct page *bulk_window_page(const struct bulk_window *w, pgoff_t page);
bool bulk_window_page_is_user(const struct bulk_window *w, pgoff_t page);

void bulk_window_set(struct bulk_window *w, u32 bits);
void bulk_window_clear(struct bulk_window *w, u32 bits);
void bulk_window_close(struct bulk_window *w, u32 why);
int bulk_window_spoil(struct bulk_endpoint *ep, struct bulk_window *w);

#endif /* _BULK_XFER_WINDOW_H */
