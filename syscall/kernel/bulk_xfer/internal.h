/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of bulk_xfer(2) share: channels and endpoints.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_INTERNAL_H
#define _BULK_XFER_INTERNAL_H

#include <asm/current.h>
#include <linux/atomic.h>
#include <linux/bulk_xfer.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/gfp_types.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "window.h"

struct bulk_seg;
struct seq_file;
struct vm_area_desc;

/* Records up to this length are copied to the stack for a provider's send_buf(). */
#define BULK_SHORT	256

/* As BULK_RECV_BEATEN: some of a region was sent, and not all. */
#define BULK_SHORT_REGION	2
/* What should be a record isn't one, or is cut. */
#define BULK_NO_RECORD		3

/**
 * struct bulk_totals - what has passed through an endpoint or a channel
 * @tx_records: records that the provider took
 * @tx_bytes: bytes in them
 * @rx_records: records received
 * @rx_bytes: bytes in them
 * @rx_lost: records lost by the policy
 */
struct bulk_totals {
	u64 tx_records;
	u64 tx_bytes;
	u64 rx_records;
	u64 rx_bytes;
	u64 rx_lost;
};

/**
 * struct bulk_poller - a thread that looks after the windows of a channel
 * @lock: serializes starting and stopping
 * @task: the thread, or NULL
 * @idle_us: microseconds without a record before it goes to sleep; 0: no thread
 * @wait: where it sleeps
 * @kicks: counts what may be a reason to get up
 */
struct bulk_poller {
	struct mutex lock; /* serializes starting and stopping */
	struct task_struct *task;
	unsigned int idle_us;
	wait_queue_head_t wait;
	atomic_t kicks;
};

/**
 * struct bulk_channel - a registered channel
 * @dev: the device; its reference count is the channel's
 * @cdev: the node
 * @ops: the provider's operations; not to be touched once @gone
 * @private: the provider's pointer
 * @max_record: bytes of the largest record
 * @rx_limit: bytes that may wait in an endpoint's RX rings
 * @mode: permissions of the node
 * @flags: BULK_CHANNEL_*
 * @rx_policy: what gives way at @rx_limit
 * @lock: protects all below; taken before the locks of an endpoint
 * @endpoints: those that are open
 * @nr_endpoints: how many these are
 * @gone: unregistered
 * @told: the log has a mistake of the provider's
 * @closed: totals of the endpoints that were closed
 * @poller: drains the windows; has a lock of its own
 * @deadline_us: microseconds that a record may wait in a window; 0: any time.
 *	Read without a lock
 */
struct bulk_channel {
	struct device dev;
	struct cdev cdev;
	const struct bulk_channel_ops *ops;
	void *private;
	size_t max_record;
	size_t rx_limit;
	umode_t mode;
	unsigned int flags;
	enum bulk_rx_policy rx_policy;
	struct mutex lock; /* protects all below */
	struct list_head endpoints;
	unsigned int nr_endpoints;
	bool gone;
	bool told;
	struct bulk_totals closed;
	struct bulk_poller poller;
	unsigned int deadline_us;
};

/**
 * struct bulk_deadline - has an endpoint's window drained in time
 * @lock: protects the timer's start, @armed and @dead; taken in any context
 * @timer: queues @work
 * @work: drains the window
 * @armed: @timer was started, and @work has not begun since
 * @dead: nothing is started any more
 * @task: the thread that runs @work, while it holds the TX lock
 * @seen: where the window's TX ring began when @timer was started; protected by
 *	the TX lock
 */
struct bulk_deadline {
	spinlock_t lock; /* protects the timer's start */
	struct hrtimer timer;
	struct work_struct work;
	bool armed;
	bool dead;
	struct task_struct *task;
	u64 seen;
};

/**
 * struct bulk_side - one direction of an endpoint
 * @events: counts what may make a refused operation succeed
 * @records: records moved; of those to user space, past the RX rings
 * @bytes: bytes in them
 */
struct bulk_side {
	atomic_t events;
	u64 records;
	u64 bytes;
};

/**
 * struct bulk_endpoint - one open file of a channel
 * @head: the provider's part, see bulk_private()
 * @ops: the provider's operations; valid under a lock while not @gone
 * @channel: the channel, with a reference
 * @max_short: records up to this length go to the provider's send_buf(); -1: none
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

extern const struct file_operations bulk_endpoint_fops;
int bulk_mmap_prepare(struct vm_area_desc *desc);

extern const struct attribute_group *bulk_channel_groups[];
extern const char * const bulk_rx_policy_names[];

static inline const char *bulk_channel_name(const struct bulk_channel *ch)
{
	return dev_name(&ch->dev);
}

static inline struct bulk_endpoint *bulk_file_endpoint(struct file *file)
{
	return file->f_op == &bulk_endpoint_fops ? file->private_data : NULL;
}

int bulk_channel_attach(struct bulk_channel *ch, struct bulk_endpoint *ep,
			fmode_t mode);
void bulk_channel_forget(struct bulk_channel *ch, struct bulk_endpoint *ep);
void bulk_channel_totals(struct bulk_channel *ch, struct bulk_totals *totals);

struct bulk_endpoint *bulk_endpoint_create(struct bulk_channel *ch,
					   fmode_t mode);
void bulk_endpoint_destroy(struct bulk_endpoint *ep);
void bulk_endpoint_put(struct bulk_endpoint *ep);
void bulk_endpoint_detach(struct bulk_endpoint *ep);
void bulk_endpoint_totals(struct bulk_endpoint *ep, struct bulk_totals *totals);
void bulk_endpoint_show(struct seq_file *m, struct bulk_endpoint *ep);
__poll_t bulk_endpoint_poll(struct bulk_endpoint *ep);
void bulk_endpoint_wake(struct bulk_endpoint *ep, __poll_t mask);

int bulk_endpoint_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag,
		       bool nowait);
int bulk_endpoint_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta, bool nowait);
int bulk_recv_locked(struct bulk_endpoint *ep, struct iov_iter *to,
		     struct bulk_meta *meta);
int bulk_provider_wrong(struct bulk_endpoint *ep, const char *what, long value);
int bulk_provider_error(struct bulk_endpoint *ep, int ret);
void bulk_provider_release(struct bulk_endpoint *ep);
__poll_t bulk_provider_events(struct bulk_endpoint *ep);
void bulk_provider_unbalanced(struct bulk_endpoint *ep, int before);

/*
 * Around an operation that runs under a lock of the endpoint's: a kernel that
 * looks for sleepers in atomic context sees one that leaves the context atomic.
 */
static inline int bulk_provider_enter(void)
{
	return IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) ? preempt_count() : 0;
}

static inline void bulk_provider_leave(struct bulk_endpoint *ep, int before)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) &&
	    unlikely(preempt_count() != before))
		bulk_provider_unbalanced(ep, before);
}

int bulk_provider_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta);
int bulk_wait(struct bulk_endpoint *ep, struct bulk_side *side, int seen,
	      bool nowait);
int bulk_wait_record(struct bulk_endpoint *ep, int ret, int seen, bool nowait);
int bulk_give_way(void);
int bulk_fault_in(struct iov_iter *iter, size_t len, bool write,
		  unsigned int *faults);

void bulk_poller_init(struct bulk_poller *p);
int bulk_poller_set(struct bulk_channel *ch, unsigned int idle_us);
void bulk_poller_kick(struct bulk_endpoint *ep);

void bulk_deadline_init(struct bulk_deadline *dl);
void bulk_deadline_end(struct bulk_deadline *dl);
int bulk_deadline_set(struct bulk_channel *ch, unsigned int us);
void bulk_deadline_update(struct bulk_channel *ch);
void bulk_deadline_follow(struct bulk_endpoint *ep, struct bulk_window *w,
			  int drained);
void bulk_deadline_room(struct bulk_endpoint *ep);

/* The threads that serve all don't wait until one of these may have memory. */
static inline gfp_t bulk_kthread_gfp(const struct bulk_endpoint *ep, gfp_t gfp)
{
	if (unlikely(READ_ONCE(ep->channel->poller.task) == current ||
		     READ_ONCE(ep->deadline.task) == current))
		gfp &= ~__GFP_DIRECT_RECLAIM;
	return gfp;
}

/**
 * struct bulk_delivered - what a provider has taken of a batch
 * @records: records
 * @bytes: what these occupy
 * @refused: what the next one occupies, when the provider has refused it
 */
struct bulk_delivered {
	unsigned int records;
	size_t bytes;
	size_t refused;
};

int bulk_deliver_iter(struct bulk_endpoint *ep, void *data, size_t len, u64 tag);
int bulk_deliver_batch(struct bulk_endpoint *ep, const void *data, size_t len,
		       size_t max_record, struct bulk_delivered *taken);

/* A record in kernel memory, to the provider, under the TX lock; inline for speed. */
static inline int bulk_deliver(struct bulk_endpoint *ep, void *data, size_t len,
			       u64 tag)
{
	if (ep->ops->send_buf)
		return ep->ops->send_buf(ep, data, len, tag);
	return bulk_deliver_iter(ep, data, len, tag);
}

int bulk_drain_locked(struct bulk_endpoint *ep);
int bulk_drain(struct bulk_endpoint *ep);
int bulk_flush(struct bulk_endpoint *ep, bool nowait);
int bulk_flush_error(struct bulk_endpoint *ep);
void bulk_drain_arm(struct bulk_endpoint *ep);

void bulk_trace_received(struct bulk_endpoint *ep,
			 const struct bulk_meta *meta);
int bulk_produce(struct bulk_endpoint *ep, size_t room, size_t *need);
int bulk_produce_window(struct bulk_endpoint *ep, size_t *need);

int bulk_region_send(struct bulk_endpoint *ep, struct bulk_seg *seg,
		     bool nowait);
int bulk_region_recv(struct bulk_endpoint *ep, struct bulk_seg *seg,
		     bool nowait);

int bulk_window_reserve(struct bulk_endpoint *ep, struct bulk_seg *seg,
			bool nowait);
int bulk_window_commit(struct bulk_endpoint *ep, struct bulk_seg *seg);
int bulk_window_borrow(struct bulk_endpoint *ep, struct bulk_seg *seg,
		       bool nowait);
int bulk_window_return(struct bulk_endpoint *ep, struct bulk_seg *seg);

unsigned int bulk_send_run(struct bulk_endpoint *ep, struct bulk_seg *segs,
			   unsigned int n, int *error);
unsigned int bulk_recv_run(struct bulk_endpoint *ep, struct bulk_seg *segs,
			   unsigned int n, int *error);

#endif /* _BULK_XFER_INTERNAL_H */
