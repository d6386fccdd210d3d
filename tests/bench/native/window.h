/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window in plain memory, and the kernel's side of its two rings.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef NATIVE_WINDOW_H
#define NATIVE_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include <vdso/bulk_xfer.h>

/**
 * struct window - a window that no endpoint has
 * @base: what the vDSO's function gets
 * @user: the page that the process writes
 * @kernel: the page that the kernel writes
 * @tx: the ring of what is sent
 * @rx: the ring of what is received
 * @ring: bytes of each
 * @tx_tail: what was taken of @tx
 * @rx_head: what was put into @rx
 */
struct window {
	void *base;
	struct bulk_window_user *user;
	struct bulk_window_kernel *kernel;
	void *tx;
	void *rx;
	uint64_t ring;
	uint64_t tx_tail;
	uint64_t rx_head;
};

/**
 * window_make() - map the memory of a window
 * @w: the window
 * @ring: bytes of each ring, a power of two and of whole pages
 *
 * Return: 0, or -1 with errno.
 */
int window_make(struct window *w, size_t ring);

/**
 * window_take() - take what was sent, as the kernel does: each record is copied
 * @w: the window
 * @to: room for the longest record
 *
 * Return: how many records.
 */
unsigned long window_take(struct window *w, void *to);

/**
 * window_put() - put a record where it can be received
 * @w: the window, which has room for it
 * @data: the record
 * @len: its bytes
 * @tag: its tag
 */
void window_put(struct window *w, const void *data, uint32_t len, uint64_t tag);

#endif /* NATIVE_WINDOW_H */
