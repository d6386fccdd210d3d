/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mmap(2) of an endpoint: its window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_MMAP_H
#define _BULK_XFER_MMAP_H

#include <linux/types.h>

struct vm_area_desc;

int bulk_mmap_prepare(struct vm_area_desc *desc);
bool bulk_mmap_allows(unsigned long size);

#endif /* _BULK_XFER_MMAP_H */
