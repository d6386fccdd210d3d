// SPDX-License-Identifier: GPL-2.0
/*
 * poll(2) and epoll(7) of endpoints.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

FIXTURE(poll) {
	int fd;
	int ep;
	char *buf;
};

FIXTURE_SETUP(poll)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->ep = epoll_create1(0);
	ASSERT_LE(0, self->ep);
	self->buf = calloc(1, MAX_RECORD);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->ep);
	close(self->fd);
}

static int poll_now(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = ~0 };

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

/* What an epoll reports now, or 0. */
static int epoll_now(int ep)
{
	struct epoll_event event = { };

	epoll_wait(ep, &event, 1, 0);
	return event.events;
}

static void watch(struct __test_metadata *_metadata, struct _test_data_poll *self,
		  unsigned int events)
{
	struct epoll_event event = { .events = events };

	ASSERT_EQ(0, epoll_ctl(self->ep, EPOLL_CTL_ADD, self->fd, &event));
}

static int fill_queue(struct _test_data_poll *self)
{
	int sent = 0;

	while (!bulk_send(self->fd, self->buf, MAX_RECORD, 0))
		sent++;
	return sent;
}

TEST_F(poll, idle_echo_takes_and_has_nothing)
{
	EXPECT_EQ(POLLOUT | POLLWRNORM, poll_now(self->fd));
}

TEST_F(poll, record_is_readable_until_taken)
{
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM,
		  poll_now(self->fd));
	EXPECT_EQ(-EMSGSIZE, bulk_recv(self->fd, self->buf, 0, NULL));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM,
		  poll_now(self->fd));
	EXPECT_EQ(1, bulk_recv(self->fd, self->buf, 1, NULL));
	EXPECT_EQ(POLLOUT | POLLWRNORM, poll_now(self->fd));
}

/* POLLOUT promises that a record of any size would be taken now. */
TEST_F(poll, writable_while_there_is_room)
{
	int sent = fill_queue(self);

	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd));
	ASSERT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf, MAX_RECORD, NULL));
	EXPECT_NE(0, poll_now(self->fd) & POLLOUT);
	EXPECT_EQ(0, bulk_send(self->fd, self->buf, MAX_RECORD, 0));
	EXPECT_EQ(0, poll_now(self->fd) & POLLOUT);
	EXPECT_EQ(sent, figure(self->fd, "rx-queued"));
}

TEST_F(poll, sink_is_always_ready)
{
	int fd = open_channel("sink", O_RDWR);

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM, poll_now(fd));
	close(fd);
}

TEST_F(poll, source_is_readable_as_asked)
{
	struct bulk_source_request req = { .count = 1, .size = 1 };
	int fd = open_channel("source", O_RDWR);

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/source");
	EXPECT_EQ(POLLOUT | POLLWRNORM, poll_now(fd));
	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), 0));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM, poll_now(fd));
	ASSERT_EQ(1, bulk_recv(fd, self->buf, 1, NULL));
	EXPECT_EQ(POLLOUT | POLLWRNORM, poll_now(fd));
	close(fd);
}

TEST_F(poll, level_triggered_epoll)
{
	watch(_metadata, self, EPOLLIN);
	EXPECT_EQ(0, epoll_now(self->ep));
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_now(self->ep));
	EXPECT_EQ(EPOLLIN, epoll_now(self->ep));
	ASSERT_EQ(1, bulk_recv(self->fd, self->buf, 1, NULL));
	EXPECT_EQ(0, epoll_now(self->ep));
}

/* Every record is an edge, also when the one before it still waits. */
TEST_F(poll, edge_triggered_epoll)
{
	watch(_metadata, self, EPOLLIN | EPOLLET);
	EXPECT_EQ(0, epoll_now(self->ep));
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_now(self->ep));
	EXPECT_EQ(0, epoll_now(self->ep));
	ASSERT_EQ(0, bulk_send(self->fd, "y", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_now(self->ep));
	EXPECT_EQ(0, epoll_now(self->ep));
}

TEST_F(poll, edge_triggered_room)
{
	int sent = fill_queue(self), i;

	watch(_metadata, self, EPOLLOUT | EPOLLET);
	EXPECT_EQ(0, epoll_now(self->ep));
	for (i = 0; i < sent; i++)
		ASSERT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf,
						MAX_RECORD, NULL));
	EXPECT_EQ(EPOLLOUT, epoll_now(self->ep));
	EXPECT_EQ(0, epoll_now(self->ep));
}

struct waiter {
	pid_t tid;
	int fd;
	short events;
	struct pollfd pfd;
};

static void *poll_thread(void *arg)
{
	struct waiter *w = arg;

	w->pfd = (struct pollfd){ .fd = w->fd, .events = w->events };
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	poll(&w->pfd, 1, -1);
	return NULL;
}

static pthread_t start_poll(struct waiter *w)
{
	pthread_t thread;

	pthread_create(&thread, NULL, poll_thread, w);
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(w->tid, __NR_poll);
	return thread;
}

TEST_F(poll, record_wakes_poller)
{
	struct waiter w = { .fd = self->fd, .events = POLLIN };
	pthread_t thread = start_poll(&w);

	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLIN, w.pfd.revents);
}

TEST_F(poll, room_wakes_poller)
{
	struct waiter w = { .fd = self->fd, .events = POLLOUT };
	int sent = fill_queue(self), i;
	pthread_t thread = start_poll(&w);

	for (i = 0; i < sent; i++)
		ASSERT_EQ(MAX_RECORD, bulk_recv(self->fd, self->buf,
						MAX_RECORD, NULL));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLOUT, w.pfd.revents);
}

TEST_HARNESS_MAIN
