// SPDX-License-Identifier: GPL-2.0
/*
 * mmap(2) of an endpoint: its window.
 *
 * The pages are mapped by fault, which makes three things simple. Of one
 * mapping, the process can write to some pages and not to others. A fork copies
 * no page table of such a mapping, so that a child finds pages of zeroes, which
 * say that there is no window. And pages are refcounted: who pinned one keeps
 * that page, and nothing else.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "internal.h"

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

static vm_fault_t bulk_vma_fault(struct vm_fault *vmf)
{
	struct bulk_window *w = vmf->vma->vm_private_data;

	if (!w || vmf->pgoff >= w->pages)
		return VM_FAULT_SIGBUS;
	if (!bulk_window_is_mine(vmf->vma))
		return bulk_fault_child(vmf);
	vmf->page = bulk_window_page(w, vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static vm_fault_t bulk_vma_mkwrite(struct vm_fault *vmf)
{
	if (!bulk_window_page_is_user(vmf->vma->vm_private_data, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	/* The pages have no mapping, by which the caller tells truncated ones. */
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
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	return bulk_window_check_size(desc->end - desc->start);
}
