// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink with bare sockets: single messages, batches, acknowledged ones, a window, multicast.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u, one to many by multicast.
 * Synchronous to the kernel, which has the message when the call returns; to
 * the user no, messages queue in the socket. Loss: to the user what the receive
 * buffer has no room for; recv(2) tells ENOBUFS, not how many. Unit: what a
 * socket buffer holds; split at 16 KiB here. Privilege: the family's choice,
 * CAP_NET_ADMIN for groups. Choose it for events and configuration of many
 * objects, by an existing family or generic netlink.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"
#include "lab_netlink.h"

#define WINDOW		16		/* messages that are acknowledged together */
#define RECEIVE_ROOM	(LAB_NETLINK_UNIT + 64)

/**
 * struct link - buffers of a transfer
 * @slot: bytes of one message of a batch
 * @parts: messages of a record
 * @tx: messages, with their headers and the pattern
 * @rx: room for a batch of messages
 * @iov: of those
 * @msgs: likewise
 */
struct link {
	uint32_t slot;
	unsigned int parts;
	uint8_t *tx;
	uint8_t *rx;
	struct iovec iov[MAX_BATCH];
	struct mmsghdr msgs[MAX_BATCH];
};

static void *alloc(size_t len)
{
	void *ptr = calloc(1, len);

	if (!ptr)
		die("no memory");
	return ptr;
}

static struct nlmsghdr *slot(const struct link *l, unsigned int i)
{
	return (void *)(l->tx + (size_t)i * l->slot);
}

/* Headers and pattern of a batch of records, part by part. */
static void prepare(struct transfer *t, struct link *l)
{
	unsigned int i;

	for (i = 0; i < t->batch * l->parts; i++) {
		struct nlmsghdr *nlh = slot(l, i);

		nlh->nlmsg_type = LAB_NL_RECORD;
		nlh->nlmsg_flags = NLM_F_REQUEST;
		nlh->nlmsg_len = NLMSG_LENGTH(part_len(t, i % l->parts * t->unit));
		lab_prepare(NLMSG_DATA(nlh), nlh->nlmsg_len - NLMSG_HDRLEN);
	}
	for (i = 0; i < MAX_BATCH; i++) {
		l->iov[i] = (struct iovec){ l->rx + i * RECEIVE_ROOM, RECEIVE_ROOM };
		l->msgs[i].msg_hdr.msg_iov = &l->iov[i];
		l->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

/* Room for a batch both ways; small ones fit what every socket has. */
static void set_room(struct transfer *t)
{
	int room = t->batch * t->bytes * 4;

	if (room < 200000)
		return;
	if (setsockopt(t->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(t->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		die("netlink: buffers: %s", strerror(errno));
}

static void send_bytes(struct transfer *t, const void *buf, size_t len)
{
	if (send(t->fd, buf, len, 0) != (ssize_t)len)
		die("%s: send: %s", t->mech->name, strerror(errno));
	t->calls++;
}

static void netlink_open(struct transfer *t)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct nlmsghdr join = {
		.nlmsg_len = NLMSG_LENGTH(0),
		.nlmsg_type = LAB_NL_JOIN,
		.nlmsg_flags = NLM_F_REQUEST,
	};
	struct link *l = alloc(sizeof(*l));

	control_open(t, "netlink");
	t->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, LAB_NETLINK);
	if (t->fd < 0 || bind(t->fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("netlink: socket: %s", strerror(errno));
	set_room(t);
	l->parts = (t->bytes + t->unit - 1) / t->unit;
	l->slot = NLMSG_SPACE(t->unit);
	l->tx = alloc((size_t)l->slot * l->parts * t->batch);
	l->rx = alloc((size_t)RECEIVE_ROOM * MAX_BATCH);
	prepare(t, l);
	t->priv = l;
	send_bytes(t, &join, join.nlmsg_len);
}

static void netlink_open_multicast(struct transfer *t)
{
	int group = LAB_NETLINK_GROUP;

	t->flags |= LAB_NL_MULTICAST;
	netlink_open(t);
	if (setsockopt(t->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		die("netlink: group: %s", strerror(errno));
}

static void netlink_close(struct transfer *t)
{
	struct link *l = t->priv;

	free(l->tx);
	free(l->rx);
	free(l);
}

/* The record's first word is in its first part, its last in its last. */
static void stamp(struct transfer *t, struct link *l, unsigned int i, uint64_t seq)
{
	struct nlmsghdr *last;
	uint64_t end = ~seq;

	if (l->parts == 1) {
		lab_produce(NLMSG_DATA(slot(l, i)), t->bytes, seq);
		return;
	}
	last = slot(l, (i + 1) * l->parts - 1);
	memcpy(NLMSG_DATA(slot(l, i * l->parts)), &seq, sizeof(seq));
	memcpy((char *)last + last->nlmsg_len - sizeof(end), &end, sizeof(end));
}

/* A message a call. */
static void send_single(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;
	unsigned int p;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		stamp(t, l, 0, n);
		for (p = 0; p < l->parts; p++)
			send_bytes(t, slot(l, p), slot(l, p)->nlmsg_len);
	}
}

/* All messages of a batch in one call. */
static void send_batch(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			stamp(t, l, i, t->next + n + i);
		send_bytes(t, l->tx, (size_t)l->slot * l->parts * nr);
	}
}

static void await_ack(struct transfer *t)
{
	struct link *l = t->priv;
	struct nlmsghdr *nlh = (void *)l->rx;
	struct nlmsgerr *err = NLMSG_DATA(nlh);

	if (recv(t->fd, l->rx, RECEIVE_ROOM, 0) < 0)
		die("netlink: ACK: %s", strerror(errno));
	t->calls++;
	if (nlh->nlmsg_type != NLMSG_ERROR || err->error)
		die("netlink: no ACK");
}

/* Every so many messages the kernel's word that it has them. */
static void send_acked(struct transfer *t, uint64_t count, unsigned int every)
{
	struct link *l = t->priv;
	uint64_t n, sent = 0;
	unsigned int p;

	for (n = t->next; n < t->next + count; n++) {
		stamp(t, l, 0, n);
		for (p = 0; p < l->parts; p++) {
			struct nlmsghdr *nlh = slot(l, p);
			bool ack = ++sent % every == 0;

			nlh->nlmsg_flags = NLM_F_REQUEST | (ack ? NLM_F_ACK : 0);
			send_bytes(t, nlh, nlh->nlmsg_len);
			if (ack)
				await_ack(t);
		}
	}
}

static void send_one_by_one(struct transfer *t, uint64_t count)
{
	send_acked(t, count, 1);
}

static void send_window(struct transfer *t, uint64_t count)
{
	send_acked(t, count, WINDOW);
}

static void consume(struct transfer *t, const void *buf, ssize_t len)
{
	const struct nlmsghdr *nlh = buf;

	if (len < 0)
		die("%s: receive: %s", t->mech->name, strerror(errno));
	if (nlh->nlmsg_type != LAB_NL_RECORD)
		die("%s: message of type %u", t->mech->name, nlh->nlmsg_type);
	lab_consume(t, NLMSG_DATA(nlh), nlh->nlmsg_len - NLMSG_HDRLEN);
}

static void recv_single(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;
	uint64_t n;

	for (n = 0; n < count * l->parts; n++)
		consume(t, l->rx, recv(t->fd, l->rx, RECEIVE_ROOM, 0));
	t->calls += n;
}

static void recv_batch(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;
	uint64_t left = count * l->parts;
	int i, nr;

	for (; left; left -= nr) {
		nr = recvmmsg(t->fd, l->msgs, left < MAX_BATCH ? left : MAX_BATCH, 0, NULL);
		if (nr < 0)
			die("%s: recvmmsg: %s", t->mech->name, strerror(errno));
		for (i = 0; i < nr; i++)
			consume(t, l->iov[i].iov_base, l->msgs[i].msg_len);
		t->calls++;
	}
}

/* ENOBUFS tells of a loss, not of how large it is. */
static uint64_t drain(struct transfer *t, uint64_t count)
{
	struct link *l = t->priv;
	uint64_t n = 0;
	ssize_t ret;

	while (n < count) {
		ret = recv(t->fd, l->rx, RECEIVE_ROOM, MSG_DONTWAIT);
		if (ret < 0 && errno == ENOBUFS) {
			t->lost++;
			continue;
		}
		if (ret < 0)
			break;
		consume(t, l->rx, ret);
		n++;
	}
	return n;
}

static const struct about about = {
	.starts = "both",
	.synchronous = "to the kernel yes, to the user no",
	.loss = "what the receive buffer has no room for",
	.backpressure = "to the kernel the caller waits; unicast to the user EAGAIN",
	.notification = "poll, blocking call; ENOBUFS after a loss",
	.unit = "socket buffer",
	.privilege = "the family's choice; CAP_NET_ADMIN for groups",
	.abi = "attributes grow, numbers are scarce",
	.use = "events and configuration of many objects",
};

#define TO_KERNEL(_name, _batch, _send) {						\
	.name = _name, .dir = U2K, .about = &about, .batch = _batch,		\
	.unit = LAB_NETLINK_UNIT, .copies = 1, .open = netlink_open,		\
	.close = netlink_close, .send = _send, .totals = control_totals }

#define TO_USER(_name, _open, _recv) {							\
	.name = _name, .dir = K2U, .about = &about, .batch = MAX_BATCH,		\
	.unit = LAB_NETLINK_UNIT, .copies = 2, .open = _open,			\
	.close = netlink_close, .send = control_produce, .recv = _recv,		\
	.blocks = true, .offer = control_offer, .drain = drain }

static const struct mechanism single_to_kernel = TO_KERNEL("netlink", 1, send_single);
static const struct mechanism single_to_user = TO_USER("netlink", netlink_open, recv_single);
static const struct mechanism batch_to_kernel = TO_KERNEL("netlink-batch", MAX_BATCH, send_batch);
static const struct mechanism batch_to_user = TO_USER("netlink-batch", netlink_open, recv_batch);
static const struct mechanism acked = TO_KERNEL("netlink-ack", 1, send_one_by_one);
static const struct mechanism window = TO_KERNEL("netlink-window", WINDOW, send_window);
static const struct mechanism multicast =
	TO_USER("netlink-multicast", netlink_open_multicast, recv_single);

const struct mechanism *const mechanisms[] = {
	&single_to_kernel, &single_to_user, &batch_to_kernel, &batch_to_user,
	&acked, &window, &multicast, NULL,
};
