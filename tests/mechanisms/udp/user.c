// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams to and from the kernel's UDP socket: one a call, or a batch.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u. Not synchronous: datagrams
 * queue in the receiver's socket. Loss: what its buffer has no room for; the
 * sender never learns of it, the receiver can ask how many (SO_MEMINFO,
 * SO_RXQ_OVFL). Unit: 65507 bytes. Privilege: none, whoever reaches the port is
 * heard. Choose it when the peer may be on another machine.
 */
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <sys/ioctl.h>

#include "lab_net.h"
#include "lab_udp.h"
#include "lab_vector.h"

/* Room in both directions; small records fit what every socket has. */
static void set_room(const struct transfer *t)
{
	int room = 2 * t->batch * t->bytes;

	if (room < LAB_UDP_ROOM)
		return;
	if (setsockopt(t->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(t->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		die("udp: buffers: %s", strerror(errno));
}

static void udp_open(struct transfer *t)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(LAB_UDP_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	if (lab_link_up("lo"))
		die("lo: %s", strerror(errno));
	t->flags |= LAB_UDP_HOLD;
	control_open(t, "udp");
	t->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || connect(t->fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("udp: socket: %s", strerror(errno));
	set_room(t);
	t->priv = calloc(1, sizeof(struct vector));
	if (!t->priv)
		die("no memory");
}

static void udp_close(struct transfer *t)
{
	free(t->priv);
}

/* The kernel sends to whom it last heard of. */
static void udp_open_to_user(struct transfer *t)
{
	udp_open(t);
	if (send(t->fd, "", 0, 0))
		die("udp: send: %s", strerror(errno));
	control_consume(t, 1);
}

static void send_single(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (send(t->fd, t->out + off, len, 0) != len)
				die("udp: send: %s", strerror(errno));
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
				die("udp: receive: %s", strerror(errno));
			t->calls++;
		}
		lab_consume(t, t->in, t->bytes);
	}
}

static void send_batch(struct transfer *t, uint64_t count)
{
	vector_send_batch(t, t->priv, count);
}

static void recv_batch(struct transfer *t, uint64_t count)
{
	vector_recv_batch(t, t->priv, count);
}

/* The sender isn't told of what the kernel's socket has no room for. */
static uint64_t offer(struct transfer *t, uint64_t count)
{
	send_single(t, count);
	return count;
}

static uint64_t kernel_drain(struct transfer *t, uint64_t count)
{
	long got = ioctl(t->ctl, LAB_CONSUME, count);

	if (got < 0)
		die("udp: consume: %s", strerror(errno));
	t->lost = control_totals(t).lost;
	return got;
}

static uint32_t socket_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		die("udp: SO_MEMINFO: %s", strerror(errno));
	return info[SK_MEMINFO_DROPS];
}

static uint64_t user_drain(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (recv(t->fd, t->in, t->bytes, MSG_DONTWAIT) < 0)
			break;
		lab_consume(t, t->in, t->bytes);
	}
	t->lost = socket_drops(t->fd);
	return n;
}

static const struct about about = {
	.starts = "both",
	.synchronous = "no",
	.loss = "what the receiver's buffer has no room for",
	.backpressure = "none between sockets of one machine",
	.notification = "poll, blocking call; a counter of drops",
	.unit = "65507 bytes",
	.privilege = "none: whoever reaches the port is heard",
	.abi = "stable",
	.use = "the peer may be on another machine",
};

#define TO_KERNEL(_name, _send) {						\
	.name = _name, .dir = U2K, .about = &about, .batch = MAX_BATCH,		\
	.unit = LAB_UDP_UNIT, .copies = 1, .open = udp_open, .close = udp_close,	\
	.send = _send, .recv = control_consume, .totals = control_totals,	\
	.blocks = true, .wake_flags = LAB_QUEUED, .offer = offer, .drain = kernel_drain }

#define TO_USER(_name, _recv) {							\
	.name = _name, .dir = K2U, .about = &about, .batch = MAX_BATCH,		\
	.unit = LAB_UDP_UNIT, .copies = 2, .open = udp_open_to_user,		\
	.close = udp_close, .send = control_produce, .recv = _recv, .blocks = true, \
	.offer = control_offer, .drain = user_drain }

static const struct mechanism single_to_kernel = TO_KERNEL("udp", send_single);
static const struct mechanism single_to_user = TO_USER("udp", recv_single);
static const struct mechanism batch_to_kernel = TO_KERNEL("udp-batch", send_batch);
static const struct mechanism batch_to_user = TO_USER("udp-batch", recv_batch);

const struct mechanism *const mechanisms[] = {
	&single_to_kernel, &single_to_user, &batch_to_kernel, &batch_to_user, NULL,
};
