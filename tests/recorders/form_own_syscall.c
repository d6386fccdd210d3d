// SPDX-License-Identifier: GPL-2.0
/*
 * The log by a call that extracts a block of it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The surveys' system call of one's own, in the form that a module can have; see
 * forms/own_syscall.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "die.h"
#include "form.h"
#include "recorder.h"

static struct {
	int fd;
	struct form_stream stream;
} call;

static bool call_start(pid_t pid, size_t bytes)
{
	if (!form_start(LOG_RING, pid, bytes))
		return false;
	call.stream.have = 0;
	call.fd = ioctl(form_ctl, LOG_CALL);
	if (call.fd < 0)
		die("no descriptor of the log's call: %s", strerror(errno));
	return true;
}

static uint64_t call_drain(void)
{
	struct log_block block = { .addr = (uintptr_t)form_piece, .len = FORM_PIECE };
	uint64_t taken = 0;
	int n;

	do {
		n = ioctl(call.fd, LOG_EXTRACT, &block);
		if (n < 0 && errno != EAGAIN)
			die("extract of the log: %s", strerror(errno));
		if (n > 0)
			taken += form_take(&call.stream, form_piece, n);
	} while (n == FORM_PIECE);
	return taken;
}

static int call_fd(void)
{
	return call.fd;
}

static void call_stop(void)
{
	close(call.fd);
	form_stop();
}

const struct recorder recorder_own_syscall = {
	.name = "own-syscall",
	.about = "a call that extracts a block: here an ioctl that does nothing else",
	.start = call_start,
	.drain = call_drain,
	.fd = call_fd,
	.lost = form_lost,
	.stop = call_stop,
};
