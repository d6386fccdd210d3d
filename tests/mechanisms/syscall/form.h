/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the forms of bulk_xfer(2) share.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef FORM_H
#define FORM_H

#include "bulk_xfer.h"
#include "die.h"
#include "mechanism.h"
#include "work.h"

extern const struct about bulk_about;
extern const struct mechanism beside_to_kernel;
extern const struct mechanism beside_to_user;
extern const struct mechanism vdso_to_kernel;
extern const struct mechanism vdso_to_user;
extern const struct mechanism vdso_batch_to_kernel;
extern const struct mechanism vdso_batch_to_user;
extern const struct mechanism region_to_kernel;
extern const struct mechanism region_to_user;
extern const struct mechanism region_call_to_kernel;
extern const struct mechanism region_call_to_user;
extern const struct mechanism inplace_to_kernel;
extern const struct mechanism inplace_to_user;
extern const struct mechanism pages_to_kernel;
extern const struct mechanism pages_to_user;
extern const struct mechanism huge_to_kernel;
extern const struct mechanism huge_to_user;

void bulk_open_endpoint(struct transfer *t);
void bulk_poke(struct transfer *t);

/* All of the segments, by the call; it may wait. */
void call_run(struct transfer *t, struct bulk_seg *segs, unsigned int nr);

/* An endpoint with the default window, or with one that has rings of so many bytes (vdso.c). */
void window_open(struct transfer *t);
void window_open_rings(struct transfer *t, size_t ring);
void window_close(struct transfer *t);

/* One segment as far as the window alone can run it; as bulk_xfer(). */
long window_stay(struct transfer *t, struct bulk_seg *seg);

/* Segments that don't wait, by the call and through the vDSO; as bulk_xfer(). */
typedef long (*try_segs_t)(struct transfer *t, struct bulk_seg *segs, unsigned int nr);
long call_try(struct transfer *t, struct bulk_seg *segs, unsigned int nr);
long window_try(struct transfer *t, struct bulk_seg *segs, unsigned int nr);

/* What is offered, and taken later, while one side stalls (stall.c). */
void stall_begin(struct transfer *t, uint32_t how);
uint64_t call_offer(struct transfer *t, uint64_t count);
uint64_t call_drain(struct transfer *t, uint64_t count);
uint64_t window_offer(struct transfer *t, uint64_t count);
uint64_t window_drain(struct transfer *t, uint64_t count);
uint64_t file_offer(struct transfer *t, uint64_t count);
uint64_t file_drain(struct transfer *t, uint64_t count);
uint64_t provider_offer(struct transfer *t, uint64_t count);
uint64_t provider_drain(struct transfer *t, uint64_t count);

typedef void (*run_segs_t)(struct transfer *t, struct bulk_seg *segs, unsigned int nr);

/* Segments are made once and used again: a call leaves what it was told as it is. */
static inline void send_segs(struct transfer *t, uint64_t count, uint16_t flags, run_segs_t run)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i, nr;
	uint64_t n;

	for (i = 0; i < t->batch; i++)
		segs[i] = bulk_seg_of(BULK_OP_SEND, flags, record_out(t, i), t->bytes);
	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			lab_produce(record_out(t, i), t->bytes, t->next + n + i);
		run(t, segs, nr);
	}
}

static inline void consume_segs(struct transfer *t, const struct bulk_seg *segs, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (segs[i].res != (int32_t)t->bytes)
			die("received %d bytes, not %u", segs[i].res, t->bytes);
		t->lost += segs[i].lost;
		lab_consume(t, record_in(t, i), t->bytes);
	}
}

static inline void recv_segs(struct transfer *t, uint64_t count, run_segs_t run)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i, nr;
	uint64_t n;

	for (i = 0; i < t->batch; i++)
		segs[i] = bulk_seg_recv(record_in(t, i), t->bytes);
	for (n = 0; n < count; n += nr) {
		nr = batch_of(t, count - n);
		run(t, segs, nr);
		consume_segs(t, segs, nr);
	}
}

#endif /* FORM_H */
