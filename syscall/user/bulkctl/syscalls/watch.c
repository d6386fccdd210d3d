// SPDX-License-Identifier: GPL-2.0
/*
 * Processes whose end is waited for: a pidfd of each is readable then, also where
 * bulkctl is not the parent.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../message.h"
#include "watch.h"

void watch_open(struct watch *w)
{
	*w = (struct watch){ .epfd = epoll_create1(EPOLL_CLOEXEC) };
	if (w->epfd < 0)
		fail("epoll: %s", strerror(errno));
}

int watch_add(struct watch *w, uint32_t pid)
{
	struct epoll_event ev = { .events = EPOLLIN };

	/* libc has a function for it from 2.36 on only. */
	ev.data.fd = syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (ev.data.fd < 0)
		return errno;
	if (epoll_ctl(w->epfd, EPOLL_CTL_ADD, ev.data.fd, &ev))
		fail("epoll: %s", strerror(errno));
	w->alive++;
	w->any = true;
	return 0;
}

void watch_reap(struct watch *w)
{
	struct epoll_event ev;

	while (epoll_wait(w->epfd, &ev, 1, 0) == 1) {
		close(ev.data.fd);
		w->alive--;
	}
}
