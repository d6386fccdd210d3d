// SPDX-License-Identifier: GPL-2.0
/*
 * x86's entry of the vDSO's bulk_xfer().
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lib/vdso/bulk_xfer.c"

long __vdso_bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		      unsigned int flags, void *window);

long __vdso_bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		      unsigned int flags, void *window)
{
	return __cvdso_bulk_xfer(fd, segs, nr_segs, flags, window);
}
