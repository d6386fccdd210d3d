/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that /dev/lab_io_uring takes by IORING_OP_URING_CMD.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_URING_CMD_H
#define LAB_URING_CMD_H

#include "lab.h"

#define LAB_URING_SEND	_IO('U', 0)	/* a record to the kernel */
#define LAB_URING_RECV	_IO('U', 1)	/* the next record from it */

/* In the sixteen bytes that a submission has for a command. */
struct lab_uring_cmd {
	__u64	addr;
	__u32	len;
	__u32	reserved;	/* must be 0 */
};

#endif /* LAB_URING_CMD_H */
