// SPDX-License-Identifier: MIT
/*
 * The window of an endpoint, and the vDSO function that uses it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdint.h>
#include <sys/mman.h>

#include <bulk_xfer.h>

#include "internal.h"

static size_t allowed_size(const struct bulk_params *p, size_t size)
{
	if (size == BULK_WINDOW_DEFAULT)
		return p->window_default;
	if (size < p->window_min)
		return p->window_min;
	return size > p->window_max ? p->window_max : size;
}

/* A vDSO of another revision may mean something else by the same words. */
static bool query(bulk_vdso_call call, struct bulk_params *p)
{
	return call && !bulk_query(call, p) && p->abi == BULK_ABI &&
	       p->window_default;
}

void bulk_window_open(struct bulk *b, size_t size)
{
	bulk_vdso_call call = bulk_vdso_find();
	struct bulk_params p;

	if (!size || !query(call, &p))
		return;
	size = allowed_size(&p, size);
	b->window = bulk_map(b->fd, &p, size);
	if (!b->window)
		return;
	b->window_size = size;
	b->vdso = call;
}

void bulk_window_close(struct bulk *b)
{
	if (b->window)
		munmap(b->window, b->window_size);
}

size_t bulk_window(const struct bulk *b)
{
	return b->window_size;
}
