/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The laboratory's log of system calls: its records, and how to have them; for both halves.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * An open /dev/lab_log is a recording, and there is one at a time. LOG_RECORD
 * says of which process, and what the records go to; closing ends it.
 */
#ifndef LAB_LOG_H
#define LAB_LOG_H

#include <linux/bulk_syscalls.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct log_head - what the records begin with
 * @time: CLOCK_MONOTONIC, in nanoseconds; never 0
 * @call: type and thread, as the channel syscalls has them
 */
struct log_head {
	__u64	time;
	struct bulk_syscalls_head call;
};

struct log_enter {
	__u64	time;
	struct bulk_syscalls_enter call;
};

struct log_exit {
	__u64	time;
	struct bulk_syscalls_exit call;
};

/* Bytes of a record. */
static inline __u32 log_length(const struct log_head *head)
{
	return head->call.type == BULK_SYSCALLS_ENTER ? sizeof(struct log_enter) :
							sizeof(struct log_exit);
}

/**
 * enum log_buffer - what records go to
 * @LOG_RING: a ring that is read from LOG_DEVICE, from LOG_PROC, from the file
 *	"log" of a mounted LOG_FS, and by LOG_EXTRACT
 * @LOG_SHARED: a ring that LOG_DEVICE maps: struct log_shared
 * @LOG_RELAY: a relay channel, the files LOG_RELAY_FOLDER/cpuN. Where the time
 *	of a record would be, there may be words of zero to be skipped
 * @LOG_MESSAGES: messages of generic netlink, to the group LOG_GROUP
 *
 * All of them refuse the newest records when they are full.
 */
enum log_buffer {
	LOG_RING	= 0,
	LOG_SHARED	= 1,
	LOG_RELAY	= 2,
	LOG_MESSAGES	= 3,
};

#define LOG_DEVICE		"/dev/lab_log"
#define LOG_PROC		"/proc/lab_log"
#define LOG_FS			"sagafs"
#define LOG_RELAY_FOLDER	"/sys/kernel/debug/lab_log"

/**
 * struct log_setup - what LOG_RECORD asks for
 * @buffer: one of &enum log_buffer
 * @pid: process to record, with all that it forks from now on; not the caller's
 * @bytes: that may wait; a power of two from BULK_SYSCALLS_RING_MIN to _MAX
 */
struct log_setup {
	__u32	buffer;
	__u32	pid;
	__u64	bytes;
};

/**
 * struct log_totals - since LOG_RECORD
 * @made: records, those lost included
 * @lost: of these, how many nobody gets
 * @unseen: threads that are not recorded for want of memory
 */
struct log_totals {
	__u64	made;
	__u64	lost;
	__u64	unseen;
};

/**
 * enum log_format - what a read of LOG_DEVICE gives
 * @LOG_BINARY: records
 * @LOG_TEXT: a line for each
 */
enum log_format {
	LOG_BINARY	= 0,
	LOG_TEXT	= 1,
};

/**
 * struct log_block - what LOG_EXTRACT fills
 * @addr: where
 * @len: bytes there
 */
struct log_block {
	__aligned_u64	addr;
	__u64		len;
};

#define LOG_RECORD	_IOW('G', 0, struct log_setup)
#define LOG_TOTALS	_IOR('G', 1, struct log_totals)
#define LOG_FORMAT	_IO('G', 2)	/* arg: one of enum log_format */
#define LOG_FLUSH	_IO('G', 3)	/* the message that is being filled is sent */
#define LOG_CALL	_IO('G', 4)	/* a descriptor for LOG_EXTRACT, and for nothing else */
#define LOG_EXTRACT	_IOW('G', 5, struct log_block)	/* returns bytes */

/**
 * struct log_shared - the page before the mapped ring
 * @lock: of @head and @tail, whoever turns it from 0 to 1 has it. The kernel
 *	does not wait long for it: it loses the record
 * @reserved: 0
 * @size: bytes of the ring, which begins at LOG_DATA
 * @head: bytes written; byte number n is at n % @size
 * @tail: bytes read, the reader's to write
 */
struct log_shared {
	__u32	lock;
	__u32	reserved;
	__u64	size;
	__u64	head;
	__u64	tail;
};

#define LOG_DATA	4096

/* Generic netlink: a message is one attribute with records. */
#define LOG_FAMILY		"lab_log"
#define LOG_GROUP		"calls"
#define LOG_FAMILY_VERSION	1
#define LOG_CMD_RECORDS		1
#define LOG_ATTR_RECORDS	1

#endif /* LAB_LOG_H */
