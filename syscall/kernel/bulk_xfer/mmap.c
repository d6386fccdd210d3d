// SPDX-License-Identifier: GPL-2.0
/*
 * mmap(2) of an endpoint: its window.
 *
 * The pages are mapped by fault, which makes three things simple. Of one
 * mapping, the process can write to some pages and not to others. A fork copies
 * no page table of such a mapping, so that a child finds pages of zeroes, which
 * say that there is no window. And pages are refcounted: who pinned one keeps
 * that page, or the huge page that it is a part of, and nothing else.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sysctl.h>

#include "drain.h"
#include "endpoint.h"
#include "memlock.h"
#include "mmap.h"
#include "ring.h"
#include "rx.h"
#include "window.h"

static unsigned long bulk_window_limit = BULK_WINDOW_SIZE(BULK_RING_MAX);
static const unsigned long bulk_window_limit_max =
	BULK_WINDOW_SIZE(BULK_RING_MAX);

/* --- Attaching and detaching --- */

static void bulk_endpoint_lock_both(struct bulk_endpoint *ep)
{
	mutex_lock(&ep->tx_lock);
	mutex_lock(&ep->rx_mutex);
}

static void bulk_endpoint_unlock_both(struct bulk_endpoint *ep)
{
	mutex_unlock(&ep->rx_mutex);
	mutex_unlock(&ep->tx_lock);
}

/* Longest record that goes through the TX ring, plus 1. */
static u32 bulk_window_tx_limit(struct bulk_endpoint *ep, struct bulk_window *w)
{
	struct bulk_channel *ch = ep->channel;

	if (!(ch->flags & BULK_CHANNEL_TX_LATER))
		return 0;
	return w->tx.max_record + 1;
}

/* Take what the process has sent, and see what it has received. */
static void bulk_window_settle(struct bulk_endpoint *ep)
{
	struct bulk_rx_ring *ring;

	bulk_drain_locked(ep);
	if (bulk_rx_first(&ep->records, &ring) == -EBADMSG)
		bulk_window_spoil(ep, ep->window);
}

/* The process no longer reads from the window's ring. */
static void bulk_window_unmap_rx(struct bulk_endpoint *ep,
				 struct bulk_window *w)
{
	bulk_rx_detach(&ep->records, &w->rx);
	bulk_rx_retire(&ep->records, &w->rx);
}

/* A window that is no more, but for what was left in it. */
static struct bulk_window *bulk_window_old(struct bulk_endpoint *ep)
{
	struct bulk_rx_ring *ring = bulk_rx_old_window(&ep->records);

	if (ring)
		return container_of(ring, struct bulk_window, rx);
	return ep->window;
}

/*
 * Charge the endpoint's owner for @w, which takes the place of @old: that may
 * have been all that he may lock. What a forked child keeps of it he pays for.
 * Return: pages of @old that are charged for @w from now on, or -ENOMEM.
 */
static long bulk_window_charge(struct bulk_endpoint *ep, struct bulk_window *w,
			       struct bulk_window *old)
{
	unsigned long want = bulk_window_memory(ep, w), have = 0;
	/* The caller's, the endpoint's, and that of the RX rings. */
	unsigned int ours = 1;

	if (old)
		ours += (ep->window == old) +
			!!bulk_rx_old_window(&ep->records);
	if (old && kref_read(&old->ref) == ours &&
	    bulk_rx_can_move(&ep->records, &w->rx))
		have = min_t(unsigned long, old->locked, want);
	if (!bulk_memlock_charge(w->memlock, want - have))
		return -ENOMEM;
	w->locked = want;
	if (have)
		old->locked -= have;
	return have;
}

/*
 * An old window is there still, because there is no new one, or something was
 * put there after all: it is paid for as before.
 */
static void bulk_window_recharge(struct bulk_window *w, struct bulk_window *old,
				 unsigned long have, bool failed)
{
	if (!failed && kref_read(&old->ref) == 1)
		return;
	old->locked += have;
	if (failed)
		w->locked -= have;
	else
		bulk_memlock_exceed(w->memlock, have);
}

/*
 * Records sent through the old window move to the new one, which its process
 * can't write to yet: what it wrote there that is no record is the old one's.
 */
static int bulk_window_move_sent(struct bulk_endpoint *ep,
				 struct bulk_window *w, struct bulk_window *old)
{
	int ret = bulk_ring_move(&w->tx, &old->tx);
	struct bulk_walk walk;

	if (ret)
		return ret;
	bulk_records_walk(&walk, w->tx.data, w->tx.max_record, w->tx.max_record,
			  w->tx.head);
	if (walk.space != w->tx.head) {
		atomic_inc(&ep->bad_windows);
		w->tx.head = walk.space;
		WRITE_ONCE(*w->tx.shared_head, walk.space);
	}
	return 0;
}

/* Records left in an unmapped window go before those of the new one. */
static int bulk_window_inherit(struct bulk_endpoint *ep, struct bulk_window *w,
			       struct bulk_window *old)
{
	if (!old)
		return 0;
	if (atomic_read(&old->maps))
		return -EBUSY;
	bulk_window_settle(ep);
	/* Its process is on its way to do that. */
	if (old->rx.mapped)
		bulk_window_unmap_rx(ep, old);
	return old->bad ? 0 : bulk_window_move_sent(ep, w, old);
}

/* The window is the endpoint's from now on. */
static void bulk_window_install(struct bulk_endpoint *ep, struct bulk_window *w)
{
	/* For the rings, and for the endpoint. */
	kref_get(&w->ref);
	kref_get(&w->ref);
	if (ep->window)
		bulk_window_put(ep->window);
	w->kernel->tx_limit = bulk_window_tx_limit(ep, w);
	bulk_window_set(w, BULK_WINDOW_READY);
	/* If there is a poller, the first record makes it look here. */
	if (READ_ONCE(ep->channel->poller.idle_us))
		bulk_window_set(w, BULK_WINDOW_POLLER);
	/* If there is a deadline, the first record has the timer started. */
	if (READ_ONCE(ep->channel->deadline_us))
		bulk_window_set(w, BULK_WINDOW_DEADLINE);
	WRITE_ONCE(ep->window, w);
	/* Records that were there before move to it. */
	bulk_window_settle(ep);
	/*
	 * Receivers that sleep, and epoll, have not asked
	 * this window to be told of a SEND.
	 */
	bulk_rx_wake(ep);
}

static int bulk_window_attach(struct bulk_endpoint *ep, struct bulk_window *w)
{
	struct bulk_window *old;
	long have;
	int ret;

	if (ep->gone)
		return -ENODEV;
	ret = bulk_window_inherit(ep, w, ep->window);
	if (ret)
		return ret;
	old = bulk_window_old(ep);
	if (old)
		kref_get(&old->ref);
	have = bulk_window_charge(ep, w, old);
	ret = have < 0 ? have : bulk_rx_attach(&ep->records, &w->rx);
	if (!ret)
		bulk_window_install(ep, w);
	if (old) {
		if (have > 0)
			bulk_window_recharge(w, old, have, ret);
		bulk_window_put(old);
	}
	return ret;
}

/**
 * bulk_mmap_allows() - may a mapping of an endpoint be so large?
 * @size: its bytes
 *
 * Return: false for more than kernel.bulk_xfer.window_max.
 */
bool bulk_mmap_allows(unsigned long size)
{
	return size <= READ_ONCE(bulk_window_limit);
}

/*
 * Return: 0; -EINVAL for a size that no window has; -EPERM for one not allowed.
 */
static int bulk_window_check_size(unsigned long size)
{
	if (size < BULK_WINDOW_SIZE(BULK_RING_MIN) ||
	    size > BULK_WINDOW_SIZE(BULK_RING_MAX))
		return -EINVAL;
	return bulk_mmap_allows(size) ? 0 : -EPERM;
}

/**
 * bulk_window_open() - give the calling process a window
 * @ep: the endpoint
 * @start: where the process maps it
 * @size: bytes that the process maps, see bulk_window_check_size()
 *
 * The rings are the largest that fit.
 *
 * Context: Process context. Takes the endpoint's locks.
 * Return: the window, with a reference for the one mapping of it; -EBUSY when
 * there is one, when records wait that were sent through a larger one, or when
 * too many rings have records to be received; -ENODEV when the channel is gone;
 * -ENOMEM when memory or the right to lock it is short.
 */
static struct bulk_window *bulk_window_open(struct bulk_endpoint *ep,
					    unsigned long start,
					    unsigned long size)
{
	unsigned long ring = (size - 2 * BULK_WINDOW_PAGE) / 4;
	struct bulk_window *w;
	int ret;

	w = bulk_window_create(ep, rounddown_pow_of_two(ring));
	if (IS_ERR(w))
		return w;
	w->start = start;
	bulk_endpoint_lock_both(ep);
	ret = bulk_window_attach(ep, w);
	bulk_endpoint_unlock_both(ep);
	if (!ret)
		return w;
	bulk_window_put(w);
	return ERR_PTR(ret);
}

/**
 * bulk_window_detach() - the process no longer has its window
 * @ep: the endpoint
 * @w: the window
 *
 * Records that it sent are taken, those not received stay for the system call.
 * Stale mappings, as userfaultfd can make a fork inherit, read that there is no
 * window.
 *
 * Context: Process context. Takes the endpoint's locks.
 */
static void bulk_window_detach(struct bulk_endpoint *ep, struct bulk_window *w)
{
	bulk_endpoint_lock_both(ep);
	if (ep->window == w) {
		bulk_window_settle(ep);
		if (w->rx.mapped)
			bulk_window_unmap_rx(ep, w);
		if (w->bad || bulk_ring_empty(&w->tx)) {
			WRITE_ONCE(ep->window, NULL);
			bulk_window_put(w);
		}
	}
	bulk_window_close(w, 0);
	bulk_window_clear(w, ~0U);
	bulk_endpoint_unlock_both(ep);
}

/* --- The mapping --- */

/* A mapping that couldn't get a window has none until it is gone. */
static bool bulk_window_is_mine(const struct vm_area_struct *vma)
{
	const struct bulk_window *w = vma->vm_private_data;

	return w && vma->vm_mm == w->mm;
}

static void bulk_vma_open(struct vm_area_struct *vma)
{
	struct bulk_window *w = vma->vm_private_data;

	if (!w)
		return;
	kref_get(&w->ref);
	if (bulk_window_is_mine(vma))
		atomic_inc(&w->maps);
}

static void bulk_vma_close(struct vm_area_struct *vma)
{
	struct bulk_window *w = vma->vm_private_data;

	if (!w)
		return;
	if (bulk_window_is_mine(vma) && atomic_dec_and_test(&w->maps))
		bulk_window_detach(vma->vm_file->private_data, w);
	bulk_window_put(w);
}

static int bulk_vma_mremap(struct vm_area_struct *vma)
{
	struct bulk_window *w = vma->vm_private_data;

	if (w && bulk_window_is_mine(vma))
		WRITE_ONCE(w->start, vma->vm_start);
	return 0;
}

static int bulk_vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

/*
 * A forked child: a page of zeroes of its own. It may be written to where the
 * process could, for the sake of a child forked by a signal handler that
 * returns into the vDSO: that finds no window when it is done.
 */
static vm_fault_t bulk_fault_child(struct vm_fault *vmf)
{
	vmf->page = alloc_page(GFP_USER | __GFP_ZERO | __GFP_ACCOUNT);
	return vmf->page ? 0 : VM_FAULT_OOM;
}

/* The number, in the window, of the page that a fault is about. */
static pgoff_t bulk_fault_page(const struct vm_fault *vmf)
{
	return vmf->pgoff - BULK_WINDOW_PGOFF;
}

static vm_fault_t bulk_vma_fault(struct vm_fault *vmf)
{
	struct bulk_window *w = vmf->vma->vm_private_data;
	pgoff_t page = bulk_fault_page(vmf);

	if (!w || page >= w->pages)
		return VM_FAULT_SIGBUS;
	if (!bulk_window_is_mine(vmf->vma))
		return bulk_fault_child(vmf);
	vmf->page = bulk_window_page(w, page);
	get_page(vmf->page);
	return 0;
}

/*
 * Pages of a folio are mapped one by one with the folio locked. The lock keeps
 * their page table from coming to the folio's place after the look at it, for
 * vmf_insert_folio_pmd() would warn of that.
 */
static vm_fault_t bulk_insert_folio(struct vm_fault *vmf, struct folio *folio)
{
	vm_fault_t ret = VM_FAULT_FALLBACK;
	pmd_t pmd;

	folio_lock(folio);
	pmd = pmdp_get_lockless(vmf->pmd);
	if (pmd_none(pmd) || pmd_trans_huge(pmd))
		ret = vmf_insert_folio_pmd(vmf, folio,
					   vmf->flags & FAULT_FLAG_WRITE);
	folio_unlock(folio);
	return ret;
}

/* All of a huge page has one writer, for it is a part of one ring. */
static vm_fault_t bulk_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct bulk_window *w = vmf->vma->vm_private_data;
	pgoff_t page = bulk_fault_page(vmf);
	struct folio *folio;

	if (order != PMD_ORDER || !bulk_window_is_mine(vmf->vma) ||
	    page >= w->pages ||
	    !thp_vma_suitable_order(vmf->vma, vmf->address, order))
		return VM_FAULT_FALLBACK;
	folio = page_folio(bulk_window_page(w, page));
	if (folio_order(folio) != order)
		return VM_FAULT_FALLBACK;
	if ((vmf->flags & FAULT_FLAG_WRITE) &&
	    !bulk_window_page_is_user(w, page))
		return VM_FAULT_SIGBUS;
	return bulk_insert_folio(vmf, folio);
}

static vm_fault_t bulk_vma_mkwrite(struct vm_fault *vmf)
{
	if (!bulk_window_page_is_user(vmf->vma->vm_private_data,
				      bulk_fault_page(vmf)))
		return VM_FAULT_SIGBUS;
	/*
	 * The pages have no mapping, by which the caller tells truncated ones.
	 */
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

/* The mapping is in place, and nobody else can have seen it yet. */
static int bulk_vma_mapped(unsigned long start, unsigned long end,
			   pgoff_t pgoff, const struct file *file,
			   void **private)
{
	struct bulk_window *w = bulk_window_open(file->private_data, start,
						 end - start);

	if (IS_ERR(w))
		return PTR_ERR(w);
	*private = w;
	return 0;
}

static const struct vm_operations_struct bulk_vma_ops = {
	.mapped = bulk_vma_mapped,
	.open = bulk_vma_open,
	.close = bulk_vma_close,
	.may_split = bulk_vma_may_split,
	.mremap = bulk_vma_mremap,
	.fault = bulk_vma_fault,
	.huge_fault = bulk_vma_huge_fault,
	.page_mkwrite = bulk_vma_mkwrite,
};

/**
 * bulk_mmap_prepare() - say how a window is mapped into the calling process
 * @desc: the mapping that it asks for
 *
 * The window is made when the mapping stands, by bulk_window_open(), which may
 * still refuse.
 *
 * Context: Process context, with the mmap lock.
 * Return: 0; -EINVAL for a mapping that isn't shared, readable, writable, from
 * offset 0 and of a possible size; -EPERM for one that is executable or larger
 * than kernel.bulk_xfer.window_max.
 */
int bulk_mmap_prepare(struct vm_area_desc *desc)
{
	if (!vma_desc_test_all(desc, VMA_READ_BIT, VMA_WRITE_BIT,
			       VMA_SHARED_BIT) || desc->pgoff)
		return -EINVAL;
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	desc->vm_ops = &bulk_vma_ops;
	desc->pgoff = BULK_WINDOW_PGOFF;
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	return bulk_window_check_size(desc->end - desc->start);
}

/* --- The largest window --- */

static const struct ctl_table bulk_sysctls[] = {
	{
		.procname = "window_max",
		.data = &bulk_window_limit,
		.maxlen = sizeof(bulk_window_limit),
		.mode = 0644,
		.proc_handler = proc_doulongvec_minmax,
		.extra2 = (void *)&bulk_window_limit_max,
	},
};

static int __init bulk_window_init(void)
{
	register_sysctl("kernel/bulk_xfer", bulk_sysctls);
	return 0;
}
subsys_initcall(bulk_window_init);
