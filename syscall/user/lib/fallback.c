// SPDX-License-Identifier: MIT
/*
 * The same contract through read(2) and write(2), where the call is missing or
 * held back.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bulk_xfer.h>

#include "internal.h"

bool bulk_is_endpoint(int fd)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "bulk-channel:", 13);
	fclose(f);
	return found;
}

/*
 * Sandboxes refuse calls that they don't know by one of three errnos, and two of
 * these are a security module's or a provider's as well. Of a file that isn't
 * there the kernel says EBADF, and asks neither of them.
 */
bool bulk_is_withheld(long ret)
{
	if (ret != -ENOSYS && ret != -EPERM && ret != -EACCES)
		return false;
	return bulk_xfer(-1, NULL, 0, 0) != -EBADF;
}

long bulk_fallback_recv(int fd, struct bulk_seg *seg)
{
	ssize_t ret = read(fd, (void *)(unsigned long)seg->addr, seg->len);

	seg->res = ret < 0 ? -errno : ret;
	return ret < 0 ? -errno : 1;
}

/* O_NONBLOCK would be everybody's who shares the file. */
static bool has_room(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	return poll(&pfd, 1, 0) != 0;
}

static long send_one(int fd, const struct bulk_seg *seg, bool wait)
{
	ssize_t ret;

	if (seg->tag)
		return -ENOSYS; /* write(2) carries no tag */
	if (!wait && !has_room(fd))
		return -EAGAIN;
	ret = write(fd, (void *)(unsigned long)seg->addr, seg->len);
	return ret < 0 ? -errno : ret;
}

static long seg_refused(const struct bulk_seg *seg)
{
	if (seg->flags)
		return -EINVAL;
	if (seg->op == BULK_OP_RECV)
		return 0;
	return seg->op != BULK_OP_SEND || seg->lost ? -EINVAL : 0;
}

static long run_one(int fd, const struct bulk_seg *seg, unsigned int flags)
{
	long ret = seg_refused(seg);

	if (ret)
		return ret;
	if (seg->op == BULK_OP_RECV)
		return -ENOSYS; /* read(2) tells neither tag nor loss */
	return send_one(fd, seg, !(flags & BULK_DONTWAIT));
}

/* BULK_NO_SYSCALL without a window: what the call would refuse at sight, or EAGAIN. */
long bulk_stay(struct bulk_seg *segs, unsigned int nr, unsigned int flags)
{
	long ret;

	if (flags & ~(BULK_DONTWAIT | BULK_FLUSH | BULK_NO_SYSCALL |
		      BULK_NO_RESTART))
		return -EINVAL;
	ret = nr ? seg_refused(segs) : 0;
	if (!ret)
		return -EAGAIN;
	segs->res = ret;
	return ret;
}

/*
 * A flush has nothing to wait for: write(2) returns when the provider has the
 * record.
 */
long bulk_fallback(int fd, struct bulk_seg *segs, unsigned int nr,
		   unsigned int flags)
{
	unsigned int i;

	if (nr > BULK_MAX_SEGS || flags & ~(BULK_DONTWAIT | BULK_FLUSH))
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		segs[i].res = run_one(fd, &segs[i], flags);
		if (segs[i].res < 0)
			return i ? (long)i : segs[i].res;
	}
	return i;
}
