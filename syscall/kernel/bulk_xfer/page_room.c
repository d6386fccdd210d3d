// SPDX-License-Identifier: GPL-2.0
/*
 * Room in a process for the pages of records: mmap(2) at BULK_OFF_PAGES.
 *
 * The pages are put there by a RECV, not by a fault, and are ordinary ones with
 * references: the process may keep them for as long as it likes, whatever
 * becomes of the provider, and others may pin them. As for TCP's zerocopy
 * receive, it can't write to them. What it can hold at a time is charged when
 * the room is made.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "endpoint.h"
#include "memlock.h"
#include "mmap.h"
#include "page_room.h"
#include "rx.h"

/* Pages that are mapped at a time: 512 bytes of pointers. */
#define BULK_ROOM_STEP	64

/**
 * struct bulk_page_room - a mapping for the pages of records
 * @mm: where it is
 * @maps: mappings, of which mremap(2) has two for a moment
 * @pages: charged to the endpoint's owner
 */
struct bulk_page_room {
	struct mm_struct *mm;
	refcount_t maps;
	unsigned long pages;
};

static struct bulk_page_room *bulk_page_room_create(struct bulk_endpoint *ep,
						    unsigned long size)
{
	struct bulk_page_room *room = kzalloc(sizeof(*room), BULK_GFP_ACCOUNT);

	if (!room)
		return NULL;
	room->mm = current->mm;
	room->pages = size >> PAGE_SHIFT;
	refcount_set(&room->maps, 1);
	if (bulk_memlock_charge(&ep->memlock, room->pages))
		return room;
	kfree(room);
	return NULL;
}

/* --- The mapping --- */

static void bulk_page_room_open(struct vm_area_struct *vma)
{
	struct bulk_page_room *room = vma->vm_private_data;

	if (!room)
		return;
	if (vma->vm_mm == room->mm) {
		refcount_inc(&room->maps);
		return;
	}
	/*
	 * A forked child, which inherits by madvise(2) only:
	 * it would pay for nothing.
	 */
	vm_flags_set(vma, VM_WIPEONFORK);
	vma->vm_private_data = NULL;
}

static void bulk_page_room_close(struct vm_area_struct *vma)
{
	struct bulk_endpoint *ep = vma->vm_file->private_data;
	struct bulk_page_room *room = vma->vm_private_data;

	if (!room || !refcount_dec_and_test(&room->maps))
		return;
	bulk_memlock_uncharge(&ep->memlock, room->pages);
	kfree(room);
}

static int bulk_page_room_may_split(struct vm_area_struct *vma,
				    unsigned long addr)
{
	return -EINVAL;
}

static int bulk_page_room_mapped(unsigned long start, unsigned long end,
				 pgoff_t pgoff, const struct file *file,
				 void **private)
{
	*private = bulk_page_room_create(file->private_data, end - start);
	return *private ? 0 : -ENOMEM;
}

/* Without a fault handler: where nothing is mapped, there is nothing. */
static const struct vm_operations_struct bulk_page_room_ops = {
	.mapped = bulk_page_room_mapped,
	.open = bulk_page_room_open,
	.close = bulk_page_room_close,
	.may_split = bulk_page_room_may_split,
};

/**
 * bulk_page_room_mmap_prepare() - say how room for pages is mapped
 * @desc: the mapping that the calling process asks for
 *
 * The room is charged when the mapping stands, which may still be refused.
 *
 * Context: Process context, with the mmap lock.
 * Return: 0; -EINVAL for a mapping that isn't shared and readable; -EPERM for
 * one that is writable, executable, or larger than kernel.bulk_xfer.window_max.
 */
int bulk_page_room_mmap_prepare(struct vm_area_desc *desc)
{
	/* A file that is opened for reading only lacks VM_SHARED. */
	if (!vma_desc_test_all(desc, VMA_READ_BIT, VMA_MAYSHARE_BIT))
		return -EINVAL;
	if (vma_desc_test_any(desc, VMA_WRITE_BIT, VMA_EXEC_BIT))
		return -EPERM;
	desc->vm_ops = &bulk_page_room_ops;
	vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT, VMA_DONTCOPY_BIT,
			   VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT, VMA_MAYEXEC_BIT);
	return bulk_mmap_allows(desc->end - desc->start) ? 0 : -EPERM;
}

/* --- Its pages --- */

static struct vm_area_struct *bulk_page_room_find(struct bulk_endpoint *ep,
						  unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(current->mm, addr);

	mmap_assert_locked(current->mm);
	if (!vma || vma->vm_ops != &bulk_page_room_ops ||
	    vma->vm_file->private_data != ep || !vma->vm_private_data)
		return NULL;
	return vma;
}

static int bulk_page_room_insert(struct vm_area_struct *vma, unsigned long addr,
				 struct bulk_far *far)
{
	unsigned int nr = bulk_far_nr_pages(far), i, n, step;
	struct page *pages[BULK_ROOM_STEP];
	unsigned long left;
	int ret = 0;

	for (i = 0; i < nr && !ret; i += step) {
		step = min_t(unsigned int, nr - i, BULK_ROOM_STEP);
		for (n = 0; n < step; n++)
			pages[n] = bulk_far_page(far, i + n);
		left = step;
		ret = vm_insert_pages(vma, addr + i * PAGE_SIZE, pages, &left);
		cond_resched();
	}
	/*
	 * No page table: there is no memory for one, or MADV_DONTNEED frees it.
	 */
	return ret == -EFAULT ? -ENOMEM : ret;
}

static int bulk_page_room_replace(struct vm_area_struct *vma,
				  unsigned long addr, struct bulk_far *far)
{
	unsigned long size = bulk_far_nr_pages(far) * PAGE_SIZE;
	int ret;

	if (size > vma->vm_end - addr)
		return -EMSGSIZE;
	zap_vma_range(vma, addr, size);
	ret = bulk_page_room_insert(vma, addr, far);
	if (unlikely(ret))
		zap_vma_range(vma, addr, size);
	return ret;
}

/**
 * bulk_page_room_map() - have the pages of a record in the calling process
 * @ep: the endpoint
 * @addr: where, in a room of this endpoint; a multiple of the page size
 * @far: the record, which is in pages
 *
 * They take the place of those that were there, which are gone also if an error
 * follows.
 *
 * Context: Process context. Takes the mmap lock. May sleep.
 * Return: 0; -EINVAL where there is no room, -EMSGSIZE where it ends too early,
 * -EINTR for a process that is killed: nothing has changed. Otherwise none are
 * there: -EBUSY when another thread maps pages there at the same time, -ENOMEM.
 */
int bulk_page_room_map(struct bulk_endpoint *ep, unsigned long addr,
		       struct bulk_far *far)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -EINVAL;

	addr = untagged_addr(addr);
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = bulk_page_room_find(ep, addr);
	if (vma)
		ret = bulk_page_room_replace(vma, addr, far);
	mmap_read_unlock(mm);
	return ret;
}

/**
 * bulk_page_room_unmap() - take away what bulk_page_room_map() has mapped
 * @ep: the endpoint
 * @addr: where, which may have been unmapped since
 * @far: the record
 *
 * Context: Process context. Takes the mmap lock. May sleep.
 */
void bulk_page_room_unmap(struct bulk_endpoint *ep, unsigned long addr,
			  const struct bulk_far *far)
{
	unsigned long size = bulk_far_nr_pages(far) * PAGE_SIZE;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	addr = untagged_addr(addr);
	mmap_read_lock(mm);
	vma = bulk_page_room_find(ep, addr);
	if (vma)
		zap_vma_range(vma, addr, min(size, vma->vm_end - addr));
	mmap_read_unlock(mm);
}
