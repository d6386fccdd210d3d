/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions of bulk_xfer(2): records that follow each other in memory.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef REGION_H
#define REGION_H

#include "window.h"

/* A region that grows, in memory of the caller's. */
struct region {
	char *at;
	size_t used;
};

/* Append a record with what @tag stands for; its room is the caller's matter. */
static inline struct bulk_packed *region_add(struct region *r, __u32 len,
					     __u64 tag)
{
	struct bulk_packed *rec = (struct bulk_packed *)(r->at + r->used);

	rec->len = len;
	rec->lost = 0;
	rec->tag = tag;
	fill(rec->data, len, tag);
	r->used += BULK_PACKED_SIZE(len);
	return rec;
}

/* The record at @pos of a region of @len bytes, or NULL where none is whole. */
static inline struct bulk_packed *region_at(char *at, size_t len, size_t pos)
{
	struct bulk_packed *rec = (struct bulk_packed *)(at + pos);

	if (len - pos < sizeof(*rec) || BULK_PACKED_SIZE(rec->len) > len - pos)
		return NULL;
	return rec;
}

/* Records in a region, each with what its tag stands for, and tags that rise by
 * one from @tag on; or -1.
 */
static inline long region_count(char *at, size_t len, __u64 tag)
{
	struct bulk_packed *rec;
	size_t pos;
	long n = 0;

	for (pos = 0; pos < len; pos += BULK_PACKED_SIZE(rec->len), n++) {
		rec = region_at(at, len, pos);
		if (!rec || rec->tag != tag + n || rec->lost ||
		    filled(rec->data, rec->len, rec->tag) != rec->len)
			return -1;
	}
	return n;
}

static inline struct bulk_seg seg_op(unsigned int op, __u64 addr, __u32 len,
				     unsigned int flags)
{
	return (struct bulk_seg){
		.op = op,
		.addr = addr,
		.len = len,
		.flags = flags,
		.res = SEG_UNTOUCHED,
	};
}

static inline struct bulk_seg seg_send_region(const void *at, size_t len)
{
	return seg_op(BULK_OP_SEND, (unsigned long)at, len, BULK_SEG_PACKED);
}

static inline struct bulk_seg seg_recv_region(void *at, size_t room)
{
	return seg_op(BULK_OP_RECV, (unsigned long)at, room, BULK_SEG_PACKED);
}

#endif /* REGION_H */
