// SPDX-License-Identifier: GPL-2.0
/*
 * The file that a transfer reads.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "message.h"

void input_open(struct input *in, const char *name)
{
	bool is_stdin = !strcmp(name, "-");

	in->name = is_stdin ? "standard input" : name;
	in->fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0 || fstat(in->fd, &in->st))
		fail("%s: %s", in->name, strerror(errno));
	if (S_ISDIR(in->st.st_mode))
		fail("%s: is a directory", in->name);
}

/* Return: as much as fits, less only at the end of the file. */
size_t input_read(struct input *in, void *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = read(in->fd, (char *)buf + have, size - have);
		if (!n)
			break;
		if (n < 0 && errno != EINTR)
			fail("reading %s: %s", in->name, strerror(errno));
		if (n > 0)
			have += n;
	}
	return have;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* A copy of a file that was being written is a copy of no file that ever was. */
static void check_unchanged(const struct input *in)
{
	struct stat now;

	if (!S_ISREG(in->st.st_mode))
		return;
	if (fstat(in->fd, &now))
		fail("%s: %s", in->name, strerror(errno));
	if (now.st_size != in->st.st_size ||
	    !same_time(now.st_mtim, in->st.st_mtim))
		fail("%s changed during the transfer: start again",
		     in->name);
}

void input_close(struct input *in)
{
	check_unchanged(in);
	if (in->fd != STDIN_FILENO)
		close(in->fd);
}

off_t input_size(const struct input *in)
{
	return S_ISREG(in->st.st_mode) ? in->st.st_size : 0;
}
