/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a process finds in its window what it may lie about.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LIAR_H
#define LIAR_H

#include "window.h"

/* The kernel's copy of what is included above, whose guard has no _UAPI. */
#define _UAPI_LINUX_BULK_XFER_H
/* The layout is no ABI: this is about the kernel that this file comes with. */
#include <vdso/bulk_xfer.h>

static inline struct bulk_window_user *user_page(const struct windowed *w)
{
	return w->window;
}

static inline struct bulk_window_kernel *kernel_page(const struct windowed *w)
{
	return w->window + BULK_WINDOW_PAGE;
}

static inline size_t ring_size(const struct windowed *w)
{
	return (w->params.window_default - 2 * BULK_WINDOW_PAGE) / 4;
}

static inline struct bulk_record *tx_record(const struct windowed *w, __u64 pos)
{
	return w->window + 2 * BULK_WINDOW_PAGE + pos % ring_size(w);
}

/* The lower half of the head of the record that the kernel takes next. */
static inline __u32 *tx_length(const struct windowed *w)
{
	return (__u32 *)&tx_record(w, kernel_page(w)->tx_tail)->head;
}

#endif /* LIAR_H */
