/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that later kernels have and this one lacks.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_COMPAT_H
#define _BULK_XFER_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/mm.h>

/* Linux 6.13 */
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *),
	      clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}

/* Linux 7 */
static inline void zap_vma_range(struct vm_area_struct *vma, unsigned long addr,
				 unsigned long size)
{
	zap_page_range_single(vma, addr, size, NULL);
}

/*
 * Linux 6.15. This one can't make a folio writable that is mapped already: the
 * caller of huge_fault() then unmaps it, and its pages are mapped one by one.
 */
static inline vm_fault_t vmf_insert_folio_pmd(struct vm_fault *vmf,
					      struct folio *folio, bool write)
{
	vm_fault_t ret;

	folio_get(folio);
	ret = do_set_pmd(vmf, &folio->page);
	if (ret)
		folio_put(folio);
	return ret ?: VM_FAULT_NOPAGE;
}

#endif /* _BULK_XFER_COMPAT_H */
