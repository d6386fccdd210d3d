/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /dev/lab_relay tells of the relay channel, whose buffers are debugfs' lab_relay/cpuN.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A sub-buffer holds one batch of records; LAB_PRODUCE ends it.
 */
#ifndef LAB_RELAY_H
#define LAB_RELAY_H

#include "lab.h"

#define LAB_RELAY_FOLDER	"/sys/kernel/debug/lab_relay"
#define LAB_RELAY_SUBBUFS	8

/* struct lab_setup: the oldest sub-buffers give way, instead of the newest records. */
#define LAB_RELAY_OVERWRITE	LAB_OWN_FLAGS

/**
 * struct lab_relay_state - of the calling CPU's buffer
 * @produced: sub-buffers ended so far
 * @consumed: of these, read
 * @padding: bytes at the end of each that hold nothing
 */
struct lab_relay_state {
	__u64	produced;
	__u64	consumed;
	__u32	padding[LAB_RELAY_SUBBUFS];
};

#define LAB_RELAY_STATE		_IOR('Y', 0, struct lab_relay_state)
#define LAB_RELAY_CONSUMED	_IO('Y', 1)	/* arg sub-buffers were read by mmap */

#endif /* LAB_RELAY_H */
