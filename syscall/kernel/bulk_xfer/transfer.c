// SPDX-License-Identifier: GPL-2.0
/*
 * One record through an endpoint: locks, faults, waiting.
 *
 * User memory is accessed with page faults disabled while a lock is held or the
 * provider runs, and is faulted in between two attempts with neither. A page
 * that never comes (userfaultfd, FUSE) thus stalls its own caller alone, and a
 * record whose copy fails has not moved.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "internal.h"

/*
 * Make present what a copy missed. Who keeps taking the page away again makes
 * the loop around this endless; it ends with the process.
 */
static int bulk_fault_in(struct iov_iter *iter, size_t len, bool write)
{
	size_t missing;

	if (!user_backed_iter(iter) || !len)
		return -EFAULT;
	if (fatal_signal_pending(current))
		return -EINTR;
	missing = write ? fault_in_iov_iter_writeable(iter, len)
			: fault_in_iov_iter_readable(iter, len);
	cond_resched();
	return missing ? -EFAULT : 0;
}

/* As it was before an attempt that failed. */
static void bulk_rewind(struct iov_iter *iter, size_t count)
{
	iov_iter_revert(iter, count - iov_iter_count(iter));
}

/**
 * bulk_wait() - wait for a refused operation to have a chance
 * @side: the direction
 * @seen: value of its events before the operation was tried
 * @nowait: don't
 *
 * Context: Process context. Sleeps.
 * Return: 0, -EAGAIN, or -ERESTARTSYS for a signal.
 */
int bulk_wait(struct bulk_side *side, int seen, bool nowait)
{
	if (nowait)
		return -EAGAIN;
	return wait_event_interruptible(side->wait,
					atomic_read(&side->events) != seen);
}

static int bulk_send_once(struct bulk_endpoint *ep, struct iov_iter *from,
			  size_t len, u64 tag)
{
	int ret;

	mutex_lock(&ep->tx_lock);
	ret = ep->gone ? -ENODEV : bulk_drain_locked(ep);
	if (!ret) {
		pagefault_disable();
		ret = ep->ops->send(ep, from, tag);
		pagefault_enable();
	}
	if (!ret) {
		ep->tx.records++;
		ep->tx.bytes += len;
	}
	mutex_unlock(&ep->tx_lock);
	return ret;
}

/**
 * bulk_endpoint_send() - hand one record to the provider
 * @ep: the endpoint, open for writing
 * @from: the record
 * @tag: travels with it
 * @nowait: -EAGAIN instead of waiting for room
 *
 * Context: Process context. No lock is held while user memory faults.
 * Return: 0 when the provider took the record; otherwise nothing was taken:
 * -EMSGSIZE for more than the channel's max_record, -EFAULT, -EAGAIN,
 * -ERESTARTSYS for a signal, -ENODEV, -ENOMEM, -EBADMSG, or another errno of
 * the provider's.
 */
int bulk_endpoint_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag,
		       bool nowait)
{
	size_t len = iov_iter_count(from);
	int ret, seen;

	if (len > ep->channel->max_record)
		return -EMSGSIZE;
	for (;;) {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->tx.events);
		ret = bulk_send_once(ep, from, len, tag);
		if (likely(!ret))
			break;
		bulk_rewind(from, len);
		if (ret == -EAGAIN)
			ret = bulk_wait(&ep->tx, seen, nowait);
		else if (ret == -EFAULT)
			ret = bulk_fault_in(from, len, false);
		if (ret)
			return ret;
	}
	trace_bulk_send(bulk_channel_name(ep->channel), ep->id, len, tag);
	return 0;
}

static int bulk_deliver_head(struct bulk_endpoint *ep, struct iov_iter *to,
			     struct bulk_meta *meta)
{
	struct bulk_record *rec = ep->rx_head;

	meta->len = rec->len;
	meta->lost = rec->lost;
	meta->tag = rec->tag;
	if (rec->len > iov_iter_count(to))
		return -EMSGSIZE;
	if (copy_to_iter(rec->data, rec->len, to) != rec->len)
		return -EFAULT;
	WRITE_ONCE(ep->rx_head, NULL);
	bulk_queue_free(&ep->queue, rec);
	bulk_tx_wake(ep);
	return 0;
}

/* What waits in the window has been counted when it was put there. */
static int bulk_count_received(struct bulk_endpoint *ep, int ret, size_t len)
{
	if (!ret) {
		ep->rx.records++;
		ep->rx.bytes += len;
	}
	return ret;
}

static int bulk_recv_past_window(struct bulk_endpoint *ep, struct iov_iter *to,
				 struct bulk_meta *meta)
{
	if (!ep->rx_head)
		WRITE_ONCE(ep->rx_head, bulk_queue_take(&ep->queue));
	if (ep->rx_head)
		return bulk_deliver_head(ep, to, meta);
	if (ep->gone)
		return -ENODEV;
	return ep->ops->recv ? ep->ops->recv(ep, to, meta) : -EAGAIN;
}

/**
 * bulk_recv_locked() - one attempt to receive, with the RX lock held
 * @ep: the endpoint
 * @to: room for the record
 * @meta: zeroed; filled in
 *
 * Context: Process context, page faults disabled, the RX lock held.
 * Return: as bulk_endpoint_recv(), with -EFAULT for a page that is missing.
 */
int bulk_recv_locked(struct bulk_endpoint *ep, struct iov_iter *to,
		     struct bulk_meta *meta)
{
	int ret = bulk_window_recv(ep, to, meta);

	lockdep_assert_held(ep->rx_lock);
	if (ret != -EAGAIN)
		return ret;
	ret = bulk_recv_past_window(ep, to, meta);
	return bulk_count_received(ep, ret, meta->len);
}

static int bulk_recv_once(struct bulk_endpoint *ep, struct iov_iter *to,
			  struct bulk_meta *meta)
{
	int ret;

	/* What was sent may be what the provider answers. */
	if (bulk_drain(ep) == -EBADMSG)
		return -EBADMSG;
	memset(meta, 0, sizeof(*meta));
	mutex_lock(ep->rx_lock);
	pagefault_disable();
	ret = bulk_recv_locked(ep, to, meta);
	pagefault_enable();
	if (!ret)
		bulk_fill_locked(ep);
	mutex_unlock(ep->rx_lock);
	return ret;
}

static int bulk_wait_record(struct bulk_endpoint *ep, int seen, bool nowait)
{
	/* Edge-triggered epoll asks no more once it was told that there is none. */
	if (!nowait || wq_has_sleeper(&ep->rx.wait))
		bulk_drain_arm(ep, seen);
	return bulk_wait(&ep->rx, seen, nowait);
}

/* Other threads keep receiving by the vDSO; this one's turn comes, or its end. */
static int bulk_give_way(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * bulk_endpoint_recv() - take one record
 * @ep: the endpoint, open for reading
 * @to: room for it
 * @meta: filled in
 * @nowait: -EAGAIN instead of waiting for a record
 *
 * Context: Process context. No lock is held while user memory faults.
 * Return: 0; otherwise the record, if there is one, is still the next one:
 * -EMSGSIZE when the room is too small (@meta tells the length), -EFAULT,
 * -EAGAIN, -ERESTARTSYS for a signal, -ENODEV, -EBADMSG, or another errno of
 * the provider's.
 */
int bulk_endpoint_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta, bool nowait)
{
	size_t room = iov_iter_count(to);
	int ret, seen;

	for (;;) {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->rx.events);
		ret = bulk_recv_once(ep, to, meta);
		if (likely(!ret))
			break;
		bulk_rewind(to, room);
		if (ret == -EAGAIN)
			ret = bulk_wait_record(ep, seen, nowait);
		else if (ret == -EFAULT)
			ret = bulk_fault_in(to, meta->len, true);
		else if (ret == -EBUSY)
			ret = bulk_give_way();
		if (ret)
			return ret;
	}
	trace_bulk_recv(bulk_channel_name(ep->channel), ep->id, meta->len,
			meta->tag, meta->lost);
	return 0;
}
