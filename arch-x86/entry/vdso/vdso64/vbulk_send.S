/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SENDs through the window of bulk_xfer(2): the section that holds the TX ring.
 *
 * The lowest bit of &bulk_window_user.tx_head is the ring's lock, and the
 * exchange at the end of the section both publishes the records and frees it.
 * A signal in between, before a handler runs or the thread stops for it, has
 * the kernel free the lock and move the thread to bulk_send_abort: nothing was
 * published, and the records are left to the system call. So a frame that is
 * left for good, or stopped, keeps nobody from the ring. That the thread
 * doesn't try again lets a debugger step through here.
 *
 * From bulk_send_begin to bulk_send_end, %r8 is the window and %edx is 1 for
 * one record, whose arguments are all in place, and more for a row or a piece;
 * the stack is as it was at the call. The kernel and bulk_send_abort rely on
 * that.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/linkage.h>
#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <asm/errno.h>
#include <asm/vdso/bulk_xfer.h>
#include <vdso/bulk_xfer.h>

/* Below the stack pointer, where signals don't write. */
#define FIRST		-8(%rsp)	/* first segment of the row */
#define BEHIND		-16(%rsp)	/* end of its segments */

#define KERNEL(field)	(BULK_WINDOW_PAGE + BULK_KERNEL_##field)(%r8)
#define TX_HEAD		BULK_USER_TX_HEAD(%r8)
#define RECORD		16		/* bytes before a record's data */
#define RECORDS		(2 * BULK_WINDOW_PAGE)

/* Bits of %edx, above that of a caller that wants no call. */
#define ROW		2
#define PIECE		4

/*
 * As the functions of these names in <asm/vdso/bulk_xfer.h>, which the compiler
 * has; all change their operands.
 */
.macro bulk_copy_by16 to:req, from:req, len:req
	subq	$16, \len
	addq	\len, \to
	addq	\len, \from
	negq	\len
	jns	2f
1:
	movups	(\from, \len), %xmm0
	movups	%xmm0, (\to, \len)
	addq	$16, \len
	js	1b
2:
	movups	(\from), %xmm0
	movups	%xmm0, (\to)
.endm

.macro bulk_copy_by64 to:req, from:req, len:req
	subq	$64, \len
	addq	\len, \to
	addq	\len, \from
	negq	\len
	jns	2f
1:
	movups	(\from, \len), %xmm0
	movups	16(\from, \len), %xmm1
	movups	32(\from, \len), %xmm2
	movups	48(\from, \len), %xmm3
	movups	%xmm0, (\to, \len)
	movups	%xmm1, 16(\to, \len)
	movups	%xmm2, 32(\to, \len)
	movups	%xmm3, 48(\to, \len)
	addq	$64, \len
	js	1b
2:
	movups	(\from), %xmm0
	movups	16(\from), %xmm1
	movups	32(\from), %xmm2
	movups	48(\from), %xmm3
	movups	%xmm0, (\to)
	movups	%xmm1, 16(\to)
	movups	%xmm2, 32(\to)
	movups	%xmm3, 48(\to)
.endm

.macro bulk_copy_by128 to:req, from:req, len:req
	subq	$128, \len
	addq	\len, \to
	addq	\len, \from
	negq	\len
1:
	movups	(\from, \len), %xmm0
	movups	16(\from, \len), %xmm1
	movups	32(\from, \len), %xmm2
	movups	48(\from, \len), %xmm3
	movups	64(\from, \len), %xmm4
	movups	80(\from, \len), %xmm5
	movups	96(\from, \len), %xmm6
	movups	112(\from, \len), %xmm7
	movups	%xmm0, (\to, \len)
	movups	%xmm1, 16(\to, \len)
	movups	%xmm2, 32(\to, \len)
	movups	%xmm3, 48(\to, \len)
	movups	%xmm4, 64(\to, \len)
	movups	%xmm5, 80(\to, \len)
	movups	%xmm6, 96(\to, \len)
	movups	%xmm7, 112(\to, \len)
	subq	$-128, \len
	js	1b
	movups	(\from), %xmm0
	movups	16(\from), %xmm1
	movups	32(\from), %xmm2
	movups	48(\from), %xmm3
	movups	64(\from), %xmm4
	movups	80(\from), %xmm5
	movups	96(\from), %xmm6
	movups	112(\from), %xmm7
	movups	%xmm0, (\to)
	movups	%xmm1, 16(\to)
	movups	%xmm2, 32(\to)
	movups	%xmm3, 48(\to)
	movups	%xmm4, 64(\to)
	movups	%xmm5, 80(\to)
	movups	%xmm6, 96(\to)
	movups	%xmm7, 112(\to)
.endm

.macro bulk_copy_8 to:req, from:req, len:req
	movq	(\from), %xmm0
	movq	-8(\from, \len), %xmm1
	movq	%xmm0, (\to)
	movq	%xmm1, -8(\to, \len)
.endm

.macro bulk_copy_4 to:req, from:req, len:req
	movd	(\from), %xmm0
	movd	-4(\from, \len), %xmm1
	movd	%xmm0, (\to)
	movd	%xmm1, -4(\to, \len)
.endm

/* Copies 1 to 3 bytes; only a vector register is free to save @tmp in. */
.macro bulk_copy_1 to:req, from:req, len:req, tmp:req, tmp8:req
	movq	\tmp, %xmm0
	movb	(\from), \tmp8
	movb	\tmp8, (\to)
	movb	-1(\from, \len), \tmp8
	movb	\tmp8, -1(\to, \len)
	shrq	$1, \len
	movb	(\from, \len), \tmp8
	movb	\tmp8, (\to, \len)
	movq	%xmm0, \tmp
.endm

/* Copies up to 63 bytes. */
.macro bulk_copy_short to:req, from:req, len:req, tmp:req, tmp8:req
	cmpq	$16, \len
	jae	.Lby16_\@
	cmpq	$8, \len
	jae	.L8_\@
	cmpq	$4, \len
	jae	.L4_\@
	testq	\len, \len
	jz	.Ldone_\@
	bulk_copy_1 \to, \from, \len, \tmp, \tmp8
	jmp	.Ldone_\@
.L4_\@:	bulk_copy_4 \to, \from, \len
	jmp	.Ldone_\@
.L8_\@:	bulk_copy_8 \to, \from, \len
	jmp	.Ldone_\@
.Lby16_\@:
	bulk_copy_by16 \to, \from, \len
.Ldone_\@:
.endm

/*
 * Copies more than 128 bytes and goes to @done. With @keep, %rdi and %rcx,
 * which the string instruction takes, are in use.
 */
.macro bulk_copy_long to:req, from:req, len:req, done:req, keep=0
	cmpq	$BULK_COPY_REP, \len
	jb	.Lmoves_\@
	ALTERNATIVE "jmp .Lmoves_\@", "", X86_FEATURE_ERMS
.if \keep
	movq	%rdi, %xmm0
	movq	%rcx, %xmm1
.endif
.ifnc \from, %rsi
	movq	\from, %rsi
.endif
	movq	\to, %rdi
	movq	\len, %rcx
	rep movsb
.if \keep
	movq	%xmm0, %rdi
	movq	%xmm1, %rcx
.endif
	jmp	\done
.Lmoves_\@:
	bulk_copy_by128 \to, \from, \len
	jmp	\done
.endm

/*
 * Puts the head into %r10, where room ends into %r11, and the size of the ring
 * into %rcx; the lowest bit of %edx is that of a caller that wants no call.
 * Changes %rax.
 *
 * The size first: if it was read in a child forked meanwhile, it is 0, and so
 * is the limit that is read after it.
 */
.macro bulk_get_room
	movq	TX_HEAD, %r10
	decq	%r10
	movq	KERNEL(TX_TAIL), %r11
	movq	KERNEL(TX_SIZE), %rcx
	movq	KERNEL(TX_QUIET), %rax
	testl	$1, %edx
	cmovzq	%rcx, %rax
	addq	%rax, %r11
.endm

/*
 * Writes the head of a record of %r9 bytes; @to is where it is, then where its
 * data go.
 */
.macro bulk_put_head to:req, seg:req, from:req
	movq	%r9, (\to)
	movq	BULK_SEG_TAG(\seg), \from
	movq	\from, 8(\to)
	movl	%r9d, BULK_SEG_RES(\seg)
	movq	BULK_SEG_ADDR(\seg), \from
	addq	$RECORD, \to
.endm

/**
 * bulk_send_one - send one record through the window
 * @fd: %edi
 * @seg: %rsi, a SEND
 * @one: %edx, 1
 * @flags: %ecx, those of BULK_WINDOW_FLAGS
 * @window: %r8
 *
 * For most records this is all there is. Any other goes the long way.
 *
 * Return: as bulk_xfer(2).
 */
SYM_FUNC_START(bulk_send_one)
	.cfi_startproc
	movl	BULK_SEG_LEN(%rsi), %r9d
	cmpl	KERNEL(TX_LIMIT), %r9d
	jae	bulk_xfer_segs
	/* Where somebody wants to be woken, that takes a call. */
	cmpl	$BULK_WINDOW_READY, KERNEL(STATE)
	jne	bulk_xfer_segs
.Ltake:
	/* A full barrier. */
	lock btsq $0, TX_HEAD
SYM_INNER_LABEL(bulk_send_begin, SYM_L_GLOBAL)
	jc	bulk_send_abort
	cmpl	$1, %edx
	je	.Lone
	testl	$PIECE, %edx
	jnz	.Lpiece

	/* A row. */
	bulk_get_room
	decq	%rcx
.Lnext:
	leaq	RECORD + 7(%r9), %rax
	andq	$-8, %rax
	addq	%r10, %rax
	cmpq	%r11, %rax
	jg	.Lcommit
	andq	%rcx, %r10
	leaq	RECORDS(%r8, %r10), %r10
	bulk_put_head %r10, %rdi, %rsi
	cmpq	$64, %r9
	jb	.Lrow_short
	cmpq	$128, %r9
	ja	.Lrow_long
	bulk_copy_by64 %r10, %rsi, %r9
.Lcopied:
	movq	%rax, %r10
	addq	$BULK_SEG_SIZE, %rdi
	cmpq	BEHIND, %rdi
	je	.Lcommit
	/* One that is a SEND, too, with all zero that must be. */
	cmpq	$BULK_SEG_IS_SEND, BULK_SEG_KIND(%rdi)
	jne	.Lcommit
	movl	BULK_SEG_LEN(%rdi), %r9d
	/* Also ends what goes on in a child. */
	cmpl	KERNEL(TX_LIMIT), %r9d
	jb	.Lnext
	jmp	.Lcommit

.Lrow_short:
	bulk_copy_short %r10, %rsi, %r9, %rcx, %cl
	jmp	.Lcopied
.Lrow_long:
	bulk_copy_long %r10, %rsi, %r9, done=.Lcopied, keep=1

.Lone_short:
	bulk_copy_short %r11, %rax, %r9, %r10, %r10b
	jmp	.Lcommit
.Lone_long:
	/* The string instruction has no register left here. */
	cmpq	$BULK_COPY_REP, %r9
	jae	.Lnot_one
	bulk_copy_by128 %r11, %rax, %r9
	jmp	.Lcommit
	/* Nothing is published. */
.Lnot_one:
	movq	TX_HEAD, %r10
	decq	%r10
	xorl	%edx, %edx
	jmp	.Lcommit

	/* Records that follow each other in memory as they do in the ring. */
.Lpiece:
	bulk_get_room
	leaq	(%r10, %rsi), %rax
	cmpq	%r11, %rax
	movl	$0, %r11d
	jg	.Lcommit
	incl	%r11d
	decq	%rcx
	andq	%rcx, %r10
	leaq	RECORDS(%r8, %r10), %r10
	movq	%rsi, %r9
	cmpq	$64, %r9
	jb	.Lpiece_short
	cmpq	$128, %r9
	ja	.Lpiece_long
	bulk_copy_by64 %r10, %rdi, %r9
.Lpiece_copied:
	movq	%rax, %r10
	jmp	.Lcommit
.Lpiece_short:
	bulk_copy_by16 %r10, %rdi, %r9
	jmp	.Lpiece_copied
.Lpiece_long:
	bulk_copy_long %r10, %rdi, %r9, done=.Lpiece_copied

	/* One record, the way to which has the fewest instructions. */
.Lone:
	movq	TX_HEAD, %rax
	leaq	RECORD + 7(%r9), %r10
	andq	$-8, %r10
	/*
	 * The size first, as above. The lock's bit goes even if another thread
	 * has cleared it: the page before the ring is the kernel's.
	 */
	movq	KERNEL(TX_SIZE), %r11
	subq	$1 + BULK_TX_TAKEN, %r11
	andq	%rax, %r11
	leaq	-1(%rax, %r10), %r10
	movq	%r10, %rax
	subq	KERNEL(TX_TAIL), %rax
	cmpq	KERNEL(TX_QUIET), %rax
	ja	.Lnot_one
	leaq	RECORDS(%r8, %r11), %r11
	bulk_put_head %r11, %rsi, %rax
	cmpq	$64, %r9
	jb	.Lone_short
	cmpq	$128, %r9
	ja	.Lone_long
	bulk_copy_by64 %r11, %rax, %r9
.Lcommit:
	movq	%r10, %r9
	/*
	 * A full barrier: either this sees the flag of a sleeper, or the
	 * sleeper sees the records before it sleeps. Pairs with smp_mb() in
	 * bulk_drain_arm(), bulk_endpoint_detach(), bulk_poller_tell() and
	 * bulk_deadline_sleep().
	 */
	xchgq	%r10, TX_HEAD
SYM_INNER_LABEL(bulk_send_end, SYM_L_GLOBAL)
	cmpl	$1, %edx
	jne	.Lend_row
	cmpl	$BULK_WINDOW_READY, KERNEL(STATE)
	jne	bulk_send_told
	movl	%edx, %eax
	ret

	/*
	 * The section is over: with one record
	 * that was not sent, a piece, or a row.
	 */
.Lend_row:
	testl	%edx, %edx
	jz	bulk_send_abort
	testl	$PIECE, %edx
	jnz	.Lend_piece
	movq	%rdi, %rax
	subq	FIRST, %rax
	shrq	$BULK_SEG_SHIFT, %rax
	jz	.Lagain
	movq	%r9, %rdx
	ret

.Lend_piece:
	testl	%r11d, %r11d
	jz	.Lagain
	movl	%r11d, %eax
	movq	%r9, %rdx
	ret

	/* Somebody else has the ring, or the kernel has freed it. */
SYM_INNER_LABEL(bulk_send_abort, SYM_L_GLOBAL)
	cmpl	$1, %edx
	ja	.Lagain
	movl	$1, %edx
	jmp	bulk_xfer_segs
.Lagain:
	movq	$-EAGAIN, %rax
	ret
	.cfi_endproc
SYM_FUNC_END(bulk_send_one)

/**
 * bulk_send_row - send records through the window, under one lock
 * @segs: %rdi, the first of which is a SEND
 * @nr_segs: %esi, at least 1
 * @quiet: %edx, 1 to send what the kernel wants no call for, 0 for all
 * @window: %rcx
 *
 * Sends the first segment and those that are SENDs, too, right behind it, as
 * long as there is room.
 *
 * Return: %rax, how many, or -EAGAIN when the system call is to do it; %rdx,
 * where the last of them ends.
 */
SYM_FUNC_START(bulk_send_row)
	.cfi_startproc
	movq	%rcx, %r8
	movl	BULK_SEG_LEN(%rdi), %r9d
	cmpl	KERNEL(TX_LIMIT), %r9d
	jae	.Lagain
	testl	%edx, %edx
	jz	1f
	cmpl	$BULK_WINDOW_READY, KERNEL(STATE)
	jne	.Lagain
1:	movq	%rdi, FIRST
	movl	%esi, %esi
	shlq	$BULK_SEG_SHIFT, %rsi
	addq	%rdi, %rsi
	movq	%rsi, BEHIND
	orl	$ROW, %edx
	jmp	.Ltake
	.cfi_endproc
SYM_FUNC_END(bulk_send_row)

/**
 * bulk_send_piece - send the records of a region, which are in one piece
 * @piece: %rdi
 * @len: %rsi, its bytes: those that the records take of a ring, 16 at least
 * @quiet: %edx, 1 to send what the kernel wants no call for, 0 for all
 * @window: %rcx
 *
 * Return: %rax, 1, or -EAGAIN when there is no room for all of it now, or
 * another thread sends; %rdx, where it ends.
 */
SYM_FUNC_START(bulk_send_piece)
	.cfi_startproc
	movq	%rcx, %r8
	orl	$PIECE, %edx
	jmp	.Ltake
	.cfi_endproc
SYM_FUNC_END(bulk_send_piece)

	/* For the kernel. */
	.globl	bulk_send_len
	.set	bulk_send_len, bulk_send_end - bulk_send_begin
