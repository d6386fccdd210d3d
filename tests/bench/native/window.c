// SPDX-License-Identifier: GPL-2.0
/*
 * A window in plain memory, and the kernel's side of its two rings.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "window.h"

/* As in the kernel, the other side hears of every so many. */
#define STEP	32

/* A ring's pages twice in a row, so that no record is in two pieces. */
static int map_ring(void *at, size_t ring, int fd, off_t offset)
{
	int i;

	for (i = 0; i < 2; i++)
		if (mmap(at + i * ring, ring, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, offset) == MAP_FAILED)
			return -1;
	return 0;
}

int window_make(struct window *w, size_t ring)
{
	size_t pages = 2 * BULK_WINDOW_PAGE, size = BULK_WINDOW_SIZE(ring);
	int fd = memfd_create("window", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, pages + 2 * ring))
		return -1;
	memset(w, 0, sizeof(*w));
	w->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (w->base == MAP_FAILED)
		return -1;
	w->user = w->base;
	w->kernel = w->base + BULK_WINDOW_PAGE;
	w->tx = w->base + pages;
	w->rx = w->tx + 2 * ring;
	w->ring = ring;
	if (map_ring(w->tx, ring, fd, pages) || map_ring(w->rx, ring, fd, pages + ring))
		return -1;
	close(fd);
	w->kernel->state = BULK_WINDOW_READY;
	w->kernel->tx_limit = ring / 8;
	w->kernel->tx_size = ring;
	w->kernel->rx_size = ring;
	w->kernel->tx_quiet = ring / 2;
	return 0;
}

unsigned long window_take(struct window *w, void *to)
{
	uint64_t head = __atomic_load_n(&w->user->tx_head, __ATOMIC_ACQUIRE) & ~BULK_TX_BUSY;
	unsigned long n = 0;

	while (w->tx_tail != head) {
		struct bulk_record *rec = w->tx + (w->tx_tail & (w->ring - 1));
		uint32_t len = bulk_record_len(rec->head);

		memcpy(to, rec->data, len);
		w->tx_tail += bulk_record_space(len);
		if (++n % STEP == 0)
			__atomic_store_n(&w->kernel->tx_tail, w->tx_tail, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&w->kernel->tx_tail, w->tx_tail, __ATOMIC_RELEASE);
	return n;
}

void window_put(struct window *w, const void *data, uint32_t len, uint64_t tag)
{
	struct bulk_record *rec = w->rx + (w->rx_head & (w->ring - 1));

	rec->head = bulk_record_head(len, 0);
	rec->tag = tag;
	memcpy(rec->data, data, len);
	w->rx_head += bulk_record_space(len);
	__atomic_store_n(&w->kernel->rx_head, w->rx_head, __ATOMIC_RELEASE);
}
