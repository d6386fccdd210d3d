/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86's part of the vDSO's bulk_xfer(): the system calls, and copying.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef __ASM_VDSO_BULK_XFER_H
#define __ASM_VDSO_BULK_XFER_H

/* From here on a processor with ERMS or FSRM does better with rep movsb. */
#define BULK_COPY_REP	2048

/* The instructions of a copy, for assembly and for the compiler's asm(). */
#ifdef __ASSEMBLER__
#define BULK_ASM(x...)	x
#define BULK_XMM(n)	%xmm##n
#else
#define BULK_ASM(x...)	__stringify(x) "\n\t"
#define BULK_XMM(n)	%%xmm##n
#endif

/*
 * The compiler uses no vector register in the vDSO, and whoever calls a function
 * expects all of them to change: so they need not be saved, nor be told to the
 * compiler, which would not know them.
 *
 * These count up to the last block, which overlaps the one before if it must.
 * All change their operands.
 */
#define BULK_COPY_BY16(to, from, len) \
	BULK_ASM(sub $16, len;) \
	BULK_ASM(add len, to;) \
	BULK_ASM(add len, from;) \
	BULK_ASM(neg len;) \
	BULK_ASM(jns 2f;) \
	BULK_ASM(1:) \
	BULK_ASM(movups (from,len), BULK_XMM(0);) \
	BULK_ASM(movups BULK_XMM(0), (to,len);) \
	BULK_ASM(add $16, len;) \
	BULK_ASM(js 1b;) \
	BULK_ASM(2:) \
	BULK_ASM(movups (from), BULK_XMM(0);) \
	BULK_ASM(movups BULK_XMM(0), (to);)

#define BULK_COPY_BY64(to, from, len) \
	BULK_ASM(sub $64, len;) \
	BULK_ASM(add len, to;) \
	BULK_ASM(add len, from;) \
	BULK_ASM(neg len;) \
	BULK_ASM(jns 2f;) \
	BULK_ASM(1:) \
	BULK_ASM(movups (from,len), BULK_XMM(0);) \
	BULK_ASM(movups 16(from,len), BULK_XMM(1);) \
	BULK_ASM(movups 32(from,len), BULK_XMM(2);) \
	BULK_ASM(movups 48(from,len), BULK_XMM(3);) \
	BULK_ASM(movups BULK_XMM(0), (to,len);) \
	BULK_ASM(movups BULK_XMM(1), 16(to,len);) \
	BULK_ASM(movups BULK_XMM(2), 32(to,len);) \
	BULK_ASM(movups BULK_XMM(3), 48(to,len);) \
	BULK_ASM(add $64, len;) \
	BULK_ASM(js 1b;) \
	BULK_ASM(2:) \
	BULK_ASM(movups (from), BULK_XMM(0);) \
	BULK_ASM(movups 16(from), BULK_XMM(1);) \
	BULK_ASM(movups 32(from), BULK_XMM(2);) \
	BULK_ASM(movups 48(from), BULK_XMM(3);) \
	BULK_ASM(movups BULK_XMM(0), (to);) \
	BULK_ASM(movups BULK_XMM(1), 16(to);) \
	BULK_ASM(movups BULK_XMM(2), 32(to);) \
	BULK_ASM(movups BULK_XMM(3), 48(to);)

#define BULK_COPY_BY128(to, from, len) \
	BULK_ASM(sub $128, len;) \
	BULK_ASM(add len, to;) \
	BULK_ASM(add len, from;) \
	BULK_ASM(neg len;) \
	BULK_ASM(1:) \
	BULK_ASM(movups (from,len), BULK_XMM(0);) \
	BULK_ASM(movups 16(from,len), BULK_XMM(1);) \
	BULK_ASM(movups 32(from,len), BULK_XMM(2);) \
	BULK_ASM(movups 48(from,len), BULK_XMM(3);) \
	BULK_ASM(movups 64(from,len), BULK_XMM(4);) \
	BULK_ASM(movups 80(from,len), BULK_XMM(5);) \
	BULK_ASM(movups 96(from,len), BULK_XMM(6);) \
	BULK_ASM(movups 112(from,len), BULK_XMM(7);) \
	BULK_ASM(movups BULK_XMM(0), (to,len);) \
	BULK_ASM(movups BULK_XMM(1), 16(to,len);) \
	BULK_ASM(movups BULK_XMM(2), 32(to,len);) \
	BULK_ASM(movups BULK_XMM(3), 48(to,len);) \
	BULK_ASM(movups BULK_XMM(4), 64(to,len);) \
	BULK_ASM(movups BULK_XMM(5), 80(to,len);) \
	BULK_ASM(movups BULK_XMM(6), 96(to,len);) \
	BULK_ASM(movups BULK_XMM(7), 112(to,len);) \
	BULK_ASM(sub $-128, len;) \
	BULK_ASM(js 1b;) \
	BULK_ASM(movups (from), BULK_XMM(0);) \
	BULK_ASM(movups 16(from), BULK_XMM(1);) \
	BULK_ASM(movups 32(from), BULK_XMM(2);) \
	BULK_ASM(movups 48(from), BULK_XMM(3);) \
	BULK_ASM(movups 64(from), BULK_XMM(4);) \
	BULK_ASM(movups 80(from), BULK_XMM(5);) \
	BULK_ASM(movups 96(from), BULK_XMM(6);) \
	BULK_ASM(movups 112(from), BULK_XMM(7);) \
	BULK_ASM(movups BULK_XMM(0), (to);) \
	BULK_ASM(movups BULK_XMM(1), 16(to);) \
	BULK_ASM(movups BULK_XMM(2), 32(to);) \
	BULK_ASM(movups BULK_XMM(3), 48(to);) \
	BULK_ASM(movups BULK_XMM(4), 64(to);) \
	BULK_ASM(movups BULK_XMM(5), 80(to);) \
	BULK_ASM(movups BULK_XMM(6), 96(to);) \
	BULK_ASM(movups BULK_XMM(7), 112(to);)

/* 8 to 15 bytes, and 4 to 7; the two halves overlap. */
#define BULK_COPY_8(to, from, len) \
	BULK_ASM(movq (from), BULK_XMM(0);) \
	BULK_ASM(movq -8(from,len), BULK_XMM(1);) \
	BULK_ASM(movq BULK_XMM(0), (to);) \
	BULK_ASM(movq BULK_XMM(1), -8(to,len);)

#define BULK_COPY_4(to, from, len) \
	BULK_ASM(movd (from), BULK_XMM(0);) \
	BULK_ASM(movd -4(from,len), BULK_XMM(1);) \
	BULK_ASM(movd BULK_XMM(0), (to);) \
	BULK_ASM(movd BULK_XMM(1), -4(to,len);)

#ifndef __ASSEMBLER__

#include <linux/stringify.h>
#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <asm/unistd.h>
#include <uapi/asm-generic/poll.h>

struct bulk_seg;

/**
 * bulk_xfer_syscall - invoke bulk_xfer(2)
 * @fd: as there
 * @segs: as there
 * @nr_segs: as there
 * @flags: as there
 *
 * Return: what the kernel answers.
 */
static __always_inline long
bulk_xfer_syscall(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		  unsigned int flags)
{
	register unsigned long r10 asm("r10") = flags;
	long ret;

	asm volatile ("syscall" : "=a" (ret) :
		      "0" ((long)__NR_bulk_xfer), "D" ((long)fd), "S" (segs),
		      "d" ((unsigned long)nr_segs), "r" (r10) :
		      "rcx", "r11", "memory");

	return ret;
}

/**
 * bulk_poll_syscall - invoke poll(2) on one file, without waiting
 * @fd: the file
 */
static __always_inline void bulk_poll_syscall(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long ret;

	asm volatile ("syscall" : "=a" (ret) :
		      "0" ((long)__NR_poll), "D" (&p), "S" (1L), "d" (0L) :
		      "rcx", "r11", "memory");
}

static __always_inline void bulk_copy_by16(void *to, const void *from,
					   unsigned long len)
{
	asm volatile (BULK_COPY_BY16(%0, %1, %2)
		      : "+r" (to), "+r" (from), "+r" (len) : : "memory", "cc");
}

static __always_inline void bulk_copy_by64(void *to, const void *from,
					   unsigned long len)
{
	asm volatile (BULK_COPY_BY64(%0, %1, %2)
		      : "+r" (to), "+r" (from), "+r" (len) : : "memory", "cc");
}

static __always_inline void bulk_copy_by128(void *to, const void *from,
					    unsigned long len)
{
	asm volatile (BULK_COPY_BY128(%0, %1, %2)
		      : "+r" (to), "+r" (from), "+r" (len) : : "memory", "cc");
}

static __always_inline bool bulk_copy_rep_is_fast(void)
{
	asm goto(ALTERNATIVE("jmp %l[no]", "", X86_FEATURE_ERMS) : : : : no);
	return true;
no:
	return false;
}

static __always_inline void bulk_copy_long(void *to, const void *from,
					   unsigned long len)
{
	if (len <= 128)
		bulk_copy_by64(to, from, len);
	else if (len >= BULK_COPY_REP && bulk_copy_rep_is_fast())
		asm volatile ("rep movsb" : "+D" (to), "+S" (from), "+c" (len) :
			      : "memory");
	else
		bulk_copy_by128(to, from, len);
}

static __always_inline void bulk_copy_8(void *to, const void *from,
					unsigned long len)
{
	asm volatile (BULK_COPY_8(%0, %1, %2)
		      : : "r" (to), "r" (from), "r" (len) : "memory");
}

static __always_inline void bulk_copy_4(void *to, const void *from,
					unsigned long len)
{
	asm volatile (BULK_COPY_4(%0, %1, %2)
		      : : "r" (to), "r" (from), "r" (len) : "memory");
}

/* 1 to 3 bytes. */
static __always_inline void bulk_copy_1(__u8 *to, const __u8 *from,
					unsigned long len)
{
	to[0] = from[0];
	to[len / 2] = from[len / 2];
	to[len - 1] = from[len - 1];
}

/**
 * bulk_copy - copy a record, without a call of memcpy()
 * @to: where to
 * @from: where from; doesn't overlap @to
 * @len: bytes
 */
static __always_inline void bulk_copy(void *to, const void *from,
				      unsigned long len)
{
	if (len >= 64)
		bulk_copy_long(to, from, len);
	else if (len >= 16)
		bulk_copy_by16(to, from, len);
	else if (len >= 8)
		bulk_copy_8(to, from, len);
	else if (len >= 4)
		bulk_copy_4(to, from, len);
	else if (len)
		bulk_copy_1(to, from, len);
}

#endif /* !__ASSEMBLER__ */

#endif /* __ASM_VDSO_BULK_XFER_H */
