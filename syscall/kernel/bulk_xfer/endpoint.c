// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints of bulk_xfer(2): one open file of a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "channel.h"
#include "deadline.h"
#include "drain.h"
#include "endpoint.h"
#include "memlock.h"
#include "provider.h"
#include "rx.h"
#include "side.h"
#include "window.h"

static atomic64_t bulk_last_id;

/**
 * bulk_endpoint_channel() - the channel that an endpoint belongs to
 * @ep: the endpoint
 *
 * Return: the channel; it stays at least as long as @ep.
 */
struct bulk_channel *bulk_endpoint_channel(struct bulk_endpoint *ep)
{
	return ep->channel;
}
EXPORT_SYMBOL_GPL(bulk_endpoint_channel);

static unsigned long bulk_memlock_pages(void)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);

	return limit == RLIM_INFINITY ? LONG_MAX : limit >> PAGE_SHIFT;
}

/* The memory of records that wait to be received is the opener's, locked. */
static int bulk_endpoint_charge(struct bulk_endpoint *ep)
{
	struct ucounts *ucounts;

	if (capable(CAP_IPC_LOCK))
		return 0;
	ucounts = get_ucounts(current_ucounts());
	if (!ucounts)
		return -ENOMEM;
	bulk_memlock_init(&ep->memlock, ucounts, bulk_memlock_pages());
	return 0;
}

static void bulk_nmi_work(struct irq_work *work)
{
	struct bulk_endpoint *ep = container_of(work, struct bulk_endpoint,
						nmi_work);

	bulk_rx_wake(ep);
	/* It may have been an abort. */
	if (bulk_rx_was_full(&ep->records))
		bulk_tx_wake(ep);
}

static void bulk_endpoint_dropped(struct bulk_rx *rx, const void *data,
				  size_t len)
{
	struct bulk_endpoint *ep = container_of(rx, struct bulk_endpoint,
						records);

	ep->ops->dropped(ep, data, len);
}

static struct bulk_endpoint *bulk_endpoint_alloc(struct bulk_channel *ch)
{
	struct bulk_endpoint *ep = kzalloc(sizeof(*ep), BULK_GFP_ACCOUNT);

	if (!ep)
		return NULL;
	ep->ops = ch->ops;
	ep->channel = ch;
	ep->push_limit = ch->max_record + 1;
	ep->id = atomic64_inc_return(&bulk_last_id);
	mutex_init(&ep->tx_lock);
	mutex_init(&ep->rx_mutex);
	ep->rx_lock = ch->flags & BULK_CHANNEL_SERIAL ? &ep->tx_lock
						      : &ep->rx_mutex;
	init_waitqueue_head(&ep->wait);
	bulk_rx_init(&ep->records, &ep->memlock, ch->rx_limit, ch->rx_policy);
	if (ch->ops->dropped)
		ep->records.dropped = bulk_endpoint_dropped;
	init_irq_work(&ep->nmi_work, bulk_nmi_work);
	bulk_deadline_init(&ep->deadline);
	kref_init(&ep->ref);
	return ep;
}

static void bulk_endpoint_free(struct kref *ref)
{
	struct bulk_endpoint *ep = container_of(ref, struct bulk_endpoint, ref);

	irq_work_sync(&ep->nmi_work);
	if (ep->window)
		bulk_window_put(ep->window);
	bulk_rx_destroy(&ep->records);
	bulk_memlock_end(&ep->memlock);
	kfree(ep);
}

/**
 * bulk_endpoint_put() - let go of an endpoint
 * @ep: the endpoint
 *
 * Context: Process context. May sleep.
 */
void bulk_endpoint_put(struct bulk_endpoint *ep)
{
	kref_put(&ep->ref, bulk_endpoint_free);
}

/**
 * bulk_endpoint_create() - make an endpoint of a channel
 * @ch: the channel, which the caller keeps from being freed
 *
 * Context: Process context. May sleep.
 * Return: the endpoint, for bulk_endpoint_put(); or ERR_PTR(-ENOMEM).
 */
struct bulk_endpoint *bulk_endpoint_create(struct bulk_channel *ch)
{
	struct bulk_endpoint *ep = bulk_endpoint_alloc(ch);
	int ret;

	if (!ep)
		return ERR_PTR(-ENOMEM);
	ret = bulk_endpoint_charge(ep);
	if (ret) {
		bulk_endpoint_put(ep);
		return ERR_PTR(ret);
	}
	return ep;
}

/**
 * bulk_endpoint_detach() - part an endpoint from its provider for good
 * @ep: the endpoint, in its channel's list
 *
 * Context: Process context. The channel's lock is held. Waits for the
 * operations that run, none of which can wait for user space.
 */
void bulk_endpoint_detach(struct bulk_endpoint *ep)
{
	lockdep_assert_held(&ep->channel->lock);

	mutex_lock(&ep->tx_lock);
	mutex_lock(&ep->rx_mutex);
	/* Records that were sent before the process can see it go are taken. */
	if (ep->window)
		bulk_window_close(ep->window, BULK_WINDOW_GONE);
	/* Pairs with the exchange in bulk_send_one() of the vDSO. */
	smp_mb();
	bulk_drain_locked(ep);
	WRITE_ONCE(ep->gone, true);
	mutex_unlock(&ep->rx_mutex);
	mutex_unlock(&ep->tx_lock);

	bulk_provider_release(ep);
	bulk_endpoint_wake(ep, EPOLLHUP | EPOLLERR);
}

/* Figures of an endpoint, and of the records that wait in its rings. */
static void bulk_endpoint_count(struct bulk_endpoint *ep,
				struct bulk_totals *totals, u64 *waiting,
				u64 *occupied)
{
	u64 bytes, all_records, all_bytes;

	guard(mutex)(ep->rx_lock);
	bulk_rx_waiting(&ep->records, waiting, &bytes, occupied);
	/* A lie about a window's tail must not reach the channel's totals. */
	all_records = atomic64_read(&ep->records.records);
	all_bytes = atomic64_read(&ep->records.bytes);
	*waiting = min(*waiting, all_records);
	totals->rx_records = ep->rx.records + all_records - *waiting;
	totals->rx_bytes = ep->rx.bytes + all_bytes - min(bytes, all_bytes);
	totals->rx_lost = bulk_rx_lost(&ep->records);
	totals->tx_records = READ_ONCE(ep->tx.records);
	totals->tx_bytes = READ_ONCE(ep->tx.bytes);
}

/**
 * bulk_endpoint_totals() - read an endpoint's figures
 * @ep: the endpoint
 * @totals: filled in; the fields are not read at one instant
 *
 * Context: Process context. Takes the RX lock. May sleep.
 */
void bulk_endpoint_totals(struct bulk_endpoint *ep, struct bulk_totals *totals)
{
	u64 waiting, occupied;

	bulk_endpoint_count(ep, totals, &waiting, &occupied);
}

static void bulk_window_show(struct seq_file *m, struct bulk_endpoint *ep)
{
	u64 reserved = 0, borrowed = 0;
	unsigned long size = 0;

	scoped_guard(mutex, &ep->tx_lock) {
		if (ep->window && atomic_read(&ep->window->maps)) {
			size = ep->window->pages * PAGE_SIZE;
			reserved = bulk_window_reserved(ep->window);
			borrowed = bulk_window_borrowed(ep->window);
		}
	}
	seq_printf(m, "bulk-window:\t%lu\n", size);
	seq_printf(m, "bulk-window-reserved:\t%llu\n", reserved);
	seq_printf(m, "bulk-window-borrowed:\t%llu\n", borrowed);
	seq_printf(m, "bulk-window-errors:\t%d\n",
		   atomic_read(&ep->bad_windows));
	seq_printf(m, "bulk-tx-refused:\t%llu\n", READ_ONCE(ep->tx_refused));
}

/**
 * bulk_endpoint_show() - print an endpoint's figures for fdinfo
 * @m: where to
 * @ep: the endpoint
 */
void bulk_endpoint_show(struct seq_file *m, struct bulk_endpoint *ep)
{
	u64 waiting, occupied;
	struct bulk_totals t;

	bulk_endpoint_count(ep, &t, &waiting, &occupied);
	seq_printf(m, "bulk-channel:\t%s\n", bulk_channel_name(ep->channel));
	seq_printf(m, "bulk-endpoint:\t%llu\n", ep->id);
	seq_printf(m, "bulk-tx-records:\t%llu\n", t.tx_records);
	seq_printf(m, "bulk-tx-bytes:\t%llu\n", t.tx_bytes);
	seq_printf(m, "bulk-rx-records:\t%llu\n", t.rx_records);
	seq_printf(m, "bulk-rx-bytes:\t%llu\n", t.rx_bytes);
	seq_printf(m, "bulk-rx-lost:\t%llu\n", t.rx_lost);
	seq_printf(m, "bulk-rx-queued:\t%llu\n", waiting);
	seq_printf(m, "bulk-rx-queued-bytes:\t%llu\n", occupied);
	seq_printf(m, "bulk-rx-reserved:\t%d\n",
		   atomic_read(&ep->records.reserved));
	bulk_window_show(m, ep);
}

static __poll_t bulk_provider_poll(struct bulk_endpoint *ep)
{
	__poll_t mask;
	int ret;

	guard(mutex)(&ep->tx_lock);
	ret = bulk_drain_locked(ep);
	if (ep->gone)
		return EPOLLHUP | EPOLLERR;
	if (ret == -EBADMSG)
		return EPOLLIN | EPOLLOUT | EPOLLERR;
	mask = bulk_provider_events(ep);
	/* A SEND goes after what waits in the window: it would wait, too. */
	if (ret == -EAGAIN)
		return mask & ~EPOLLOUT;
	/* A call would not wait, but tell that there is no memory. */
	return ret == -ENOMEM ? mask | EPOLLIN | EPOLLOUT : mask;
}

/* Could a RECV be served from a ring, or would it say -EBADMSG? */
static bool bulk_endpoint_has_record(struct bulk_endpoint *ep)
{
	struct bulk_rx_ring *ring;
	struct bulk_meta meta;
	int ret;

	guard(mutex)(ep->rx_lock);
	ret = bulk_rx_peek(&ep->records, &ring, &meta);
	if (ret == -EBADMSG)
		bulk_window_spoil(ep, ep->window);
	return ret != -EAGAIN;
}

static __poll_t bulk_poll_once(struct bulk_endpoint *ep)
{
	__poll_t mask = bulk_provider_poll(ep);

	if (bulk_endpoint_has_record(ep))
		mask |= EPOLLIN;
	else if (bulk_rx_was_full(&ep->records))
		bulk_tx_wake(ep);
	return mask;
}

/**
 * bulk_endpoint_poll() - what would not block now
 * @ep: the endpoint
 *
 * Context: Process context. Takes the endpoint's locks.
 * Return: EPOLLIN, EPOLLOUT, and EPOLLHUP | EPOLLERR once the channel is gone;
 * all but EPOLLHUP when the window holds nonsense.
 */
__poll_t bulk_endpoint_poll(struct bulk_endpoint *ep)
{
	int seen = atomic_read_acquire(&ep->rx.events);
	__poll_t mask = bulk_poll_once(ep);

	/* A record that the vDSO sends wakes this poller, too. */
	if (!(mask & EPOLLIN) && READ_ONCE(ep->window)) {
		bulk_drain_arm(ep);
		if (atomic_read(&ep->rx.events) != seen)
			mask = bulk_poll_once(ep);
	}
	if (mask & EPOLLIN)
		mask |= EPOLLRDNORM;
	if (mask & EPOLLOUT)
		mask |= EPOLLWRNORM;
	return mask;
}
