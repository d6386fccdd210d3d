// SPDX-License-Identifier: GPL-2.0
/*
 * The functions that providers call: records for the readers of endpoints.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <trace/events/bulk_xfer.h>

#include "internal.h"

/**
 * bulk_provider_release() - tell the provider that an endpoint ends
 * @ep: the endpoint, of which no operation runs
 *
 * A record that is still reserved is lost memory, and told.
 *
 * Context: Process context. The channel's lock is held. May sleep.
 */
void bulk_provider_release(struct bulk_endpoint *ep)
{
	unsigned int left;

	lockdep_assert_held(&ep->channel->lock);
	if (ep->ops->release)
		ep->ops->release(ep);
	WRITE_ONCE(ep->push_limit, 0);
	/* A record that an NMI has committed counts as reserved until it is queued. */
	irq_work_sync(&ep->nmi_work);
	left = READ_ONCE(ep->queue.reserved);
	if (unlikely(left))
		bulk_provider_wrong(ep, "leaves records reserved:", left);
}

/* The events that poll() may tell of an endpoint. */
#define BULK_PROVIDER_EVENTS	(EPOLLIN | EPOLLRDNORM | EPOLLOUT | \
				 EPOLLWRNORM | EPOLLPRI | EPOLLERR | \
				 EPOLLHUP | EPOLLRDHUP)

/**
 * bulk_provider_events() - ask the provider what would not block
 * @ep: the endpoint, whose TX lock is held
 *
 * Context: Process context. May sleep.
 * Return: EPOLL* events; for what are none, those that have the caller look.
 */
__poll_t bulk_provider_events(struct bulk_endpoint *ep)
{
	int before = bulk_provider_enter();
	__poll_t mask;

	lockdep_assert_held(&ep->tx_lock);
	if (!ep->ops->poll)
		return EPOLLOUT;
	mask = ep->ops->poll(ep);
	bulk_provider_leave(ep, before);
	if (likely(!(mask & ~BULK_PROVIDER_EVENTS)))
		return mask;
	bulk_provider_wrong(ep, "polls", (__force int)mask);
	return EPOLLIN | EPOLLOUT | EPOLLERR;
}

/**
 * bulk_provider_unbalanced() - an operation has left the context changed
 * @ep: the endpoint
 * @before: preempt_count() before it ran
 *
 * The count is put back, as for timers: its next user is not to blame.
 */
noinline __cold void bulk_provider_unbalanced(struct bulk_endpoint *ep,
					      int before)
{
	int now = preempt_count();

	preempt_count_set(before);
	bulk_provider_wrong(ep, "returns with a preemption count off by",
			    now - before);
}

static void bulk_trace_dropped(struct bulk_endpoint *ep, unsigned int dropped)
{
	if (dropped)
		trace_bulk_drop(bulk_channel_name(ep->channel), ep->id, dropped);
}

/**
 * bulk_prepare_nmi() - have records ready for NMIs, where none can be allocated
 * @ep: the endpoint
 * @nr: how many records an NMI may reserve before the reader is done with the
 *	first of them, at most 256
 * @len: bytes of the longest, at most the channel's max_record
 *
 * They are memory of the endpoint's owner, beside the channel's rx_limit.
 *
 * Context: Process context, from the provider's open(), once. May sleep.
 * Return: 0, -EINVAL, -EBUSY the second time, -ENOMEM.
 */
int bulk_prepare_nmi(struct bulk_endpoint *ep, unsigned int nr, size_t len)
{
	if (len > ep->channel->max_record)
		return -EINVAL;
	return bulk_queue_prepare_nmi(&ep->queue, nr, len);
}
EXPORT_SYMBOL_GPL(bulk_prepare_nmi);

static noinline __cold int bulk_reserve_refused(struct bulk_endpoint *ep)
{
	if (READ_ONCE(ep->push_limit))
		return -EMSGSIZE;
	bulk_provider_wrong(ep, "reserves after release(), endpoint", ep->id);
	return -ENODEV;
}

/**
 * bulk_reserve() - get memory for a record that an endpoint shall receive
 * @ep: the endpoint
 * @len: bytes of the record, at most the channel's max_record, and in an NMI at
 *	most what bulk_prepare_nmi() was told
 * @gfp: how the memory may be allocated; GFP_ATOMIC outside of process context;
 *	no matter in an NMI
 *
 * In an NMI the record is one of those that bulk_prepare_nmi() made; when all
 * are in use it is the new one that is lost, unless the policy is to block.
 *
 * Context: Any in which a task may be woken, that is under no lock of the
 * scheduler, of a wait queue or of a timer, and NMIs; between the provider's
 * open() and release().
 * Return: a record for bulk_commit() or bulk_abort(); or ERR_PTR(): -EMSGSIZE;
 * -ENODEV after release(), as long as the file is open;
 * -EAGAIN when the queue is full and the policy is to block, senders being
 * woken when it no longer is; -ENOSPC when it is full otherwise; -ENOMEM. A
 * record refused by a channel whose policy is not to block is counted as lost.
 */
struct bulk_record *bulk_reserve(struct bulk_endpoint *ep, size_t len,
				 gfp_t gfp)
{
	struct bulk_record *rec;
	unsigned int dropped = 0;

	if (unlikely(len >= READ_ONCE(ep->push_limit)))
		return ERR_PTR(bulk_reserve_refused(ep));
	if (in_nmi())
		rec = bulk_queue_reserve_nmi(&ep->queue, len, &dropped);
	else
		rec = bulk_queue_reserve(&ep->queue, len,
					 bulk_kthread_gfp(ep, gfp), &dropped);
	bulk_trace_dropped(ep, dropped);
	return rec;
}
EXPORT_SYMBOL_GPL(bulk_reserve);

/**
 * bulk_record_data() - where a reserved record's bytes go
 * @rec: the record
 *
 * All of it must be written before the commit: the reader gets all of it.
 *
 * Return: address of the first byte, aligned to 8.
 */
void *bulk_record_data(struct bulk_record *rec)
{
	return rec->data;
}
EXPORT_SYMBOL_GPL(bulk_record_data);

/**
 * bulk_commit() - give a reserved record to the reader
 * @ep: the endpoint
 * @rec: the record; it is no longer the caller's
 * @tag: travels with the record
 *
 * Records are received in the order of their commits. What was committed or
 * aborted before is left alone, and the log tells it; where another record is
 * reserved at that time, only if no reader has taken this one.
 *
 * Context: As for bulk_reserve().
 */
void bulk_commit(struct bulk_endpoint *ep, struct bulk_record *rec, u64 tag)
{
	bool ours;

	if (in_nmi()) {
		ours = bulk_queue_commit_nmi(&ep->queue, rec, tag);
		irq_work_queue(&ep->nmi_work);
	} else {
		ours = bulk_queue_commit(&ep->queue, rec, tag);
		bulk_rx_wake(ep);
	}
	if (unlikely(!ours))
		bulk_provider_wrong(ep, "commits what is not reserved, endpoint",
				    ep->id);
}
EXPORT_SYMBOL_GPL(bulk_commit);

/**
 * bulk_abort() - give a reserved record back, as if it had never been
 * @ep: the endpoint
 * @rec: the record; as for bulk_commit()
 *
 * Context: As for bulk_reserve(); in an NMI, only for a record that was reserved
 * in one.
 */
void bulk_abort(struct bulk_endpoint *ep, struct bulk_record *rec)
{
	bool ours;

	if (in_nmi()) {
		ours = bulk_queue_abort_nmi(&ep->queue, rec);
		irq_work_queue(&ep->nmi_work);
	} else {
		ours = bulk_queue_abort(&ep->queue, rec);
		/* A provider that gives up by itself would be called again at once. */
		if (bulk_queue_was_full(&ep->queue))
			bulk_tx_wake(ep);
	}
	if (unlikely(!ours))
		bulk_provider_wrong(ep, "aborts what is not reserved, endpoint",
				    ep->id);
}
EXPORT_SYMBOL_GPL(bulk_abort);

/**
 * bulk_push() - give a reader a copy of a record
 * @ep: the endpoint
 * @data: the record
 * @len: its bytes
 * @tag: travels with it
 * @gfp: how the memory may be allocated
 *
 * Context: As for bulk_reserve().
 * Return: 0, or what bulk_reserve() says.
 */
int bulk_push(struct bulk_endpoint *ep, const void *data, size_t len, u64 tag,
	      gfp_t gfp)
{
	struct bulk_record *rec = bulk_reserve(ep, len, gfp);

	if (IS_ERR(rec))
		return PTR_ERR(rec);
	memcpy(rec->data, data, len);
	bulk_commit(ep, rec, tag);
	return 0;
}
EXPORT_SYMBOL_GPL(bulk_push);

/**
 * bulk_rx_has_room() - would a record of any size be queued now?
 * @ep: the endpoint
 *
 * Context: Any but NMI.
 * Return: true if the largest record of the channel would be accepted.
 */
bool bulk_rx_has_room(struct bulk_endpoint *ep)
{
	return bulk_queue_has_room(&ep->queue, ep->channel->max_record);
}
EXPORT_SYMBOL_GPL(bulk_rx_has_room);
