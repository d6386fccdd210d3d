/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records that the kernel half gives out in parts, for what carries less than a record at a time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_PARTS_H
#define LAB_PARTS_H

#include "lab_kernel.h"

static u32 lab_part_off;	/* of the next part in its record; set-up makes it 0 */

/* The next part, without taking it. */
static inline const void *lab_part(struct lab_side *side, u32 *len)
{
	if (!lab_part_off)
		lab_produce(side->buf, side->setup.bytes, side->seq);
	*len = min(side->setup.bytes - lab_part_off, side->setup.unit);
	return side->buf + lab_part_off;
}

/* It is gone; true when it was its record's last. */
static inline bool lab_part_done(struct lab_side *side, u32 len)
{
	lab_part_off += len;
	if (lab_part_off < side->setup.bytes)
		return false;
	lab_part_off = 0;
	side->seq++;
	return true;
}

#endif /* LAB_PARTS_H */
