/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An endpoint: one open file of a channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_ENDPOINT_H
#define _BULK_XFER_ENDPOINT_H

#include <asm/current.h>
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/bulk_xfer.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "channel.h"
#include "memlock.h"
#include "rx.h"
#include "side.h"

struct bulk_window;
struct seq_file;

/*
 * Records up to this length are copied to the stack
 * for a provider's send_buf().
 */
#define BULK_SHORT	256

/**
 * struct bulk_endpoint - one open file of a channel
 * @head: the provider's part, see bulk_private()
 * @ops: the provider's operations; valid under a lock while not @gone
 * @channel: the channel, with a reference
 * @max_short: records up to this length go to the provider's send_buf();
 *	-1: none
 * @push_limit: records shorter than this may be reserved; 0 after the
 *	provider's release()
 * @id: names the endpoint in traces
 * @gone: the provider went away; written under both locks
 * @tx_lock: held by the one SEND that runs
 * @rx_lock: held by the one RECV that runs: &rx_mutex, or &tx_lock where the
 *	channel wants them serialized
 * @rx_mutex: see @rx_lock
 * @tx: user to kernel
 * @rx: kernel to user
 * @wait: those who wait for the events of either to change. It is one queue,
 *	for some who poll can't wait on two.
 * @records: those that wait to be received; has a lock of its own
 * @memlock: who pays for them and for the window
 * @nmi_work: does what an NMI can't: wake
 * @stalls: threads that wait for room, or will
 * @window: shared with a process, or NULL; written under both locks. What was
 *	sent through it goes before what a SEND brings.
 * @tx_error: what the provider said to a record from the window that it did
 *	not take; told to the next flush. Protected by @tx_lock.
 * @rx_error: what is wrong with a record that the provider made ahead; told to
 *	the next RECV. Protected by @rx_lock.
 * @tx_stalled: the provider had no room for the window's first record
 * @tx_refused: records from the window that the provider did not take
 * @bad_windows: windows that held nonsense
 * @deadline: drains the window when nobody else does; has a lock of its own
 * @node: place in &bulk_channel.endpoints
 * @ref: held by the file, and by the poller while it looks here
 *
 * No lock is held while user memory may fault, see bulk_endpoint_send().
 */
struct bulk_endpoint {
	struct bulk_endpoint_head head;
	const struct bulk_channel_ops *ops;
	struct bulk_channel *channel;
	ssize_t max_short;
	size_t push_limit;
	u64 id;
	bool gone;
	struct mutex tx_lock; /* one SEND at a time */
	struct mutex *rx_lock; /* one RECV at a time */
	struct mutex rx_mutex; /* where @rx_lock is not @tx_lock */
	struct bulk_side tx;
	struct bulk_side rx;
	wait_queue_head_t wait;
	struct bulk_rx records;
	struct bulk_memlock memlock;
	struct irq_work nmi_work;
	atomic_t stalls;
	struct bulk_window *window;
	int tx_error;
	int rx_error;
	bool tx_stalled;
	atomic_t bad_windows;
	u64 tx_refused;
	struct bulk_deadline deadline;
	struct list_head node;
	struct kref ref;
};

static_assert(offsetof(struct bulk_endpoint, head) == 0);

/* The threads that serve all don't wait until one of these may have memory. */
static inline gfp_t bulk_kthread_gfp(const struct bulk_endpoint *ep, gfp_t gfp)
{
	if (unlikely(READ_ONCE(ep->channel->poller.task) == current ||
		     READ_ONCE(ep->deadline.task) == current))
		gfp &= ~__GFP_DIRECT_RECLAIM;
	return gfp;
}

struct bulk_endpoint *bulk_endpoint_create(struct bulk_channel *ch);
void bulk_endpoint_put(struct bulk_endpoint *ep);
void bulk_endpoint_detach(struct bulk_endpoint *ep);
void bulk_endpoint_totals(struct bulk_endpoint *ep, struct bulk_totals *totals);
void bulk_endpoint_show(struct seq_file *m, struct bulk_endpoint *ep);
__poll_t bulk_endpoint_poll(struct bulk_endpoint *ep);

#endif /* _BULK_XFER_ENDPOINT_H */
