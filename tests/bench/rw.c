// SPDX-License-Identifier: GPL-2.0
/*
 * Records by write(2) and read(2), one a call or a batch.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "die.h"
#include "raw.h"
#include "rw.h"

static void write_parts(struct transfer *t)
{
	uint32_t off, len;

	for (off = 0; (len = part_len(t, off)); off += len) {
		if (raw_write(t->fd, t->out + off, len) != len)
			die("%s: write of %u bytes came short", t->mech->name, len);
		t->calls++;
	}
}

void rw_send(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		lab_produce(t->out, t->bytes, n);
		write_parts(t);
	}
}

static void read_parts(struct transfer *t)
{
	uint32_t off, len;

	for (off = 0; (len = part_len(t, off)); off += len) {
		if (raw_read(t->fd, t->in + off, len) != len)
			die("%s: read of %u bytes came short", t->mech->name, len);
		t->calls++;
	}
}

void rw_recv(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++) {
		read_parts(t);
		lab_consume(t, t->in, t->bytes);
	}
}

void rw_send_batch(struct transfer *t, uint64_t count)
{
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		long len;

		nr = batch_of(t, count - n);
		len = (long)nr * t->bytes;
		for (i = 0; i < nr; i++)
			lab_produce(record_out(t, i), t->bytes, t->next + n + i);
		if (raw_write(t->fd, t->out, len) != len)
			die("%s: write of %ld bytes came short", t->mech->name, len);
		t->calls++;
	}
}

void rw_recv_batch(struct transfer *t, uint64_t count)
{
	unsigned int i, nr;
	uint64_t n;

	for (n = 0; n < count; n += nr) {
		long len;

		nr = batch_of(t, count - n);
		len = (long)nr * t->bytes;
		if (raw_read(t->fd, t->in, len) != len)
			die("%s: read of %ld bytes came short", t->mech->name, len);
		t->calls++;
		for (i = 0; i < nr; i++)
			lab_consume(t, record_in(t, i), t->bytes);
	}
}
