// SPDX-License-Identifier: GPL-2.0
/*
 * Frames through the rings that AF_PACKET shares with its user (TPACKET_V2).
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A batch of frames is sent by one call. Only a wire would have them from where
 * they were made: on the loopback device whoever receives gets a copy, lest
 * the kernel hold a program's pages. Received frames are copied into the ring
 * and read there; a call is made only to sleep.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "die.h"
#include "lab_packet.h"
#include "packet.h"

#define PAGE		4096U
#define TX_OFFSET	(TPACKET2_HDRLEN - sizeof(struct sockaddr_ll))
#define RX_OFFSET	(TPACKET_ALIGN(TPACKET2_HDRLEN) + 16)
#define SPARE_ROOM	(1U << 20)	/* of a receive ring */

/**
 * struct ring - mapped frames
 * @to: where sent ones go
 * @map: all blocks
 * @len: of all
 * @block: bytes of one
 * @frame: bytes of one
 * @per_block: frames in a block
 * @nr: frames
 * @next: to be used
 */
struct ring {
	struct sockaddr_ll to;
	uint8_t *map;
	size_t len;
	uint32_t block;
	uint32_t frame;
	uint32_t per_block;
	uint32_t nr;
	uint32_t next;
};

static struct tpacket2_hdr *frame_at(const struct ring *r, uint32_t i)
{
	return (void *)(r->map + (size_t)(i / r->per_block) * r->block +
			i % r->per_block * r->frame);
}

static struct tpacket2_hdr *next_frame(struct ring *r)
{
	struct tpacket2_hdr *hdr = frame_at(r, r->next);

	r->next = r->next + 1 == r->nr ? 0 : r->next + 1;
	return hdr;
}

/* Pair with the kernel's barriers between a frame and its status. */
static uint32_t status_of(const struct tpacket2_hdr *hdr)
{
	return __atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE);
}

static void set_status(struct tpacket2_hdr *hdr, uint32_t status)
{
	__atomic_store_n(&hdr->tp_status, status, __ATOMIC_RELEASE);
}

static uint32_t parts_of(const struct transfer *t)
{
	return (t->bytes + t->unit - 1) / t->unit;
}

/* Frames lie in blocks of pages, and none crosses from one to the next. */
static void lay_out(const struct transfer *t, struct ring *r, size_t offset)
{
	uint32_t wanted = t->batch * parts_of(t);

	r->frame = (offset + t->unit + TPACKET_ALIGNMENT - 1) & ~(TPACKET_ALIGNMENT - 1U);
	r->block = (r->frame + PAGE - 1) & ~(PAGE - 1);
	r->per_block = r->block / r->frame;
	if (wanted * r->frame < SPARE_ROOM)
		wanted = SPARE_ROOM / r->frame;
	r->nr = (wanted + r->per_block - 1) / r->per_block * r->per_block;
	r->len = (size_t)r->nr / r->per_block * r->block;
}

static void open_ring(struct transfer *t, int option, size_t offset)
{
	struct ring *r = calloc(1, sizeof(*r));
	struct tpacket_req req;
	int version = TPACKET_V2;

	if (!r)
		die("no memory");
	packet_open(t);
	lay_out(t, r, offset);
	req = (struct tpacket_req){ r->block, r->nr / r->per_block, r->frame, r->nr };
	if (setsockopt(t->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(t->fd, SOL_PACKET, option, &req, sizeof(req)))
		die("packet: ring: %s", strerror(errno));
	r->map = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (r->map == MAP_FAILED)
		die("packet: mmap: %s", strerror(errno));
	t->priv = r;
}

static void open_to_kernel(struct transfer *t)
{
	struct ring *r;
	uint32_t i;

	/* No frame may be smaller than its header with an address. */
	open_ring(t, PACKET_TX_RING, TPACKET2_HDRLEN);
	r = t->priv;
	r->to = packet_address(LAB_PACKET_TO_KERNEL);
	for (i = 0; i < r->nr; i++)
		lab_prepare((uint8_t *)frame_at(r, i) + TX_OFFSET, t->unit);
}

static void open_to_user(struct transfer *t)
{
	struct sockaddr_ll from = packet_address(LAB_PACKET_TO_USER);

	open_ring(t, PACKET_RX_RING, RX_OFFSET);
	if (bind(t->fd, (struct sockaddr *)&from, sizeof(from)))
		die("packet: bind: %s", strerror(errno));
}

static void close_ring(struct transfer *t)
{
	struct ring *r = t->priv;

	munmap(r->map, r->len);
	free(r);
}

/*
 * The first part has the record's first word, the last one its last. The frame
 * may have had another part of a record before.
 */
static void make_part(struct transfer *t, uint8_t *part, uint64_t seq, uint32_t off, uint32_t len)
{
	uint64_t end = ~seq;

	lab_prepare(part, sizeof(seq));
	lab_prepare(part + len - sizeof(end), sizeof(end));
	if (!off)
		memcpy(part, &seq, sizeof(seq));
	if (off + len == t->bytes)
		memcpy(part + len - sizeof(end), &end, sizeof(end));
}

static void put_part(struct transfer *t, uint64_t seq, uint32_t off, uint32_t len)
{
	struct tpacket2_hdr *hdr = next_frame(t->priv);
	uint8_t *part = (uint8_t *)hdr + TX_OFFSET;

	if (status_of(hdr) != TP_STATUS_AVAILABLE)
		die("packet-ring: frame is in use");
	if (len == t->bytes)
		lab_produce(part, len, seq);
	else
		make_part(t, part, seq, off, len);
	hdr->tp_len = len;
	set_status(hdr, TP_STATUS_SEND_REQUEST);
}

/* One call makes the kernel go through all that is there. */
static void send_ring(struct transfer *t, uint64_t count)
{
	struct ring *r = t->priv;
	uint32_t off, len;
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			for (off = 0; (len = part_len(t, off)); off += len)
				put_part(t, t->next + n + i, off, len);
		if (sendto(t->fd, NULL, 0, 0, (struct sockaddr *)&r->to, sizeof(r->to)) < 0)
			die("packet-ring: send: %s", strerror(errno));
		t->calls++;
	}
}

static void await_frame(struct transfer *t, const struct tpacket2_hdr *hdr)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };

	while (!(status_of(hdr) & TP_STATUS_USER)) {
		if (poll(&pfd, 1, -1) < 0)
			die("packet-ring: poll: %s", strerror(errno));
		t->calls++;
	}
}

static void take_frame(struct transfer *t, struct tpacket2_hdr *hdr)
{
	lab_consume(t, (uint8_t *)hdr + hdr->tp_mac, hdr->tp_snaplen);
	set_status(hdr, TP_STATUS_KERNEL);
}

static void recv_ring(struct transfer *t, uint64_t count)
{
	struct ring *r = t->priv;
	uint64_t n, frames = count * parts_of(t);

	for (n = 0; n < frames; n++) {
		struct tpacket2_hdr *hdr = next_frame(r);

		await_frame(t, hdr);
		take_frame(t, hdr);
	}
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	struct ring *r = t->priv;
	uint64_t n;

	for (n = 0; n < count && status_of(frame_at(r, r->next)) & TP_STATUS_USER; n++)
		take_frame(t, next_frame(r));
	t->lost += packet_drops(t->fd);
	return n;
}

const struct mechanism packet_ring_to_kernel = {
	.name = "packet-ring", .dir = U2K, .about = &packet_about, .batch = MAX_BATCH,
	.unit = LAB_PACKET_UNIT, .copies = 1, .open = open_to_kernel, .close = close_ring,
	.send = send_ring, .totals = control_totals,
};

const struct mechanism packet_ring_to_user = {
	.name = "packet-ring", .dir = K2U, .about = &packet_about, .batch = MAX_BATCH,
	.unit = LAB_PACKET_UNIT, .copies = 2, .open = open_to_user, .close = close_ring,
	.send = control_produce, .recv = recv_ring, .blocks = true,
	.offer = control_offer, .drain = drain,
};
