/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of what /dev/lab_mmap maps: one control page, records to the user, records to the kernel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 *	offset 0		struct ring_control
 *	RING_TO_USER		slots of setup.bytes each, one behind the other
 *	RING_TO_KERNEL		likewise
 *
 * Counts run free; slot number count % slots is the one meant.
 */
#ifndef LAB_RING_H
#define LAB_RING_H

#include "lab.h"

#define RING_BYTES	(4U << 20)	/* of either area */
#define RING_MAX_SLOTS	4096U
#define RING_TO_USER	4096U
#define RING_TO_KERNEL	(RING_TO_USER + RING_BYTES)
#define RING_MAP	(RING_TO_KERNEL + RING_BYTES)

/**
 * struct ring_control - one writer per line
 * @slots: set by LAB_SETUP
 * @to_user: records the kernel has made; a reader more than @slots behind has lost the oldest
 * @to_kernel: records the user has made
 * @taken: records the kernel has taken of these
 */
struct ring_control {
	__u64	slots;
	__u64	to_user __attribute__((aligned(64)));
	__u64	to_kernel __attribute__((aligned(64)));
	__u64	taken __attribute__((aligned(64)));
};

/* struct lab_setup: blocks of 16-bit samples that count up, made by a timer. */
#define RING_SAMPLES	LAB_OWN_FLAGS

/* arg: an eventfd that is signalled with every record, or -1. */
#define RING_EVENTFD	_IO('R', 0)

/* The page at debugfs' lab_mmap/page holds this text. */
#define RING_PAGE_TEXT	"a page of the kernel"

#endif /* LAB_RING_H */
