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

/* Flags of a call that may go through the window; a flush is for the kernel. */
#define BULK_WINDOW_FLAGS	(BULK_DONTWAIT | BULK_NO_SYSCALL | \
				 BULK_NO_RESTART)

/* Beside the number of segments: they are sent, but the kernel wants a call; */
#define BULK_RUN_KICKS	BIT(16)
/* the last one moved less than it was to, and those after it must not run. */
#define BULK_RUN_ENDS	BIT(17)

static __always_inline struct bulk_window_kernel *vdso_kernel_page(void *window)
{
	return window + BULK_WINDOW_PAGE;
}

/*
 * What a segment asks for, in one load: its operation, and above it all that
 * must be 0, but for @lost of a RECV, which is cut off.
 */
static __always_inline __u64 vdso_seg_kind(const struct bulk_seg *seg)
{
	return seg->op | (__u64)seg->flags << 16 | (__u64)seg->lost << 32;
}

static __always_inline struct bulk_record *
vdso_ring_at(void *ring, __u64 size, __u64 pos)
{
	return ring + (pos & (size - 1));
}

static __always_inline bool vdso_seg_is_send(const struct bulk_seg *seg)
{
	return vdso_seg_kind(seg) == BULK_OP_SEND;
}

static __always_inline bool vdso_seg_is_recv(const struct bulk_seg *seg)
{
	return (__u32)vdso_seg_kind(seg) == BULK_OP_RECV;
}

/* More is in the ring than the kernel lets be without a call. */
static __always_inline bool vdso_ring_is_loud(const struct bulk_window_kernel *k,
					      __u64 end)
{
	return end - __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED) >
	       __atomic_load_n(&k->tx_quiet, __ATOMIC_RELAXED);
}

/*
 * Sends the first segment and those that are SENDs, too, right behind it, as
 * long as there is room. @quiet is for who makes no system call, and for what needs no second
 * look. Returns how many were sent, with BULK_RUN_KICKS when the kernel is to be
 * told, up to @end; or -EAGAIN when the system call is to do it. The kernel sets
 * the limit to 0 when the window is of no use, and in a forked child it reads as 0.
 */
static __always_inline long vdso_window_send(struct bulk_seg *segs,
					     unsigned int nr_segs, bool quiet,
					     void *window, __u64 *end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
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
	    (quiet || !vdso_ring_is_loud(k, s.end)))
		return s.sent;
	*end = s.end;
	return s.sent | BULK_RUN_KICKS;
}

/*
 * The kernel wants to be called for @sent records up to @end. Its answer does
 * not matter but where the channel went away in between: what the kernel has
 * not taken by then it will not take. Returns how many it has, or -ENODEV.
 */
static noinline long vdso_doorbell(int fd, struct bulk_seg *segs, long sent,
				   void *window, __u64 end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
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
		end -= bulk_record_space(segs[taken - 1].len);
	segs[taken].res = -ENODEV;
	return taken ?: -ENODEV;
}

static __always_inline bool vdso_window_moved(struct bulk_window_user *u,
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
static __always_inline long vdso_window_try_recv(struct bulk_seg *segs,
						 unsigned int nr_segs,
						 void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	struct bulk_record *rec;
	struct bulk_seg *seg = segs;
	__u64 filled, tail, size, head, pos;
	__u32 len;

	tail = __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE);
	/* 0 if the window is of no use, or read in a child forked meanwhile. */
	size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	/* Pairs with the release in bulk_rx_publish() of the kernel. */
	filled = __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - tail;
	/* Nothing, or more than there can be; in one comparison. */
	if (filled - 1 >= size)
		return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	pos = tail;
	do {
		rec = vdso_ring_at(window + 2 * BULK_WINDOW_PAGE + 2 * size,
				   size, pos);
		head = __atomic_load_n(&rec->head, __ATOMIC_RELAXED);
		len = bulk_record_len(head);
		if (bulk_record_space(len) > filled || len > seg->len) {
			if (seg != segs)
				break;
			if (vdso_window_moved(u, tail))
				return -ESTALE;
			if (bulk_record_space(len) > filled)
				return -EAGAIN;
			seg->len = len;
			seg->res = -EMSGSIZE;
			return -EMSGSIZE;
		}
		seg->res = len;
		seg->tag = __atomic_load_n(&rec->tag, __ATOMIC_RELAXED);
		seg->lost = bulk_record_lost(head);
		bulk_copy((void *)(unsigned long)seg->addr, rec->data, len);
		pos += bulk_record_space(len);
		filled -= bulk_record_space(len);
	} while (++seg < segs + nr_segs && filled && vdso_seg_is_recv(seg));
	/* Pairs with the acquire in bulk_rx_fetch() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail, pos, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has received from a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	return seg - segs;
}

/* Whoever was faster has made progress: this ends. */
static __always_inline long vdso_window_recv(struct bulk_seg *segs,
					     unsigned int nr_segs, void *window)
{
	long ret;

	do {
		ret = vdso_window_try_recv(segs, nr_segs, window);
		/* Less to lose the next time. */
		nr_segs = 1;
	} while (ret == -ESTALE);
	return ret;
}

/* --- Regions, and records in place --- */

/**
 * struct vdso_walk - records that follow each other
 * @bytes: what they occupy
 * @records: how many they are
 * @next: head of the one behind them, if @more
 * @more: there is one
 */
struct vdso_walk {
	__u64	bytes;
	__u64	records;
	__u64	next;
	bool	more;
};

/*
 * The records at @first whose heads are below @limit, in at most @len bytes; a
 * limit below 2^32 lets no head pass that tells of losses.
 */
static __always_inline void vdso_walk(struct vdso_walk *walk, const void *first,
				      __u64 len, __u64 limit)
{
	const struct bulk_record *rec;
	__u64 done = 0, records = 0, head = 0, space;
	bool more = false;

	while (len - done >= sizeof(*rec)) {
		rec = first + done;
		head = __atomic_load_n(&rec->head, __ATOMIC_RELAXED);
		space = bulk_record_space(bulk_record_len(head));
		more = true;
		if (head >= limit || space > len - done)
			break;
		done += space;
		records++;
		more = false;
	}
	walk->bytes = done;
	walk->records = records;
	walk->next = head;
	walk->more = more;
}

static __always_inline long vdso_seg_failed(struct bulk_seg *seg, long error)
{
	seg->res = error;
	return error;
}

/*
 * As vdso_seg_failed(), for what was found out in the window. Forked since: a child
 * has looked at pages of zeroes, and the system call tells it that it has none.
 */
static __always_inline long vdso_inplace_failed(struct bulk_seg *seg,
						const void *window, long error)
{
	const struct bulk_window_kernel *k = window + BULK_WINDOW_PAGE;

	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	return vdso_seg_failed(seg, error);
}

/* Of the region at @first, the kernel has taken no more than @left bytes less. */
static __always_inline long vdso_region_gone(struct bulk_seg *seg,
					     const void *first, __u64 left)
{
	struct vdso_walk walk;

	vdso_walk(&walk, first, seg->res - left, ~0ULL);
	if (!walk.bytes) {
		seg->res = -ENODEV;
		return -ENODEV;
	}
	seg->res = walk.bytes;
	seg->tag = walk.records;
	return 1 | BULK_RUN_ENDS;
}

/*
 * @seg has sent what its @res and @tag say, up to @end: have the kernel called
 * if it wants that. Return: 1, perhaps with BULK_RUN_ENDS, or -ENODEV.
 */
static __always_inline long vdso_region_sent(int fd, struct bulk_seg *seg,
					     const void *first,
					     unsigned int flags, void *window,
					     __u64 end)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	__u32 state = __atomic_load_n(&k->state, __ATOMIC_RELAXED);
	__u64 tail;
	long ret;

	/* Forked since, or by a caller that makes a system call in the end. */
	if (!state || (flags & BULK_NO_SYSCALL))
		return 1;
	if (state == BULK_WINDOW_READY && !vdso_ring_is_loud(k, end))
		return 1;
	ret = bulk_xfer_syscall(fd, (void *)0, 0, 0);
	/* As for vdso_doorbell(). */
	if (ret < 0 && ret != -EBADMSG)
		bulk_poll_syscall(fd);
	tail = __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if ((__s64)(end - tail) <= 0 ||
	    !(__atomic_load_n(&k->state, __ATOMIC_RELAXED) & BULK_WINDOW_GONE))
		return 1;
	if (end - tail > (__u64)seg->res)
		tail = end - seg->res;
	return vdso_region_gone(seg, first, end - tail);
}

/* Records for which the ring has no room go by the system call, if they may. */
static __always_inline long vdso_region_rest(int fd, struct bulk_seg *seg,
					     unsigned int flags)
{
	struct bulk_seg rest;
	__u32 done = seg->res;

	if (flags & BULK_NO_SYSCALL)
		return 1 | BULK_RUN_ENDS;
	rest.addr = seg->addr + done;
	rest.len = seg->len - done;
	rest.res = 0;
	rest.tag = 0;
	rest.op = BULK_OP_SEND;
	rest.flags = BULK_SEG_PACKED;
	rest.lost = 0;
	if (bulk_xfer_syscall(fd, &rest, 1, flags | BULK_NO_RESTART) != 1)
		return 1 | BULK_RUN_ENDS;
	seg->res = done + rest.res;
	seg->tag += rest.tag;
	return (__u32)seg->res == seg->len ? 1 : 1 | BULK_RUN_ENDS;
}

/*
 * The first record, @head of which was looked at if @more, does not go through the
 * ring. Return: what the kernel would say if it is none; -EAGAIN.
 */
static __always_inline long vdso_region_refused(struct bulk_seg *seg,
						const struct vdso_walk *walk,
						__u32 limit)
{
	if (seg->len < sizeof(struct bulk_record))
		return vdso_seg_failed(seg, -EINVAL);
	if (!walk->more)
		return -EAGAIN;
	if (bulk_record_lost(walk->next))
		return vdso_seg_failed(seg, -EINVAL);
	if (bulk_record_len(walk->next) < limit &&
	    bulk_record_space(bulk_record_len(walk->next)) > seg->len)
		return vdso_seg_failed(seg, -EINVAL);
	return -EAGAIN;
}

/* The first records of a region, as many as there is room for. */
static noinline long vdso_region_send(int fd, struct bulk_seg *seg,
				      unsigned int flags, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	const void *first = (const void *)(unsigned long)seg->addr;
	unsigned int quiet = flags & BULK_NO_SYSCALL ? 1 : 0;
	struct bulk_window_user *u = window;
	struct vdso_walk walk;
	struct bulk_sent s;
	__u64 room, filled;
	__u32 limit;
	long ret;

	limit = __atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED);
	if (seg->lost || seg->addr & 7 || (__s32)seg->len < 0)
		return vdso_seg_failed(seg, -EINVAL);
	if (!limit || !seg->len)
		return -EAGAIN;
	if (quiet && __atomic_load_n(&k->state, __ATOMIC_RELAXED) !=
		     BULK_WINDOW_READY)
		return -EAGAIN;
	room = quiet ? __atomic_load_n(&k->tx_quiet, __ATOMIC_RELAXED)
		     : __atomic_load_n(&k->tx_size, __ATOMIC_RELAXED);
	filled = (__atomic_load_n(&u->tx_head, __ATOMIC_RELAXED) &
		  ~(__u64)BULK_TX_BUSY) -
		 __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED);
	if (filled >= room)
		return -EAGAIN;
	room -= filled;
	vdso_walk(&walk, first, seg->len < room ? seg->len : room, limit);
	if (!walk.bytes)
		return vdso_region_refused(seg, &walk, limit);
	s = bulk_send_piece(first, walk.bytes, quiet, window);
	if (s.sent < 0)
		return -EAGAIN;
	seg->res = walk.bytes;
	seg->tag = walk.records;
	ret = vdso_region_sent(fd, seg, first, flags, window, s.end);
	if (ret == 1 && (__u32)seg->res < seg->len)
		return vdso_region_rest(fd, seg, flags);
	return ret;
}

/* The tail of the RX ring, and how much is there; or 0 when none can be received. */
static __always_inline __u64 vdso_rx_look(void *window, __u64 *tail,
					  __u64 *size)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 filled;

	*tail = __atomic_load_n(&u->rx_tail, __ATOMIC_ACQUIRE);
	*size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	/* Pairs with the release in bulk_rx_publish() of the kernel. */
	filled = __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - *tail;
	return filled <= *size ? filled : 0;
}

static __always_inline void *vdso_rx_at(void *window, __u64 size, __u64 pos)
{
	return vdso_ring_at(window + 2 * BULK_WINDOW_PAGE + 2 * size, size, pos);
}

/* @more: a record is there that does not fit. Return: -EMSGSIZE or -EAGAIN. */
static __always_inline long vdso_region_too_small(struct bulk_seg *seg,
						  const struct vdso_walk *walk,
						  __u64 filled)
{
	__u64 space = bulk_record_space(bulk_record_len(walk->next));

	if (!walk->more || space > filled)
		return -EAGAIN;
	seg->len = space;
	seg->res = -EMSGSIZE;
	return -EMSGSIZE;
}

static __always_inline long vdso_region_try_recv(struct bulk_seg *seg,
						 void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 filled, tail, size, len;
	struct vdso_walk walk;

	filled = vdso_rx_look(window, &tail, &size);
	if (!filled)
		return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	len = seg->len & ~7U;
	vdso_walk(&walk, vdso_rx_at(window, size, tail),
		  len < filled ? len : filled, ~0ULL);
	if (!walk.bytes) {
		if (vdso_window_moved(u, tail))
			return -ESTALE;
		return vdso_region_too_small(seg, &walk, filled);
	}
	bulk_copy((void *)(unsigned long)seg->addr,
		  vdso_rx_at(window, size, tail), walk.bytes);
	/* Pairs with the acquire in bulk_rx_fetch() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail, tail + walk.bytes,
					 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has received from a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = walk.bytes;
	seg->tag = walk.records;
	seg->lost = 0;
	return 1;
}

static noinline long vdso_region_recv(struct bulk_seg *seg, void *window)
{
	long ret;

	if (seg->addr & 7)
		return -EAGAIN;
	do {
		ret = vdso_region_try_recv(seg, window);
	} while (ret == -ESTALE);
	return ret;
}

static noinline long vdso_inplace_reserve(struct bulk_seg *seg, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 head, size, room;

	if (seg->lost || !__atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED))
		return -EAGAIN;
	size = __atomic_load_n(&k->tx_size, __ATOMIC_RELAXED);
	head = __atomic_load_n(&u->tx_head, __ATOMIC_RELAXED);
	room = __atomic_load_n(&k->tx_tail, __ATOMIC_ACQUIRE) + size - head;
	if ((head & BULK_TX_BUSY) || room > size || room < seg->len ||
	    room < sizeof(struct bulk_record))
		return -EAGAIN;
	if (!__atomic_compare_exchange_n(&u->tx_head, &head,
					 head | BULK_TX_BUSY, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -EAGAIN;
	/* Forked in between: the child has reserved room in a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	__atomic_store_n(&u->tx_end, head + room, __ATOMIC_RELAXED);
	seg->addr = (unsigned long)vdso_ring_at(window + 2 * BULK_WINDOW_PAGE,
						size, head);
	seg->len = room;
	seg->res = room;
	return 1;
}

static noinline long vdso_inplace_commit(int fd, struct bulk_seg *seg,
					 unsigned int flags, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 old, head, size, end, reserved;
	struct vdso_walk walk;
	const void *first;
	__u32 limit;
	long ret;

	if (seg->lost || seg->len & 7)
		return vdso_seg_failed(seg, -EINVAL);
	limit = __atomic_load_n(&k->tx_limit, __ATOMIC_RELAXED);
	size = __atomic_load_n(&k->tx_size, __ATOMIC_RELAXED);
	old = __atomic_load_n(&u->tx_head, __ATOMIC_RELAXED);
	head = old & ~(__u64)BULK_TX_BUSY;
	reserved = __atomic_load_n(&u->tx_end, __ATOMIC_RELAXED);
	if (old - head != BULK_TX_BUSY || !limit || !size ||
	    seg->len > reserved - head ||
	    seg->len > __atomic_load_n(&k->tx_tail, __ATOMIC_RELAXED) + size -
		       head)
		return -EAGAIN;
	first = vdso_ring_at(window + 2 * BULK_WINDOW_PAGE, size, head);
	vdso_walk(&walk, first, seg->len, limit);
	if (seg->len && !walk.bytes)
		return vdso_inplace_failed(seg, window, -EINVAL);
	end = head + walk.bytes;
	head = end;
	if (walk.bytes < seg->len ||
	    (!(seg->flags & BULK_SEG_DISCARD) &&
	     (__s64)(reserved - end) >= (__s64)sizeof(struct bulk_record)))
		head |= BULK_TX_BUSY;
	/* A full barrier, as the exchange at the end of bulk_send_one(). */
	if (!__atomic_compare_exchange_n(&u->tx_head, &old, head, 0,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return vdso_inplace_failed(seg, window, -EBUSY);
	/* Forked in between: the child has nothing that it reserved. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = walk.bytes;
	seg->tag = walk.records;
	if (!walk.bytes)
		return 1;
	ret = vdso_region_sent(fd, seg, first, flags, window, end);
	return ret == 1 && walk.bytes < seg->len ? 1 | BULK_RUN_ENDS : ret;
}

static __always_inline long vdso_inplace_try_borrow(struct bulk_seg *seg,
						    void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 filled, tail, size;
	struct vdso_walk walk;

	filled = vdso_rx_look(window, &tail, &size);
	if (!filled)
		return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
	if (seg->len < filled ||
	    (__s64)(__atomic_load_n(&k->rx_odd, __ATOMIC_RELAXED) - tail) > 0) {
		vdso_walk(&walk, vdso_rx_at(window, size, tail),
			  seg->len < filled ? seg->len : filled, ~0ULL);
		if (!walk.bytes)
			return vdso_window_moved(u, tail) ? -ESTALE : -EAGAIN;
		filled = walk.bytes;
	}
	if (!__atomic_compare_exchange_n(&u->rx_tail, &tail,
					 tail | BULK_RX_BORROWED, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -ESTALE;
	/* Forked in between: the child has borrowed a page of zeroes. */
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	__atomic_store_n(&u->rx_end, tail + filled, __ATOMIC_RELAXED);
	seg->addr = (unsigned long)vdso_rx_at(window, size, tail);
	seg->len = filled;
	seg->res = filled;
	return 1;
}

static noinline long vdso_inplace_borrow(struct bulk_seg *seg, void *window)
{
	long ret;

	if (seg->lost)
		return -EAGAIN;
	do {
		ret = vdso_inplace_try_borrow(seg, window);
	} while (ret == -ESTALE);
	return ret;
}

static noinline long vdso_inplace_return(struct bulk_seg *seg, void *window)
{
	struct bulk_window_kernel *k = vdso_kernel_page(window);
	struct bulk_window_user *u = window;
	__u64 old, tail, size, new, end;
	struct vdso_walk walk;

	old = __atomic_load_n(&u->rx_tail, __ATOMIC_RELAXED);
	tail = old & ~BULK_RX_BORROWED;
	size = __atomic_load_n(&k->rx_size, __ATOMIC_RELAXED);
	end = __atomic_load_n(&u->rx_end, __ATOMIC_RELAXED);
	if (seg->lost || old == tail || !size || seg->len > end - tail ||
	    seg->len > __atomic_load_n(&k->rx_head, __ATOMIC_ACQUIRE) - tail)
		return -EAGAIN;
	vdso_walk(&walk, vdso_rx_at(window, size, tail), seg->len, ~0ULL);
	if (walk.bytes != seg->len)
		return vdso_inplace_failed(seg, window, -EINVAL);
	new = tail + seg->len;
	if (!(seg->flags & BULK_SEG_DISCARD) &&
	    (__s64)(end - new) > 0)
		new |= BULK_RX_BORROWED;
	/* Pairs with the acquire in bulk_rx_fetch() of the kernel. */
	if (!__atomic_compare_exchange_n(&u->rx_tail, &old, new, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return vdso_inplace_failed(seg, window, -EBUSY);
	if (!__atomic_load_n(&k->state, __ATOMIC_RELAXED))
		return -EAGAIN;
	seg->res = seg->len;
	seg->tag = walk.records;
	return 1;
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
 * as if it could: a program that asks whether a flag is known would ask forever.
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
		/* A caller that sends without system calls makes one in the end. */
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
