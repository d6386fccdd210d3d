/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches of messages through a socket: sendmmsg(2) and recvmmsg(2); user side.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_VECTOR_H
#define LAB_VECTOR_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "die.h"
#include "mechanism.h"

/**
 * struct vector - messages of one call
 * @to: where they go; NULL on a connected socket, and to receive
 * @to_len: of the address
 * @nr: how many
 * @iov: their payload
 * @msgs: their heads
 */
struct vector {
	void *to;
	socklen_t to_len;
	unsigned int nr;
	struct iovec iov[MAX_BATCH];
	struct mmsghdr msgs[MAX_BATCH];
};

typedef int vector_call(int fd, struct mmsghdr *msgs, unsigned int nr);

static inline int vector_send(int fd, struct mmsghdr *msgs, unsigned int nr)
{
	return sendmmsg(fd, msgs, nr, 0);
}

static inline int vector_recv(int fd, struct mmsghdr *msgs, unsigned int nr)
{
	return recvmmsg(fd, msgs, nr, 0, NULL);
}

static inline void vector_run(struct transfer *t, struct vector *v, vector_call *call)
{
	unsigned int i;
	int ret;

	for (i = 0; i < v->nr; i += ret) {
		ret = call(t->fd, v->msgs + i, v->nr - i);
		if (ret <= 0)
			die("%s: %s", t->mech->name, strerror(errno));
		t->calls++;
	}
	for (i = 0; i < v->nr; i++)
		if (v->msgs[i].msg_len != v->iov[i].iov_len)
			die("%s: short message", t->mech->name);
	v->nr = 0;
}

static inline void vector_add(struct transfer *t, struct vector *v, uint8_t *part, uint32_t len,
			      vector_call *call)
{
	struct msghdr *msg = &v->msgs[v->nr].msg_hdr;

	v->iov[v->nr] = (struct iovec){ part, len };
	msg->msg_name = v->to;
	msg->msg_namelen = v->to_len;
	msg->msg_iov = &v->iov[v->nr];
	msg->msg_iovlen = 1;
	if (++v->nr == MAX_BATCH)
		vector_run(t, v, call);
}

/* All parts of a batch of records that lie in a row. */
static inline void vector_batch(struct transfer *t, struct vector *v, uint8_t *records,
				unsigned int count, vector_call *call)
{
	unsigned int i;
	uint32_t off, len;

	for (i = 0; i < count; i++)
		for (off = 0; (len = part_len(t, off)); off += len)
			vector_add(t, v, records + (size_t)i * t->bytes + off, len, call);
	if (v->nr)
		vector_run(t, v, call);
}

static inline void vector_send_batch(struct transfer *t, struct vector *v, uint64_t count)
{
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			lab_produce(record_out(t, i), t->bytes, t->next + n + i);
		vector_batch(t, v, t->out, nr, vector_send);
	}
}

static inline void vector_recv_batch(struct transfer *t, struct vector *v, unsigned int count)
{
	unsigned int i;

	vector_batch(t, v, t->in, count, vector_recv);
	for (i = 0; i < count; i++)
		lab_consume(t, record_in(t, i), t->bytes);
}

#endif /* LAB_VECTOR_H */
