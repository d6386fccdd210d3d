/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface between bulk_xfer(2) and the providers of its channels.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _LINUX_BULK_XFER_H
#define _LINUX_BULK_XFER_H

#include <linux/bits.h>
#include <linux/gfp_types.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <linux/uio.h>

#include <asm/rwonce.h>
#include <uapi/linux/bulk_xfer.h>

struct bulk_channel;
struct bulk_endpoint;
struct bulk_record;
struct page;

/**
 * enum bulk_rx_policy - what happens to a record that finds no room
 * @BULK_RX_BLOCK: nothing is lost: the producer gets -EAGAIN and keeps it
 * @BULK_RX_REFUSE_NEWEST: the new record is lost
 * @BULK_RX_OVERWRITE_OLDEST: the records that wait longest are lost, at most 64
 *	for a new one: where more would have to go, or the process has borrowed
 *	them, it is the new one
 *
 * Every lost record is counted in the ``lost`` field of the next one received.
 */
enum bulk_rx_policy {
	BULK_RX_BLOCK,
	BULK_RX_REFUSE_NEWEST,
	BULK_RX_OVERWRITE_OLDEST,
};

/**
 * struct bulk_meta - what comes with a received record
 * @len: bytes of the record; with -EMSGSIZE, the room that it needs
 * @lost: records lost just before this one
 * @tag: the sender's 64 bits
 */
struct bulk_meta {
	size_t	len;
	u32	lost;
	u64	tag;
};

/**
 * struct bulk_batch - records that were sent, for bulk_batch_next()
 * @next: the record that bulk_batch_next() gives
 * @stop: it gives none from here on
 * @end: end of the memory that may be looked at
 * @max_record: bytes of the longest record
 * @last: the record that it gave last
 * @len: bytes of that one
 * @records: how many it gave
 * @bytes: bytes in them
 * @cut: what is at @next is no record, or none that ends before @end
 *
 * The memory may be a window that the process writes to all the while: of each
 * record the head is read once, and what was read is what is checked and used.
 */
struct bulk_batch {
	const void	*next;
	const void	*stop;
	const void	*end;
	size_t		max_record;
	const void	*last;
	size_t		len;
	unsigned int	records;
	u64		bytes;
	bool		cut;
};

/**
 * bulk_batch_next() - the next record of a batch
 * @batch: the batch that a provider's @send_batch was given
 * @len: set to the bytes of the record
 * @tag: set to its tag
 *
 * Context: Any.
 * Return: the record's bytes, or NULL when there are no more.
 */
static inline const void *bulk_batch_next(struct bulk_batch *batch, size_t *len,
					  u64 *tag)
{
	const struct bulk_packed *rec = batch->next;
	u64 left = batch->end - batch->next;
	u64 head;

	if (batch->next >= batch->stop)
		return NULL;
	/* Positions are multiples of 8, and so may be just short of a head. */
	if (unlikely(left < sizeof(*rec)))
		goto cut;
	/* @len and @lost, which must be 0. */
	head = READ_ONCE(*(const u64 *)rec);
	if (unlikely(head > batch->max_record || BULK_PACKED_SIZE(head) > left))
		goto cut;
	batch->last = rec;
	batch->len = head;
	batch->next += BULK_PACKED_SIZE(head);
	batch->records++;
	batch->bytes += head;
	*len = head;
	*tag = READ_ONCE(rec->tag);
	return rec->data;
cut:
	batch->cut = true;
	return NULL;
}

/**
 * struct bulk_space - room for records, for bulk_space_next()
 * @next: where the next record goes
 * @stop: none goes here, or behind it
 * @end: end of the room
 * @max_record: bytes of the longest record
 * @records: how many there are
 * @bytes: bytes in them
 * @need: bytes of a record that there was no room for; 0: of none
 */
struct bulk_space {
	void		*next;
	void		*stop;
	void		*end;
	size_t		max_record;
	unsigned int	records;
	u64		bytes;
	size_t		need;
};

/**
 * bulk_space_next() - the place of the next record
 * @space: what a provider's @recv_batch was given
 * @len: bytes of the record
 * @tag: travels with it
 *
 * The record is received once @recv_batch has returned: until then, all of it
 * must have been written.
 *
 * Context: Any.
 * Return: where its bytes go, aligned to 8; or NULL when there is no room: the
 * record is then the first one to be asked for the next time.
 */
static inline void *bulk_space_next(struct bulk_space *space, size_t len,
				    u64 tag)
{
	struct bulk_packed *rec = space->next;
	u64 left = space->end - space->next;

	if (space->next >= space->stop)
		return NULL;
	if (unlikely(len > space->max_record || BULK_PACKED_SIZE(len) > left)) {
		space->need = len;
		return NULL;
	}
	/* @len and @lost. */
	*(u64 *)rec = len;
	rec->tag = tag;
	space->next += BULK_PACKED_SIZE(len);
	space->records++;
	space->bytes += len;
	return rec->data;
}

/**
 * struct bulk_channel_ops - what a provider does for its endpoints
 * @open: a new endpoint; may keep a pointer with bulk_set_private(). Optional.
 * @release: the endpoint ends: its file was closed or the channel goes away.
 *	Called once for every @open that returned 0, never while another
 *	operation of this endpoint runs. Optional.
 * @send: take one record of iov_iter_count(@from) bytes. Without it, the
 *	channel cannot be opened for writing. Returns 0 when the record was
 *	taken; otherwise nothing of it may have had an effect: -EFAULT when the
 *	copy came short, -EAGAIN when the provider has no room now (it calls
 *	bulk_tx_wake() when it has), or another errno for the caller.
 * @send_buf: the same as @send for a record that is in kernel memory already;
 *	it doesn't return -EFAULT. Short records and those from a window come
 *	this way, for they cost less without an iov_iter. Without it, all come
 *	through @send. Optional.
 * @send_batch: the same as @send_buf for the records that bulk_batch_next()
 *	gives, one after the other. Returns 0 when it has taken all that it was
 *	given, at least one; otherwise it has taken all but the last. Regions
 *	come this way, and what waits in a window. Without it, they come one by
 *	one. Optional.
 * @recv: produce a record on demand into @to. Called when no record that was
 *	pushed can be received. Fills @meta before it copies. Returns 0;
 *	otherwise the record is still the next one: -EMSGSIZE when
 *	iov_iter_count(@to) is too small, -EFAULT when the copy came short,
 *	-EAGAIN when there is no record now (bulk_rx_wake() tells of one), or
 *	another errno. Optional.
 * @recv_buf: the same as @recv for @room bytes of kernel memory; it doesn't
 *	return -EFAULT. Records are made ahead this way. Without it, all come
 *	from @recv. Optional.
 * @recv_batch: the same as @recv_buf for as many records as there are, and as
 *	bulk_space_next() has room for. Returns 0, or why there are no more:
 *	those before are received all the same. Optional, beside @recv_buf.
 * @dropped: a record that was pushed is lost: it had to give way, or its thread
 *	was killed while it waited in bulk_push_wait(). Runs with a raw spinlock
 *	held and interrupts off, in any context that pushes; does no more than
 *	count. Optional.
 * @poll: EPOLLIN when @recv has a record, EPOLLOUT when @send has room; without
 *	it, EPOLLOUT. Runs under the TX lock. Optional.
 *
 * What is neither 0 nor a negative errno up to EHWPOISON is a mistake, and told
 * to the user as -EIO; so is a @meta->len that is not what was copied. @meta
 * arrives zeroed. The log tells the first mistake of a channel.
 *
 * All are called in process context and may sleep for memory or for a short
 * lock, never for an event that user space decides on. User memory is
 * accessed with page faults disabled: a copy that finds a page missing comes
 * short, the operation returns -EFAULT, and is called again once the page is
 * there. Hence no user can stall a provider inside of an operation, and with
 * it the provider's unloading.
 *
 * @send, @send_buf and @send_batch run under the endpoint's TX lock, @recv,
 * @recv_buf and @recv_batch under its RX lock, so that each direction is alone
 * with itself; both directions run beside each other unless the channel has
 * BULK_CHANNEL_SERIAL.
 */
struct bulk_channel_ops {
	int (*open)(struct bulk_endpoint *ep);
	void (*release)(struct bulk_endpoint *ep);
	int (*send)(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag);
	int (*send_buf)(struct bulk_endpoint *ep, const void *data, size_t len,
			u64 tag);
	int (*send_batch)(struct bulk_endpoint *ep, struct bulk_batch *batch);
	int (*recv)(struct bulk_endpoint *ep, struct iov_iter *to,
		    struct bulk_meta *meta);
	int (*recv_buf)(struct bulk_endpoint *ep, void *data, size_t room,
			struct bulk_meta *meta);
	int (*recv_batch)(struct bulk_endpoint *ep, struct bulk_space *space);
	void (*dropped)(struct bulk_endpoint *ep, const void *data, size_t len);
	__poll_t (*poll)(struct bulk_endpoint *ep);
};

/* @send and @recv of an endpoint exclude each other. */
#define BULK_CHANNEL_SERIAL	BIT(0)
/*
 * A SEND may return before @send or @send_buf has run, which lets records go
 * through a window. The provider then has no way to refuse a record for what is
 * in it: it returns 0, -EAGAIN or -ENOMEM. Another errno drops the record, is
 * counted, and told to the process's next flush.
 */
#define BULK_CHANNEL_TX_LATER	BIT(1)
/*
 * @send_buf and @send stand a record that changes while they read it. A record
 * in a window is then not copied before.
 */
#define BULK_CHANNEL_TX_IN_PLACE BIT(2)
/*
 * @recv or @recv_buf may run before the RECV that its record is for, and before
 * records that are sent meanwhile. Records then go through a window, too.
 */
#define BULK_CHANNEL_RX_AHEAD	BIT(3)

/**
 * struct bulk_channel_desc - a channel, as its provider describes it
 * @name: 1 to 31 characters of a-z, 0-9, '_' and '-': /dev/bulk/NAME
 * @mode: permissions of the node; 0 means 0600
 * @max_record: bytes of the largest record, 1 to BULK_MAX_RECORD
 * @rx_limit: bytes that the records waiting for an endpoint's reader may
 *	occupy, each with its head of 16 bytes and rounded up to a multiple of
 *	8; 0 means four times @max_record. At least one record of @max_record
 *	always fits
 * @rx_policy: what happens beyond @rx_limit
 * @deadline_us: microseconds after which @send or @send_buf gets a record from
 *	a window at the latest, up to BULK_MAX_DEADLINE_US, though nobody makes
 *	a call; 0: it may wait for one. Root may change it in sysfs.
 * @flags: BULK_CHANNEL_*
 * @ops: the provider's operations
 * @private: for bulk_channel_private()
 */
struct bulk_channel_desc {
	const char *name;
	umode_t mode;
	size_t max_record;
	size_t rx_limit;
	enum bulk_rx_policy rx_policy;
	unsigned int deadline_us;
	unsigned int flags;
	const struct bulk_channel_ops *ops;
	void *private;
};

/* Ten seconds. */
#define BULK_MAX_DEADLINE_US	10000000

/* No read(2) or write(2) moves more than this, nor does a segment. */
#define BULK_MAX_RECORD		MAX_RW_COUNT

struct bulk_channel *
bulk_channel_register(const struct bulk_channel_desc *desc);
void bulk_channel_unregister(struct bulk_channel *ch);
void *bulk_channel_private(struct bulk_channel *ch);

struct bulk_channel *bulk_endpoint_channel(struct bulk_endpoint *ep);

/**
 * struct bulk_endpoint_head - what an endpoint, otherwise opaque, begins with
 * @private: see bulk_set_private()
 */
struct bulk_endpoint_head {
	void *private;
};

/**
 * bulk_set_private() - keep a pointer of the provider's with an endpoint
 * @ep: the endpoint
 * @private: for bulk_private(); the provider's release() frees it
 */
static inline void bulk_set_private(struct bulk_endpoint *ep, void *private)
{
	((struct bulk_endpoint_head *)ep)->private = private;
}

/**
 * bulk_private() - the pointer given to bulk_set_private()
 * @ep: the endpoint
 *
 * Return: the pointer, or NULL when none was given.
 */
static inline void *bulk_private(struct bulk_endpoint *ep)
{
	return ((struct bulk_endpoint_head *)ep)->private;
}

int bulk_prepare_nmi(struct bulk_endpoint *ep, unsigned int nr, size_t len);
struct bulk_record *bulk_reserve(struct bulk_endpoint *ep, size_t len,
				 gfp_t gfp);
void *bulk_record_data(struct bulk_record *rec);
void bulk_commit(struct bulk_endpoint *ep, struct bulk_record *rec, u64 tag);
void bulk_abort(struct bulk_endpoint *ep, struct bulk_record *rec);
void *bulk_begin(struct bulk_endpoint *ep, size_t len, u64 tag,
		 unsigned long *flags);
void bulk_end(struct bulk_endpoint *ep, unsigned long flags);
int bulk_push(struct bulk_endpoint *ep, const void *data, size_t len, u64 tag,
	      gfp_t gfp);
int bulk_push_wait(struct bulk_endpoint *ep, const void *data, size_t len,
		   u64 tag);
int bulk_push_pages(struct bulk_endpoint *ep, struct page *const *pages,
		    size_t len, u64 tag, gfp_t gfp);
void bulk_push_batch(struct bulk_endpoint *ep, struct bulk_batch *batch);
bool bulk_rx_has_room(struct bulk_endpoint *ep);
int bulk_set_rx_policy(struct bulk_endpoint *ep, enum bulk_rx_policy policy,
		       size_t limit);
u64 bulk_rx_total_lost(struct bulk_endpoint *ep);
bool bulk_has_stalled(struct bulk_endpoint *ep);
int bulk_rx_discard(struct bulk_endpoint *ep);

void bulk_tx_wake(struct bulk_endpoint *ep);
void bulk_rx_wake(struct bulk_endpoint *ep);

#endif /* _LINUX_BULK_XFER_H */
