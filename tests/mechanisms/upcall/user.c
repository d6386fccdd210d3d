// SPDX-License-Identifier: GPL-2.0
/*
 * Records for and from programs that the kernel starts, one for each record or part of one.
 *
 * The receiver is another process every time: the checksum is in a file that
 * all of them map.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Directions: k2u by arguments or standard input, u2k by
 * standard output or the exit code. Synchronous, for the kernel waits for the
 * program's end here. Loss: none. Unit: 128 KiB - 1 of text an argument, any
 * through standard input and output, 8 bits of exit code. Privilege: the
 * program runs as root. Choose it for what is rare and policy.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"
#include "upcall.h"

#define ROUND		32		/* records: each starts a program */
#define ROUND_BYTES	(2U << 20)	/* for arguments, a digit at a time */

static void upcall_open(struct transfer *t)
{
	XXH64_state_t *sum;
	int fd;

	control_open(t, "upcall");
	fd = open(UPCALL_SUM, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*sum)))
		die(UPCALL_SUM ": %s", strerror(errno));
	sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sum == MAP_FAILED)
		die(UPCALL_SUM ": %s", strerror(errno));
	XXH64_reset(sum, 0);
	close(fd);
	t->priv = sum;
}

static void upcall_open_stdin(struct transfer *t)
{
	t->flags |= UPCALL_STDIN;
	upcall_open(t);
}

static void upcall_close(struct transfer *t)
{
	munmap(t->priv, sizeof(XXH64_state_t));
	unlink(UPCALL_SUM);
}

/* A program's start counts as one call. */
static void upcall_recv(struct transfer *t, uint64_t count)
{
	control_produce(t, count);
	XXH64_copyState(t->sum, t->priv);
	t->calls += count * ((t->bytes + t->unit - 1) / t->unit);
}

static void upcall_send(struct transfer *t, uint64_t count)
{
	control_consume(t, count);
	t->calls += count;
}

static const struct about about = {
	.starts = "kernel",
	.synchronous = "if it waits for the end",
	.loss = "none; not even an errno if it does not wait",
	.backpressure = "the kernel waits",
	.notification = "the program is started",
	.unit = "128 KiB - 1 an argument; any by standard input; 8 bits of exit code",
	.privilege = "the program is root",
	.abi = "path, arguments and environment",
	.use = "what is rare and policy",
};

static const struct mechanism to_kernel = {
	.name = "upcall", .dir = U2K, .about = &about, .max_records = ROUND, .copies = 1,
	.open = upcall_open_stdin, .send = upcall_send, .totals = control_totals,
	.close = upcall_close,
};

/* Written as digits, into the new stack, and back. */
static const struct mechanism to_user = {
	.name = "upcall", .dir = K2U, .about = &about, .max_records = ROUND, .copies = 3,
	.max_bytes = ROUND_BYTES, .unit = UPCALL_UNIT,
	.open = upcall_open, .recv = upcall_recv, .close = upcall_close,
};

static const struct mechanism stdin_to_user = {
	.name = "upcall-stdin", .dir = K2U, .about = &about, .max_records = ROUND, .copies = 1,
	.open = upcall_open_stdin, .recv = upcall_recv, .close = upcall_close,
};

const struct mechanism *const mechanisms[] = { &to_kernel, &to_user, &stdin_to_user, NULL };
