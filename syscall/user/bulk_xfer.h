/* SPDX-License-Identifier: MIT */
/*
 * bulk_xfer(2) for programs: the system call and its segments, with no libc.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_XFER_H
#define BULK_XFER_H

#include <asm/unistd.h>
#ifndef __NR_bulk_xfer
#error "no __NR_bulk_xfer in <asm/unistd.h>: compile for 64-bit x86_64 with the headers of a kernel that has bulk_xfer(2), as in -I out/headers/include"
#endif
#include <linux/bulk_xfer.h>

/**
 * bulk_seg_send() - a segment that sends one record
 * @buf: the record
 * @len: bytes in it; 0 is a record too
 * @tag: 64 bits that travel with the record
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_send(const void *buf, __u32 len,
					    __u64 tag)
{
	struct bulk_seg seg;

	seg.addr = (unsigned long)buf;
	seg.len = len;
	seg.res = 0;
	seg.tag = tag;
	seg.op = BULK_OP_SEND;
	seg.flags = 0;
	seg.lost = 0;
	return seg;
}

/**
 * bulk_seg_recv() - a segment that receives one record
 * @buf: where the record goes
 * @room: bytes of room at @buf
 *
 * When its call has reached the segment, .res is the length of the record or
 * a negative errno, .tag its tag and .lost the records lost just before it.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_recv(void *buf, __u32 room)
{
	struct bulk_seg seg;

	seg.addr = (unsigned long)buf;
	seg.len = room;
	seg.res = 0;
	seg.tag = 0;
	seg.op = BULK_OP_RECV;
	seg.flags = 0;
	seg.lost = 0;
	return seg;
}

/**
 * bulk_xfer() - run segments on an endpoint, in order
 * @fd: the endpoint, an open /dev/bulk/NAME
 * @segs: the segments; those that the call reaches are written back
 * @nr: how many, at most BULK_MAX_SEGS
 * @flags: BULK_DONTWAIT, BULK_FLUSH
 *
 * Return: how many segments completed, or a negative errno when none did. The
 * errno of a later segment that failed is in its .res. errno is not touched.
 */
static inline long bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr,
			     unsigned int flags)
{
	register unsigned long r10 __asm__("r10") = flags;
	long ret;

	__asm__ volatile("syscall"
			 : "=a" (ret)
			 : "0" ((long)__NR_bulk_xfer), "D" ((long)fd),
			   "S" (segs), "d" ((unsigned long)nr), "r" (r10)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif /* BULK_XFER_H */
