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
 * @addr: user address of the record (SEND) or of the room for one (RECV)
 * @len: SEND: bytes of the record. RECV: bytes of room at @addr; when @res is
 *	-EMSGSIZE, the call stores the length of the waiting record here.
 * @res: out: bytes moved, or a negative errno. Written only for the segments
 *	that the call reached; undefined until the call returns.
 * @tag: 64 bits that travel with the record: in on SEND, out on RECV. Neither
 *	the kernel nor the rings interpret them.
 * @op: one of &enum bulk_op
 * @flags: must be 0; every bit is reserved
 * @lost: RECV, out: records lost by the channel's policy just before this one.
 *	SEND: must be 0.
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
 * @BULK_OP_SEND: hand one record to the provider
 * @BULK_OP_RECV: take one record from the endpoint
 * @BULK_OP_RESERVE: reserved, EOPNOTSUPP
 * @BULK_OP_COMMIT: reserved, EOPNOTSUPP
 * @BULK_OP_BORROW: reserved, EOPNOTSUPP
 * @BULK_OP_RETURN: reserved, EOPNOTSUPP
 */
enum bulk_op {
	BULK_OP_SEND	= 1,
	BULK_OP_RECV	= 2,
	BULK_OP_RESERVE	= 3,
	BULK_OP_COMMIT	= 4,
	BULK_OP_BORROW	= 5,
	BULK_OP_RETURN	= 6,
};

/* Most segments in one call (UIO_MAXIOV). */
#define BULK_MAX_SEGS		1024

/* Flags of a call. */
#define BULK_DONTWAIT		(1U << 0) /* EAGAIN instead of sleeping */
#define BULK_FLUSH		(1U << 1) /* return when all sent is taken */
#define BULK_NO_SYSCALL		(1U << 2) /* vDSO only; EINVAL in the call */

#endif /* _UAPI_LINUX_BULK_XFER_H */
