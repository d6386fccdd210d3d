/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of the window of bulk_xfer(2), between the kernel and its vDSO.
 *
 * This is no ABI: both are built together, and programs see the function only.
 *
 *	offset			written by	what
 *	0			the process	struct bulk_window_user
 *	4096			the kernel	struct bulk_window_kernel
 *	8192			the process	TX ring, twice in a row
 *	8192 + 2 * ring		the kernel	RX ring, twice in a row
 *
 * A ring's pages appear twice, so that a record that starts in the first half
 * is in one piece. Positions are free-running; their difference is what counts.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef __VDSO_BULK_XFER_H
#define __VDSO_BULK_XFER_H

#include <vdso/bits.h>
#include <vdso/const.h>

#define BULK_WINDOW_PAGE	_AC(4096, U)

/* Bytes of a ring: a power of two. */
#define BULK_RING_MIN		(4U * 1024)
#define BULK_RING_DEFAULT	(64U * 1024)
#define BULK_RING_MAX		(64U * 1024 * 1024)

#define BULK_WINDOW_SIZE(ring)	(2 * BULK_WINDOW_PAGE + 4UL * (ring))

/* Bits of &struct bulk_window_kernel.state. Without a window it reads as 0. */
#define BULK_WINDOW_READY	BIT(0) /* there is a window */
#define BULK_WINDOW_BAD		BIT(1) /* the process wrote nonsense */
#define BULK_WINDOW_GONE	BIT(2) /* the channel is gone */
#define BULK_WINDOW_WANTED	BIT(3) /* a sleeper waits for what is sent */
#define BULK_WINDOW_POLLER	BIT(4) /* the channel's poller sleeps */
#define BULK_WINDOW_DEADLINE	BIT(5) /* the deadline needs a timer */

/*
 * Positions are multiples of 8; these in tx_head say that somebody writes
 * behind it: a thread that sends, or with both, whoever has reserved what is
 * there.
 */
#define BULK_TX_TAKEN		_AC(1, ULL)
#define BULK_TX_RESERVED	_AC(2, ULL)
#define BULK_TX_BUSY		(BULK_TX_TAKEN | BULK_TX_RESERVED)

/*
 * And none is as large as this, which in rx_tail says that what lies behind it
 * is borrowed: to a receiver it looks as if there were more than there can be.
 */
#define BULK_RX_BORROWED	_AC(0x8000000000000000, ULL)

/* Offsets and values for assembly; bulk_send.c looks whether they are right. */
#define BULK_USER_TX_HEAD	0
#define BULK_KERNEL_STATE	0
#define BULK_KERNEL_TX_LIMIT	4
#define BULK_KERNEL_TX_SIZE	8
#define BULK_KERNEL_TX_QUIET	16
#define BULK_KERNEL_TX_TAIL	64
#define BULK_SEG_ADDR		0
#define BULK_SEG_LEN		8
#define BULK_SEG_RES		12
#define BULK_SEG_TAG		16
#define BULK_SEG_KIND		24
#define BULK_SEG_IS_SEND	1
#define BULK_SEG_SHIFT		5
#define BULK_SEG_SIZE		32

#ifndef __ASSEMBLER__

#include <linux/types.h>
#include <uapi/linux/bulk_xfer.h>

/**
 * struct bulk_record - a record in a ring
 * @head: bytes of @data and records lost just before this one, in one word, so
 *	that one load gets both: see bulk_record_head()
 * @tag: the sender's 64 bits
 * @data: the record
 *
 * A &struct bulk_packed: what lies in a ring is a region, and is copied as one.
 */
struct bulk_record {
	__u64	head;
	__u64	tag;
	__u8	data[];
};

static inline __u64 bulk_record_head(__u32 len, __u32 lost)
{
	return len | (__u64)lost << 32;
}

static inline __u32 bulk_record_len(__u64 head)
{
	return head;
}

static inline __u32 bulk_record_lost(__u64 head)
{
	return head >> 32;
}

/**
 * struct bulk_window_user - the page that the process writes
 * @tx_head: end of what was sent, and BULK_TX_TAKEN. One exchange publishes
 *	records and frees the lock, so that there is no moment between.
 * @tx_end: where what is reserved ends
 * @rx_tail: start of what was not received yet, and BULK_RX_BORROWED. Whoever
 *	takes a record, process or kernel, to receive or to overwrite it, does
 *	so by compare-and-exchange.
 * @rx_end: where what is borrowed ends
 * @pad: the two directions don't share a cache line
 */
struct bulk_window_user {
	__u64	tx_head;
	__u64	tx_end;
	__u64	pad[6];
	__u64	rx_tail;
	__u64	rx_end;
};

/**
 * struct bulk_window_kernel - the page that the kernel writes
 * @state: BULK_WINDOW_* bits
 * @tx_limit: records shorter than this go through the TX ring; 0: none
 * @tx_size: bytes of the TX ring
 * @tx_quiet: the kernel wants to be called when the TX ring holds more bytes
 * @rx_size: bytes of the RX ring; 0: none is to be received from it
 * @tx_tail: start of what the kernel has not taken yet
 * @rx_head: end of what can be received
 * @rx_odd: end of the last record, received or not, that only the system call
 *	can receive
 * @pad1: what seldom changes has a cache line of its own
 * @pad2: as have the two positions
 */
struct bulk_window_kernel {
	__u32	state;
	__u32	tx_limit;
	__u64	tx_size;
	__u64	tx_quiet;
	__u64	rx_size;
	__u64	pad1[4];
	__u64	tx_tail;
	__u64	pad2[7];
	__u64	rx_head;
	__u64	rx_odd;
};

/**
 * bulk_record_space() - what a record occupies in a ring
 * @len: its bytes
 *
 * Return: bytes, a multiple of 8.
 */
static inline __u64 bulk_record_space(__u32 len)
{
	return BULK_PACKED_SIZE(len);
}

#endif /* !__ASSEMBLER__ */

#endif /* __VDSO_BULK_XFER_H */
