// SPDX-License-Identifier: GPL-2.0
/*
 * Providers: what the core asks them, and the functions that they call to give
 * the readers of endpoints their records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <trace/events/bulk_xfer.h>

#include "endpoint.h"
#include "provider.h"
#include "ring.h"
#include "rx.h"
#include "window.h"

/* Bytes of the longest record that is copied together with others. */
#define BULK_PUSH_LONGEST \
	(BULK_RX_OWN_RECORD - sizeof(struct bulk_record))

/**
 * bulk_provider_wrong() - tell of a provider's mistake,
 * the first one of a channel
 * @ep: the endpoint
 * @what: the mistake, before
 * @value: what is wrong
 *
 * It is no WARN(): a mistake that does no harm must not panic a machine on
 * which warnings do.
 *
 * Return: -EIO.
 */
noinline __cold int bulk_provider_wrong(struct bulk_endpoint *ep,
					const char *what, long value)
{
	struct bulk_channel *ch = ep->channel;

	if (!READ_ONCE(ch->told)) {
		WRITE_ONCE(ch->told, true);
		pr_err("bulk_xfer: the provider of channel %s %s %ld\n",
		       bulk_channel_name(ch), what, value);
	}
	return -EIO;
}

/**
 * bulk_provider_error() - what a failed operation of a provider means
 * @ep: the endpoint
 * @ret: what it returned, not 0
 *
 * The log tells a channel's first mistake.
 *
 * Return: @ret; -EIO for what is no errno that a process may see.
 */
int bulk_provider_error(struct bulk_endpoint *ep, int ret)
{
	if (likely(ret < 0 && ret >= -EHWPOISON))
		return ret;
	return bulk_provider_wrong(ep, "returned", ret);
}

/**
 * bulk_provider_release() - tell the provider that an endpoint ends
 * @ep: the endpoint, of which no operation runs
 *
 * A record that is still reserved is skipped, and told.
 *
 * Context: Process context. The channel's lock is held. May sleep.
 */
void bulk_provider_release(struct bulk_endpoint *ep)
{
	unsigned int left;

	lockdep_assert_held(&ep->channel->lock);
	bulk_rx_stop_telling(&ep->records);
	if (ep->ops->release)
		ep->ops->release(ep);
	WRITE_ONCE(ep->push_limit, 0);
	irq_work_sync(&ep->nmi_work);
	left = bulk_rx_forsake(&ep->records);
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

/* --- Records that are pushed --- */

/**
 * bulk_trace_received() - trace a record that has left the kernel's hands
 * @ep: the endpoint
 * @meta: the record's
 */
noinline void bulk_trace_received(struct bulk_endpoint *ep,
				  const struct bulk_meta *meta)
{
	trace_bulk_recv(bulk_channel_name(ep->channel), ep->id, meta->len,
			meta->tag, meta->lost);
}

static void bulk_trace_dropped(struct bulk_endpoint *ep, unsigned int dropped)
{
	if (dropped)
		trace_bulk_drop(bulk_channel_name(ep->channel), ep->id,
				dropped);
}

/**
 * bulk_prepare_nmi() - have room ready for NMIs, where none can be allocated
 * @ep: the endpoint
 * @nr: how many records NMIs may reserve before the first of them is received,
 *	at most 256
 * @len: bytes of the longest, at most the channel's max_record
 *
 * The endpoint has a ring from the start, with this room beside the channel's
 * rx_limit. In the ring of a window, no more than half is kept for NMIs.
 *
 * Context: Process context, from the provider's open(), once. May sleep.
 * Return: 0; -EINVAL, also when the records with their heads of 16 bytes,
 * rounded up to multiples of 8, take more than 32 MiB; -EBUSY the second time;
 * -ENOMEM.
 */
int bulk_prepare_nmi(struct bulk_endpoint *ep, unsigned int nr, size_t len)
{
	if (len > ep->channel->max_record)
		return -EINVAL;
	return bulk_rx_prepare_nmi(&ep->records, nr, len);
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
 * bulk_reserve() - get room for a record that an endpoint shall receive
 * @ep: the endpoint
 * @len: bytes of the record, at most the channel's max_record, and in an NMI at
 *	most what bulk_prepare_nmi() was told
 * @gfp: how memory may be allocated, where a ring or a long record needs some;
 *	GFP_ATOMIC outside of process context; no matter in an NMI
 *
 * The room may lie in a window, whose process sees what is written there before
 * the commit and after an abort: it must be nothing that this reader may not
 * see.
 *
 * In an NMI nothing is allocated and no record gives way: where there is no
 * room, or the rings' lock is not to be had, it is the new record that is lost,
 * unless the policy is to block.
 *
 * Context: Any in which a task may be woken, that is under no lock of the
 * scheduler, of a wait queue or of a timer, and NMIs; between the provider's
 * open() and release().
 * Return: a record for bulk_commit() or bulk_abort(); or ERR_PTR(): -EMSGSIZE;
 * -ENODEV after release(), as long as the file is open;
 * -EAGAIN when there is no room and the policy is to block, senders being woken
 * when there may be some; -ENOSPC when there is none otherwise; either one in
 * an NMI that does not get the lock, which wakes nobody later; -ENOMEM. A
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
		rec = bulk_rx_reserve_nmi(&ep->records, len, &dropped);
	else
		rec = bulk_rx_reserve(&ep->records, len,
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
	return bulk_rx_data(rec);
}
EXPORT_SYMBOL_GPL(bulk_record_data);

/* Tell that a record is in a window, before its process may have taken it. */
static noinline void bulk_trace_committed(struct bulk_endpoint *ep,
					  struct bulk_record *rec, u64 tag)
{
	struct bulk_meta meta = { .tag = tag };

	if (bulk_window_is_mapped(ep) &&
	    bulk_rx_reserved_meta(&ep->records, rec, &meta))
		bulk_trace_received(ep, &meta);
}

/**
 * bulk_commit() - give a reserved record to the reader
 * @ep: the endpoint
 * @rec: the record; it is no longer the caller's
 * @tag: travels with the record
 *
 * Records are received in the order of their reservations: one that is not
 * committed holds up those behind it. What was committed or aborted before is
 * left alone, and the log tells it; where another record is reserved at that
 * time, only if no reader has taken this one.
 *
 * Context: As for bulk_reserve().
 */
void bulk_commit(struct bulk_endpoint *ep, struct bulk_record *rec, u64 tag)
{
	bool ours;

	if (trace_bulk_recv_enabled())
		bulk_trace_committed(ep, rec, tag);
	ours = bulk_rx_commit(&ep->records, rec, tag);
	if (unlikely(in_nmi()))
		irq_work_queue(&ep->nmi_work);
	else
		bulk_rx_wake(ep);
	if (unlikely(!ours))
		bulk_provider_wrong(ep,
				    "commits what is not reserved, endpoint",
				    ep->id);
}
EXPORT_SYMBOL_GPL(bulk_commit);

/**
 * bulk_abort() - give a reserved record back, as if it had never been
 * @ep: the endpoint
 * @rec: the record; as for bulk_commit()
 *
 * Context: As for bulk_reserve(); in an NMI, only for a record that was
 * reserved in one.
 */
void bulk_abort(struct bulk_endpoint *ep, struct bulk_record *rec)
{
	bool ours;

	if (unlikely(in_nmi())) {
		ours = bulk_rx_abort_nmi(&ep->records, rec);
		irq_work_queue(&ep->nmi_work);
	} else {
		ours = bulk_rx_abort(&ep->records, rec);
		/* Records behind it may be received now. */
		bulk_rx_wake(ep);
		/*
		 * A provider that gives up by itself
		 * would be called again at once.
		 */
		if (bulk_rx_was_full(&ep->records))
			bulk_tx_wake(ep);
	}
	if (unlikely(!ours))
		bulk_provider_wrong(ep, "aborts what is not reserved, endpoint",
				    ep->id);
}
EXPORT_SYMBOL_GPL(bulk_abort);

/**
 * bulk_begin() - give a reader a record that is written at once
 * @ep: the endpoint
 * @len: bytes of the record
 * @tag: travels with it
 * @flags: for bulk_end()
 *
 * It costs less than bulk_reserve() and bulk_commit(), because it is one critical
 * section. The provider that writes there must not fault, and takes no lock: the
 * rings' is held, and interrupts are off.
 *
 * Context: Any in which a task may be woken, but NMI.
 * Return: where its bytes go, aligned to 8, for bulk_end(); or NULL, with
 * nothing held, where this is not to be had: bulk_reserve() and bulk_push() find
 * room, or say why not.
 */
void *bulk_begin(struct bulk_endpoint *ep, size_t len, u64 tag,
		 unsigned long *flags)
{
	/* Traces tell of records that are reserved, and of those that go. */
	if (unlikely(len >= READ_ONCE(ep->push_limit) || in_nmi() ||
		     trace_bulk_recv_enabled() || trace_bulk_drop_enabled()))
		return NULL;
	return bulk_rx_begin(&ep->records, len, tag, flags);
}
EXPORT_SYMBOL_GPL(bulk_begin);

/**
 * bulk_end() - the record of bulk_begin() is written
 * @ep: the endpoint
 * @flags: from bulk_begin()
 *
 * Receivers are woken by the first record that waits: one that polls for edges
 * receives until there is nothing.
 *
 * Context: As for bulk_begin().
 */
void bulk_end(struct bulk_endpoint *ep, unsigned long flags)
{
	if (unlikely(bulk_rx_end(&ep->records, flags)))
		bulk_rx_wake(ep);
}
EXPORT_SYMBOL_GPL(bulk_end);

/**
 * bulk_push() - give a reader a copy of a record
 * @ep: the endpoint
 * @data: the record
 * @len: its bytes
 * @tag: travels with it
 * @gfp: as for bulk_reserve()
 *
 * Context: As for bulk_reserve().
 * Return: 0, or what bulk_reserve() says.
 */
int bulk_push(struct bulk_endpoint *ep, const void *data, size_t len, u64 tag,
	      gfp_t gfp)
{
	struct bulk_record *rec;
	unsigned long flags;
	void *to;

	to = bulk_begin(ep, len, tag, &flags);
	if (likely(to)) {
		memcpy(to, data, len);
		bulk_rx_end(&ep->records, flags);
		bulk_rx_wake(ep);
		return 0;
	}
	rec = bulk_reserve(ep, len, gfp);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	memcpy(bulk_rx_data(rec), data, len);
	bulk_commit(ep, rec, tag);
	return 0;
}
EXPORT_SYMBOL_GPL(bulk_push);

/*
 * Nobody else takes such pages away, or has their use of them in struct page. A
 * type, as that of slabs, is the first page's. Without a reference of its own
 * is what was allocated with others, and not split.
 */
static bool bulk_page_is_plain(struct page *page)
{
	struct folio *folio = page_folio(page);

	return !folio->mapping && !page_has_type(&folio->page) &&
	       folio_ref_count(folio);
}

static bool bulk_pages_are_plain(struct page *const *pages, size_t len)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE), i;

	for (i = 0; i < nr; i++)
		if (!bulk_page_is_plain(pages[i]))
			return false;
	return true;
}

/**
 * bulk_push_pages() - give a reader a record that lies in pages
 * @ep: the endpoint
 * @pages: the pages; each is full but the last
 * @len: bytes in them, at least PAGE_SIZE and at most the channel's max_record
 * @tag: travels with it
 * @gfp: as for bulk_reserve()
 *
 * A RECV with BULK_SEG_MAP has the pages in its process, where they stay for as
 * long as it likes; any other gets a copy. Each page gets a reference. Nobody
 * may write to the pages any more, nor have anything else there: what is behind
 * the record in the last one is zeroed, as the process sees it.
 *
 * Context: As for bulk_reserve(), but no NMI.
 * Return: 0; -EINVAL for less than a page, and for pages that are anonymous, of
 * the page cache, of an allocator of smaller pieces, or without references of
 * their own; or what bulk_reserve() says.
 */
int bulk_push_pages(struct bulk_endpoint *ep, struct page *const *pages,
		    size_t len, u64 tag, gfp_t gfp)
{
	struct bulk_record *rec;
	unsigned int dropped = 0;

	if (unlikely(len >= READ_ONCE(ep->push_limit)))
		return bulk_reserve_refused(ep);
	if (len < PAGE_SIZE || in_nmi() || !bulk_pages_are_plain(pages, len))
		return -EINVAL;
	if (!PAGE_ALIGNED(len))
		memzero_page(pages[len / PAGE_SIZE], len % PAGE_SIZE,
			     PAGE_SIZE - len % PAGE_SIZE);
	rec = bulk_rx_reserve_pages(&ep->records, pages, len,
				    bulk_kthread_gfp(ep, gfp), &dropped);
	bulk_trace_dropped(ep, dropped);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	bulk_commit(ep, rec, tag);
	return 0;
}
EXPORT_SYMBOL_GPL(bulk_push_pages);

/**
 * bulk_push_batch() - give a reader a copy of records that were sent
 * @ep: the endpoint
 * @batch: from @send_batch; those that are given are taken off it
 *
 * They are copied in one piece, and cost little more than that. Some may be
 * left, because there is no room for them, or as they are longer than what goes
 * into a ring: bulk_batch_next() has the next one, for bulk_push().
 *
 * Context: Process context, from @send_batch.
 */
void bulk_push_batch(struct bulk_endpoint *ep, struct bulk_batch *batch)
{
	size_t max_record = min_t(size_t, batch->max_record, BULK_PUSH_LONGEST);
	size_t len = batch->end - batch->next;
	struct bulk_walk walk;
	struct bulk_rx_run run;
	void *to;

	/* Traces want them one by one. */
	if (batch->next >= batch->stop || trace_bulk_recv_enabled() ||
	    unlikely(!READ_ONCE(ep->push_limit)) ||
	    !bulk_rx_run_try(&ep->records, &run, len))
		return;
	to = memcpy(bulk_rx_at(run.ring, run.start), batch->next, run.room);
	/* A process may write to what was copied, and not to the copy. */
	bulk_records_walk(&walk, to, max_record, max_record, run.room);
	bulk_rx_run_end(&ep->records, &run, walk.space, walk.records,
			walk.bytes);
	if (!walk.records)
		return;
	batch->next += walk.space;
	batch->records += walk.records;
	batch->bytes += walk.bytes;
	bulk_rx_wake(ep);
}
EXPORT_SYMBOL_GPL(bulk_push_batch);

/**
 * bulk_set_rx_policy() - an endpoint's own policy, in place of its channel's
 * @ep: the endpoint
 * @policy: what happens to records beyond @limit
 * @limit: as &bulk_channel_desc.rx_limit, but no more than there is in the RX
 *	ring of a window, if the process has mapped one
 *
 * There is a ring from then on, so that a producer that can't wait for memory
 * needs none.
 *
 * Context: Process context, from an operation of @ep. May sleep.
 * Return: 0; -EINVAL for no policy, or when the channel's longest record would
 * not fit; -ENOMEM.
 */
int bulk_set_rx_policy(struct bulk_endpoint *ep, enum bulk_rx_policy policy,
		       size_t limit)
{
	if (policy > BULK_RX_OVERWRITE_OLDEST ||
	    limit < bulk_record_space(ep->channel->max_record))
		return -EINVAL;
	return bulk_rx_set_policy(&ep->records, policy, limit);
}
EXPORT_SYMBOL_GPL(bulk_set_rx_policy);

/**
 * bulk_rx_total_lost() - count the records that an endpoint has lost
 * @ep: the endpoint
 *
 * Context: Any but NMI.
 * Return: how many, since it was opened.
 */
u64 bulk_rx_total_lost(struct bulk_endpoint *ep)
{
	return bulk_rx_lost(&ep->records);
}
EXPORT_SYMBOL_GPL(bulk_rx_total_lost);

/**
 * bulk_rx_has_room() - would a record of any size be accepted now?
 * @ep: the endpoint
 *
 * Context: Any but NMI.
 * Return: true if the largest record of the channel would be accepted.
 */
bool bulk_rx_has_room(struct bulk_endpoint *ep)
{
	return bulk_rx_has_room_for(&ep->records, ep->channel->max_record);
}
EXPORT_SYMBOL_GPL(bulk_rx_has_room);
