/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of /dev/lab_brk. No caller says where it wants its data.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_BRK_H
#define LAB_BRK_H

#include "../lab.h"

#define BRK_MAX_BYTES	(4U << 20)	/* of a call */

/* Put arg records above the caller's heap, from the next page on; returns how many. */
#define BRK_EXPORT	_IO('B', 0)

/* Have copy_to_user() write to an address of the kernel's: EFAULT. */
#define BRK_TO_KERNEL	_IO('B', 1)

#endif /* LAB_BRK_H */
