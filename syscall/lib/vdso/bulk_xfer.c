// SPDX-License-Identifier: GPL-2.0
/*
 * Generic part of the vDSO's bulk_xfer(): the call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/types.h>
#include <asm/vdso/bulk_xfer.h>
#include <uapi/asm-generic/errno.h>
#include <uapi/linux/bulk_xfer.h>
#include <uapi/linux/mman.h>
#include <vdso/bulk_xfer.h>

/* One unit for the compiler, so that no call between them is relocated. */
#include "bulk_record.c"
#include "bulk_region.c"
#include "bulk_inplace.c"

/* Flags of a call that may go through the window; a flush is for the kernel. */
#define BULK_WINDOW_FLAGS	(BULK_DONTWAIT | BULK_NO_SYSCALL | \
				 BULK_NO_RESTART)

/*
 * Store by store: a structure's copy or clearing may become a call of memset.
 */
static __always_inline long vdso_query(struct bulk_params *params)
{
	params->abi = BULK_ABI;
	params->syscall_nr = __NR_bulk_xfer;
	params->mmap_prot = PROT_READ | PROT_WRITE;
	params->mmap_flags = MAP_SHARED;
	params->window_min = BULK_WINDOW_SIZE(BULK_RING_MIN);
	params->window_max = BULK_WINDOW_SIZE(BULK_RING_MAX);
	params->window_default = BULK_WINDOW_SIZE(BULK_RING_DEFAULT);
	params->reserved[0] = 0;
	params->reserved[1] = 0;
	params->reserved[2] = 0;
	return 0;
}

/* One segment that is no SEND or RECV of one record. */
static noinline long vdso_window_other(int fd, struct bulk_seg *seg,
				       unsigned int flags, void *window)
{
	__u32 kind = seg->op | (__u32)seg->flags << 16;

	switch (kind & ~((__u32)BULK_SEG_DISCARD << 16)) {
	case BULK_OP_SEND | BULK_SEG_PACKED << 16:
		return kind >> 16 == BULK_SEG_PACKED ?
		       vdso_region_send(fd, seg, flags, window) : -EAGAIN;
	case BULK_OP_RECV | BULK_SEG_PACKED << 16:
		return kind >> 16 == BULK_SEG_PACKED ?
		       vdso_region_recv(seg, window) : -EAGAIN;
	case BULK_OP_RESERVE:
		return seg->flags ? -EAGAIN : vdso_inplace_reserve(seg, window);
	case BULK_OP_COMMIT:
		return vdso_inplace_commit(fd, seg, flags, window);
	case BULK_OP_BORROW:
		return seg->flags ? -EAGAIN : vdso_inplace_borrow(seg, window);
	case BULK_OP_RETURN:
		return vdso_inplace_return(seg, window);
	default:
		return -EAGAIN;
	}
}

static __always_inline long vdso_window_segs(int fd, struct bulk_seg *segs,
					     unsigned int nr_segs,
					     unsigned int flags, void *window,
					     __u64 *end)
{
	if (vdso_seg_is_send(segs))
		return vdso_window_send(segs, nr_segs, flags & BULK_NO_SYSCALL,
					window, end);
	if (vdso_seg_is_recv(segs))
		return vdso_window_recv(segs, nr_segs, window);
	return vdso_window_other(fd, segs, flags, window);
}

/* What the system call would say to a segment whoever receives or sends. */
static __always_inline long vdso_seg_refused(const struct bulk_seg *seg,
					     const void *window)
{
	__u32 flags = 0;

	if (seg->op == BULK_OP_SEND)
		flags = BULK_SEG_PACKED | BULK_SEG_PIN;
	else if (seg->op == BULK_OP_RECV)
		flags = BULK_SEG_PACKED | BULK_SEG_MAP;
	else if (seg->op == BULK_OP_COMMIT || seg->op == BULK_OP_RETURN)
		flags = BULK_SEG_DISCARD;
	/* No two flags go together. */
	if (seg->op < BULK_OP_SEND || seg->op > BULK_OP_RETURN ||
	    (seg->flags & ~flags) || (seg->flags & (seg->flags - 1)))
		return -EINVAL;
	if (seg->lost && seg->op != BULK_OP_RECV)
		return -EINVAL;
	return seg->op > BULK_OP_RECV && !window ? -EOPNOTSUPP : 0;
}

/*
 * BULK_NO_SYSCALL, and nothing was done. What can't succeed later must not look
 * as if it could: a program that asks whether a flag is known would ask
 * forever.
 */
static noinline long vdso_stay(struct bulk_seg *segs, unsigned int nr_segs,
			       unsigned int flags, const void *window)
{
	long ret;

	if (nr_segs > BULK_MAX_SEGS ||
	    (flags & ~(BULK_WINDOW_FLAGS | BULK_FLUSH)))
		return -EINVAL;
	ret = nr_segs ? vdso_seg_refused(segs, window) : 0;
	if (!ret)
		return -EAGAIN;
	segs->res = ret;
	return ret;
}

/*
 * The first @done segments went through the window; the rest is for the kernel.
 * It must not start the rest over after a signal, as it would not after
 * segments that completed there.
 */
static __always_inline long vdso_leave(int fd, struct bulk_seg *segs,
				       unsigned int nr_segs, unsigned int flags,
				       const void *window, unsigned int done)
{
	long ret;

	if (flags & BULK_NO_SYSCALL)
		return done ?: vdso_stay(segs, nr_segs, flags, window);
	if (done)
		flags |= BULK_NO_RESTART;
	ret = bulk_xfer_syscall(fd, segs + done, nr_segs - done, flags);
	if (ret < 0)
		return done ?: ret;
	return done + ret;
}

/* Everything. */
long bulk_xfer_segs(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		    unsigned int flags, void *window)
{
	unsigned int i;
	__u64 end;
	long n;

	if (flags == BULK_QUERY && fd == -1)
		return vdso_query(window);
	if (!window || nr_segs > BULK_MAX_SEGS || (flags & ~BULK_WINDOW_FLAGS))
		return vdso_leave(fd, segs, nr_segs, flags, window, 0);

	for (i = 0; i < nr_segs; i += n) {
		n = vdso_window_segs(fd, segs + i, nr_segs - i, flags, window,
				     &end);
		if (n == -EAGAIN)
			return vdso_leave(fd, segs, nr_segs, flags, window, i);
		if (n < 0)
			return i ?: n;
		if (n & BULK_RUN_ENDS)
			return i + 1;
		if (!(n & BULK_RUN_KICKS))
			continue;
		n -= BULK_RUN_KICKS;
		/*
		 * A caller that sends without system
		 * calls makes one in the end.
		 */
		if (flags & BULK_NO_SYSCALL)
			continue;
		n = vdso_doorbell(fd, segs + i, n, window, end);
		if (n < 0)
			return i ?: n;
	}
	return i ?: vdso_leave(fd, segs, nr_segs, flags, window, 0);
}

/*
 * bulk_send_one() has sent its record, up to @end, and the window is not as it
 * was before.
 */
long bulk_send_told(int fd, struct bulk_seg *seg, unsigned int one,
		    unsigned int flags, void *window, __u64 end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);

	/* Forked since, or by a caller that makes a system call in the end. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED) ||
	    (flags & BULK_NO_SYSCALL))
		return 1;
	return vdso_doorbell(fd, seg, 1, window, end);
}

static noinline __noclone long
vdso_recv_one(int fd, struct bulk_seg *seg, unsigned int one,
	      unsigned int flags, void *window)
{
	long ret;

	ret = vdso_window_try_recv(seg, 1, window);
	if (ret == 1 || ret == -EMSGSIZE)
		return ret;
	return bulk_xfer_segs(fd, seg, one, flags, window);
}

/**
 * __cvdso_bulk_xfer - generic vDSO implementation of bulk_xfer()
 * @fd: as for bulk_xfer(2); -1 for the query
 * @segs: as for bulk_xfer(2)
 * @nr_segs: as for bulk_xfer(2)
 * @flags: as for bulk_xfer(2); or BULK_QUERY alone; or, in addition,
 *	BULK_NO_SYSCALL: -EAGAIN for whatever takes a system call, unless that
 *	would refuse it at sight. What was sent like this, a sleeper that came
 *	meanwhile hears of with the next call, as does the provider where the
 *	timer of a deadline has ended meanwhile.
 * @window: the window of @fd, or NULL; for the query, where the
 *	&struct bulk_params go
 *
 * What this function can't do itself it leaves to the system call, whose
 * results it returns.
 *
 * Return: 0 for the query; otherwise as bulk_xfer(2), or -EAGAIN.
 */
static __always_inline long
__cvdso_bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		  unsigned int flags, void *window)
{
	/* One record that goes through the window needs no more than this. */
	if (nr_segs == 1 && window && !(flags & ~BULK_WINDOW_FLAGS)) {
		if (vdso_seg_is_send(segs))
			return bulk_send_one(fd, segs, nr_segs, flags, window);
		if (vdso_seg_is_recv(segs))
			return vdso_recv_one(fd, segs, nr_segs, flags, window);
	}
	return bulk_xfer_segs(fd, segs, nr_segs, flags, window);
}
