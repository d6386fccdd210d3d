/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands of /dev/lab_ioctl.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_IOCTL_H
#define LAB_IOCTL_H

#include "../lab.h"

#define IOCTL_MESSAGE	200

/* A message of a fixed size: the size is part of the command's number. */
struct ioctl_message {
	char	text[IOCTL_MESSAGE];
};

/* A record of any size: the command takes its place and length. */
struct ioctl_record {
	__u64	addr;
	__u32	len;
	__u32	reserved;	/* must be 0 */
};

#define IOCTL_BATCH	64	/* records of a call, at most */

/* Records of one call: where an array of ioctl_record is, and its length. */
struct ioctl_batch {
	__u64	addr;
	__u32	nr;
	__u32	reserved;	/* must be 0 */
};

#define IOCTL_SET_MESSAGE	_IOW('M', 0, struct ioctl_message)
#define IOCTL_GET_MESSAGE	_IOR('M', 1, struct ioctl_message)
#define IOCTL_SEND		_IOW('M', 2, struct ioctl_record)
#define IOCTL_RECV		_IOWR('M', 3, struct ioctl_record)
#define IOCTL_SEND_BATCH	_IOW('M', 4, struct ioctl_batch)
#define IOCTL_RECV_BATCH	_IOWR('M', 5, struct ioctl_batch)

#endif /* LAB_IOCTL_H */
