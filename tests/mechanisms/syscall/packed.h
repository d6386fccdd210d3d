/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of a region: what the forms that copy it and those that have it in place share.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PACKED_H
#define PACKED_H

#include "form.h"

/* Bytes of a region, unless a record is longer, and of a ring of the default window. */
#define PACKED_ROOM	65536U

static inline size_t packed_size(const struct transfer *t)
{
	return BULK_PACKED_SIZE(t->bytes);
}

/* A batch is what rivals take at a time, or what there is room for. */
static inline void packed_limit_batch(struct transfer *t, size_t room)
{
	unsigned int fit = room / packed_size(t);

	if (t->batch > fit)
		t->batch = fit ? fit : 1;
}

static inline struct bulk_seg packed_seg(uint16_t op, uint16_t flags, void *at, uint32_t len)
{
	return (struct bulk_seg){
		.op = op, .flags = flags, .addr = (unsigned long)at, .len = len,
	};
}

/* Reads and checks so many records where they lie. */
void packed_consume(struct transfer *t, const void *first, unsigned int nr);

#endif /* PACKED_H */
