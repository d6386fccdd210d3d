// SPDX-License-Identifier: GPL-2.0
/*
 * A POSIX message queue between two programs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: the sender. Direction: u2u. Synchronous: no, the queue holds what it
 * was made for. Loss: none, a full queue makes the sender wait or gives
 * EAGAIN; messages stay until read, or until the machine is started anew.
 * Unit: 8192 bytes by default (fs.mqueue.msgsize_max), and 10 messages
 * (msg_max), 819200 bytes a user (RLIMIT_MSGQUEUE); more only with
 * CAP_SYS_RESOURCE. Privilege: the queue's mode. Choose it for messages of
 * several senders that are to be taken by priority. One message a call:
 * there is no batch.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <string.h>
#include <sys/resource.h>

#include "die.h"
#include "mechanism.h"

#define QUEUE_NAME	"/lab_mqueue"
#define QUEUE_UNIT	8192

/* A batch must fit: that takes more than every user's share. */
static void raise_limit(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MSGQUEUE, &none))
		die("mqueue: limit: %s", strerror(errno));
}

static void mqueue_open(struct transfer *t)
{
	struct mq_attr attr = {
		.mq_maxmsg = (long)t->batch * ((t->bytes + t->unit - 1) / t->unit),
		.mq_msgsize = t->unit,
	};

	raise_limit();
	t->fd = mq_open(QUEUE_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr);
	if (t->fd < 0)
		die("mqueue: %s", strerror(errno));
	mq_unlink(QUEUE_NAME);
}

static void mqueue_send(struct transfer *t, uint64_t count)
{
	uint32_t off, len;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		for (off = 0; (len = part_len(t, off)); off += len) {
			if (mq_send(t->fd, (char *)t->out + off, len, 0))
				die("mqueue: send: %s", strerror(errno));
			t->calls++;
		}
	}
}

/* The buffer must hold a message of the largest size, also where less comes. */
static void recv_record(struct transfer *t)
{
	char last[QUEUE_UNIT];
	uint32_t off, len;

	for (off = 0; (len = part_len(t, off)); off += len) {
		char *part = len == t->unit ? (char *)t->in + off : last;

		if (mq_receive(t->fd, part, t->unit, NULL) != len)
			die("mqueue: receive: %s", strerror(errno));
		if (part == last)
			memcpy(t->in + off, last, len);
		t->calls++;
	}
}

static void mqueue_recv(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		recv_record(t);
		lab_consume(t, t->in, t->bytes);
	}
}

/* A time that is over: what would wait fails with ETIMEDOUT. */
static const struct timespec at_once;

static uint64_t offer(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		lab_produce(t->out, t->bytes, t->next + n);
		if (mq_timedsend(t->fd, (char *)t->out, t->bytes, 0, &at_once))
			break;
	}
	return n;
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (mq_timedreceive(t->fd, (char *)t->in, t->bytes, NULL, &at_once) < 0)
			break;
		lab_consume(t, t->in, t->bytes);
	}
	return n;
}

static const struct about about = {
	.starts = "the sender",
	.synchronous = "no",
	.loss = "none",
	.backpressure = "EAGAIN or the sender waits",
	.notification = "poll, mq_notify (signal or thread), blocking call",
	.unit = "8192 bytes by default",
	.privilege = "mode of the queue; more than 10 messages CAP_SYS_RESOURCE",
	.abi = "POSIX",
	.use = "messages of several senders, by priority",
};

static const struct mechanism mqueue = {
	.name = "mqueue", .dir = U2U, .about = &about, .batch = MAX_BATCH,
	.unit = QUEUE_UNIT, .copies = 2, .open = mqueue_open, .send = mqueue_send,
	.recv = mqueue_recv, .blocks = true, .offer = offer, .drain = drain,
};

const struct mechanism *const mechanisms[] = { &mqueue, NULL };
