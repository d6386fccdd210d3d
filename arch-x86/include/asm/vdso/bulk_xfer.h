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

#ifndef __ASSEMBLER__

#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <asm/unistd.h>
#include <uapi/asm-generic/poll.h>

struct bulk_seg;

/**
 * struct bulk_sent - result of bulk_send_row() and bulk_send_piece()
 * @sent: how many records, or pieces, were sent, or -EAGAIN
 * @end: where the last of them ends
 */
struct bulk_sent {
	long	sent;
	__u64	end;
};

#define BULK_HIDDEN	__attribute__((__visibility__("hidden")))

/* In assembly, because a signal has the kernel end the section that sends. */
BULK_HIDDEN long bulk_send_one(int fd, struct bulk_seg *seg, unsigned int one,
			       unsigned int flags, void *window);
BULK_HIDDEN struct bulk_sent bulk_send_row(struct bulk_seg *segs,
					   unsigned int nr_segs,
					   unsigned int quiet, void *window);
BULK_HIDDEN struct bulk_sent bulk_send_piece(const void *piece,
					     unsigned long len,
					     unsigned int quiet, void *window);
/* The generic part, as bulk_send_one() calls it. */
BULK_HIDDEN long bulk_send_told(int fd, struct bulk_seg *seg, unsigned int one,
				unsigned int flags, void *window, __u64 end);
BULK_HIDDEN long bulk_xfer_segs(int fd, struct bulk_seg *segs,
				unsigned int nr_segs, unsigned int flags,
				void *window);

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

/*
 * The compiler uses no vector register in the vDSO, and whoever calls a
 * function expects all of them to change: so they need not be saved, nor be
 * told to the compiler, which would not know them.
 *
 * Both count up to the last block, which overlaps the one before if it must. By 64
 * bytes, 1 KiB takes 160 instructions, by 16 bytes 256; what is shorter than 64
 * bytes can't go by 64.
 */
static __always_inline void bulk_copy_by16(void *to, const void *from,
					   unsigned long len)
{
	asm volatile ("sub $16, %2\n\t"
		      "add %2, %0\n\t"
		      "add %2, %1\n\t"
		      "neg %2\n\t"
		      "jns 2f\n"
		      "1:\n\t"
		      "movups (%1,%2), %%xmm0\n\t"
		      "movups %%xmm0, (%0,%2)\n\t"
		      "add $16, %2\n\t"
		      "js 1b\n"
		      "2:\n\t"
		      "movups (%1), %%xmm0\n\t"
		      "movups %%xmm0, (%0)"
		      : "+r" (to), "+r" (from), "+r" (len) : : "memory", "cc");
}

static __always_inline void bulk_copy_by64(void *to, const void *from,
					   unsigned long len)
{
	asm volatile ("sub $64, %2\n\t"
		      "add %2, %0\n\t"
		      "add %2, %1\n\t"
		      "neg %2\n\t"
		      "jns 2f\n"
		      "1:\n\t"
		      "movups (%1,%2), %%xmm0\n\t"
		      "movups 16(%1,%2), %%xmm1\n\t"
		      "movups 32(%1,%2), %%xmm2\n\t"
		      "movups 48(%1,%2), %%xmm3\n\t"
		      "movups %%xmm0, (%0,%2)\n\t"
		      "movups %%xmm1, 16(%0,%2)\n\t"
		      "movups %%xmm2, 32(%0,%2)\n\t"
		      "movups %%xmm3, 48(%0,%2)\n\t"
		      "add $64, %2\n\t"
		      "js 1b\n"
		      "2:\n\t"
		      "movups (%1), %%xmm0\n\t"
		      "movups 16(%1), %%xmm1\n\t"
		      "movups 32(%1), %%xmm2\n\t"
		      "movups 48(%1), %%xmm3\n\t"
		      "movups %%xmm0, (%0)\n\t"
		      "movups %%xmm1, 16(%0)\n\t"
		      "movups %%xmm2, 32(%0)\n\t"
		      "movups %%xmm3, 48(%0)"
		      : "+r" (to), "+r" (from), "+r" (len) : : "memory", "cc");
}

static __always_inline void bulk_copy_by128(void *to, const void *from,
					    unsigned long len)
{
	asm volatile ("sub $128, %2\n\t"
		      "add %2, %0\n\t"
		      "add %2, %1\n\t"
		      "neg %2\n"
		      "1:\n\t"
		      "movups (%1,%2), %%xmm0\n\t"
		      "movups 16(%1,%2), %%xmm1\n\t"
		      "movups 32(%1,%2), %%xmm2\n\t"
		      "movups 48(%1,%2), %%xmm3\n\t"
		      "movups 64(%1,%2), %%xmm4\n\t"
		      "movups 80(%1,%2), %%xmm5\n\t"
		      "movups 96(%1,%2), %%xmm6\n\t"
		      "movups 112(%1,%2), %%xmm7\n\t"
		      "movups %%xmm0, (%0,%2)\n\t"
		      "movups %%xmm1, 16(%0,%2)\n\t"
		      "movups %%xmm2, 32(%0,%2)\n\t"
		      "movups %%xmm3, 48(%0,%2)\n\t"
		      "movups %%xmm4, 64(%0,%2)\n\t"
		      "movups %%xmm5, 80(%0,%2)\n\t"
		      "movups %%xmm6, 96(%0,%2)\n\t"
		      "movups %%xmm7, 112(%0,%2)\n\t"
		      "sub $-128, %2\n\t"
		      "js 1b\n\t"
		      "movups (%1), %%xmm0\n\t"
		      "movups 16(%1), %%xmm1\n\t"
		      "movups 32(%1), %%xmm2\n\t"
		      "movups 48(%1), %%xmm3\n\t"
		      "movups 64(%1), %%xmm4\n\t"
		      "movups 80(%1), %%xmm5\n\t"
		      "movups 96(%1), %%xmm6\n\t"
		      "movups 112(%1), %%xmm7\n\t"
		      "movups %%xmm0, (%0)\n\t"
		      "movups %%xmm1, 16(%0)\n\t"
		      "movups %%xmm2, 32(%0)\n\t"
		      "movups %%xmm3, 48(%0)\n\t"
		      "movups %%xmm4, 64(%0)\n\t"
		      "movups %%xmm5, 80(%0)\n\t"
		      "movups %%xmm6, 96(%0)\n\t"
		      "movups %%xmm7, 112(%0)"
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

/* 8 to 15 bytes; the two halves overlap. */
static __always_inline void bulk_copy_8(void *to, const void *from,
					unsigned long len)
{
	asm volatile ("movq (%1), %%xmm0\n\t"
		      "movq -8(%1,%2), %%xmm1\n\t"
		      "movq %%xmm0, (%0)\n\t"
		      "movq %%xmm1, -8(%0,%2)"
		      : : "r" (to), "r" (from), "r" (len) : "memory");
}

/* 4 to 7 bytes. */
static __always_inline void bulk_copy_4(void *to, const void *from,
					unsigned long len)
{
	asm volatile ("movd (%1), %%xmm0\n\t"
		      "movd -4(%1,%2), %%xmm1\n\t"
		      "movd %%xmm0, (%0)\n\t"
		      "movd %%xmm1, -4(%0,%2)"
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
