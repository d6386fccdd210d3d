// SPDX-License-Identifier: GPL-2.0
/*
 * Generic part of the vDSO's bulk_xfer(): records through the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/types.h>
#include <asm/vdso/bulk_xfer.h>
#include <uapi/asm-generic/errno.h>
#include <uapi/linux/bulk_xfer.h>
#include <uapi/linux/mman.h>
#include <vdso/bulk_xfer.h>

/* Store by store: a structure's copy or clearing may become a call of memset. */
static __always_inline long bulk_query(struct bulk_params *params)
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

/* Flags of a call that may go through the window; a flush is for the kernel. */
#define BULK_WINDOW_FLAGS	(BULK_DONTWAIT | BULK_NO_SYSCALL | \
				 BULK_NO_RESTART)

/* Beside the number of segments: they are sent, but the kernel wants a call. */
#define BULK_RING_BELL	BIT(16)

static __always_inline struct bulk_window_kernel *bulk_kernel_page(void *window)
{
	return window + BULK_WINDOW_PAGE;
}

/*
 * What a segment asks for, in one load: its operation, and above it all that
 * must be 0, but for @lost of a RECV, which is cut off.
 */
static __always_inline __u64 bulk_seg_kind(const struct bulk_seg *seg)
{
	return seg->op | (__u64)seg->flags << 16 | (__u64)seg->lost << 32;
}

static __always_inline struct bulk_ring_rec *
bulk_ring_at(void *ring, __u64 size, __u64 pos)
{
	return ring + (pos & (size - 1));
}

static __always_inline bool bulk_seg_is_send(const struct bulk_seg *seg)
{
	return bulk_seg_kind(seg) == BULK_OP_SEND;
}

static __always_inline bool bulk_seg_is_recv(const struct bulk_seg *seg)
{
	return (__u32)bulk_seg_kind(seg) == BULK_OP_RECV;
}

/* More is in the ring than the kernel lets be without a call. */
static __always_inline bool bulk_ring_is_loud(const struct bulk_window_kernel *k,
					      __u64 end)
{
	return end - __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED) >
	       __atomic_load_n(&k->tx_quiet, __ATOMIC_RELAXED);
}

/*
 * Sends the first segment and those that are SENDs, too, right behind it, as
 * long as there is room. @quiet is for who makes no system call, and for what needs no second
 * look. Returns how many were sent, with BULK_RING_BELL when the kernel is to be
 * told, up to @end; or -EAGAIN when the system call is to do it. The kernel sets
 * the limit to 0 when the window is of no use, and in a forked child it reads as 0.
 */
static __always_inline long bulk_window_send(struct bulk_seg *segs,
					     unsigned int nr_segs, bool quiet,
					     void *window, __u64 *end)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);
	struct bulk_sent s;
	__u32 state;

	s = bulk_send_row(segs, nr_segs, quiet, window);
	if (s.sent < 0)
		return s.sent;
	state = __atomic_load_n(&k->state, __ATOMIC_RELAXED);
	/*
	 * Forked since: this is a child, whose parent has published the records.
	 * A fork within the section has ended it, because a signal came first.
	 */
	if (!state)
		return s.sent;
	if (state == BULK_WINDOW_READY &&
	    (quiet || !bulk_ring_is_loud(k, s.end)))
		return s.sent;
	*end = s.end;
	return s.sent | BULK_RING_BELL;
}

/*
 * The kernel wants to be called for @sent records up to @end. Its answer does
 * not matter but where the channel went away in between: what the kernel has
 * not taken by then it will not take. Returns how many it has, or -ENODEV.
 */
static noinline long bulk_ring_bell(int fd, struct bulk_seg *segs, long sent,
				    void *window, __u64 end)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);
	__u64 tail;
	long taken;

	taken = bulk_xfer_syscall(fd, (void *)0, 0, 0);
	/*
	 * A filter may have refused the call, and the SENDs are done: it must not
	 * keep them from a sleeper. poll(2) has the kernel look here, too.
	 */
	if (taken < 0 && taken != -EBADMSG)
		bulk_poll_syscall(fd);
	tail = __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if ((__s64)(end - tail) <= 0 ||
	    !(__atomic_load_n(&k->state, __ATOMIC_RELAXED) & BULK_WINDOW_GONE))
		return sent;
	for (taken = sent; taken && (__s64)(end - tail) > 0; taken--)
		end -= bulk_ring_space(segs[taken - 1].len);
	segs[taken].res = -ENODEV;
	return taken ?: -ENODEV;
}

static __always_inline bool bulk_window_moved(struct bulk_window_user *u,
					      __u64 tail)
{
	return __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE) != tail;
}

/*
 * Receives into the first segment and those that are RECVs, too, right behind
 * it, as long as there are records. Returns how many; -EAGAIN when the system
 * call is to do it; -EMSGSIZE; or -ESTALE when somebody else received a record
 * meanwhile, be it another thread or a signal handler: then the ring has moved
 * on, and what is in the segments and their buffers is nothing.
 */
static __always_inline long bulk_window_try_recv(struct bulk_seg *segs,
						 unsigned int nr_segs,
						 void *window)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);
	struct bulk_window_user *u = window;
	struct bulk_ring_rec *rec;
	struct bulk_seg *seg = segs;
	__u64 filled, tail, size, head, pos;
	__u32 len;

	tail = __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE);
	/* 0 if the window is of no use, or read in a child forked meanwhile. */
	size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	/* Pairs with the release in bulk_ring_publish_head() of the kernel. */
	filled = __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - tail;
	/* Nothing, or more than there can be; in one comparison. */
	if (filled - 1 >= size)
		return bulk_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	pos = tail;
	do {
		rec = bulk_ring_at(window + 2 * BULK_WINDOW_PAGE + 2 * size,
				   size, pos);
		head = __atomic_load_n(&rec->head, __ATOMIC_RELAXED);
		len = bulk_ring_rec_len(head);
		if (bulk_ring_space(len) > filled || len > seg->len) {
			if (seg != segs)
				break;
			if (bulk_window_moved(u, tail))
				return -ESTALE;
			if (bulk_ring_space(len) > filled)
				return -EAGAIN;
			seg->len = len;
			seg->res = -EMSGSIZE;
			return -EMSGSIZE;
		}
		seg->res = len;
		seg->tag = __atomic_load_n(&rec->tag, __ATOMIC_RELAXED);
		seg->lost = bulk_ring_rec_lost(head);
		bulk_copy((void *)(unsigned long)seg->addr, rec->data, len);
		pos += bulk_ring_space(len);
		filled -= bulk_ring_space(len);
	} while (++seg < segs + nr_segs && filled && bulk_seg_is_recv(seg));
	/* Pairs with the acquire in bulk_ring_fetch_tail() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail, pos, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has received from a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	return seg - segs;
}

/* Whoever was faster has made progress: this ends. */
static __always_inline long bulk_window_recv(struct bulk_seg *segs,
					     unsigned int nr_segs, void *window)
{
	long ret;

	do {
		ret = bulk_window_try_recv(segs, nr_segs, window);
		/* Less to lose the next time. */
		nr_segs = 1;
	} while (ret == -ESTALE);
	return ret;
}

static __always_inline long bulk_window_segs(struct bulk_seg *segs,
					     unsigned int nr_segs,
					     unsigned int flags, void *window,
					     __u64 *end)
{
	if (bulk_seg_is_send(segs))
		return bulk_window_send(segs, nr_segs, flags & BULK_NO_SYSCALL,
					window, end);
	if (bulk_seg_is_recv(segs))
		return bulk_window_recv(segs, nr_segs, window);
	return -EAGAIN;
}

/* What the system call would say to a segment whoever receives or sends. */
static __always_inline long bulk_seg_refused(const struct bulk_seg *seg)
{
	if (seg->flags)
		return -EINVAL;
	return bulk_seg_is_send(seg) || bulk_seg_is_recv(seg) ? 0 : -EINVAL;
}

/*
 * BULK_NO_SYSCALL, and nothing was done. What can't succeed later must not look
 * as if it could: a program that asks whether a flag is known would ask forever.
 */
static noinline long bulk_stay(struct bulk_seg *segs, unsigned int nr_segs,
			       unsigned int flags)
{
	long ret;

	if (nr_segs > BULK_MAX_SEGS ||
	    (flags & ~(BULK_WINDOW_FLAGS | BULK_FLUSH)))
		return -EINVAL;
	ret = nr_segs ? bulk_seg_refused(segs) : 0;
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
static __always_inline long bulk_leave(int fd, struct bulk_seg *segs,
				       unsigned int nr_segs, unsigned int flags,
				       unsigned int done)
{
	long ret;

	if (flags & BULK_NO_SYSCALL)
		return done ?: bulk_stay(segs, nr_segs, flags);
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
		return bulk_query(window);
	if (!window || nr_segs > BULK_MAX_SEGS || (flags & ~BULK_WINDOW_FLAGS))
		return bulk_leave(fd, segs, nr_segs, flags, 0);

	for (i = 0; i < nr_segs; i += n) {
		n = bulk_window_segs(segs + i, nr_segs - i, flags, window,
				     &end);
		if (n == -EAGAIN)
			return bulk_leave(fd, segs, nr_segs, flags, i);
		if (n < 0)
			return i ?: n;
		if (!(n & BULK_RING_BELL))
			continue;
		n -= BULK_RING_BELL;
		/* A caller that sends without system calls makes one in the end. */
		if (flags & BULK_NO_SYSCALL)
			continue;
		n = bulk_ring_bell(fd, segs + i, n, window, end);
		if (n < 0)
			return i ?: n;
	}
	return i ?: bulk_leave(fd, segs, nr_segs, flags, 0);
}

/*
 * bulk_send_one() has sent its record, up to @end, and the window is not as it
 * was before.
 */
long bulk_send_told(int fd, struct bulk_seg *seg, unsigned int one,
		    unsigned int flags, void *window, __u64 end)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);

	/* Forked since, or by a caller that makes a system call in the end. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED) ||
	    (flags & BULK_NO_SYSCALL))
		return 1;
	return bulk_ring_bell(fd, seg, 1, window, end);
}

static noinline __noclone long
bulk_recv_one(int fd, struct bulk_seg *seg, unsigned int one,
	      unsigned int flags, void *window)
{
	long ret;

	ret = bulk_window_try_recv(seg, 1, window);
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
		if (bulk_seg_is_send(segs))
			return bulk_send_one(fd, segs, nr_segs, flags, window);
		if (bulk_seg_is_recv(segs))
			return bulk_recv_one(fd, segs, nr_segs, flags, window);
	}
	return bulk_xfer_segs(fd, segs, nr_segs, flags, window);
}
