// SPDX-License-Identifier: MIT
/*
 * Two endpoints of the echo channel in one event loop: each line of standard
 * input goes out on both in turn, and is printed when it comes back. A line may
 * wait in the endpoint's window when bulk_send() returns: epoll_wait() has the
 * kernel look there.
 *
 *	gcc -o epoll epoll.c $(pkg-config --cflags --libs bulk)
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define ENDPOINTS	2

static void watch(int epfd, struct bulk *b)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = b };

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, bulk_fd(b), &ev))
		err(1, "epoll_ctl");
}

/* O_NONBLOCK: EAGAIN says that all there was has been received. */
static unsigned int receive_all(struct bulk *b)
{
	unsigned int records = 0;
	uint64_t tag;
	char line[4096];
	ssize_t len;

	while ((len = bulk_recv(b, line, sizeof(line), &tag, NULL)) >= 0) {
		printf("%llu: %.*s", (unsigned long long)tag, (int)len, line);
		records++;
	}
	if (errno != EAGAIN)
		err(1, "bulk_recv");
	return records;
}

static unsigned int wait_once(int epfd)
{
	struct epoll_event ev[ENDPOINTS];
	unsigned int records = 0;
	int n, i;

	n = epoll_wait(epfd, ev, ENDPOINTS, -1);
	if (n < 0 && errno != EINTR)
		err(1, "epoll_wait");
	for (i = 0; i < n; i++) {
		records += receive_all(ev[i].data.ptr);
		if (ev[i].events & EPOLLHUP)
			errx(1, "the channel is gone");
		if (ev[i].events & EPOLLERR)
			errx(1, "the window is spoilt");
	}
	return records;
}

int main(void)
{
	struct bulk *b[ENDPOINTS];
	int epfd = epoll_create1(EPOLL_CLOEXEC);
	uint64_t sent = 0, received = 0;
	char line[4096];
	int i;

	for (i = 0; i < ENDPOINTS; i++) {
		b[i] = bulk_open("echo", O_RDWR | O_NONBLOCK);
		if (!b[i])
			err(1, "echo");
		watch(epfd, b[i]);
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (bulk_send(b[sent % ENDPOINTS], line, strlen(line), sent))
			err(1, "bulk_send");
		sent++;
		received += wait_once(epfd);
	}
	while (received < sent)
		received += wait_once(epfd);
	for (i = 0; i < ENDPOINTS; i++)
		bulk_close(b[i]);
	return 0;
}
