// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: many records in one piece, copied by one segment of a call.
 *
 * A region that is sent is copied in before a lock is taken, so its records are
 * checked and handed over from memory that nobody else writes to. One that is
 * received is copied out under the lock, from where its records lie in one
 * piece, and they have moved once their bytes are there. What lies elsewhere,
 * because it is too long for a ring or made on demand, is copied record by
 * record.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "drain.h"
#include "deliver.h"
#include "endpoint.h"
#include "produce.h"
#include "region.h"
#include "rx.h"
#include "side.h"
#include "transfer.h"
#include "window.h"

/* Bytes of a region that are copied in at a time. */
#define BULK_REGION_PART	SZ_64K
/* Bytes of a region that are moved between two looks at the scheduler. */
#define BULK_REGION_STEP	SZ_16K

/**
 * struct bulk_region - a region that a segment moves
 * @addr: where its next record is
 * @left: bytes from there on
 * @moved: bytes that were moved
 * @records: records in them
 */
struct bulk_region {
	u64 addr;
	size_t left;
	size_t moved;
	u64 records;
};

static void bulk_region_advance(struct bulk_region *r, size_t bytes,
				u64 records)
{
	r->addr += bytes;
	r->left -= bytes;
	r->moved += bytes;
	r->records += records;
}

static int bulk_region_deliver(struct bulk_endpoint *ep, struct bulk_region *r,
			       const void *part, size_t len)
{
	struct bulk_delivered taken;
	int ret;

	guard(mutex)(&ep->tx_lock);
	ret = ep->gone ? -ENODEV : bulk_drain_locked(ep);
	if (ret)
		return ret;
	ret = bulk_deliver_batch(ep, part, len, ep->channel->max_record,
				 &taken);
	bulk_region_advance(r, taken.bytes, taken.records);
	return ret;
}

/*
 * Hand over what is in @part, until something is left that has to be looked at.
 */
static int bulk_region_send_part(struct bulk_endpoint *ep,
				 struct bulk_region *r, const void *part,
				 size_t len, bool nowait)
{
	size_t start = r->moved, done;
	int ret, seen;

	while ((done = r->moved - start) < len) {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->tx.events);
		ret = bulk_region_deliver(ep, r, part + done, len - done);
		if (ret == -EAGAIN)
			ret = bulk_wait(ep, &ep->tx, seen, nowait);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* The first record in @part is longer than it: sent from where it is. */
static int bulk_region_send_long(struct bulk_endpoint *ep,
				 struct bulk_region *r,
				 const struct bulk_packed *head, bool nowait)
{
	u32 len = head->len;
	struct iov_iter from;
	int ret;

	if (head->lost || len > ep->channel->max_record)
		return head->lost ? -EINVAL : -EMSGSIZE;
	if (BULK_PACKED_SIZE(len) > r->left)
		return -EINVAL;
	ret = import_ubuf(ITER_SOURCE,
			  u64_to_user_ptr(r->addr + sizeof(*head)), len, &from);
	if (!ret)
		ret = bulk_endpoint_send(ep, &from, head->tag, nowait);
	if (!ret)
		bulk_region_advance(r, BULK_PACKED_SIZE(len), 1);
	return ret;
}

static int bulk_region_send_all(struct bulk_endpoint *ep, struct bulk_region *r,
				void *part, size_t room, bool nowait)
{
	size_t start, len;
	int ret;

	while (r->left >= sizeof(struct bulk_packed)) {
		start = r->moved;
		len = min(r->left, room);
		len -= copy_from_user(part, u64_to_user_ptr(r->addr), len);
		if (len < sizeof(struct bulk_packed))
			return -EFAULT;
		ret = bulk_region_send_part(ep, r, part, len, nowait);
		/*
		 * A record that is cut is copied in again, from its start on.
		 */
		if (ret == BULK_NO_RECORD && r->moved == start)
			ret = bulk_region_send_long(ep, r, part, nowait);
		if (ret && ret != BULK_NO_RECORD)
			return ret;
	}
	return r->left ? -EINVAL : 0;
}

/**
 * bulk_region_send() - send the records of a region
 * @ep: the endpoint, open for writing
 * @seg: the segment; its result goes there
 * @nowait: -EAGAIN instead of waiting for room
 *
 * Context: Process context. No lock is held while user memory faults.
 * Return: 0 when all was sent; BULK_SHORT_REGION when some of it was; otherwise
 * nothing was, and why: -EINVAL for what is no record, the rest as
 * bulk_endpoint_send().
 */
int bulk_region_send(struct bulk_endpoint *ep, struct bulk_seg *seg,
		     bool nowait)
{
	struct bulk_region r = { .addr = seg->addr, .left = seg->len };
	size_t room = min_t(size_t, seg->len, BULK_REGION_PART);
	void *part;
	int ret;

	if (seg->lost || !IS_ALIGNED(seg->addr, 8) || seg->len > INT_MAX)
		return -EINVAL;
	part = kvmalloc(room, BULK_GFP_ACCOUNT);
	if (!part)
		return -ENOMEM;
	ret = bulk_region_send_all(ep, &r, part, room, nowait);
	kvfree(part);
	if (ret && !r.moved)
		return ret;
	seg->res = r.moved;
	seg->tag = r.records;
	return ret ? BULK_SHORT_REGION : 0;
}

/* --- RECV --- */

/*
 * The head of a record that was received, and that a fault kept from its place.
 */
struct bulk_late_head {
	struct bulk_packed __user *to;
	struct bulk_packed head;
};

/*
 * One record, and its head before it. That the head can be written is found out
 * before the record has moved. A page that goes away in between comes back, and
 * gets the head late.
 */
static int bulk_region_recv_one(struct bulk_endpoint *ep, struct bulk_region *r,
				struct bulk_meta *meta,
				struct bulk_late_head *late)
{
	struct bulk_packed __user *to = u64_to_user_ptr(r->addr);
	struct bulk_packed head = {};
	struct iov_iter iter;
	size_t room;
	int ret;

	*meta = (struct bulk_meta){ };
	room = min(r->left - sizeof(head), ep->channel->max_record);
	if (import_ubuf(ITER_DEST, to->data, room, &iter) ||
	    __copy_to_user_inatomic(to, &head, sizeof(head)))
		return -EFAULT;
	ret = bulk_recv_locked(ep, &iter, meta);
	if (ret)
		return ret;
	head.len = meta->len;
	head.lost = meta->lost;
	head.tag = meta->tag;
	if (__copy_to_user_inatomic(to, &head, sizeof(head)))
		*late = (struct bulk_late_head){ .to = to, .head = head };
	bulk_region_advance(r, BULK_PACKED_SIZE(meta->len), 1);
	return 0;
}

/* Where the next records lie in one piece; or NULL. */
static struct bulk_rx_ring *bulk_region_ring(struct bulk_endpoint *ep,
					     size_t room)
{
	struct bulk_rx_ring *ring;
	size_t unused;

	/* The path for a single record finds out why there is none. */
	if (bulk_rx_first(&ep->records, &ring))
		return NULL;
	if (!ring || ring->tail == ring->end) {
		if (bulk_window_is_mapped(ep))
			bulk_produce_window(ep, NULL);
		else
			bulk_produce(ep, room, &unused);
		if (bulk_rx_first(&ep->records, &ring))
			return NULL;
	}
	return !ring || ring->borrowed || ring->tail == ring->end ? NULL : ring;
}

/*
 * Records that lie in one piece. What a page that is missing holds up is copied
 * anew.
 */
static int bulk_region_recv_piece(struct bulk_endpoint *ep,
				  struct bulk_region *r,
				  struct bulk_rx_ring *ring)
{
	const void *first = bulk_rx_at(ring, ring->tail);
	size_t room = min_t(size_t, r->left, BULK_REGION_STEP);
	size_t len, left;
	u64 records;

	len = bulk_rx_plain(ring, room, &records);
	/* A long one, or one for which there is no room, by itself. */
	if (!len)
		return -EAGAIN;
	pagefault_disable();
	left = __copy_to_user_inatomic(u64_to_user_ptr(r->addr), first, len);
	pagefault_enable();
	if (left)
		len = bulk_rx_plain(ring, len - left, &records);
	if (!len)
		return -EFAULT;
	if (!bulk_rx_claim(ring, len))
		return BULK_RECV_BEATEN;
	bulk_region_advance(r, len, records);
	return 0;
}

/* Does the provider make a record whenever it is asked, and not before? */
static bool bulk_region_asks(struct bulk_endpoint *ep)
{
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;

	return !ep->gone && ep->ops->recv &&
	       !(ep->channel->flags & BULK_CHANNEL_RX_AHEAD) &&
	       bulk_rx_peek(&ep->records, &ring, &meta) == -EAGAIN;
}

/* Return: 0 when there may be more of them; -EAGAIN after the last. */
static int bulk_region_recv_singly(struct bulk_endpoint *ep,
				   struct bulk_region *r,
				   struct bulk_meta *meta,
				   struct bulk_late_head *late)
{
	bool last = bulk_region_asks(ep);
	int ret;

	pagefault_disable();
	ret = bulk_region_recv_one(ep, r, meta, late);
	pagefault_enable();
	return !ret && last ? -EAGAIN : ret;
}

static int bulk_region_recv_step(struct bulk_endpoint *ep,
				 struct bulk_region *r, struct bulk_meta *meta,
				 struct bulk_late_head *late)
{
	size_t start = r->moved;
	int ret = -EAGAIN, drained;
	struct bulk_rx_ring *ring;

	/* The provider may answer a record that was just sent. */
	drained = bulk_drain(ep);
	if (drained == -EBADMSG)
		return -EBADMSG;
	mutex_lock(ep->rx_lock);
	*meta = (struct bulk_meta){ };
	/* Traces want them one by one. */
	ring = bulk_region_ring(ep, r->left);
	if (ring && !trace_bulk_recv_enabled())
		ret = bulk_region_recv_piece(ep, r, ring);
	if (ret == -EAGAIN)
		ret = bulk_region_recv_singly(ep, r, meta, late);
	if (r->moved != start)
		bulk_produce_window(ep, NULL);
	mutex_unlock(ep->rx_lock);
	return ret == -EAGAIN && drained == -ENOMEM && r->moved == start ?
	       -ENOMEM : ret;
}

/* Have room for a record of @len bytes, and more of it if it is there. */
static int bulk_region_fault_in(const struct bulk_region *r, size_t len,
				unsigned int *faults)
{
	size_t ahead = min_t(size_t, r->left, BULK_REGION_STEP);
	struct iov_iter iter;
	int ret;

	if (import_ubuf(ITER_DEST, u64_to_user_ptr(r->addr), r->left, &iter))
		return -EFAULT;
	ret = bulk_fault_in(&iter, min(r->left, BULK_PACKED_SIZE(len)), true,
			    faults);
	if (!ret)
		fault_in_iov_iter_writeable(&iter, ahead);
	return ret;
}

/* Is there reason, and a way, to go on after @ret? Return: 0, or an errno. */
static int bulk_region_recv_again(struct bulk_endpoint *ep,
				  struct bulk_region *r, int ret, int seen,
				  const struct bulk_meta *meta, bool nowait,
				  unsigned int *faults)
{
	switch (ret) {
	case -EFAULT:
		return bulk_region_fault_in(r, meta->len, faults);
	case -EAGAIN:
	case -ENOMEM:
		/* None is held back until more has come. */
		return r->moved ? ret :
				  bulk_wait_record(ep, ret, seen, nowait);
	case BULK_RECV_BEATEN:
		return r->moved ? -EAGAIN : bulk_give_way();
	default:
		return ret;
	}
}

/**
 * bulk_region_recv() - receive the records that are there, at least one
 * @ep: the endpoint, open for reading
 * @seg: the segment; its result goes there
 * @nowait: -EAGAIN instead of waiting for a record
 *
 * Context: Process context. No lock is held while user memory faults.
 * Return: 0; otherwise nothing was received, and why, as bulk_endpoint_recv().
 */
int bulk_region_recv(struct bulk_endpoint *ep, struct bulk_seg *seg,
		     bool nowait)
{
	struct bulk_region r = {
		.addr = seg->addr,
		.left = min_t(size_t, ALIGN_DOWN(seg->len, 8), MAX_RW_COUNT),
	};
	struct bulk_late_head late = {};
	struct bulk_meta meta = {};
	unsigned int faults = 0;
	size_t moved;
	int ret, seen;

	if (!IS_ALIGNED(seg->addr, 8))
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(r.addr), r.left))
		return -EFAULT;
	if (r.left < sizeof(struct bulk_packed)) {
		seg->len = sizeof(struct bulk_packed);
		return -EMSGSIZE;
	}
	do {
		moved = r.moved;
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->rx.events);
		ret = bulk_region_recv_step(ep, &r, &meta, &late);
		/* Each record is as good a reason for them as the first. */
		if (r.moved != moved)
			faults = 0;
		/* Only a caller that unmaps its region meanwhile misses it. */
		if (late.to &&
		    copy_to_user(late.to, &late.head, sizeof(late.head)))
			ret = -EFAULT;
		else if (ret)
			ret = bulk_region_recv_again(ep, &r, ret, seen, &meta,
						     nowait, &faults);
		late.to = NULL;
		cond_resched();
	} while (!ret && r.left >= sizeof(struct bulk_packed) &&
		 !(r.moved && signal_pending(current)));
	if (ret == -EMSGSIZE && !r.moved)
		seg->len = BULK_PACKED_SIZE(meta.len);
	if (ret && !r.moved)
		return ret;
	seg->res = r.moved;
	seg->tag = r.records;
	seg->lost = 0;
	return 0;
}
