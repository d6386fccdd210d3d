// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2) in place: records are made, and read, where they lie in the window.
 *
 * The program reserves, or borrows, all there is, and commits, or returns, a
 * batch of records at a time, as rivals do. send() and recv() leave nothing
 * reserved or borrowed.
 *
 * The rings are those of the default window, or larger where a record is too
 * long for a place in these.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>

#include "lab_channel.h"
#include "packed.h"

/* Gets what there is into the segment, or returns false where there is nothing. */
typedef bool (*get_t)(struct transfer *t, struct bulk_seg *seg);

/* Bytes from a record to that of the ring's last lap. One transfer runs at a time. */
static size_t lap;

/* Bytes of a ring that has a place for the record, which takes an eighth of it at most. */
static size_t ring_of(const struct transfer *t)
{
	size_t ring = PACKED_ROOM;

	while (packed_size(t) > ring / 8)
		ring *= 2;
	return ring;
}

/* Waits; the kernel is entered where the window has nothing, which is thus counted. */
static bool get_patiently(struct transfer *t, struct bulk_seg *seg)
{
	long ret = window_stay(t, seg);

	if (ret == 1)
		return true;
	t->calls++;
	ret = bulk_xfer(t->fd, seg, 1, 0);
	if (ret != 1)
		die("bulk_xfer() in place, operation %u: %s", seg->op, strerror(-ret));
	return true;
}

static bool get_at_once(struct transfer *t, struct bulk_seg *seg)
{
	long ret = window_try(t, seg, 1);

	if (ret != 1 && ret != -EAGAIN)
		die("bulk_xfer() in place, operation %u: %s", seg->op, strerror(-ret));
	return ret == 1;
}

/* Commits, or returns, the first @len bytes; the rest, too, if it is the last or can't be a record. */
static void put(struct transfer *t, uint16_t op, struct bulk_seg *piece, uint32_t len, bool last)
{
	struct bulk_seg seg = packed_seg(op, 0, NULL, len);
	long ret;

	piece->addr += len;
	piece->len -= len;
	if (last || piece->len < packed_size(t)) {
		seg.flags = BULK_SEG_DISCARD;
		piece->len = 0;
	}
	ret = window_stay(t, &seg);
	if (ret != 1 || (uint32_t)seg.res != len)
		die("bulk_xfer() in place, operation %u of %u bytes: %ld, %d", op, len, ret, seg.res);
}

/* Records of the next batch, where so many are @left and @piece is there for them. */
static inline unsigned int batch_in(const struct transfer *t, uint64_t left,
				    const struct bulk_seg *piece)
{
	uint64_t fit = piece->len / packed_size(t);

	if (!fit)
		die("%s: no record in %u bytes", t->mech->name, piece->len);
	return batch_of(t, left < fit ? left : fit);
}

/* The first reservation is all of the ring. */
static void lay_pattern(struct transfer *t)
{
	struct bulk_seg room = packed_seg(BULK_OP_RESERVE, 0, NULL, packed_size(t));

	get_patiently(t, &room);
	lab_prepare((void *)room.addr, room.len);
	lap = room.len % packed_size(t);
	put(t, BULK_OP_COMMIT, &room, 0, true);
}

static void inplace_open(struct transfer *t)
{
	packed_limit_batch(t, ring_of(t));
	window_open_rings(t, ring_of(t));
	if (t->mech->dir == U2K)
		lay_pattern(t);
}

/*
 * Makes pattern of all that tells a record from it. Where records keep their
 * places, as in a ring of slots, the pattern is laid once. Here the next lap has
 * them elsewhere; with this, it needs no laying again, either.
 */
static inline void wipe_record(struct bulk_packed *rec, size_t bytes)
{
	lab_prepare(rec, sizeof(*rec) + sizeof(__u64));
	lab_prepare(rec->data + bytes - sizeof(__u64), sizeof(__u64));
}

/*
 * All records are of one size, so the last lap's is @lap bytes behind the place
 * of the new one. It was taken before there was room for the new one, and nothing
 * of it is before that place but what was wiped with the one before.
 */
static inline void produce_in_place(struct transfer *t, uint64_t addr, unsigned int nr,
				    uint64_t seq)
{
	const size_t bytes = t->bytes, step = packed_size(t), old = lap;
	uint8_t *at = (uint8_t *)addr, *end = at + nr * step;

	for (; at < end; at += step) {
		struct bulk_packed *rec = (struct bulk_packed *)at;

		wipe_record((struct bulk_packed *)(at + old), bytes);
		*rec = (struct bulk_packed){ .len = bytes };
		lab_produce(rec->data, bytes, seq++);
	}
}

static inline uint64_t send_in_place(struct transfer *t, uint64_t count, get_t get)
{
	struct bulk_seg room = { 0 };
	unsigned int nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		if (!room.len) {
			room = packed_seg(BULK_OP_RESERVE, 0, NULL, packed_size(t));
			if (!get(t, &room))
				break;
		}
		nr = batch_in(t, count - n, &room);
		produce_in_place(t, room.addr, nr, t->next + n);
		put(t, BULK_OP_COMMIT, &room, nr * packed_size(t), n + nr == count);
	}
	return n;
}

static inline uint64_t recv_in_place(struct transfer *t, uint64_t count, get_t get)
{
	struct bulk_seg there = { 0 };
	unsigned int nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		if (!there.len) {
			there = packed_seg(BULK_OP_BORROW, 0, NULL, UINT32_MAX);
			if (!get(t, &there))
				break;
		}
		nr = batch_in(t, count - n, &there);
		packed_consume(t, (const void *)there.addr, nr);
		put(t, BULK_OP_RETURN, &there, nr * packed_size(t), n + nr == count);
	}
	return n;
}

static void inplace_send(struct transfer *t, uint64_t count)
{
	send_in_place(t, count, get_patiently);
	/* The receiver has read all of it when the clock is stopped. */
	t->calls++;
	if (bulk_xfer(t->fd, NULL, 0, BULK_FLUSH))
		die("flush");
}

static void inplace_recv(struct transfer *t, uint64_t count)
{
	recv_in_place(t, count, get_patiently);
}

static uint64_t inplace_offer(struct transfer *t, uint64_t count)
{
	stall_begin(t, LAB_CHANNEL_STALLED);
	return send_in_place(t, count, get_at_once);
}

static uint64_t inplace_drain(struct transfer *t, uint64_t count)
{
	return recv_in_place(t, count, get_at_once);
}

const struct mechanism inplace_to_kernel = {
	.name = "bulk-inplace", .dir = U2K, .about = &bulk_about, .copies = 0,
	.batch = MAX_BATCH,
	.open = inplace_open, .close = window_close, .send = inplace_send,
	.totals = control_totals,
	.offer = inplace_offer, .drain = provider_drain,
};

const struct mechanism inplace_to_user = {
	.name = "bulk-inplace", .dir = K2U, .about = &bulk_about, .copies = 0,
	.batch = MAX_BATCH,
	.open = inplace_open, .close = window_close, .recv = inplace_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = bulk_poke,
	.offer = provider_offer, .drain = inplace_drain,
};
