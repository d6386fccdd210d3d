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
