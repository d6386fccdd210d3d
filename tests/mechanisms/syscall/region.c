// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of bulk_xfer(2): a batch of records in one segment, copied once, by the vDSO or the call.
 *
 * The sender makes its records in the region, the receiver reads them there. A
 * region holds MAX_BATCH records, as rivals' batches do, or what 64 KiB have
 * room for, one at least.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>

#include "lab_channel.h"
#include "packed.h"

typedef void (*run_region_t)(struct transfer *t, struct bulk_seg *seg);

/* Heads are made once and used again, as segments are: a call leaves them as they are. */
static void make_regions(struct transfer *t)
{
	size_t step = packed_size(t);
	unsigned int i;

	packed_limit_batch(t, PACKED_ROOM);
	free(t->out);
	free(t->in);
	t->out = work_buffer(step * t->batch);
	t->in = work_buffer(step * t->batch);
	for (i = 0; i < t->batch; i++)
		*(struct bulk_packed *)(t->out + i * step) = (struct bulk_packed){ .len = t->bytes };
}

static void region_open(struct transfer *t)
{
	make_regions(t);
	window_open(t);
}

static void region_call_open(struct transfer *t)
{
	make_regions(t);
	bulk_open_endpoint(t);
}

static inline struct bulk_seg send_seg(struct transfer *t, unsigned int nr)
{
	return packed_seg(BULK_OP_SEND, BULK_SEG_PACKED, t->out, nr * packed_size(t));
}

static inline struct bulk_seg recv_seg(struct transfer *t, unsigned int nr)
{
	return packed_seg(BULK_OP_RECV, BULK_SEG_PACKED, t->in, nr * packed_size(t));
}

/* The loop has all it needs in registers, because it is what a record costs. */
static inline void produce_region(struct transfer *t, unsigned int nr, uint64_t seq)
{
	const size_t bytes = t->bytes, step = packed_size(t);
	uint8_t *data = t->out + sizeof(struct bulk_packed), *end = data + nr * step;

	for (; data < end; data += step)
		lab_produce(data, bytes, seq++);
}

static inline void consume_region(struct transfer *t, const struct bulk_seg *seg)
{
	if (!seg->tag || (uint64_t)seg->res != seg->tag * packed_size(t))
		die("%s: received %d bytes of %llu records", t->mech->name, seg->res,
		    (unsigned long long)seg->tag);
	packed_consume(t, t->in, seg->tag);
}

/* Waits until all is sent, or something is received. */
static void call_region(struct transfer *t, struct bulk_seg *seg)
{
	long ret;

	t->calls++;
	ret = bulk_xfer(t->fd, seg, 1, 0);
	if (ret != 1)
		die("bulk_xfer() of a region: %s", strerror(-ret));
	if (seg->op == BULK_OP_SEND && (uint32_t)seg->res != seg->len)
		die("bulk_xfer() sent %d bytes of %u", seg->res, seg->len);
}

/* One call, which is thus counted, moves the records that the window can't. */
static void window_region(struct transfer *t, struct bulk_seg *seg)
{
	if (window_stay(t, seg) == 1) {
		if (seg->op == BULK_OP_RECV || (uint32_t)seg->res == seg->len)
			return;
		seg->addr += seg->res;
		seg->len -= seg->res;
	}
	call_region(t, seg);
}

static inline void send_regions(struct transfer *t, uint64_t count, run_region_t run)
{
	unsigned int nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		struct bulk_seg seg;

		nr = batch_of(t, count - n);
		produce_region(t, nr, t->next + n);
		seg = send_seg(t, nr);
		run(t, &seg);
	}
}

static inline void recv_regions(struct transfer *t, uint64_t count, run_region_t run)
{
	struct bulk_seg seg;
	uint64_t n;

	for (n = 0; n < count; n += seg.tag) {
		seg = recv_seg(t, batch_of(t, count - n));
		run(t, &seg);
		consume_region(t, &seg);
	}
}

static void region_send(struct transfer *t, uint64_t count)
{
	send_regions(t, count, window_region);
	/* The receiver has read all of it when the clock is stopped. */
	t->calls++;
	if (bulk_xfer(t->fd, NULL, 0, BULK_FLUSH))
		die("flush");
}

static void region_recv(struct transfer *t, uint64_t count)
{
	recv_regions(t, count, window_region);
}

static void region_call_send(struct transfer *t, uint64_t count)
{
	send_regions(t, count, call_region);
}

static void region_call_recv(struct transfer *t, uint64_t count)
{
	recv_regions(t, count, call_region);
}

/* Did a segment move something without waiting? */
static bool moved(struct transfer *t, struct bulk_seg *seg, try_segs_t try)
{
	long ret = try(t, seg, 1);

	if (ret != 1 && ret != -EAGAIN)
		die("%s: without waiting: %s", t->mech->name, strerror(-ret));
	return ret == 1;
}

/* The rest of a region is offered again, by itself. */
static uint64_t offer_regions(struct transfer *t, uint64_t count, try_segs_t try)
{
	struct bulk_seg seg;
	unsigned int nr;
	uint64_t n;

	stall_begin(t, LAB_CHANNEL_STALLED);
	for (n = 0; n < count; n += seg.tag) {
		nr = batch_of(t, count - n);
		produce_region(t, nr, t->next + n);
		seg = send_seg(t, nr);
		if (!moved(t, &seg, try))
			break;
	}
	return n;
}

static uint64_t drain_regions(struct transfer *t, uint64_t count, try_segs_t try)
{
	struct bulk_seg seg;
	uint64_t n;

	for (n = 0; n < count; n += seg.tag) {
		seg = recv_seg(t, batch_of(t, count - n));
		if (!moved(t, &seg, try))
			break;
		consume_region(t, &seg);
	}
	return n;
}

static uint64_t region_offer(struct transfer *t, uint64_t count)
{
	return offer_regions(t, count, window_try);
}

static uint64_t region_drain(struct transfer *t, uint64_t count)
{
	return drain_regions(t, count, window_try);
}

static uint64_t region_call_offer(struct transfer *t, uint64_t count)
{
	return offer_regions(t, count, call_try);
}

static uint64_t region_call_drain(struct transfer *t, uint64_t count)
{
	return drain_regions(t, count, call_try);
}

const struct mechanism region_to_kernel = {
	.name = "bulk-region", .dir = U2K, .about = &bulk_about, .copies = 1,
	.batch = MAX_BATCH,
	.open = region_open, .close = window_close, .send = region_send,
	.totals = control_totals,
	.offer = region_offer, .drain = provider_drain,
};

const struct mechanism region_to_user = {
	.name = "bulk-region", .dir = K2U, .about = &bulk_about, .copies = 1,
	.batch = MAX_BATCH,
	.open = region_open, .close = window_close, .recv = region_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = bulk_poke,
	.offer = provider_offer, .drain = region_drain,
};

const struct mechanism region_call_to_kernel = {
	.name = "bulk-region-call", .dir = U2K, .about = &bulk_about, .copies = 1,
	.batch = MAX_BATCH,
	.open = region_call_open, .send = region_call_send,
	.totals = control_totals,
	.offer = region_call_offer, .drain = provider_drain,
};

const struct mechanism region_call_to_user = {
	.name = "bulk-region-call", .dir = K2U, .about = &bulk_about, .copies = 1,
	.batch = MAX_BATCH,
	.open = region_call_open, .recv = region_call_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = bulk_poke,
	.offer = provider_offer, .drain = region_call_drain,
};
