// SPDX-License-Identifier: GPL-2.0
/*
 * BPF ring buffers: records copied in by a program, made in place by one, and taken by one.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: the kernel's programs (ring buffer) or this one (user ring buffer).
 * Directions: k2u, u2k. Not synchronous: each side leaves records in a mapped
 * ring. Loss: without room to the user a record is refused to its program, and
 * this reader isn't told; to the kernel a full ring refuses here. Unit: the
 * ring's size. Privilege: CAP_BPF and CAP_PERFMON, to load programs. Choose it
 * to get at what a kernel does without changing it.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "die.h"
#include "mechanism.h"
#include "programs.h"
#include "ring.h"

#define LEAST_RING	(256U << 10)

/**
 * struct bpf - programs and maps of a transfer
 * @ring: the ring buffer
 * @state: array of one struct lab_bpf_state
 * @slots: array of records, or -1
 * @link: of the program to the tracepoint
 * @slot: bytes of a record's room
 */
struct bpf {
	struct bpf_ring ring;
	int state;
	int slots;
	int link;
	uint32_t slot;
};

static int must(int fd, const char *what)
{
	if (fd < 0)
		die("bpf-ringbuf: %s: %s", what, strerror(errno));
	return fd;
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t size = 1;

	while (size < n)
		size *= 2;
	return size;
}

static void attach(struct bpf *b, int prog)
{
	b->link = must(tracepoint_attach(LAB_BPF_EVENT, must(prog, "program")), "attach");
	close(prog);
}

/* Ring for two batches at least, of records with this room. */
static struct bpf *bpf_make(struct transfer *t, uint32_t slot, uint32_t type)
{
	uint64_t size = power_of_two(2ULL * t->batch * bpf_ring_stride(slot));
	struct bpf *b = calloc(1, sizeof(*b));
	int ring;

	control_open(t, "bpf-ringbuf");
	if (!b)
		die("no memory");
	if (size < LEAST_RING)
		size = LEAST_RING;
	ring = must(map_create(type, 0, size, 0), "ring buffer");
	must(bpf_ring_map(&b->ring, ring, size, type == BPF_MAP_TYPE_USER_RINGBUF), "map ring");
	b->state = must(map_create(BPF_MAP_TYPE_ARRAY, sizeof(struct lab_bpf_state), 1, 0),
			"array");
	b->slots = -1;
	b->slot = slot;
	t->priv = b;
	return b;
}

static void bpf_close(struct transfer *t)
{
	struct bpf *b = t->priv;

	close(b->link);
	bpf_ring_unmap(&b->ring);
	close(b->ring.fd);
	close(b->state);
	if (b->slots >= 0)
		close(b->slots);
	free(b);
}

static void open_copied(struct transfer *t)
{
	struct bpf *b = bpf_make(t, t->bytes, BPF_MAP_TYPE_RINGBUF);

	attach(b, load_copier(b->ring.fd, b->state, t->bytes, t->bytes, NULL, 0));
}

/* With slots of a power of two, every round finds the last one's pattern. */
static void open_in_place(struct transfer *t)
{
	uint32_t slot = power_of_two(t->bytes + RING_HEADER) - RING_HEADER;
	struct bpf *b = bpf_make(t, slot, BPF_MAP_TYPE_RINGBUF);
	uint64_t n = b->ring.size / bpf_ring_stride(slot);

	attach(b, load_copier(b->ring.fd, b->state, t->bytes, slot, NULL, 0));
	control_produce(t, n - 1);
	*b->ring.consumer = *b->ring.producer;
	control_produce(t, 1);
	*b->ring.consumer = *b->ring.producer;
	close(b->link);
	attach(b, load_stamper(b->ring.fd, b->state, t->bytes, slot));
	control_setup(t);
}

/* The user's samples have slots of a power of two for the same reason. */
static void open_user_ring(struct transfer *t)
{
	uint32_t slot = power_of_two(t->bytes + RING_HEADER) - RING_HEADER;
	struct bpf *b = bpf_make(t, slot, BPF_MAP_TYPE_USER_RINGBUF);
	struct lab_bpf_maps maps;

	b->slots = must(map_create(BPF_MAP_TYPE_ARRAY, t->bytes, LAB_BPF_SLOTS, 0), "slots");
	maps = (struct lab_bpf_maps){ b->state, b->slots };
	must(ioctl(t->ctl, LAB_BPF_MAPS, &maps), "maps");
	lab_prepare(b->ring.data, b->ring.size);
	attach(b, load_drainer(b->ring.fd, b->state, b->slots, t->bytes, NULL, 0));
}

static void user_ring_send(struct transfer *t, uint64_t count)
{
	struct bpf *b = t->priv;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		uint8_t *sample = bpf_ring_reserve(&b->ring, b->slot);

		if (!sample)
			die("bpf-ringbuf: no room for %u bytes", b->slot);
		lab_produce(sample, t->bytes, n);
		bpf_ring_submit(sample, b->slot);
	}
}

static void ring_sleep(struct transfer *t, struct bpf *b)
{
	struct pollfd pfd = { .fd = b->ring.fd, .events = POLLIN };

	if (poll(&pfd, 1, -1) < 0)
		die("bpf-ringbuf: poll: %s", strerror(errno));
	t->calls++;
}

/* Up to so many records that are there. */
static uint64_t ring_take(struct transfer *t, uint64_t count)
{
	struct bpf *b = t->priv;
	uint8_t *record;
	uint32_t len;
	uint64_t n;

	for (n = 0; n < count && (record = bpf_ring_peek(&b->ring, &len)); n++) {
		if (len != b->slot)
			die("bpf-ringbuf: record of %u bytes", len);
		lab_consume(t, record, t->bytes);
		bpf_ring_release(&b->ring, len);
	}
	return n;
}

static void ring_recv(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (; count; count -= n)
		while (!(n = ring_take(t, count)))
			ring_sleep(t, t->priv);
}

static uint64_t dropped(const struct bpf *b)
{
	struct lab_bpf_state state = { 0 };

	must(map_get(b->state, 0, &state), "state");
	return state.dropped;
}

/* The program knows what found no room. */
static uint64_t ring_offer(struct transfer *t, uint64_t count)
{
	uint64_t before = dropped(t->priv);

	control_produce(t, count);
	return count - (dropped(t->priv) - before);
}

static const struct about about = {
	.starts = "both",
	.synchronous = "no",
	.loss = "a record without room, its program knows",
	.backpressure = "none to the user; a full ring refuses to the kernel",
	.notification = "epoll, adaptive or chosen per record",
	.unit = "size of the ring",
	.privilege = "CAP_BPF, CAP_PERFMON",
	.abi = "maps and helpers stable, what programs look at is not",
	.use = "to get at what a kernel does without changing it",
};

#define TO_USER(_name, _copies, _open) {							\
	.name = _name, .dir = K2U, .about = &about, .batch = MAX_BATCH,		\
	.copies = _copies, .open = _open, .close = bpf_close,				\
	.send = control_produce, .recv = ring_recv, .blocks = true,		\
	.offer = ring_offer, .drain = ring_take }

static const struct mechanism copied = TO_USER("bpf-ringbuf", 1, open_copied);
static const struct mechanism in_place = TO_USER("bpf-ringbuf-inplace", 0, open_in_place);
static const struct mechanism to_kernel = {
	.name = "bpf-ringbuf", .dir = U2K, .about = &about, .batch = MAX_BATCH, .copies = 1,
	.open = open_user_ring, .close = bpf_close, .send = user_ring_send,
	.recv = control_consume, .totals = control_totals,
};

const struct mechanism *const mechanisms[] = { &to_kernel, &copied, &in_place, NULL };
