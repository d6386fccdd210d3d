// SPDX-License-Identifier: GPL-2.0
/*
 * The vDSO's bulk_xfer() with the default window: one record a call, and a batch.
 *
 * BULK_NO_SYSCALL tells when the kernel is needed, which is thus counted.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "die.h"
#include "form.h"
#include "lib/internal.h"

/* Two pages, and a ring for each direction, which is mapped twice in a row. */
#define WINDOW_SIZE(ring)	(2 * 4096 + 4 * (ring))

/* One at a time: the program measures one mechanism after the other. */
static bulk_vdso_call call;
static struct bulk_params params;
static size_t window_size;

static void open_window(struct transfer *t, size_t size)
{
	bulk_open_endpoint(t);
	call = bulk_vdso_find();
	if (!call || bulk_query(call, &params))
		die("no bulk_xfer() in the vDSO");
	window_size = size ? size : params.window_default;
	t->priv = bulk_map(t->fd, &params, window_size);
	if (!t->priv)
		die("no window of %zu bytes", window_size);
}

void window_open(struct transfer *t)
{
	open_window(t, 0);
}

void window_open_rings(struct transfer *t, size_t ring)
{
	open_window(t, WINDOW_SIZE(ring));
}

void window_close(struct transfer *t)
{
	munmap(t->priv, window_size);
}

long window_stay(struct transfer *t, struct bulk_seg *seg)
{
	return call(t->fd, seg, 1, BULK_NO_SYSCALL, t->priv);
}

static inline void run_seg(struct transfer *t, struct bulk_seg *seg)
{
	long ret = call(t->fd, seg, 1, BULK_NO_SYSCALL, t->priv);

	if (ret == 1)
		return;
	t->calls++;
	ret = call(t->fd, seg, 1, 0, t->priv);
	if (ret != 1)
		die("bulk_xfer() through the window: %s", strerror(-ret));
}

long window_try(struct transfer *t, struct bulk_seg *segs, unsigned int nr)
{
	return call(t->fd, segs, nr, BULK_DONTWAIT, t->priv);
}

static void vdso_send(struct transfer *t, uint64_t count)
{
	struct bulk_seg seg = bulk_seg_send(record_out(t, 0), t->bytes, 0);
	uint64_t n;

	for (n = 0; n < count; n++) {
		lab_produce(record_out(t, 0), t->bytes, t->next + n);
		run_seg(t, &seg);
	}
	/* The receiver has read all of it when the clock is stopped. */
	t->calls++;
	if (bulk_xfer(t->fd, NULL, 0, BULK_FLUSH))
		die("flush");
}

static void vdso_recv(struct transfer *t, uint64_t count)
{
	struct bulk_seg seg = bulk_seg_recv(record_in(t, 0), t->bytes);
	uint64_t n;

	for (n = 0; n < count; n++) {
		run_seg(t, &seg);
		if (seg.res != (int32_t)t->bytes)
			die("received %d bytes, not %u", seg.res, t->bytes);
		t->lost += seg.lost;
		lab_consume(t, record_in(t, 0), t->bytes);
	}
}

static void run_segs(struct transfer *t, struct bulk_seg *segs, unsigned int nr)
{
	unsigned int done = 0;
	long ret;

	ret = call(t->fd, segs, nr, BULK_NO_SYSCALL, t->priv);
	while (ret > 0 || ret == -EAGAIN) {
		done += ret > 0 ? ret : 0;
		if (done == nr)
			return;
		t->calls++;
		ret = call(t->fd, segs + done, nr - done, 0, t->priv);
	}
	die("bulk_xfer() of %u segments through the window: %s", nr, strerror(-ret));
}

static void window_send_batch(struct transfer *t, uint64_t count)
{
	send_segs(t, count, 0, run_segs);
	t->calls++;
	if (bulk_xfer(t->fd, NULL, 0, BULK_FLUSH))
		die("flush");
}

static void window_recv_batch(struct transfer *t, uint64_t count)
{
	recv_segs(t, count, run_segs);
}

/* The same endpoints with the system call alone: what the window saves. */
static void call_send(struct transfer *t, uint64_t count)
{
	struct bulk_seg seg = bulk_seg_send(record_out(t, 0), t->bytes, 0);
	uint64_t n;

	for (n = 0; n < count; n++) {
		lab_produce(record_out(t, 0), t->bytes, t->next + n);
		t->calls++;
		if (bulk_xfer(t->fd, &seg, 1, 0) != 1)
			die("SEND beside a window");
	}
}

static void call_recv(struct transfer *t, uint64_t count)
{
	struct bulk_seg seg = bulk_seg_recv(record_in(t, 0), t->bytes);
	uint64_t n;

	for (n = 0; n < count; n++) {
		t->calls++;
		if (bulk_xfer(t->fd, &seg, 1, 0) != 1 || seg.res != (int32_t)t->bytes)
			die("RECV beside a window");
		t->lost += seg.lost;
		lab_consume(t, record_in(t, 0), t->bytes);
	}
}

const struct mechanism beside_to_kernel = {
	.name = "syscall-window", .dir = U2K, .about = &bulk_about, .copies = 1,
	.open = window_open, .close = window_close, .send = call_send,
	.totals = control_totals,
	.offer = call_offer, .drain = provider_drain,
};

const struct mechanism beside_to_user = {
	.name = "syscall-window", .dir = K2U, .about = &bulk_about, .copies = 1,
	.open = window_open, .close = window_close, .recv = call_recv,
	.offer = provider_offer, .drain = call_drain,
};

const struct mechanism vdso_to_kernel = {
	.name = "bulk-vdso", .dir = U2K, .about = &bulk_about, .copies = 1,
	.open = window_open, .close = window_close, .send = vdso_send,
	.totals = control_totals,
	.offer = window_offer, .drain = provider_drain,
};

const struct mechanism vdso_to_user = {
	.name = "bulk-vdso", .dir = K2U, .about = &bulk_about, .copies = 1,
	.open = window_open, .close = window_close, .recv = vdso_recv,
	.blocks = true, .wake_flags = LAB_QUEUED, .poke = bulk_poke,
	.offer = provider_offer, .drain = window_drain,
};

const struct mechanism vdso_batch_to_kernel = {
	.name = "bulk-vdso-batch", .dir = U2K, .about = &bulk_about, .copies = 1,
	.batch = MAX_BATCH,
	.open = window_open, .close = window_close, .send = window_send_batch,
	.totals = control_totals,
	.offer = window_offer, .drain = provider_drain,
};

const struct mechanism vdso_batch_to_user = {
	.name = "bulk-vdso-batch", .dir = K2U, .about = &bulk_about, .copies = 1,
	.batch = MAX_BATCH,
	.open = window_open, .close = window_close, .recv = window_recv_batch,
	.offer = provider_offer, .drain = window_drain,
};
