// SPDX-License-Identifier: MIT
/*
 * Regions in place: written and read where they lie in the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>

#include <bulk_xfer.h>

#include "internal.h"

void *bulk_reserve(struct bulk *b, size_t least, size_t *room)
{
	struct bulk_seg seg = bulk_seg_reserve(bulk_room(least));
	long ret = bulk_run_anyhow(b, &seg, 1, 0);

	if (ret < 0) {
		bulk_failed(ret);
		return NULL;
	}
	*room = seg.len;
	return (void *)(unsigned long)seg.addr;
}

ssize_t bulk_commit(struct bulk *b, size_t len, unsigned int flags)
{
	struct bulk_seg seg = bulk_seg_commit(bulk_room(len), flags);
	long ret;

	/* More than .flags can hold must not be cut to what is known. */
	ret = flags & ~BULK_SEG_DISCARD ? -EINVAL :
					  bulk_run_anyhow(b, &seg, 1, 0);
	return ret < 0 ? bulk_failed(ret) : seg.res;
}

const void *bulk_borrow(struct bulk *b, size_t most, size_t *len)
{
	struct bulk_seg seg = bulk_seg_borrow(bulk_room(most));
	long ret = bulk_run_anyhow(b, &seg, 1, 0);

	if (ret >= 0 || ret == -EMSGSIZE)
		*len = seg.len;
	if (ret < 0) {
		bulk_failed(ret);
		return NULL;
	}
	return (const void *)(unsigned long)seg.addr;
}

int bulk_return(struct bulk *b, size_t len, unsigned int flags)
{
	struct bulk_seg seg = bulk_seg_return(bulk_room(len), flags);
	long ret;

	ret = flags & ~BULK_SEG_DISCARD ? -EINVAL :
					  bulk_run_anyhow(b, &seg, 1, 0);
	return ret < 0 ? bulk_failed(ret) : 0;
}
