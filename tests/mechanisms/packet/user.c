// SPDX-License-Identifier: GPL-2.0
/*
 * Frames through AF_PACKET: one a call, or a batch.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u. Synchronous to the kernel on
 * the loopback device, to the user no. Loss: what the receiver's socket has no
 * room for; PACKET_STATISTICS tells it how many, the sender never learns of it.
 * Unit: a frame, 64 KiB on the loopback device, 1500 bytes on most. Privilege:
 * CAP_NET_RAW. Choose it for a protocol below IP, on a wire.
 */
#include <arpa/inet.h>

#include "lab_net.h"
#include "lab_packet.h"
#include "lab_vector.h"
#include "packet.h"

struct sockaddr_ll packet_address(int type)
{
	return (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = if_nametoindex(LAB_PACKET_DEVICE),
		.sll_halen = 6,
	};
}

/* Without a protocol the socket receives nothing. */
void packet_open(struct transfer *t)
{
	if (lab_link_up(LAB_PACKET_DEVICE))
		die("%s: %s", LAB_PACKET_DEVICE, strerror(errno));
	control_open(t, "packet");
	t->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		die("packet: socket: %s", strerror(errno));
}

/* The drops since the last call. */
uint64_t packet_drops(int fd)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("packet: statistics: %s", strerror(errno));
	return stats.tp_drops;
}

/* A vector, and the address that it is sent to. */
struct link {
	struct vector v;
	struct sockaddr_ll to;
};

static void open_link(struct transfer *t, int type)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		die("no memory");
	packet_open(t);
	l->to = packet_address(type);
	t->priv = l;
}

static void open_to_kernel(struct transfer *t)
{
	struct link *l;

	open_link(t, LAB_PACKET_TO_KERNEL);
	l = t->priv;
	l->v.to = &l->to;
	l->v.to_len = sizeof(l->to);
}

/* A receiver must have room for a batch; a small one every socket has. */
static void open_to_user(struct transfer *t)
{
	int room = 2 * t->batch * t->bytes;
	struct link *l;

	open_link(t, LAB_PACKET_TO_USER);
	l = t->priv;
	if (bind(t->fd, (struct sockaddr *)&l->to, sizeof(l->to)))
		die("packet: bind: %s", strerror(errno));
	if (room > 200000 &&
	    setsockopt(t->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		die("packet: room: %s", strerror(errno));
}

static void close_link(struct transfer *t)
{
	free(t->priv);
}

static void send_single(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;
	uint32_t off, len;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (sendto(t->fd, t->out + off, len, 0, (struct sockaddr *)&l->to,
				   sizeof(l->to)) != len)
				die("packet: send: %s", strerror(errno));
			t->calls++;
		}
	}
}

static void recv_single(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = 0; n < count; n++) {
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (recv(t->fd, t->in + off, len, 0) != len)
				die("packet: receive: %s", strerror(errno));
			t->calls++;
		}
		lab_consume(t, t->in, t->bytes);
	}
}

static void send_batch(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;

	vector_send_batch(t, &l->v, count);
}

static void recv_batch(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;

	vector_recv_batch(t, &l->v, count);
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (recv(t->fd, t->in, t->bytes, MSG_DONTWAIT) < 0)
			break;
		lab_consume(t, t->in, t->bytes);
	}
	t->lost += packet_drops(t->fd);
	return n;
}

const struct about packet_about = {
	.starts = "both",
	.synchronous = "to the kernel on the loopback device yes, to the user no",
	.loss = "what the receiver's socket or ring has no room for",
	.backpressure = "none",
	.notification = "poll, blocking call; a counter of drops",
	.unit = "MTU: 65536 bytes on the loopback device",
	.privilege = "CAP_NET_RAW",
	.abi = "stable",
	.use = "a protocol below IP, on a wire",
};

#define TO_KERNEL(_name, _batch, _send) {					\
	.name = _name, .dir = U2K, .about = &packet_about, .batch = _batch,	\
	.unit = LAB_PACKET_UNIT, .copies = 1, .open = open_to_kernel,		\
	.close = close_link, .send = _send, .totals = control_totals }

#define TO_USER(_name, _recv) {							\
	.name = _name, .dir = K2U, .about = &packet_about, .batch = MAX_BATCH,	\
	.unit = LAB_PACKET_UNIT, .copies = 2, .open = open_to_user,		\
	.close = close_link, .send = control_produce, .recv = _recv,		\
	.blocks = true, .offer = control_offer, .drain = drain }

static const struct mechanism single_to_kernel = TO_KERNEL("packet", 1, send_single);
static const struct mechanism single_to_user = TO_USER("packet", recv_single);
static const struct mechanism batch_to_kernel = TO_KERNEL("packet-batch", MAX_BATCH, send_batch);
static const struct mechanism batch_to_user = TO_USER("packet-batch", recv_batch);

const struct mechanism *const mechanisms[] = {
	&single_to_kernel, &single_to_user, &batch_to_kernel, &batch_to_user,
	&packet_ring_to_kernel, &packet_ring_to_user, NULL,
};
