// SPDX-License-Identifier: GPL-2.0
/*
 * bulk_xfer(2) while one side stalls: a provider that takes nothing, a program that does not read.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "form.h"
#include "lab_channel.h"
#include "raw.h"

long call_try(struct transfer *t, struct bulk_seg *segs, unsigned int nr)
{
	return bulk_xfer(t->fd, segs, nr, BULK_DONTWAIT);
}

/* The stall begins with the first record that is offered. */
void stall_begin(struct transfer *t, uint32_t how)
{
	if (t->flags & how)
		return;
	t->flags |= how;
	control_setup(t);
	if (fcntl(t->fd, F_SETFL, O_NONBLOCK))
		die("%s: no O_NONBLOCK", t->mech->name);
}

static uint64_t offer_segs(struct transfer *t, uint64_t count, try_segs_t try)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i, nr;
	uint64_t n;
	long ret;

	stall_begin(t, LAB_CHANNEL_STALLED);
	for (n = 0; n < count; n += ret) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++) {
			segs[i] = bulk_seg_send(record_out(t, i), t->bytes, 0);
			lab_produce(record_out(t, i), t->bytes, t->next + n + i);
		}
		ret = try(t, segs, nr);
		if (ret == -EAGAIN)
			break;
		if (ret < 0)
			die("%s: offer: %s", t->mech->name, strerror(-ret));
	}
	return n;
}

static uint64_t drain_segs(struct transfer *t, uint64_t count, try_segs_t try)
{
	struct bulk_seg segs[MAX_BATCH];
	unsigned int i, nr;
	uint64_t n;
	long ret;

	for (n = 0; n < count; n += ret) {
		nr = batch_of(t, count - n);
		for (i = 0; i < nr; i++)
			segs[i] = bulk_seg_recv(record_in(t, i), t->bytes);
		ret = try(t, segs, nr);
		if (ret == -EAGAIN)
			break;
		if (ret < 0)
			die("%s: drain: %s", t->mech->name, strerror(-ret));
		consume_segs(t, segs, ret);
	}
	return n;
}

uint64_t call_offer(struct transfer *t, uint64_t count)
{
	return offer_segs(t, count, call_try);
}

uint64_t call_drain(struct transfer *t, uint64_t count)
{
	return drain_segs(t, count, call_try);
}

uint64_t window_offer(struct transfer *t, uint64_t count)
{
	return offer_segs(t, count, window_try);
}

uint64_t window_drain(struct transfer *t, uint64_t count)
{
	return drain_segs(t, count, window_try);
}

uint64_t file_offer(struct transfer *t, uint64_t count)
{
	uint64_t n;
	long ret;

	stall_begin(t, LAB_CHANNEL_STALLED);
	for (n = 0; n < count; n++) {
		lab_produce(t->out, t->bytes, t->next + n);
		ret = raw_write(t->fd, t->out, t->bytes);
		if (ret == -EAGAIN)
			break;
		if (ret != t->bytes)
			die("%s: offer: %ld", t->mech->name, ret);
	}
	return n;
}

uint64_t file_drain(struct transfer *t, uint64_t count)
{
	uint64_t n;
	long ret;

	for (n = 0; n < count; n++) {
		ret = raw_read(t->fd, t->in, t->bytes);
		if (ret == -EAGAIN)
			break;
		if (ret != t->bytes)
			die("%s: drain: %ld", t->mech->name, ret);
		lab_consume(t, t->in, t->bytes);
	}
	return n;
}

uint64_t provider_offer(struct transfer *t, uint64_t count)
{
	stall_begin(t, LAB_QUEUED | LAB_CHANNEL_PUSHED);
	return control_offer(t, count);
}

/* The provider takes again. A flush waits for all that is there, whatever the count. */
uint64_t provider_drain(struct transfer *t, uint64_t count)
{
	(void)count;
	if (!(t->flags & LAB_CHANNEL_STALLED))
		return 0;
	t->flags &= ~LAB_CHANNEL_STALLED;
	if (ioctl(t->ctl, LAB_CHANNEL_RESUME))
		die("%s: resume: %s", t->mech->name, strerror(errno));
	if (bulk_xfer(t->fd, NULL, 0, BULK_FLUSH))
		die("%s: flush", t->mech->name);
	return control_totals(t).bytes / t->bytes;
}
