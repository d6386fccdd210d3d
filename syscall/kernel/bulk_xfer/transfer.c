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

#include "drain.h"
#include "endpoint.h"
#include "produce.h"
#include "provider.h"
#include "rx.h"
#include "side.h"
#include "transfer.h"
#include "window.h"

/*
 * Attempts with all pages there that still may come short: others may take the
 * pages away again, but some can't be written to at all (a shadow stack).
 */
#define BULK_FAULTS	16

/**
 * bulk_fault_in() - make present what a copy missed
 * @iter: where the copy began
 * @len: bytes that it was to copy
 * @write: it was to write
 * @faults: counts the attempts
 *
 * Context: Process context, no lock is held. May wait for user space.
 * Return: 0 to try again; -EFAULT; -EINTR for a process that is killed.
 */
int bulk_fault_in(struct iov_iter *iter, size_t len, bool write,
		  unsigned int *faults)
{
	size_t missing;

	if (!user_backed_iter(iter) || !len || ++*faults > BULK_FAULTS)
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
 * bulk_provider_recv() - have the provider produce a record
 * @ep: the endpoint, whose RX lock is held
 * @to: room for the record
 * @meta: zeroed; filled in
 *
 * Context: Process context, page faults disabled if @to is user memory.
 * Return: 0; otherwise nothing that counts is in @to: what the provider's
 * recv() returned, or -EIO where it has told another length than it has copied.
 */
static noinline int bulk_provider_recv(struct bulk_endpoint *ep,
				       struct iov_iter *to,
				       struct bulk_meta *meta)
{
	size_t room = iov_iter_count(to);
	int before = bulk_provider_enter();
	int ret = ep->ops->recv(ep, to, meta);

	bulk_provider_leave(ep, before);
	if (unlikely(ret))
		ret = bulk_provider_error(ep, ret);
	else if (unlikely(meta->len != room - iov_iter_count(to)))
		ret = bulk_provider_wrong(ep,
					  "copied no record of the told length",
					  meta->len);
	if (unlikely(ret == -EMSGSIZE) &&
	    (meta->len <= room || meta->len > ep->channel->max_record))
		ret = bulk_provider_wrong(ep, "has no room for a record of",
					  meta->len);
	if (!ret)
		meta->lost = bulk_rx_lost_add(meta->lost,
					      bulk_rx_take_lost(&ep->records));
	return ret;
}

static int bulk_send_once(struct bulk_endpoint *ep, struct iov_iter *from,
			  size_t len, u64 tag)
{
	int ret, before;

	mutex_lock(&ep->tx_lock);
	ret = ep->gone ? -ENODEV : bulk_drain_locked(ep);
	if (!ret) {
		pagefault_disable();
		before = bulk_provider_enter();
		ret = ep->ops->send(ep, from, tag);
		bulk_provider_leave(ep, before);
		pagefault_enable();
		if (unlikely(ret))
			ret = bulk_provider_error(ep, ret);
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
	unsigned int faults = 0;
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
			ret = bulk_wait(ep, &ep->tx, seen, nowait);
		else if (ret == -EFAULT)
			ret = bulk_fault_in(from, len, false, &faults);
		if (ret)
			return ret;
	}
	trace_bulk_send(bulk_channel_name(ep->channel), ep->id, len, tag);
	return 0;
}

/**
 * bulk_recv_error() - what is to be told in place of a record
 * @ep: the endpoint, whose RX lock is held, and where no record waits
 *
 * Return: 0; -ENODEV, or an errno of the provider's, which is told once.
 */
int bulk_recv_error(struct bulk_endpoint *ep)
{
	int ret = 0;

	lockdep_assert_held(ep->rx_lock);
	if (ep->gone)
		return -ENODEV;
	if (unlikely(ep->rx_error))
		swap(ret, ep->rx_error);
	return ret;
}

static int bulk_recv_made(struct bulk_endpoint *ep, struct iov_iter *to,
			  struct bulk_meta *meta)
{
	int ret = bulk_recv_error(ep);

	if (unlikely(ret))
		return ret;
	memset(meta, 0, sizeof(*meta));
	ret = ep->ops->recv ? bulk_provider_recv(ep, to, meta) : -EAGAIN;
	if (ret)
		return ret;
	ep->rx.records++;
	ep->rx.bytes += meta->len;
	if (trace_bulk_recv_enabled())
		bulk_trace_received(ep, meta);
	return 0;
}

/**
 * bulk_recv_locked() - one attempt to receive, with the RX lock held
 * @ep: the endpoint
 * @to: room for the record
 * @meta: filled in
 *
 * Context: Process context, page faults disabled, the RX lock held.
 * Return: as bulk_endpoint_recv(), with -EFAULT for a page that is missing, and
 * BULK_RECV_BEATEN when other receivers were faster, time and again.
 */
int bulk_recv_locked(struct bulk_endpoint *ep, struct iov_iter *to,
		     struct bulk_meta *meta)
{
	int ret = bulk_rx_recv(&ep->records, to, meta);

	lockdep_assert_held(ep->rx_lock);
	if (unlikely(ret == -EBADMSG))
		return bulk_window_spoil(ep, ep->window);
	if (ret == -EAGAIN)
		return bulk_recv_made(ep, to, meta);
	/* A record in a window has been traced when it was put there. */
	if (!ret && trace_bulk_recv_enabled() && !bulk_window_is_mapped(ep))
		bulk_trace_received(ep, meta);
	return ret;
}

static int bulk_recv_once(struct bulk_endpoint *ep, struct iov_iter *to,
			  struct bulk_meta *meta)
{
	int ret, drained;

	/* The provider may answer a record that was just sent. */
	drained = bulk_drain(ep);
	if (drained == -EBADMSG)
		return -EBADMSG;
	mutex_lock(ep->rx_lock);
	pagefault_disable();
	ret = bulk_recv_locked(ep, to, meta);
	pagefault_enable();
	if (!ret)
		bulk_produce_window(ep, NULL);
	mutex_unlock(ep->rx_lock);
	return ret == -EAGAIN && drained == -ENOMEM ? -ENOMEM : ret;
}

/**
 * bulk_wait_record() - wait for a record
 * @ep: the endpoint
 * @ret: why there is none: -EAGAIN, or -ENOMEM
 * @seen: value of the RX side's events before one was looked for
 * @nowait: don't
 *
 * Context: Process context. Sleeps. Takes the TX lock.
 * Return: 0, -EAGAIN, -ENOMEM, or -ERESTARTSYS for a signal.
 */
int bulk_wait_record(struct bulk_endpoint *ep, int ret, int seen,
		     bool nowait)
{
	/* A process that has read by itself has made room, and tells nobody. */
	if (bulk_rx_was_full(&ep->records))
		bulk_tx_wake(ep);
	/*
	 * Edge-triggered epoll asks no more
	 * once it was told that there is none.
	 */
	if (!nowait || wq_has_sleeper(&ep->wait))
		bulk_drain_arm(ep);
	/* Nothing wakes a receiver when there is memory again. */
	return ret == -ENOMEM ? ret : bulk_wait(ep, &ep->rx, seen, nowait);
}

/**
 * bulk_give_way() - let others receive, which keep being faster by the vDSO
 *
 * This thread's turn comes, or its end.
 *
 * Context: Process context.
 * Return: 0; -EINTR for a process that is killed.
 */
int bulk_give_way(void)
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
 * -EAGAIN, -ERESTARTSYS for a signal, -ENODEV, -EBADMSG, -ENOMEM when the
 * provider has none for what was sent, -EIO for a provider's mistake, or
 * another errno of the provider's.
 */
int bulk_endpoint_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta, bool nowait)
{
	size_t room = iov_iter_count(to);
	unsigned int faults = 0;
	int ret, seen;

	for (;;) {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->rx.events);
		ret = bulk_recv_once(ep, to, meta);
		if (likely(!ret))
			break;
		bulk_rewind(to, room);
		if (ret == -EAGAIN || ret == -ENOMEM)
			ret = bulk_wait_record(ep, ret, seen, nowait);
		else if (ret == -EFAULT)
			ret = bulk_fault_in(to, meta->len, true, &faults);
		else if (ret == BULK_RECV_BEATEN)
			ret = bulk_give_way();
		if (ret)
			return ret;
	}
	return 0;
}
