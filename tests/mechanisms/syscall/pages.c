// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2) by page: the kernel reads a record in the program's pages, the program in the kernel's.
 *
 * The kernel half makes its records in a ring of pages, and uses those again
 * that the program has no more. Each record of a batch has a place of its own
 * in the room where pages are mapped; the next batch takes the places of this
 * one. bulk-pages-huge has the same in folios of 2 MiB.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u. Synchronous to the kernel,
 * queued to the user. Loss: none on the way to the kernel; to the user by the
 * channel's policy, counted and told. Unit: max_record of the channel.
 * Privilege: the node's mode. Choose it for large records that the receiver
 * reads where they are.
 */
#include <errno.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>

#include "form.h"
#include "lab_channel.h"

#define PAGE	4096U
#define FOLIO	(2U << 20)

/* Of a batch: half of what may wait for a reader, and a quarter of the kernel half's pages. */
#define ROOM	(2U << 20)

/* A record begins at a page of its own. */
static size_t span(const struct transfer *t)
{
	return (t->bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static uint8_t *place(const struct transfer *t, unsigned int i)
{
	return t->in + i * span(t);
}

static void limit_batch(struct transfer *t)
{
	unsigned int fit = ROOM / span(t);

	if (t->batch > fit)
		t->batch = fit;
}

static void open_to_kernel(struct transfer *t)
{
	limit_batch(t);
	bulk_open_endpoint(t);
}

/* MADV_HUGEPAGE would leave alone what the allocator has used before. */
static uint8_t *huge_buffer(size_t len)
{
	size_t whole = (len + FOLIO - 1) & ~(size_t)(FOLIO - 1);
	uint8_t *buf = aligned_alloc(FOLIO, whole);

	if (!buf)
		die("no memory for %zu bytes", whole);
	lab_prepare(buf, whole);
	if (madvise(buf, whole, MADV_COLLAPSE))
		die("no memory in folios: %s", strerror(errno));
	return buf;
}

static void open_huge_to_kernel(struct transfer *t)
{
	open_to_kernel(t);
	free(t->out);
	t->out = huge_buffer((size_t)t->batch * t->bytes);
}

static void send_pinned(struct transfer *t, uint64_t count)
{
	send_segs(t, count, BULK_SEG_PIN, call_run);
}

static void open_room(struct transfer *t, uint32_t flags)
{
	limit_batch(t);
	t->flags |= LAB_QUEUED | LAB_CHANNEL_PAGES | flags;
	bulk_open_endpoint(t);
	free(t->in);
	t->in = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, t->fd, BULK_OFF_PAGES);
	if (t->in == MAP_FAILED)
		die("no room for pages: %s", strerror(errno));
}

static void open_to_user(struct transfer *t)
{
	open_room(t, 0);
}

static void open_huge_to_user(struct transfer *t)
{
	open_room(t, LAB_CHANNEL_FOLIOS);
}

static void close_room(struct transfer *t)
{
	munmap(t->in, ROOM);
	t->in = NULL;
}

/* At most a batch, whose records wait. */
static void recv_mapped(struct transfer *t, uint64_t count)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i;

	for (i = 0; i < count; i++)
		segs[i] = bulk_seg_of(BULK_OP_RECV, BULK_SEG_MAP, place(t, i), span(t));
	call_run(t, segs, count);
	for (i = 0; i < count; i++) {
		if (segs[i].res != (int32_t)t->bytes)
			die("received %d bytes, not %u", segs[i].res, t->bytes);
		t->lost += segs[i].lost;
		lab_consume(t, place(t, i), t->bytes);
	}
}

static const struct about pages_about = {
	.starts = "both",
	.synchronous = "to the kernel yes, to the user no",
	.loss = "none on the way to the kernel; to the user by the channel's policy, counted",
	.backpressure = "EAGAIN or the caller waits",
	.notification = "poll, blocking call",
	.unit = "max_record of the channel; to the user at least a page",
	.privilege = "mode of the node",
	.abi = "system call",
	.use = "large records that the receiver reads where they are",
};

#define PAGES_FORM(_id, _name, _open_to_kernel, _open_to_user)			\
const struct mechanism _id##_to_kernel = {					\
	.name = _name, .dir = U2K, .about = &pages_about, .copies = 0,		\
	.batch = MAX_BATCH, .min_bytes = PAGE,					\
	.open = _open_to_kernel, .send = send_pinned,				\
	.totals = control_totals,						\
};										\
const struct mechanism _id##_to_user = {					\
	.name = _name, .dir = K2U, .about = &pages_about, .copies = 0,		\
	.batch = MAX_BATCH, .min_bytes = PAGE,					\
	.open = _open_to_user, .close = close_room,				\
	.send = control_produce, .recv = recv_mapped,				\
}

PAGES_FORM(pages, "bulk-pages", open_to_kernel, open_to_user);
PAGES_FORM(huge, "bulk-pages-huge", open_huge_to_kernel, open_huge_to_user);
