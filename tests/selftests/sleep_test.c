// SPDX-License-Identifier: GPL-2.0
/*
 * Hunt for lost wake-ups: threads that sleep and wake each other through windows.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Every variant goes on until its threads have slept so many times, as the
 * kernel counts it. A wait that is longer than a deadline is one that nobody
 * ends. Variants of all the file: a million sleeps.
 */
#include "window.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#define DEADLINE	30	/* seconds without a record or a flush */
#define LOOK		128	/* records between two looks at the sleeps */
#define TURN		(8 * LOOK) /* records that a receiver of room takes in a row */
#define STOP		~0ULL	/* tag that ends a conversation */
#define PAIRS_MAX	2
#define LONG		8000	/* bytes; some 500 of these fill echo's queue */

/* What the threads of one test share. */
struct hunt {
	unsigned long long moved;
	unsigned long long slept;
	unsigned long long target;
	unsigned int wrong; /* records that were not the next one */
	unsigned int ended;
};

struct talker;

typedef int (*receive_fn)(struct talker *t, __u64 *buf, __u64 *tag);

/* One thread, which sends to one endpoint and receives from another. */
struct talker {
	pthread_t thread;
	struct hunt *hunt;
	struct windowed *to;
	struct windowed *from;
	receive_fn receive;
	int epoll;
	long seen; /* sleeps that the hunt knows of */
};

static unsigned long long scaled(unsigned long long sleeps)
{
	if (get_nprocs() == 1)
		sleeps /= 10;
	return rounds(sleeps, sleeps / 2, sleeps / 50);
}

static void count_sleeps(struct talker *t)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	__atomic_add_fetch(&t->hunt->slept, usage.ru_nvcsw - t->seen,
			   __ATOMIC_RELAXED);
	t->seen = usage.ru_nvcsw;
}

static bool enough(struct hunt *h)
{
	return __atomic_load_n(&h->slept, __ATOMIC_RELAXED) >=
	       __atomic_load_n(&h->target, __ATOMIC_RELAXED);
}

static void moved(struct hunt *h)
{
	__atomic_add_fetch(&h->moved, 1, __ATOMIC_RELAXED);
}

static void wrong(struct hunt *h)
{
	__atomic_add_fetch(&h->wrong, 1, __ATOMIC_RELAXED);
}

static void ended(struct hunt *h)
{
	__atomic_add_fetch(&h->ended, 1, __ATOMIC_RELEASE);
}

/* Until @threads have ended; a hunt that stands still has lost a wake-up. */
static bool watch(struct hunt *h, unsigned int threads)
{
	unsigned long long before = 0, now;
	int deadline = kernel_checks_itself() ? 4 * DEADLINE : DEADLINE;
	int still = 0;

	while (__atomic_load_n(&h->ended, __ATOMIC_ACQUIRE) < threads) {
		usleep(100000);
		now = __atomic_load_n(&h->moved, __ATOMIC_RELAXED);
		still = now == before ? still + 1 : 0;
		before = now;
		if (still > 10 * deadline)
			return false;
	}
	return true;
}

/* --- Two threads that wait for each other's record --- */

static int receive_blocking(struct talker *t, __u64 *buf, __u64 *tag)
{
	return window_recv(t->from, buf, sizeof(*buf), tag, 0);
}

static int receive_poll(struct talker *t, __u64 *buf, __u64 *tag)
{
	struct pollfd pfd = { .fd = t->from->fd, .events = POLLIN };
	int ret;

	for (;;) {
		ret = window_recv(t->from, buf, sizeof(*buf), tag,
				  BULK_DONTWAIT);
		if (ret != -EAGAIN)
			return ret;
		poll(&pfd, 1, -1);
	}
}

static int receive_epoll(struct talker *t, __u64 *buf, __u64 *tag)
{
	struct epoll_event event;
	int ret;

	for (;;) {
		ret = window_recv(t->from, buf, sizeof(*buf), tag,
				  BULK_DONTWAIT);
		if (ret != -EAGAIN)
			return ret;
		epoll_wait(t->epoll, &event, 1, -1);
	}
}

/* Sends that enter the kernel only when somebody sleeps. */
static void say(struct talker *t, __u64 number)
{
	int ret = window_send(t->to, &number, sizeof(number), number, 0);

	if (ret)
		wrong(t->hunt);
	moved(t->hunt);
}

static __u64 hear(struct talker *t, __u64 number)
{
	__u64 content, tag;

	if (t->receive(t, &content, &tag) != sizeof(content) || tag != content)
		wrong(t->hunt);
	if (tag != number && tag != STOP)
		wrong(t->hunt);
	return tag;
}

static void *run_leader(void *arg)
{
	struct talker *t = arg;
	__u64 number;

	for (number = 0; !enough(t->hunt); number++) {
		say(t, number);
		hear(t, number);
		if (number % LOOK == 0)
			count_sleeps(t);
	}
	say(t, STOP);
	hear(t, STOP);
	ended(t->hunt);
	return NULL;
}

static void *run_follower(void *arg)
{
	struct talker *t = arg;
	__u64 number = 0, tag;

	do {
		tag = hear(t, number);
		say(t, tag);
		if (number++ % LOOK == 0)
			count_sleeps(t);
	} while (tag != STOP);
	ended(t->hunt);
	return NULL;
}

FIXTURE(talk)
{
	struct hunt hunt;
	struct windowed ends[2 * PAIRS_MAX];
	struct talker talkers[2 * PAIRS_MAX];
	int pairs;
};

FIXTURE_VARIANT(talk)
{
	receive_fn receive;
	unsigned int epoll; /* events, or 0 */
	unsigned long long sleeps;
};

FIXTURE_VARIANT_ADD(talk, recv) {
	.receive = receive_blocking,
	.sleeps = 500000,
};

FIXTURE_VARIANT_ADD(talk, poll) {
	.receive = receive_poll,
	.sleeps = 200000,
};

FIXTURE_VARIANT_ADD(talk, epoll_level) {
	.receive = receive_epoll,
	.epoll = EPOLLIN,
	.sleeps = 150000,
};

FIXTURE_VARIANT_ADD(talk, epoll_edge) {
	.receive = receive_epoll,
	.epoll = EPOLLIN | EPOLLET,
	.sleeps = 150000,
};

FIXTURE_SETUP(talk)
{
	int i, ret;

	self->pairs = get_nprocs() >= 4 ? PAIRS_MAX : 1;
	self->hunt.target = scaled(variant->sleeps);
	for (i = 0; i < 2 * self->pairs; i++) {
		ret = open_windowed(&self->ends[i], "echo");
		if (ret == -ENOENT || ret == -EOPNOTSUPP)
			SKIP(return, "no channel echo, or no vDSO");
		ASSERT_EQ(0, ret);
	}
}

FIXTURE_TEARDOWN(talk)
{
}

static int watch_endpoint(int fd, unsigned int events)
{
	struct epoll_event event = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
	return ep;
}

/* The talkers 2n and 2n + 1 are a pair. */
static void start_talker(struct _test_data_talk *self, int i,
			 const struct _fixture_variant_talk *variant)
{
	struct talker *t = &self->talkers[i];

	t->hunt = &self->hunt;
	t->to = &self->ends[i];
	t->from = &self->ends[i ^ 1];
	t->receive = variant->receive;
	if (variant->epoll)
		t->epoll = watch_endpoint(t->from->fd, variant->epoll);
	pthread_create(&t->thread, NULL, i % 2 ? run_follower : run_leader, t);
}

TEST_F(talk, each_wakes_the_other)
{
	int i;

	for (i = 0; i < 2 * self->pairs; i++)
		start_talker(self, i, variant);
	ASSERT_TRUE(watch(&self->hunt, 2 * self->pairs)) {
		TH_LOG("nobody wakes after %llu records, %llu sleeps",
		       self->hunt.moved, self->hunt.slept);
	}
	for (i = 0; i < 2 * self->pairs; i++) {
		pthread_join(self->talkers[i].thread, NULL);
		close_windowed(&self->ends[i]);
	}
	EXPECT_EQ(0, self->hunt.wrong);
	EXPECT_LE(self->hunt.target, self->hunt.slept);
	TH_LOG("%llu sleeps, %llu records, %d CPUs", self->hunt.slept,
	       self->hunt.moved, get_nprocs());
}

/* --- A sender that waits for room, and a receiver that makes it --- */

typedef int (*push_fn)(struct windowed *w, const char *buf, __u64 tag);

static int push_blocking(struct windowed *w, const char *buf, __u64 tag)
{
	return window_send(w, buf, LONG, tag, 0);
}

static int push_poll(struct windowed *w, const char *buf, __u64 tag)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLOUT };
	int ret;

	for (;;) {
		ret = window_send(w, buf, LONG, tag, BULK_DONTWAIT);
		if (ret != -EAGAIN)
			return ret;
		poll(&pfd, 1, -1);
	}
}

/* What does not fit has to wait for a flush, and that for the receiver. */
static int push_flush(struct windowed *w, const char *buf, __u64 tag)
{
	int ret;

	for (;;) {
		ret = window_send(w, buf, LONG, tag, BULK_DONTWAIT);
		if (ret != -EAGAIN)
			return ret;
		ret = w->call(w->fd, NULL, 0, BULK_FLUSH, w->window);
		if (ret)
			return ret;
	}
}

FIXTURE(room)
{
	struct hunt hunt;
	struct windowed w;
	push_fn push;
	char *buf;
};

FIXTURE_VARIANT(room)
{
	push_fn push;
	unsigned long long sleeps;
};

FIXTURE_VARIANT_ADD(room, send) {
	.push = push_blocking,
	.sleeps = 300,
};

FIXTURE_VARIANT_ADD(room, poll) {
	.push = push_poll,
	.sleeps = 100,
};

FIXTURE_VARIANT_ADD(room, flush) {
	.push = push_flush,
	.sleeps = 400,
};

FIXTURE_SETUP(room)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	self->buf = calloc(1, LONG);
	self->push = variant->push;
	self->hunt.target = ~0ULL;
}

FIXTURE_TEARDOWN(room)
{
}

static void *run_pusher(void *arg)
{
	struct _test_data_room *self = arg;
	struct talker me = { .hunt = &self->hunt };
	__u64 number;

	for (number = 0; !enough(&self->hunt); number++) {
		if (self->push(&self->w, self->buf, number))
			wrong(&self->hunt);
		moved(&self->hunt);
		if (number % LOOK == 0)
			count_sleeps(&me);
	}
	if (window_send(&self->w, self->buf, LONG, STOP, 0))
		wrong(&self->hunt);
	ended(&self->hunt);
	return NULL;
}

/* Until the sender can't go on: one that slept for another reason has ended. */
static void wait_for_full(struct _test_data_room *self)
{
	while (!enough(&self->hunt) &&
	       figure(self->w.fd, "rx-queued-bytes") < 3 * (int)MAX_RECORD)
		usleep(1000);
}

/*
 * Pauses now and then, because on one processor a receiver that each record
 * wakes takes it at once, and its sender never runs out of room.
 */
static void *run_puller(void *arg)
{
	struct _test_data_room *self = arg;
	char *room = calloc(1, LONG);
	__u64 number = 0, tag;

	do {
		if (window_recv(&self->w, room, LONG, &tag, 0) != LONG)
			wrong(&self->hunt);
		if (tag != number++ && tag != STOP)
			wrong(&self->hunt);
		moved(&self->hunt);
		if (number % TURN == 0)
			wait_for_full(self);
	} while (tag != STOP);
	free(room);
	ended(&self->hunt);
	return NULL;
}

TEST_F(room, receiver_wakes_the_sender)
{
	pthread_t pusher, puller;

	pthread_create(&pusher, NULL, run_pusher, self);
	wait_for_full(self);
	__atomic_store_n(&self->hunt.target,
			 self->hunt.slept + scaled(variant->sleeps),
			 __ATOMIC_RELAXED);
	pthread_create(&puller, NULL, run_puller, self);
	ASSERT_TRUE(watch(&self->hunt, 2)) {
		TH_LOG("nobody wakes after %llu records, %llu sleeps",
		       self->hunt.moved, self->hunt.slept);
	}
	pthread_join(pusher, NULL);
	pthread_join(puller, NULL);
	EXPECT_EQ(0, self->hunt.wrong);
	EXPECT_LE(self->hunt.target, self->hunt.slept);
	TH_LOG("%llu sleeps, %llu records, %d CPUs", self->hunt.slept,
	       self->hunt.moved, get_nprocs());
	close_windowed(&self->w);
}

TEST_HARNESS_MAIN
