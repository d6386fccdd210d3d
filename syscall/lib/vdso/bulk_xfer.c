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

/* What a segment's attempt can come to, beside 0 and an errno. */
#define BULK_RING_BELL	1 /* sent, but the kernel wants to be called */

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

/*
 * Returns 0 when the record was sent up to @end; BULK_RING_BELL when it was and
 * the kernel is to be told, but for @quiet; -EAGAIN when the system call is to
 * send it. The kernel sets the limit to 0 when the window is of no use, and in
 * a forked child it reads as 0. @quiet also is for what needs no second look.
 */
static __always_inline long bulk_window_send(struct bulk_seg *seg, bool quiet,
					     void *window, __u64 *end)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 head, filled, quiet_limit, size;
	struct bulk_ring_rec *rec;
	__u32 len = seg->len;
	__u32 state;

	if (len >= __atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED))
		return -EAGAIN;
	/* Where somebody wants to be woken, that takes a call. */
	if (quiet &&
	    __atomic_load_n(&k->state, __ATOMIC_RELAXED) != BULK_WINDOW_READY)
		return -EAGAIN;
	/* A signal handler must not wait for the frame that it interrupts. */
	if (__atomic_fetch_or(&u->tx_lock, 1, __ATOMIC_ACQUIRE) & 1)
		return -EAGAIN;

	head = u->tx_head;
	/* Pairs with the release in bulk_ring_publish_tail() of the kernel. */
	filled = head - __atomic_load_n(&k->tx_tail, __ATOMIC_ACQUIRE) +
		 bulk_ring_space(len);
	/*
	 * The size first: if it was read in a child forked meanwhile, it is 0,
	 * and so is the limit that is read after it.
	 */
	size = __atomic_load_n(&k->tx_size, __ATOMIC_ACQUIRE);
	quiet_limit = __atomic_load_n(&k->tx_quiet, __ATOMIC_RELAXED);
	if (filled > (quiet ? quiet_limit : size)) {
		__atomic_store_n(&u->tx_lock, 0, __ATOMIC_RELEASE);
		return -EAGAIN;
	}
	rec = bulk_ring_at(window + 2 * BULK_WINDOW_PAGE, size, head);
	rec->head = bulk_ring_rec_head(len, 0);
	rec->tag = seg->tag;
	bulk_copy(rec->data, (void *)(unsigned long)seg->addr, len);

	head += bulk_ring_space(len);
	/* Pairs with the acquire in bulk_ring_fetch_head() of the kernel. */
	__atomic_store_n(&u->tx_head, head, __ATOMIC_RELEASE);
	/*
	 * A full barrier: either this sees the flag of a sleeper, or the sleeper
	 * sees the record before it sleeps. Pairs with smp_mb() in
	 * bulk_drain_arm(), bulk_endpoint_detach() and bulk_poller_tell().
	 */
	__atomic_and_fetch(&u->tx_lock, 0, __ATOMIC_SEQ_CST);
	state = __atomic_load_n(&k->state, __ATOMIC_RELAXED);
	seg->res = len;
	if (state == BULK_WINDOW_READY && (quiet || filled <= quiet_limit))
		return 0;
	/* Forked in between: this is the child, whose pages nobody reads. */
	if (!state)
		return -EAGAIN;
	*end = head;
	return BULK_RING_BELL;
}

/*
 * The kernel wants to be called for what was sent up to @end. Its answer does
 * not matter but where the channel went away in between: what the kernel has
 * not taken by then it will not take. Returns 0 or -ENODEV.
 */
static noinline long bulk_ring_bell(int fd, struct bulk_seg *seg, void *window,
				    __u64 end)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);
	__u64 tail;

	bulk_xfer_syscall(fd, (void *)0, 0, 0);
	tail = __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if ((__s64)(end - tail) <= 0 ||
	    !(__atomic_load_n(&k->state, __ATOMIC_RELAXED) & BULK_WINDOW_GONE))
		return 0;
	seg->res = -ENODEV;
	return -ENODEV;
}

static __always_inline bool bulk_window_moved(struct bulk_window_user *u,
					      __u64 tail)
{
	return __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE) != tail;
}

/*
 * Returns 0 when a record was received, -EAGAIN when the system call is to do
 * it, -EMSGSIZE, or -ESTALE when somebody else received the record meanwhile,
 * be it another thread or a signal handler: then the ring has moved on.
 */
static __always_inline long bulk_window_try_recv(struct bulk_seg *seg,
						 void *window)
{
	struct bulk_window_kernel *k = bulk_kernel_page(window);
	struct bulk_window_user *u = window;
	struct bulk_ring_rec *rec;
	__u64 filled, tail, size, head, tag;
	__u32 len;

	tail = __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE);
	/* 0 if the window is of no use, or read in a child forked meanwhile. */
	size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	/* Pairs with the release in bulk_ring_publish_head() of the kernel. */
	filled = __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - tail;
	/* Nothing, or more than there can be; in one comparison. */
	if (filled - 1 >= size)
		return bulk_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	rec = bulk_ring_at(window + 2 * BULK_WINDOW_PAGE + 2 * size, size, tail);
	head = __atomic_load_n(&rec->head, __ATOMIC_RELAXED);
	len = bulk_ring_rec_len(head);
	if (bulk_ring_space(len) > filled || len > seg->len) {
		if (bulk_window_moved(u, tail))
			return -ESTALE;
		if (bulk_ring_space(len) > filled)
			return -EAGAIN;
		seg->len = len;
		seg->res = -EMSGSIZE;
		return -EMSGSIZE;
	}
	tag = __atomic_load_n(&rec->tag, __ATOMIC_RELAXED);
	bulk_copy((void *)(unsigned long)seg->addr, rec->data, len);
	/* Pairs with the acquire in bulk_ring_fetch_tail() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail,
					 tail + bulk_ring_space(len), 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has received from a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = len;
	seg->tag = tag;
	seg->lost = bulk_ring_rec_lost(head);
	return 0;
}

/* Whoever was faster has made progress: this ends. */
static __always_inline long bulk_window_recv(struct bulk_seg *seg, void *window)
{
	long ret;

	do {
		ret = bulk_window_try_recv(seg, window);
	} while (ret == -ESTALE);
	return ret;
}

static __always_inline long bulk_window_seg(struct bulk_seg *seg,
					    unsigned int flags, void *window,
					    __u64 *end)
{
	__u64 kind = bulk_seg_kind(seg);

	if (kind == BULK_OP_SEND)
		return bulk_window_send(seg, flags & BULK_NO_SYSCALL, window,
					end);
	if ((__u32)kind == BULK_OP_RECV)
		return bulk_window_recv(seg, window);
	return -EAGAIN;
}

/* The first @done segments went through the window; the rest is for the kernel. */
static __always_inline long bulk_leave(int fd, struct bulk_seg *segs,
				       unsigned int nr_segs, unsigned int flags,
				       unsigned int done)
{
	long ret;

	if (flags & BULK_NO_SYSCALL)
		return done ?: -(long)EAGAIN;
	ret = bulk_xfer_syscall(fd, segs + done, nr_segs - done, flags);
	if (ret < 0)
		return done ?: ret;
	return done + ret;
}

/* Everything. */
static noinline long bulk_xfer_segs(int fd, struct bulk_seg *segs,
				    unsigned int nr_segs, unsigned int flags,
				    void *window)
{
	unsigned int i;
	long ret = 0;
	__u64 end;

	if (flags == BULK_QUERY && fd == -1)
		return bulk_query(window);
	/* A flush is for the kernel anyway. */
	if (!window || nr_segs > BULK_MAX_SEGS ||
	    (flags & ~(BULK_DONTWAIT | BULK_NO_SYSCALL)))
		return bulk_leave(fd, segs, nr_segs, flags, 0);

	for (i = 0; i < nr_segs; i++) {
		ret = bulk_window_seg(segs + i, flags, window, &end);
		/* Who sends without system calls makes one in the end. */
		if (ret == BULK_RING_BELL)
			ret = flags & BULK_NO_SYSCALL ? 0 :
			      bulk_ring_bell(fd, segs + i, window, end);
		if (ret)
			break;
	}
	if (ret && ret != -EAGAIN)
		return i ?: ret;
	if (i == nr_segs && i)
		return i;
	return bulk_leave(fd, segs, nr_segs, flags, i);
}

/*
 * One segment, with the arguments where they came in: for most records this is
 * all there is. What says EAGAIN has not begun.
 */
static noinline __noclone long
bulk_send_one(int fd, struct bulk_seg *seg, unsigned int one,
	      unsigned int flags, void *window)
{
	__u64 end;
	long ret;

	ret = bulk_window_send(seg, true, window, &end);
	if (!ret)
		return 1;
	if (ret == -EAGAIN)
		return bulk_xfer_segs(fd, seg, one, flags, window);
	/* Who sends without system calls makes one in the end. */
	if (flags & BULK_NO_SYSCALL)
		return 1;
	return bulk_ring_bell(fd, seg, window, end) ?: 1;
}

static noinline __noclone long
bulk_recv_one(int fd, struct bulk_seg *seg, unsigned int one,
	      unsigned int flags, void *window)
{
	long ret;

	ret = bulk_window_try_recv(seg, window);
	if (ret == -EMSGSIZE)
		return ret;
	if (ret)
		return bulk_xfer_segs(fd, seg, one, flags, window);
	return 1;
}

/**
 * __cvdso_bulk_xfer - generic vDSO implementation of bulk_xfer()
 * @fd: as for bulk_xfer(2); -1 for the query
 * @segs: as for bulk_xfer(2)
 * @nr_segs: as for bulk_xfer(2)
 * @flags: as for bulk_xfer(2); or BULK_QUERY alone; or, in addition,
 *	BULK_NO_SYSCALL: -EAGAIN for whatever takes a system call. What was sent
 *	like this, a sleeper that came meanwhile hears of with the next call.
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
	__u64 kind;

	/* One record that goes through the window needs no more than this. */
	if (nr_segs == 1 && window &&
	    !(flags & ~(BULK_DONTWAIT | BULK_NO_SYSCALL))) {
		kind = bulk_seg_kind(segs);
		if (kind == BULK_OP_SEND)
			return bulk_send_one(fd, segs, nr_segs, flags, window);
		if ((__u32)kind == BULK_OP_RECV)
			return bulk_recv_one(fd, segs, nr_segs, flags, window);
	}
	return bulk_xfer_segs(fd, segs, nr_segs, flags, window);
}
