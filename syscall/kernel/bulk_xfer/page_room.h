/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Room in a process for the pages of records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_PAGE_ROOM_H
#define _BULK_XFER_PAGE_ROOM_H

struct bulk_endpoint;
struct bulk_far;
struct vm_area_desc;

int bulk_page_room_mmap_prepare(struct vm_area_desc *desc);
int bulk_page_room_map(struct bulk_endpoint *ep, unsigned long addr,
		       struct bulk_far *far);
void bulk_page_room_unmap(struct bulk_endpoint *ep, unsigned long addr,
			  const struct bulk_far *far);

#endif /* _BULK_XFER_PAGE_ROOM_H */
