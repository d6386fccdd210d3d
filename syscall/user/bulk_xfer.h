/* SPDX-License-Identifier: MIT */
/*
 * bulk_xfer(2) for programs: the system call, its segments, the window, with no libc.
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
 * bulk_seg_of() - a segment of any operation
 * @op: one of enum bulk_op
 * @flags: BULK_SEG_*
 * @addr: what it is about; NULL for those that tell an address
 * @len: bytes, in the sense of @op
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_of(__u16 op, __u16 flags,
					  const void *addr, __u32 len)
{
	struct bulk_seg seg;

	seg.addr = (unsigned long)addr;
	seg.len = len;
	seg.res = 0;
	seg.tag = 0;
	seg.op = op;
	seg.flags = flags;
	seg.lost = 0;
	return seg;
}

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
	struct bulk_seg seg = bulk_seg_of(BULK_OP_SEND, 0, buf, len);

	seg.tag = tag;
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
	return bulk_seg_of(BULK_OP_RECV, 0, buf, room);
}

/**
 * bulk_seg_send_region() - a segment that sends the records of a region
 * @region: the first struct bulk_packed, at a multiple of 8
 * @len: bytes of the region
 *
 * When its call has reached the segment, .res is how many bytes of the region
 * were sent, or a negative errno, and .tag how many records. Fewer than @len end
 * the call behind this segment: send the rest before anything else.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_send_region(const void *region,
						   __u32 len)
{
	return bulk_seg_of(BULK_OP_SEND, BULK_SEG_PACKED, region, len);
}

/**
 * bulk_seg_recv_region() - a segment that receives the records that are there
 * @buf: where they go, at a multiple of 8
 * @room: bytes of room at @buf
 *
 * When its call has reached the segment, .res is the length of the region or
 * a negative errno, and .tag how many records it holds, at least one.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_recv_region(void *buf, __u32 room)
{
	return bulk_seg_of(BULK_OP_RECV, BULK_SEG_PACKED, buf, room);
}

/**
 * bulk_seg_send_pages() - a segment that sends one record from its pages
 * @buf: the record, anywhere
 * @len: bytes in it; 0 is a record too
 * @tag: 64 bits that travel with the record
 *
 * The pages are pinned while the call runs, and the kernel copies nothing.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_send_pages(const void *buf, __u32 len,
						  __u64 tag)
{
	struct bulk_seg seg = bulk_seg_of(BULK_OP_SEND, BULK_SEG_PIN, buf, len);

	seg.tag = tag;
	return seg;
}

/**
 * bulk_seg_recv_pages() - a segment that receives one record by mapping its pages
 * @at: where they are to be seen, in what mmap(2) gave at BULK_OFF_PAGES; a
 *	multiple of the page size
 * @room: bytes of room at @at
 *
 * Results are those of bulk_seg_recv(). A record that is not in pages is
 * -EOPNOTSUPP, and waits for bulk_seg_recv().
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_recv_pages(void *at, __u32 room)
{
	return bulk_seg_of(BULK_OP_RECV, BULK_SEG_MAP, at, room);
}

/**
 * bulk_seg_reserve() - a segment that reserves room for a region in the window
 * @least: bytes that it must have
 *
 * When its call has reached the segment, .addr and .len are the room; or .res is
 * a negative errno.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_reserve(__u32 least)
{
	return bulk_seg_of(BULK_OP_RESERVE, 0, 0, least);
}

/**
 * bulk_seg_commit() - a segment that sends what was written to reserved room
 * @len: bytes of the records at its start
 * @flags: 0, or BULK_SEG_DISCARD
 *
 * Results are those of bulk_seg_send_region().
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_commit(__u32 len, __u16 flags)
{
	return bulk_seg_of(BULK_OP_COMMIT, flags, 0, len);
}

/**
 * bulk_seg_borrow() - a segment that borrows the records in the window
 * @most: bytes that they may have together
 *
 * When its call has reached the segment, .addr and .len are a region, at least
 * one record; or .res is a negative errno.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_borrow(__u32 most)
{
	return bulk_seg_of(BULK_OP_BORROW, 0, 0, most);
}

/**
 * bulk_seg_return() - a segment that gives back what was borrowed
 * @len: bytes of the records at its start, which now are received
 * @flags: 0, or BULK_SEG_DISCARD
 *
 * When its call has reached the segment, .res is @len or a negative errno, and
 * .tag how many records these are.
 *
 * Return: the segment, to be put into the array that bulk_xfer() takes.
 */
static inline struct bulk_seg bulk_seg_return(__u32 len, __u16 flags)
{
	return bulk_seg_of(BULK_OP_RETURN, flags, 0, len);
}

/**
 * bulk_xfer() - run segments on an endpoint, in order
 * @fd: the endpoint, an open /dev/bulk/NAME
 * @segs: the segments; those that the call reaches are written back
 * @nr: how many, at most BULK_MAX_SEGS
 * @flags: BULK_DONTWAIT, BULK_FLUSH, BULK_NO_RESTART
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

/**
 * typedef bulk_vdso_call - __vdso_bulk_xfer(), which the 64-bit vDSO exports
 *
 * As bulk_xfer(), and in addition @window: the endpoint's, see bulk_map(), or
 * NULL. With a window most records need no system call. Of what it can't do
 * itself it makes the system call, but for BULK_NO_SYSCALL, where it returns
 * -EAGAIN.
 */
typedef long (*bulk_vdso_call)(int fd, struct bulk_seg *segs, unsigned int nr,
			       unsigned int flags, void *window);

/**
 * bulk_query() - what the kernel's windows are like
 * @call: __vdso_bulk_xfer()
 * @params: filled in; .window_default is 0 where there are none
 *
 * Return: 0.
 */
static inline long bulk_query(bulk_vdso_call call, struct bulk_params *params)
{
	return call(-1, 0, 0, BULK_QUERY, params);
}

/**
 * bulk_map() - map the window of an endpoint
 * @fd: the endpoint, open for reading and writing
 * @params: what bulk_query() filled in
 * @size: bytes, .window_min to .window_max; .window_default suits most
 *
 * munmap(2) ends it. The window keeps the endpoint open, also after a close of
 * @fd, which must not be closed before the last use of the window: the vDSO
 * function makes its system calls with it.
 *
 * Return: the window, or NULL where it can't be had: do without.
 */
static inline void *bulk_map(int fd, const struct bulk_params *params,
			     __u64 size)
{
	register unsigned long r10 __asm__("r10") = params->mmap_flags;
	register long r8 __asm__("r8") = fd;
	register unsigned long r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a" (ret)
			 : "0" ((long)__NR_mmap), "D" (0L), "S" (size),
			   "d" ((unsigned long)params->mmap_prot), "r" (r10),
			   "r" (r8), "r" (r9)
			 : "rcx", "r11", "memory");
	return ret < 0 && ret > -4096 ? 0 : (void *)ret;
}

#endif /* BULK_XFER_H */
