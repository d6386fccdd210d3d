/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The least of io_uring that one request at a time needs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef URING_H
#define URING_H

#include "bulk_test.h"

#include <linux/io_uring.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *sqes;
};

/* 0, or -1 with errno. */
static inline int uring_setup(struct uring *ring)
{
	struct io_uring_params *p = &ring->params;
	size_t size;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(__NR_io_uring_setup, 4, p);
	if (ring->fd < 0)
		return -1;
	size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	ring->rings = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, ring->fd,
			   IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, p->sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED ? -1 : 0;
}

static inline unsigned int *uring_word(struct uring *ring, __u32 offset)
{
	return (unsigned int *)(ring->rings + offset);
}

/* How many requests were taken: 1, or -1 with errno. */
static inline int uring_submit_sqe(struct uring *ring,
				   const struct io_uring_sqe *sqe)
{
	unsigned int *tail = uring_word(ring, ring->params.sq_off.tail);
	unsigned int *array = uring_word(ring, ring->params.sq_off.array);
	unsigned int slot = *tail % ring->params.sq_entries;

	ring->sqes[slot] = *sqe;
	array[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
}

static inline int uring_submit(struct uring *ring, int op, int fd,
			       const void *buf, size_t len)
{
	struct io_uring_sqe sqe = {
		.opcode = op,
		.fd = fd,
		.addr = (unsigned long)buf,
		.len = len,
		.off = -1,
	};

	return uring_submit_sqe(ring, &sqe);
}

/* The oldest result; without @wait, -EAGAIN when there is none. */
static inline int uring_reap(struct uring *ring, bool wait)
{
	unsigned int *head = uring_word(ring, ring->params.cq_off.head);
	unsigned int *tail = uring_word(ring, ring->params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring->rings +
					     ring->params.cq_off.cqes);
	int res;

	if (wait && syscall(__NR_io_uring_enter, ring->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
		return -EAGAIN;
	res = cqes[*head % ring->params.cq_entries].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

static inline int uring_run(struct uring *ring, int op, int fd,
			    const void *buf, size_t len)
{
	if (uring_submit(ring, op, fd, buf, len) != 1)
		return -errno;
	return uring_reap(ring, true);
}

#endif /* URING_H */
