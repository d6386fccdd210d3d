// SPDX-License-Identifier: GPL-2.0
/*
 * A relay channel's buffer of one CPU: read, mapped, and read while it overwrites.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Direction: k2u. Not synchronous: records are read a sub-
 * buffer at a time. Loss: the newest records, which the kernel counts, or,
 * where it overwrites, the oldest sub-buffers, of which this reader isn't told.
 * Unit: a sub-buffer. Privilege: root, by debugfs. Choose it for logs and
 * traces of much data from many CPUs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "die.h"
#include "lab_relay.h"
#include "mechanism.h"

/**
 * struct relay - a buffer and how far it is read
 * @map: the buffer, where it is mapped
 * @size: of that
 * @subbuf: bytes of a sub-buffer
 * @at: bytes read of the current one
 */
struct relay {
	uint8_t *map;
	size_t size;
	size_t subbuf;
	size_t at;
};

/* The kernel half writes to the buffer of the CPU that asks it to. */
static void stay_on_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("relay: affinity: %s", strerror(errno));
}

static void relay_open(struct transfer *t)
{
	struct relay *r = calloc(1, sizeof(*r));

	stay_on_cpu();
	control_open(t, "relay");
	t->fd = open(LAB_RELAY_FOLDER "/cpu0", O_RDONLY | O_CLOEXEC);
	if (!r || t->fd < 0)
		die(LAB_RELAY_FOLDER "/cpu0: %s", strerror(errno));
	r->subbuf = (size_t)t->bytes * t->batch;
	t->priv = r;
}

static void relay_open_overwrite(struct transfer *t)
{
	t->flags |= LAB_RELAY_OVERWRITE;
	relay_open(t);
}

static void relay_open_mapped(struct transfer *t)
{
	struct relay *r;

	relay_open(t);
	r = t->priv;
	r->size = (r->subbuf * LAB_RELAY_SUBBUFS + 4095) & ~4095UL;
	r->map = mmap(NULL, r->size, PROT_READ, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	if (r->map == MAP_FAILED)
		die("relay: mmap: %s", strerror(errno));
}

static void relay_close(struct transfer *t)
{
	struct relay *r = t->priv;

	if (r->map)
		munmap(r->map, r->size);
	free(r);
}

static void relay_sleep(struct transfer *t)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };

	if (poll(&pfd, 1, -1) < 0)
		die("relay: poll: %s", strerror(errno));
	t->calls++;
}

/* Whole records that there are, up to a batch; read(2) does not wait. */
static uint64_t read_some(struct transfer *t, uint64_t count)
{
	uint64_t room = batch_of(t, count);
	ssize_t len = read(t->fd, t->in, room * t->bytes);
	uint64_t i, got;

	t->calls++;
	if (len < 0 || len % t->bytes)
		die("relay: read gave %zd: %s", len, strerror(errno));
	got = len / t->bytes;
	for (i = 0; i < got; i++)
		lab_consume(t, record_in(t, i), t->bytes);
	return got;
}

static void recv_read(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (; count; count -= n)
		while (!(n = read_some(t, count)))
			relay_sleep(t);
}

static void consumed(struct transfer *t)
{
	if (ioctl(t->ctl, LAB_RELAY_CONSUMED, 1))
		die("relay: consumed: %s", strerror(errno));
	t->calls++;
}

/* Records of the oldest sub-buffer, in place. */
static uint64_t take_mapped(struct transfer *t, uint64_t count)
{
	struct relay *r = t->priv;
	struct lab_relay_state state;
	const uint8_t *subbuf;
	size_t end;
	uint64_t n;

	if (ioctl(t->ctl, LAB_RELAY_STATE, &state))
		die("relay: state: %s", strerror(errno));
	t->calls++;
	if (state.produced == state.consumed)
		return 0;
	subbuf = r->map + state.consumed % LAB_RELAY_SUBBUFS * r->subbuf;
	end = r->subbuf - state.padding[state.consumed % LAB_RELAY_SUBBUFS];
	for (n = 0; n < count && r->at < end; n++, r->at += t->bytes)
		lab_consume(t, subbuf + r->at, t->bytes);
	if (r->at < end)
		return n;
	r->at = 0;
	consumed(t);
	return n;
}

static void recv_mapped(struct transfer *t, uint64_t count)
{
	uint64_t n;

	for (; count; count -= n)
		while (!(n = take_mapped(t, count)))
			relay_sleep(t);
}

static const struct about about = {
	.starts = "kernel",
	.synchronous = "no",
	.loss = "the newest records, the kernel counts; or the oldest sub-buffers, unseen",
	.backpressure = "none",
	.notification = "poll, a sub-buffer at a time",
	.unit = "a sub-buffer",
	.privilege = "root, by debugfs",
	.abi = "own format",
	.use = "logs and traces of many CPUs",
};

#define TO_USER(_name, _copies, _open, _recv, _drain) {					\
	.name = _name, .dir = K2U, .about = &about, .batch = MAX_BATCH,		\
	.copies = _copies, .open = _open, .close = relay_close,			\
	.send = control_produce, .recv = _recv, .blocks = true,			\
	.offer = control_offer, .drain = _drain }

static const struct mechanism by_read = TO_USER("relay-read", 1, relay_open, recv_read, read_some);
static const struct mechanism by_mmap =
	TO_USER("relay-mmap", 0, relay_open_mapped, recv_mapped, take_mapped);
static const struct mechanism overwriting =
	TO_USER("relay-overwrite", 1, relay_open_overwrite, recv_read, read_some);

const struct mechanism *const mechanisms[] = { &by_read, &by_mmap, &overwriting, NULL };
