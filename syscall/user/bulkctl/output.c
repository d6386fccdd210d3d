// SPDX-License-Identifier: GPL-2.0
/*
 * The file that a transfer writes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "output.h"

static struct {
	const char *name;
	volatile sig_atomic_t half_written;
	volatile sig_atomic_t fd;
	bool created;
} out = { .fd = -1 };

/* Runs in a signal handler too: async-signal-safe calls only. */
void output_abandon(void)
{
	if (!out.half_written)
		return;
	out.half_written = false;
	if (out.created)
		unlink(out.name);
	else if (ftruncate(out.fd, 0))
		return; /* nothing more to be done about it */
}

/*
 * Ends bulkctl from within: a flag for the main loop to look at could be set
 * between that look and a call that then sleeps.
 */
static void on_signal(int sig)
{
	output_abandon();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_signals(void)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGXFSZ };
	struct sigaction sa = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		struct sigaction old;

		sigaction(caught[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(caught[i], &sa, NULL);
	}
}

static void __attribute__((noreturn)) write_failed(void)
{
	if (errno == ENOSPC || errno == EDQUOT)
		fail("%s: disk full", out.name);
	fail("writing %s: %s", out.name, strerror(errno));
}

static int open_or_create(const char *name)
{
	int flags = O_WRONLY | O_CLOEXEC;
	int fd = open(name, flags | O_CREAT | O_EXCL, 0666);

	out.created = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(name, flags);
	if (fd < 0)
		fail("%s: %s", name, strerror(errno));
	return fd;
}

/* Emptied only now: what is no output must stay as it is. */
static void start_empty(const struct stat *not_this)
{
	struct stat st;

	if (fstat(out.fd, &st))
		write_failed();
	if (not_this && st.st_dev == not_this->st_dev &&
	    st.st_ino == not_this->st_ino && S_ISREG(st.st_mode))
		fail("%s is the input and the output", out.name);
	if (!S_ISREG(st.st_mode))
		return;
	catch_signals();
	out.half_written = true;
	if (ftruncate(out.fd, 0))
		write_failed();
}

void output_open(const char *name, const struct stat *not_this)
{
	if (!name)
		return;
	if (!strcmp(name, "-")) {
		out.name = "standard output";
		out.fd = STDOUT_FILENO;
		return;
	}
	out.name = name;
	out.fd = open_or_create(name);
	start_empty(not_this);
}

/* A file system that can't reserve is found full later, by the write. */
void output_reserve(uint64_t bytes)
{
	if (!out.half_written || !bytes)
		return;
	if (fallocate(out.fd, FALLOC_FL_KEEP_SIZE, 0, bytes) &&
	    (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
		fail("%s: no room for %llu bytes (%s)", out.name,
		     (unsigned long long)bytes, strerror(errno));
}

void output_write(const void *buf, size_t len)
{
	ssize_t n;

	if (out.fd < 0)
		return;
	while (len) {
		n = write(out.fd, buf, len);
		if (n < 0 && errno != EINTR)
			write_failed();
		if (n > 0) {
			buf = (const char *)buf + n;
			len -= n;
		}
	}
}

/* close(2) is where a network file system tells that it was full. */
void output_finish(void)
{
	if (out.fd < 0)
		return;
	if (out.fd != STDOUT_FILENO && close(out.fd))
		write_failed();
	out.half_written = false;
}

bool output_is_stdout(void)
{
	return out.fd == STDOUT_FILENO;
}
