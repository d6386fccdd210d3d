// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody sleeps for ever: each way to wait for a record, and each event that ends the wait.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A variant is a way to wait, a test is an event: the sleeper sleeps before the
 * event begins, and must end by itself.
 */
#define _GNU_SOURCE
#include "liar.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#include "aio.h"
#include "puppet.h"
#include "uring.h"

#ifndef DEADLINE
#define DEADLINE	120	/* seconds until a sleeper is given up */
#endif
#define SIZE		64	/* of a record */
#define MANY		BULK_MAX_SEGS	/* more than the window and a short queue have room for */

/* A thread that waits for a record. */
struct sleeper {
	pthread_t thread;
	int fd;
	int epoll;
	__u32 events;
	struct uring ring;
	struct aio aio;
	char buf[SIZE];
	int (*wait)(struct sleeper *s);
	pid_t tid;
	int ret; /* of the RECV in the end: bytes or an errno */
};

static int recv_blocking(struct sleeper *s)
{
	struct bulk_seg seg = seg_recv(s->buf, SIZE);
	long ret = bulk_xfer(s->fd, &seg, 1, 0);

	return ret == 1 ? seg.res : ret;
}

static int read_blocking(struct sleeper *s)
{
	ssize_t n = read(s->fd, s->buf, SIZE);

	return n < 0 ? -errno : n;
}

static int uring_read(struct sleeper *s)
{
	return uring_run(&s->ring, IORING_OP_READ, s->fd, s->buf, SIZE);
}

/* What follows an event may be nothing after all: then the wait goes on. */
static int recv_after(struct sleeper *s)
{
	return bulk_recv(s->fd, s->buf, SIZE, NULL);
}

static int poll_wait(struct sleeper *s)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };

	poll(&pfd, 1, -1);
	return recv_after(s);
}

static int select_wait(struct sleeper *s)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s->fd, &set);
	select(s->fd + 1, &set, NULL, NULL, NULL);
	return recv_after(s);
}

/* Of one-shot, each event is the last until it is asked for anew. */
static int epoll_wait_one(struct sleeper *s)
{
	struct epoll_event event = { .events = s->events };
	int ret;

	epoll_wait(s->epoll, &event, 1, -1);
	ret = recv_after(s);
	event.events = s->events;
	if (ret == -EAGAIN && (s->events & EPOLLONESHOT))
		epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->fd, &event);
	return ret;
}

static int uring_poll(struct sleeper *s)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = s->fd,
		.poll32_events = POLLIN,
	};

	if (uring_submit_sqe(&s->ring, &sqe) != 1)
		return -errno;
	uring_reap(&s->ring, true);
	return recv_after(s);
}

static int aio_wait(struct sleeper *s)
{
	int ret = aio_poll(&s->aio, s->fd, POLLIN);

	if (ret)
		return ret;
	aio_reap(&s->aio, true);
	return recv_after(s);
}

FIXTURE(wake)
{
	struct windowed w;
	size_t size; /* of the window */
	struct sleeper sleepers[2];
	char buf[SIZE];
};

FIXTURE_VARIANT(wake)
{
	int (*wait)(struct sleeper *s);
	long nr; /* the system call that it sleeps in */
	__u32 epoll; /* events, or 0 */
	bool uring;
	bool aio;
};

FIXTURE_VARIANT_ADD(wake, recv) {
	.wait = recv_blocking, .nr = __NR_bulk_xfer,
};

FIXTURE_VARIANT_ADD(wake, read) {
	.wait = read_blocking, .nr = __NR_read,
};

FIXTURE_VARIANT_ADD(wake, poll) {
	.wait = poll_wait, .nr = __NR_poll,
};

FIXTURE_VARIANT_ADD(wake, select) {
	.wait = select_wait, .nr = __NR_pselect6,
};

FIXTURE_VARIANT_ADD(wake, epoll_level) {
	.wait = epoll_wait_one, .nr = __NR_epoll_wait, .epoll = EPOLLIN,
};

FIXTURE_VARIANT_ADD(wake, epoll_edge) {
	.wait = epoll_wait_one, .nr = __NR_epoll_wait,
	.epoll = EPOLLIN | EPOLLET,
};

FIXTURE_VARIANT_ADD(wake, epoll_oneshot) {
	.wait = epoll_wait_one, .nr = __NR_epoll_wait,
	.epoll = EPOLLIN | EPOLLONESHOT,
};

FIXTURE_VARIANT_ADD(wake, uring_poll) {
	.wait = uring_poll, .nr = __NR_io_uring_enter, .uring = true,
};

FIXTURE_VARIANT_ADD(wake, uring_read) {
	.wait = uring_read, .nr = __NR_io_uring_enter, .uring = true,
};

FIXTURE_VARIANT_ADD(wake, aio_poll) {
	.wait = aio_wait, .nr = __NR_io_getevents, .aio = true,
};

static void *sleep_for_record(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, syscall(__NR_gettid), __ATOMIC_RELEASE);
	do
		s->ret = s->wait(s);
	while (s->ret == -EAGAIN);
	return NULL;
}

/* Returns when the thread sleeps. */
static void start_sleeper(struct __test_metadata *_metadata, struct sleeper *s,
			  int fd, const struct _fixture_variant_wake *v)
{
	struct epoll_event event = { .events = v->epoll };
	pid_t tid;

	*s = (struct sleeper){ .fd = fd, .wait = v->wait, .events = v->epoll };
	if (v->epoll) {
		s->epoll = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, s->epoll);
		ASSERT_EQ(0, epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event));
	}
	if (v->uring)
		ASSERT_EQ(0, uring_setup(&s->ring));
	if (v->aio)
		ASSERT_EQ(0, aio_setup(&s->aio));
	ASSERT_EQ(0, pthread_create(&s->thread, NULL, sleep_for_record, s));
	do
		tid = __atomic_load_n(&s->tid, __ATOMIC_ACQUIRE);
	while (!tid);
	wait_blocked(tid, v->nr);
}

static bool has_ended(struct sleeper *s, int seconds)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += seconds;
	return !pthread_timedjoin_np(s->thread, NULL, &end);
}

/* It ends by itself, with this result. */
static void expect_end(struct __test_metadata *_metadata, struct sleeper *s,
		       int ret)
{
	ASSERT_TRUE(has_ended(s, DEADLINE)) {
		TH_LOG("it sleeps on");
	}
	EXPECT_EQ(ret, s->ret);
}

static void set_answer(struct __test_metadata *_metadata, const char *param,
		       int value)
{
	ASSERT_EQ(0, set_puppet(param, value));
}

FIXTURE_SETUP(wake)
{
	int ret;

	ret = load_puppet("");
	if (ret == -ENOENT)
		SKIP(return, "no module bulk_puppet");
	ASSERT_EQ(0, ret);
	/* Without a window: each test maps it when it wants to, or not at all. */
	self->w.call = find_vdso_call();
	if (!self->w.call)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, self->w.call(-1, NULL, 0, BULK_QUERY, &self->w.params));
	self->w.fd = open_channel("puppet", O_RDWR);
	ASSERT_LE(0, self->w.fd);
}

FIXTURE_TEARDOWN(wake)
{
	close(self->w.fd);
	unload_module("bulk_puppet");
}

static void map_a_window(struct __test_metadata *_metadata,
			 struct _test_data_wake *self, size_t size)
{
	self->size = size;
	self->w.window = map_window(&self->w, size);
	ASSERT_NE(NULL, self->w.window);
}

TEST_F(wake, window_is_mapped)
{
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	map_a_window(_metadata, self, self->w.params.window_default);
	ASSERT_EQ(0, window_send(&self->w, self->buf, SIZE, 1, 0));
	expect_end(_metadata, self->sleepers, SIZE);
}

TEST_F(wake, window_is_mapped_anew_and_larger)
{
	map_a_window(_metadata, self, self->w.params.window_min);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	ASSERT_EQ(0, munmap(self->w.window, self->size));
	map_a_window(_metadata, self, self->w.params.window_default);
	ASSERT_EQ(0, window_send(&self->w, self->buf, SIZE, 1, 0));
	expect_end(_metadata, self->sleepers, SIZE);
}

TEST_F(wake, window_is_unmapped)
{
	map_a_window(_metadata, self, self->w.params.window_default);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	ASSERT_EQ(0, munmap(self->w.window, self->size));
	ASSERT_EQ(0, bulk_send(self->w.fd, self->buf, SIZE, 1));
	expect_end(_metadata, self->sleepers, SIZE);
}

TEST_F(wake, window_is_spoilt)
{
	map_a_window(_metadata, self, self->w.params.window_default);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	user_page(&self->w)->tx_head += 2 * ring_size(&self->w);
	EXPECT_EQ(-EBADMSG, bulk_xfer(self->w.fd, NULL, 0, 0));
	expect_end(_metadata, self->sleepers, -EBADMSG);
}

TEST_F(wake, channel_is_gone)
{
	map_a_window(_metadata, self, self->w.params.window_default);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	ASSERT_EQ(0, unload_module("bulk_puppet"));
	expect_end(_metadata, self->sleepers, -ENODEV);
}

/* The record stays in the window until the provider has room. */
TEST_F(wake, provider_has_room_again)
{
	map_a_window(_metadata, self, self->w.params.window_default);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	set_answer(_metadata, "send", -EAGAIN);
	ASSERT_EQ(0, window_send(&self->w, self->buf, SIZE, 1, 0));
	EXPECT_FALSE(has_ended(self->sleepers, 0));
	set_answer(_metadata, "room", 1);
	expect_end(_metadata, self->sleepers, SIZE);
}

TEST_F(wake, provider_has_no_memory)
{
	map_a_window(_metadata, self, self->w.params.window_default);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	set_answer(_metadata, "send", -ENOMEM);
	ASSERT_EQ(0, window_send(&self->w, self->buf, SIZE, 1, 0));
	expect_end(_metadata, self->sleepers, -ENOMEM);
	set_answer(_metadata, "send", 0);
	EXPECT_EQ(0, bulk_xfer(self->w.fd, NULL, 0, 0));
	EXPECT_EQ(SIZE, bulk_recv(self->w.fd, self->buf, SIZE, NULL));
}

/* More come at once than there is room for, whatever the sleeper makes free. */
TEST_F(wake, record_is_lost_by_the_policy)
{
	struct bulk_seg segs[MANY];
	int i, received = 1;

	close(self->w.fd);
	ASSERT_EQ(0, load_puppet("policy=2"));
	self->w.fd = open_channel("puppet", O_RDWR);
	ASSERT_LE(0, self->w.fd);
	map_a_window(_metadata, self, self->w.params.window_default);
	start_sleeper(_metadata, self->sleepers, self->w.fd, variant);
	for (i = 0; i < MANY; i++)
		segs[i] = seg_send(self->buf, SIZE, i);
	ASSERT_EQ(MANY, self->w.call(self->w.fd, segs, MANY, 0, self->w.window));
	expect_end(_metadata, self->sleepers, SIZE);
	while (bulk_recv(self->w.fd, self->buf, SIZE, NULL) == SIZE)
		received++;
	EXPECT_LT(0, figure(self->w.fd, "rx-lost"));
	EXPECT_EQ(MANY, received + figure(self->w.fd, "rx-lost"));
}

TEST_F(wake, peer_takes_the_record)
{
	struct sleeper *s = self->sleepers;
	int first;

	start_sleeper(_metadata, &s[0], self->w.fd, variant);
	start_sleeper(_metadata, &s[1], self->w.fd, variant);
	map_a_window(_metadata, self, self->w.params.window_default);
	ASSERT_EQ(0, window_send(&self->w, self->buf, SIZE, 1, 0));
	for (first = 0; !has_ended(&s[first], 0); first = !first)
		usleep(1000);
	EXPECT_EQ(SIZE, s[first].ret);
	ASSERT_EQ(0, window_send(&self->w, self->buf, SIZE, 2, 0));
	expect_end(_metadata, &s[!first], SIZE);
}

/*
 * That there is no memory is told once: an edge is no level. After a RECV that
 * was told so, too, the next record comes with an event of its own.
 */
TEST(edge_tells_once_of_no_memory)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC), ret, told = 0, i;
	char buf[SIZE] = "";
	struct windowed w;

	ret = open_puppet(&w, "");
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no module bulk_puppet, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, w.fd, &event));
	set_answer(_metadata, "send", -ENOMEM);
	ASSERT_EQ(0, window_send(&w, buf, SIZE, 1, 0));
	for (i = 0; i < 100; i++)
		told += epoll_wait(epoll, &event, 1, 0);
	EXPECT_EQ(1, told);
	EXPECT_EQ(-ENOMEM, bulk_recv(w.fd, buf, SIZE, NULL));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	set_answer(_metadata, "send", 0);
	ASSERT_EQ(0, window_send(&w, buf, SIZE, 2, 0));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 1000 * DEADLINE));
	EXPECT_EQ(SIZE, bulk_recv(w.fd, buf, SIZE, NULL));
	EXPECT_EQ(SIZE, bulk_recv(w.fd, buf, SIZE, NULL));
	close(epoll);
	close_windowed(&w);
	EXPECT_EQ(0, unload_module("bulk_puppet"));
}

TEST_HARNESS_MAIN
