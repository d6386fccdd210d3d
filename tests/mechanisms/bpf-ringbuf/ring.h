/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user's half of both kinds of ring buffer, as libbpf does it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_BPF_RING_H
#define LAB_BPF_RING_H

#include <stdbool.h>
#include <sys/mman.h>

#include "bpf_calls.h"

#define RING_PAGE	4096
#define RING_HEADER	8

/**
 * struct bpf_ring - a mapped ring buffer
 * @fd: the map
 * @size: of the data; a power of two
 * @consumer: read up to there
 * @producer: written up to there
 * @data: mapped twice in a row, so that no record is torn
 */
struct bpf_ring {
	int fd;
	uint64_t size;
	uint64_t *consumer;
	uint64_t *producer;
	uint8_t *data;
};

/* 0 or -1 with errno. The user writes one position, the kernel the other. */
static inline int bpf_ring_map(struct bpf_ring *r, int fd, uint64_t size, bool user)
{
	int prot = PROT_READ | PROT_WRITE;
	void *consumer, *producer;

	consumer = mmap(NULL, RING_PAGE, user ? PROT_READ : prot, MAP_SHARED, fd, 0);
	producer = mmap(NULL, RING_PAGE + 2 * size, user ? prot : PROT_READ,
			MAP_SHARED | MAP_POPULATE, fd, RING_PAGE);
	if (consumer == MAP_FAILED || producer == MAP_FAILED)
		return -1;
	*r = (struct bpf_ring){ fd, size, consumer, producer, (uint8_t *)producer + RING_PAGE };
	return 0;
}

static inline void bpf_ring_unmap(struct bpf_ring *r)
{
	munmap(r->consumer, RING_PAGE);
	munmap(r->producer, RING_PAGE + 2 * r->size);
}

static inline uint32_t bpf_ring_stride(uint32_t len)
{
	return (len + RING_HEADER + 7) & ~7U;
}

/* The oldest record that is complete, or NULL; bpf_ring_release() it. */
static inline uint8_t *bpf_ring_peek(struct bpf_ring *r, uint32_t *len)
{
	uint64_t at = *r->consumer;
	uint32_t *header = (uint32_t *)(r->data + (at & (r->size - 1)));

	if (at >= __atomic_load_n(r->producer, __ATOMIC_ACQUIRE))
		return NULL;
	*len = __atomic_load_n(header, __ATOMIC_ACQUIRE);
	return *len & BPF_RINGBUF_BUSY_BIT ? NULL : (uint8_t *)header + RING_HEADER;
}

static inline void bpf_ring_release(struct bpf_ring *r, uint32_t len)
{
	__atomic_store_n(r->consumer, *r->consumer + bpf_ring_stride(len), __ATOMIC_RELEASE);
}

/* Room for a sample of a user ring, or NULL; bpf_ring_submit() it. */
static inline uint8_t *bpf_ring_reserve(struct bpf_ring *r, uint32_t len)
{
	uint64_t at = *r->producer;
	uint32_t *header = (uint32_t *)(r->data + (at & (r->size - 1)));
	uint64_t used = at - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);

	if (used + bpf_ring_stride(len) > r->size)
		return NULL;
	header[0] = len | BPF_RINGBUF_BUSY_BIT;
	header[1] = 0;
	__atomic_store_n(r->producer, at + bpf_ring_stride(len), __ATOMIC_RELEASE);
	return (uint8_t *)header + RING_HEADER;
}

static inline void bpf_ring_submit(uint8_t *sample, uint32_t len)
{
	__atomic_exchange_n((uint32_t *)(sample - RING_HEADER), len, __ATOMIC_ACQ_REL);
}

#endif /* LAB_BPF_RING_H */
