/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * bulk_xfer(2): transfer of records between user space and the kernel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _UAPI_LINUX_BULK_XFER_H
#define _UAPI_LINUX_BULK_XFER_H

#include <linux/types.h>

/**
 * struct bulk_seg - one step of a bulk_xfer(2) call
 * @addr: user address of the record (SEND) or of the room for one (RECV); of a
 *	region with BULK_SEG_PACKED. RESERVE, BORROW: out
 * @len: SEND: bytes of the record. RECV: bytes of room at @addr; when @res is
 *	-EMSGSIZE, the call stores the length of the waiting record here.
 *	The other operations: see &enum bulk_op
 * @res: out: bytes moved, or a negative errno. Written only for the segments
 *	that the call reached; undefined until the call returns. (The others'
 *	is stored back as it was read: no other thread may store to it.)
 * @tag: 64 bits that travel with the record: in on SEND, out on RECV. Neither
 *	the kernel nor the rings interpret them. Of a region, out: how many
 *	records were moved
 * @op: one of &enum bulk_op
 * @flags: BULK_SEG_*; every other bit is reserved, and must be 0
 * @lost: RECV, out: records lost by the channel's policy just before this one,
 *	0 with BULK_SEG_PACKED. Otherwise: must be 0.
 *
 * The layout is the same for 64-bit, x32 and 32-bit callers.
 */
struct bulk_seg {
	__aligned_u64	addr;
	__u32		len;
	__s32		res;
	__aligned_u64	tag;
	__u16		op;
	__u16		flags;
	__u32		lost;
};

/**
 * enum bulk_op - what a segment asks for
 * @BULK_OP_SEND: hand one record, or a region, to the provider
 * @BULK_OP_RECV: take one record, or a region, from the endpoint
 * @BULK_OP_RESERVE: get room for a region in the window, at least @len bytes;
 *	@addr, @len and @res tell where and how many these are
 * @BULK_OP_COMMIT: send the first @len bytes of what is reserved. The rest
 *	stays reserved, if it could hold a record.
 * @BULK_OP_BORROW: read the records in the window where they lie, at most @len
 *	bytes of them; @addr, @len and @res tell where and how many these are
 * @BULK_OP_RETURN: have received the first @len bytes of what is borrowed. The
 *	rest, if there is any, stays borrowed.
 *
 * The last four need a window, or are -EOPNOTSUPP. An endpoint has one
 * reservation and one borrow at a time; another one is -EBUSY.
 */
enum bulk_op {
	BULK_OP_SEND	= 1,
	BULK_OP_RECV	= 2,
	BULK_OP_RESERVE	= 3,
	BULK_OP_COMMIT	= 4,
	BULK_OP_BORROW	= 5,
	BULK_OP_RETURN	= 6,
};

/* Flags of a segment. */
#define BULK_SEG_PACKED		(1U << 0) /* SEND, RECV: of a region */
#define BULK_SEG_DISCARD	(1U << 1) /* COMMIT, RETURN: let the rest go */
#define BULK_SEG_PIN		(1U << 2) /* SEND: the provider has the pages */
#define BULK_SEG_MAP		(1U << 3) /* RECV: the process gets the pages */

/*
 * Offset of an mmap(2) that gives no window but room for BULK_SEG_MAP:
 * readable, shared, and not writable. Such a RECV has @addr in this room, a
 * multiple of the page size; the pages of the record are mapped there, in place
 * of what was mapped before, and are the process's until others take their
 * place or the room is unmapped; a RECV that fails may have unmapped those
 * before. A record that is not in pages is -EOPNOTSUPP, and waits for a RECV
 * without the flag.
 */
#define BULK_OFF_PAGES		0x100000000ULL

/**
 * struct bulk_packed - a record of a region
 * @len: bytes of @data
 * @lost: RECV: records lost by the channel's policy just before this one.
 *	SEND: must be 0.
 * @tag: 64 bits that travel with the record
 * @data: the record, and up to 7 bytes that make the whole a multiple of 8
 *
 * A region is a row of these, each BULK_PACKED_SIZE(len) bytes behind the one
 * before. It begins at a multiple of 8.
 */
struct bulk_packed {
	__u32		len;
	__u32		lost;
	__aligned_u64	tag;
	__u8		data[];
};

/* Bytes that a record of @len bytes takes in a region. */
#define BULK_PACKED_SIZE(len) \
	((sizeof(struct bulk_packed) + (__u64)(len) + 7) & ~7ULL)

/* Most segments in one call (UIO_MAXIOV). */
#define BULK_MAX_SEGS		1024

/* Flags of a call. */
#define BULK_DONTWAIT		(1U << 0) /* EAGAIN instead of sleeping */
#define BULK_FLUSH		(1U << 1) /* return when all sent is taken */
#define BULK_NO_SYSCALL		(1U << 2) /* vDSO only; EINVAL in the call */
#define BULK_NO_RESTART		(1U << 3) /* EINTR also with SA_RESTART */

/*
 * The vDSO function has the call's arguments and one more:
 *
 * long __vdso_bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr_segs,
 *			 unsigned int flags, void *window);
 *
 * window is what mmap(2) gave for fd, or NULL. Records go through it without
 * the kernel being entered; what can't, takes the system call. What the window
 * holds is between the kernel and this function: a process that writes there by
 * itself gets EBADMSG from then on, until it unmaps the window.
 *
 * With fd == -1 and flags == BULK_QUERY it fills the struct bulk_params at
 * window and returns 0, without entering the kernel.
 */
#define BULK_QUERY		(1U << 31) /* vDSO only; EINVAL in the call */

/* The revision of all that this header describes. */
#define BULK_ABI		1

/**
 * struct bulk_params - what the vDSO function answers to BULK_QUERY
 * @abi: BULK_ABI of the running kernel
 * @syscall_nr: number of the system call
 * @mmap_prot: the protection that mmap(2) of a window takes
 * @mmap_flags: the flags that it takes
 * @window_min: bytes of the smallest window
 * @window_max: bytes of the largest window
 * @window_default: bytes of a window that suits most; 0: there are no windows
 * @reserved: 0
 */
struct bulk_params {
	__u32	abi;
	__u32	syscall_nr;
	__u32	mmap_prot;
	__u32	mmap_flags;
	__u64	window_min;
	__u64	window_max;
	__u64	window_default;
	__u64	reserved[3];
};

#endif /* _UAPI_LINUX_BULK_XFER_H */
