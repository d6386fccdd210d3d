/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module and the programs of the BPF ring buffers agree on.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_BPF_H
#define LAB_BPF_H

#include "lab.h"

#define LAB_BPF_EVENT	"lab_bpf_tp"	/* the tracepoint */
#define LAB_BPF_SLOTS	64	/* records of the array that a drain fills */

/* The one value of the state array. */
struct lab_bpf_state {
	__u64	got;		/* slots filled by the last drain */
	__u64	dropped;	/* records without room in the ring, or samples too short */
};

/* Arrays by which BPF programs hand records to the module. */
struct lab_bpf_maps {
	__s32	state;		/* struct lab_bpf_state */
	__s32	slots;		/* a record each */
};

#define LAB_BPF_MAPS	_IOW('B', 0, struct lab_bpf_maps)

#endif /* LAB_BPF_H */
