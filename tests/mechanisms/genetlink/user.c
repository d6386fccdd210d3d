// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink with libnl: a message a call, and messages made once and sent in batches.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u, one to many by multicast.
 * Synchronous to the kernel, which has the message when the call returns; to
 * the user no, messages queue in the socket. Loss: to the user what the receive
 * buffer has no room for; recvmsg(2) tells ENOBUFS, not how many. Unit: 65531
 * bytes of an attribute; split at 16 KiB here. Privilege: each command's
 * choice. Choose it for events and configuration of a subsystem.
 */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "die.h"
#include "genetlink.h"
#include "mechanism.h"

#define HEADERS		(NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN)

/**
 * struct family - a socket and what belongs to it
 * @sk: libnl's socket
 * @id: of the family
 * @slot: bytes of one message of a batch
 * @parts: messages of a record
 * @tx: a batch of messages
 */
struct family {
	struct nl_sock *sk;
	int id;
	uint32_t slot;
	unsigned int parts;
	uint8_t *tx;
};

static struct nl_msg *new_message(const struct family *f, int cmd, uint32_t len)
{
	struct nl_msg *msg = nlmsg_alloc_size(HEADERS + NLA_ALIGN(len));

	if (!msg || !genlmsg_put(msg, 0, 0, f->id, 0, NLM_F_REQUEST, cmd, LAB_GENL_VERSION))
		die("genetlink: no memory");
	return msg;
}

static void send_message(struct transfer *t, struct nl_msg *msg)
{
	struct family *f = t->priv;
	int ret = nl_send(f->sk, msg);

	if (ret < 0)
		die("genetlink: send: %s", nl_geterror(ret));
	t->calls++;
	nlmsg_free(msg);
}

/* Messages of a batch, each a copy of one that libnl made. */
static void prepare(struct transfer *t, struct family *f)
{
	unsigned int i;

	f->parts = (t->bytes + t->unit - 1) / t->unit;
	f->slot = HEADERS + NLA_ALIGN(t->unit);
	f->tx = calloc(t->batch * f->parts, f->slot);
	if (!f->tx)
		die("no memory");
	for (i = 0; i < t->batch * f->parts; i++) {
		uint32_t len = part_len(t, i % f->parts * t->unit);
		struct nl_msg *msg = new_message(f, LAB_GENL_CMD_RECORD, len);

		nla_put(msg, LAB_GENL_RECORD, len, t->out);
		memcpy(f->tx + (size_t)i * f->slot, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
		nlmsg_free(msg);
	}
}

static void set_room(struct transfer *t, int fd)
{
	int room = t->batch * t->bytes * 4;

	if (room < 200000)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		die("genetlink: buffers: %s", strerror(errno));
}

static void genetlink_open(struct transfer *t)
{
	struct family *f = calloc(1, sizeof(*f));

	control_open(t, "genetlink");
	if (!f)
		die("no memory");
	f->sk = nl_socket_alloc();
	if (!f->sk || genl_connect(f->sk))
		die("genetlink: no socket");
	nl_socket_disable_auto_ack(f->sk);
	nl_socket_disable_seq_check(f->sk);
	/* Otherwise every message is asked for its length first. */
	nl_socket_disable_msg_peek(f->sk);
	nl_socket_set_msg_buf_size(f->sk, t->unit + 8192);
	f->id = genl_ctrl_resolve(f->sk, LAB_GENL_NAME);
	if (f->id < 0)
		die("genetlink: family " LAB_GENL_NAME ": %s", nl_geterror(f->id));
	set_room(t, nl_socket_get_fd(f->sk));
	t->priv = f;
	prepare(t, f);
	if (t->mech->dir == K2U)
		send_message(t, new_message(f, LAB_GENL_CMD_JOIN, 0));
}

static void genetlink_open_multicast(struct transfer *t)
{
	struct family *f;
	int group;

	t->flags |= LAB_GENL_MULTICAST;
	genetlink_open(t);
	f = t->priv;
	group = genl_ctrl_resolve_grp(f->sk, LAB_GENL_NAME, LAB_GENL_GROUP);
	if (group < 0 || nl_socket_add_membership(f->sk, group))
		die("genetlink: group " LAB_GENL_GROUP);
}

static void genetlink_close(struct transfer *t)
{
	struct family *f = t->priv;

	nl_socket_free(f->sk);
	free(f->tx);
	free(f);
}

/* As libnl's users do: a fresh message, the attribute copied into it. */
static void send_single(struct transfer *t, uint64_t count)
{
	struct family *f = t->priv;
	uint32_t off, len;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		for (off = 0; (len = part_len(t, off)); off += len) {
			struct nl_msg *msg = new_message(f, LAB_GENL_CMD_RECORD, len);

			if (nla_put(msg, LAB_GENL_RECORD, len, t->out + off))
				die("genetlink: no room in a message");
			send_message(t, msg);
		}
	}
}

static uint8_t *payload(const struct family *f, unsigned int i)
{
	return f->tx + (size_t)i * f->slot + HEADERS;
}

/* The record's first word is in its first part, its last in its last. */
static void stamp(struct transfer *t, struct family *f, unsigned int i, uint64_t seq)
{
	uint64_t end = ~seq;
	uint32_t last;

	if (f->parts == 1) {
		lab_produce(payload(f, i), t->bytes, seq);
		return;
	}
	last = part_len(t, (f->parts - 1) * t->unit);
	memcpy(payload(f, i * f->parts), &seq, sizeof(seq));
	memcpy(payload(f, (i + 1) * f->parts - 1) + last - sizeof(end), &end, sizeof(end));
}

static void send_batch(struct transfer *t, uint64_t count)
{
	struct family *f = t->priv;
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			stamp(t, f, i, t->next + n + i);
		if (nl_sendto(f->sk, f->tx, (size_t)f->slot * f->parts * nr) < 0)
			die("genetlink: send: %s", strerror(errno));
		t->calls++;
	}
}

static void consume(struct transfer *t, void *buf)
{
	struct nlattr *attrs[LAB_GENL_ATTRS];
	struct nlmsghdr *nlh = buf;

	if (genlmsg_parse(nlh, 0, attrs, LAB_GENL_ATTRS - 1, NULL) || !attrs[LAB_GENL_RECORD])
		die("genetlink: message of type %u without a record", nlh->nlmsg_type);
	lab_consume(t, nla_data(attrs[LAB_GENL_RECORD]), nla_len(attrs[LAB_GENL_RECORD]));
}

/* 0, or a negative errno of libnl. */
static int recv_one(struct transfer *t)
{
	struct family *f = t->priv;
	struct sockaddr_nl from;
	unsigned char *buf = NULL;
	int ret = nl_recv(f->sk, &from, &buf, NULL);

	if (ret > 0)
		consume(t, buf);
	free(buf);
	return ret > 0 ? 0 : ret ? ret : -NLE_AGAIN;
}

static void genetlink_recv(struct transfer *t, uint64_t count)
{
	struct family *f = t->priv;
	uint64_t n;
	int ret;

	for (n = 0; n < count * f->parts; n++) {
		ret = recv_one(t);
		if (ret)
			die("genetlink: receive: %s", nl_geterror(ret));
	}
	t->calls += n;
}

/* libnl says NLE_NOMEM for ENOBUFS: a loss, not how large. */
static uint64_t drain(struct transfer *t, uint64_t count)
{
	struct family *f = t->priv;
	uint64_t n = 0;
	int ret;

	nl_socket_set_nonblocking(f->sk);
	while (n < count) {
		ret = recv_one(t);
		if (ret == -NLE_NOMEM)
			t->lost++;
		else if (ret)
			break;
		else
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
	.unit = "65531 B of an attribute",
	.privilege = "each command's choice",
	.abi = "attributes grow, checked by a policy",
	.use = "events and configuration of a subsystem",
};

#define TO_KERNEL(_name, _batch, _send) {						\
	.name = _name, .dir = U2K, .about = &about, .batch = _batch,		\
	.unit = LAB_GENL_UNIT, .copies = _batch == 1 ? 2 : 1,			\
	.open = genetlink_open, .close = genetlink_close, .send = _send,		\
	.totals = control_totals }

#define TO_USER(_name, _open) {								\
	.name = _name, .dir = K2U, .about = &about, .batch = MAX_BATCH,		\
	.unit = LAB_GENL_UNIT, .copies = 2, .open = _open,				\
	.close = genetlink_close, .send = control_produce,			\
	.recv = genetlink_recv, .blocks = true, .offer = control_offer,		\
	.drain = drain }

static const struct mechanism single_to_kernel = TO_KERNEL("genetlink", 1, send_single);
static const struct mechanism single_to_user = TO_USER("genetlink", genetlink_open);
static const struct mechanism batch_to_kernel = TO_KERNEL("genetlink-batch", MAX_BATCH, send_batch);
static const struct mechanism multicast = TO_USER("genetlink-multicast", genetlink_open_multicast);

const struct mechanism *const mechanisms[] = {
	&single_to_kernel, &single_to_user, &batch_to_kernel, &multicast, NULL,
};
