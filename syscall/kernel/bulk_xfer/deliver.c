// SPDX-License-Identifier: GPL-2.0
/*
 * Handing the provider records that are in kernel memory, one or many.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sizes.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>

#include "deliver.h"
#include "endpoint.h"
#include "provider.h"

/* Bytes that are handed over between two looks at the scheduler. */
#define BULK_BATCH_STEP		SZ_16K

/**
 * bulk_deliver_iter() - hand a record to a provider that has no send_buf()
 * @ep: the endpoint, whose TX lock is held
 * @data: the record
 * @len: its bytes
 * @tag: travels with it
 *
 * Context: Process context. May sleep, not for user space.
 * Return: what the provider says.
 */
int bulk_deliver_iter(struct bulk_endpoint *ep, void *data, size_t len, u64 tag)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct iov_iter from;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, len);
	return ep->ops->send(ep, &from, tag);
}

/* Without send_batch(), and where each record is traced. */
static int bulk_deliver_each(struct bulk_endpoint *ep, struct bulk_batch *batch)
{
	const void *data;
	size_t len;
	u64 tag;
	int ret;

	while ((data = bulk_batch_next(batch, &len, &tag))) {
		ret = bulk_deliver(ep, (void *)data, len, tag);
		if (ret)
			return ret;
		trace_bulk_send(bulk_channel_name(ep->channel), ep->id, len,
				tag);
	}
	return 0;
}

/* The provider has not taken what it was given last, or has taken nothing. */
static int bulk_deliver_failed(struct bulk_endpoint *ep,
			       struct bulk_batch *batch, int ret)
{
	if (ret && batch->records) {
		batch->next = batch->last;
		batch->records--;
		batch->bytes -= batch->len;
		return bulk_provider_error(ep, ret);
	}
	if (ret == -EAGAIN || ret == -ENOMEM)
		return ret;
	if (batch->cut)
		return BULK_NO_RECORD;
	bulk_provider_wrong(ep, "looks at no record of a batch, and returns",
			    ret);
	return -EAGAIN;
}

/**
 * bulk_deliver_batch() - hand the provider the records in a piece of memory
 * @ep: the endpoint, whose TX lock is held
 * @data: the records
 * @len: bytes of memory, not 0
 * @max_record: bytes of the longest record that may be there
 * @taken: filled in
 *
 * Some 16 KiB are handed over at a time: it takes a call for each of these.
 *
 * Context: Process context. May sleep, not for user space.
 * Return: 0 when some were taken; BULK_NO_RECORD when what @data begins with is
 * none, or doesn't end before @len; otherwise what the provider said to the
 * record behind those that it has taken.
 */
int bulk_deliver_batch(struct bulk_endpoint *ep, const void *data, size_t len,
		       size_t max_record, struct bulk_delivered *taken)
{
	struct bulk_batch batch = {
		.next = data,
		.stop = data + min_t(size_t, len, BULK_BATCH_STEP),
		.end = data + len,
		.max_record = max_record,
	};
	int before = bulk_provider_enter();
	int ret;

	lockdep_assert_held(&ep->tx_lock);
	if (ep->ops->send_batch && !trace_bulk_send_enabled())
		ret = ep->ops->send_batch(ep, &batch);
	else
		ret = bulk_deliver_each(ep, &batch);
	bulk_provider_leave(ep, before);
	taken->refused = 0;
	if (unlikely(ret || !batch.records)) {
		taken->refused = batch.next - data;
		ret = bulk_deliver_failed(ep, &batch, ret);
	}
	taken->records = batch.records;
	taken->bytes = batch.next - data;
	if (taken->refused)
		taken->refused -= taken->bytes;
	ep->tx.records += batch.records;
	ep->tx.bytes += batch.bytes;
	return ret;
}
