/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page room on echo, and records that arrive in it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PAGE_ROOM_H
#define PAGE_ROOM_H

#include "pages.h"

#define ROOM	(8 * PAGE)
#define LEN	(IN_PAGES + 100)	/* of a record, and so five pages */

FIXTURE(room)
{
	int fd;
	char *room;
};

FIXTURE_SETUP(room)
{
	self->fd = open_channel("echo", O_RDWR | O_CLOEXEC);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->room = map_room(self->fd, ROOM);
	ASSERT_NE(NULL, self->room);
}

FIXTURE_TEARDOWN(room)
{
	if (self->room)
		munmap(self->room, ROOM);
	if (self->fd >= 0)
		close(self->fd);
}

/* Have a record in pages mapped at @at: its length, or an errno. */
static inline int put(int fd, char *at, __u64 tag)
{
	int ret = send_filled(fd, LEN, tag);

	return ret ?: bulk_map(fd, at, LEN, NULL);
}

/* A record arrives at @at, and no call has lost one. */
static inline bool is_room(int fd, char *at, __u64 tag)
{
	return put(fd, at, tag) == (int)LEN && is_mapped(at, LEN, tag) &&
	       !figure(fd, "rx-queued");
}

#endif /* PAGE_ROOM_H */
