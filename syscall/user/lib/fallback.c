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

static long send_one(int fd, const void *data, size_t len, uint64_t tag,
		     bool wait)
{
	if (tag)
		return -ENOSYS; /* write(2) carries no tag */
	if (!wait && !has_room(fd))
		return -EAGAIN;
	return write(fd, data, len) < 0 ? -errno : 0;
}

/* As the call: what can't be sent ends it, and is told when nothing was. */
static long send_region(int fd, struct bulk_seg *seg, bool wait)
{
	struct bulk_cursor c = { (void *)(unsigned long)seg->addr, seg->len };
	uint64_t records = 0, tag;
	long moved = 0, ret = 0;
	const void *data;
	uint32_t lost;
	size_t len;

	if (seg->addr % 8 || seg->len > INT32_MAX)
		return -EINVAL;
	while (c.left) {
		data = bulk_region_next(&c, &len, &tag, &lost);
		ret = !data || lost ? -EINVAL :
				      send_one(fd, data, len, tag, wait);
		if (ret)
			break;
		moved = seg->len - c.left;
		records++;
	}
	if (ret && !moved)
		return ret;
	seg->tag = records;
	return moved;
}

static long send_seg(int fd, struct bulk_seg *seg, bool wait)
{
	long ret;

	if (seg->flags & BULK_SEG_PACKED)
		return send_region(fd, seg, wait);
	ret = send_one(fd, (void *)(unsigned long)seg->addr, seg->len, seg->tag,
		       wait);
	return ret ? ret : (long)seg->len;
}

/* The flags that an operation may have. */
static unsigned int op_flags(unsigned int op)
{
	switch (op) {
	case BULK_OP_SEND:
		return BULK_SEG_PACKED | BULK_SEG_PIN;
	case BULK_OP_RECV:
		return BULK_SEG_PACKED | BULK_SEG_MAP;
	case BULK_OP_COMMIT:
	case BULK_OP_RETURN:
		return BULK_SEG_DISCARD;
	default:
		return 0;
	}
}

static long seg_refused(const struct bulk_seg *seg)
{
	if (seg->op < BULK_OP_SEND || seg->op > BULK_OP_RETURN ||
	    (seg->flags & ~op_flags(seg->op)) ||
	    ((seg->flags & BULK_SEG_PACKED) && seg->flags != BULK_SEG_PACKED) ||
	    (seg->lost && seg->op != BULK_OP_RECV) ||
	    (seg->op == BULK_OP_COMMIT && seg->len % 8))
		return -EINVAL;
	/* In place is in the window, and it takes the call to wait for one's turn. */
	return seg->op > BULK_OP_RECV ? -EOPNOTSUPP : 0;
}

static long run_one(int fd, struct bulk_seg *seg, unsigned int flags)
{
	long ret = seg_refused(seg);

	if (ret)
		return ret;
	if (seg->op == BULK_OP_RECV)
		return -ENOSYS; /* read(2) tells neither tag nor loss */
	return send_seg(fd, seg, !(flags & BULK_DONTWAIT));
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
		if (bulk_is_short(&segs[i]))
			return i + 1;
	}
	return i;
}
