// SPDX-License-Identifier: GPL-2.0
/*
 * A mapped ring: records are read, and written, where they are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: the kernel (samples) or this program. Directions: k2u, u2k, without a
 * copy. Not synchronous: counts in the ring tell each side how far the other
 * is. Loss: the oldest samples of a reader that is late; it sees from the
 * counts how many. Unit: a slot of the ring. Privilege: the node's mode. Choose
 * it for a constant stream that one reader keeps up with.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include "die.h"
#include "mechanism.h"
#include "ring.h"

/**
 * struct ring - the mapping, as its user sees it
 * @control: the page of counts
 * @data: the area of this direction
 * @slots: how many records it has room for
 * @count: records made, or taken
 */
struct ring {
	struct ring_control *control;
	uint8_t *data;
	uint64_t slots;
	uint64_t count;
};

static void ring_open(struct transfer *t)
{
	struct ring *r = calloc(1, sizeof(*r));
	uint8_t *map;

	control_open(t, "mmap");
	t->fd = t->ctl;
	map = mmap(NULL, RING_MAP, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	if (!r || map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	r->control = (struct ring_control *)map;
	r->data = map + (t->mech->dir == K2U ? RING_TO_USER : RING_TO_KERNEL);
	r->slots = r->control->slots;
	if (t->mech->dir == U2K)
		lab_prepare(r->data, RING_BYTES);
	t->priv = r;
}

static void ring_close(struct transfer *t)
{
	struct ring *r = t->priv;

	munmap(r->control, RING_MAP);
	free(r);
}

static uint8_t *next_slot(struct transfer *t, struct ring *r)
{
	return r->data + r->count++ % r->slots * t->bytes;
}

static void ring_send(struct transfer *t, uint64_t count)
{
	struct ring *r = t->priv;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++)
		lab_produce(next_slot(t, r), t->bytes, n);
	__atomic_store_n(&r->control->to_kernel, r->count, __ATOMIC_RELEASE);
}

static void ring_sleep(struct transfer *t)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };

	if (poll(&pfd, 1, -1) < 0)
		die("mmap: poll: %s", strerror(errno));
	t->calls++;
}

/* Records that are there; what was overwritten is skipped and counted. */
static uint64_t ring_ready(struct transfer *t, struct ring *r)
{
	uint64_t ready = __atomic_load_n(&r->control->to_user, __ATOMIC_ACQUIRE) - r->count;

	if (ready > r->slots) {
		t->lost += ready - r->slots;
		r->count += ready - r->slots;
		ready = r->slots;
	}
	return ready;
}

static void ring_take(struct transfer *t, struct ring *r, uint64_t count)
{
	for (; count; count--)
		lab_consume(t, next_slot(t, r), t->bytes);
}

static void ring_recv(struct transfer *t, uint64_t count)
{
	struct ring *r = t->priv;
	uint64_t n;

	for (; count; count -= n) {
		while (!(n = ring_ready(t, r)))
			ring_sleep(t);
		if (n > count)
			n = count;
		ring_take(t, r, n);
	}
}

static uint64_t ring_drain(struct transfer *t, uint64_t count)
{
	struct ring *r = t->priv;
	uint64_t n = ring_ready(t, r);

	if (n > count)
		n = count;
	ring_take(t, r, n);
	return n;
}

static const struct about about = {
	.starts = "both",
	.synchronous = "no",
	.loss = "the oldest is overwritten, the reader sees how many",
	.backpressure = "none to the user; to the kernel the ring's own",
	.notification = "poll, eventfd",
	.unit = "what the ring's layout says",
	.privilege = "mode of the node",
	.abi = "own layout, for ever",
	.use = "a constant stream to one reader that keeps up",
};

static const struct mechanism to_kernel = {
	.name = "mmap", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 0,
	.open = ring_open, .close = ring_close, .send = ring_send, .recv = control_consume,
	.totals = control_totals,
};

static const struct mechanism to_user = {
	.name = "mmap", .dir = K2U, .about = &about, .batch = MAX_BATCH, .copies = 0,
	.open = ring_open, .close = ring_close, .send = control_produce, .recv = ring_recv,
	.blocks = true, .offer = control_offer, .drain = ring_drain,
};

const struct mechanism *const mechanisms[] = { &to_kernel, &to_user, NULL };
