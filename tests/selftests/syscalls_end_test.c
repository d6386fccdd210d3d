// SPDX-License-Identifier: GPL-2.0
/*
 * Recordings that end at any time: a killed recorder, a module that goes away.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The module is taken out and put back: nothing else that records may run at
 * the same time.
 */
#include "syscalls.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "cgroup.h"
#include "module.h"

#define TRACED		3		/* one for each policy */
#define LIFE_NS		30000000UL	/* longest life of a first recorder */
#define NS_PER_S	1000000000UL
#define SLACK		(BULK_SYSCALLS_RING / 2) /* bytes */

FIXTURE(end) {
	struct child traced[TRACED];
	unsigned long *made; /* calls of each */
	unsigned long *begun; /* recorders that were killed in full flight */
	bool cgroup;
};

static void call_forever(struct child *c, void *arg)
{
	unsigned long *made = arg;

	for (;;) {
		raw_call(__NR_getppid, 0, 0, 0, 0, 0, 0);
		__atomic_add_fetch(made, 1, __ATOMIC_RELEASE);
	}
}

FIXTURE_SETUP(end)
{
	int i;

	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	self->made = share();
	ASSERT_NE(MAP_FAILED, self->made);
	self->begun = self->made + TRACED;
	for (i = 0; i < TRACED; i++) {
		ASSERT_EQ(0, spawn(&self->traced[i], call_forever,
				   &self->made[i]));
		resume(&self->traced[i]);
	}
}

/* Whatever the test did, the channel is back for the next one. */
FIXTURE_TEARDOWN(end)
{
	int ret = load_module(MODULE, ""), i;

	EXPECT_TRUE(ret == 0 || ret == -EEXIST || ret == -ENOENT);
	for (i = 0; i < TRACED; i++) {
		kill(self->traced[i].pid, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, ended(self->traced[i].pid));
	}
	if (self->cgroup)
		cgroup_remove();
}

static unsigned long made(struct _test_data_end *self, int i)
{
	return __atomic_load_n(&self->made[i], __ATOMIC_ACQUIRE);
}

/* Every child goes on, for as long as it is looked at. */
static void wait_going_on(struct _test_data_end *self)
{
	unsigned long before;
	int i;

	for (i = 0; i < TRACED; i++)
		for (before = made(self, i); made(self, i) < before + 100;)
			usleep(1000);
}

static int start_of(struct _test_data_end *self, struct recording *r, int i)
{
	struct bulk_syscalls_request req = { .policy = i };

	return start_pid(r, &req, self->traced[i].pid);
}

/* Nobody receives of the last one, whose child waits. */
static void record_for_life(struct _test_data_end *self)
{
	struct recording r[TRACED];
	struct log joined = { };
	int i, fd;

	for (i = 0; i < TRACED; i++)
		if (start_of(self, &r[i], i))
			_exit(KSFT_FAIL);
	fd = open_channel("syscalls", O_RDWR);
	if (ask_short(fd, BULK_SYSCALLS_JOIN, r[0].started.recording, 0))
		_exit(KSFT_FAIL);
	++*self->begun;
	for (;;) {
		for (i = 0; i < TRACED - 1; i++) {
			r[i].log.used = 0;
			log_receive(&r[i].log, r[i].fd, BULK_DONTWAIT);
		}
		joined.used = 0;
		log_receive(&joined, fd, BULK_DONTWAIT);
	}
}

/*
 * A recorder that is killed at any time, from before its first START on, and
 * less than @longest nanoseconds later.
 */
static void kill_one(struct __test_metadata *_metadata,
		     struct _test_data_end *self, int round,
		     unsigned long longest)
{
	unsigned long ns = bulk_source_word(getpid(), round) % longest;
	struct timespec life = {
		.tv_sec = ns / NS_PER_S,
		.tv_nsec = ns % NS_PER_S,
	};
	pid_t pid = fork();

	if (!pid)
		record_for_life(self);
	nanosleep(&life, NULL);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(128 + SIGKILL, ended(pid));
}

/*
 * A test in which nobody records shows nothing: half of them must have, so lives
 * get longer for as long as fewer do.
 */
static void kill_many(struct __test_metadata *_metadata,
		      struct _test_data_end *self, unsigned long many)
{
	unsigned long round, longest = LIFE_NS;

	*self->begun = 0;
	for (round = 0; round < many || *self->begun < many / 2; round++) {
		kill_one(_metadata, self, round, longest);
		if (*self->begun * 2 < round)
			longest += longest / 4;
	}
}

TEST_F(end, killed_recorders)
{
	long long before = sysfs_figure("syscalls", "endpoints");
	struct recording r;
	int ret;

	kill_many(_metadata, self, rounds(1000, 6, 2));
	wait_going_on(self);
	EXPECT_EQ(before, sysfs_figure("syscalls", "endpoints"));
	/* A new one begins afresh. */
	ASSERT_EQ(0, start_of(self, &r, 0));
	wait_going_on(self);
	ASSERT_NE(NULL, stop(&r));
	end_recording(&r);
	ret = unload_module(MODULE);
	EXPECT_TRUE(ret == 0 || ret == -ENOENT);
}

TEST_F(end, memory_comes_back)
{
	long long before;

	self->cgroup = !cgroup_create() && !cgroup_set("cgroup.procs", "0");
	if (!self->cgroup)
		SKIP(return, "no memory cgroup");
	kill_many(_metadata, self, 1);
	before = memory_settled(SLACK);
	kill_many(_metadata, self, rounds(200, 3, 1));
	EXPECT_GT(before + SLACK, memory_settled(before + SLACK / 2));
}

struct reader {
	pthread_t thread;
	struct recording r;
	pid_t tid;
	long ret;
	struct pollfd pfd;
};

static void *receive_until_error(void *arg)
{
	struct reader *reader = arg;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	do {
		reader->r.log.used = 0;
		reader->ret = log_receive(&reader->r.log, reader->r.fd, 0);
	} while (reader->ret >= 0);
	return NULL;
}

static void *poll_for_nothing(void *arg)
{
	struct reader *reader = arg;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	reader->pfd = (struct pollfd){ .fd = reader->r.fd };
	reader->ret = poll(&reader->pfd, 1, -1);
	return NULL;
}

/* A thread that sleeps in this call before long. */
static void start_reader(struct reader *reader, void *(*body)(void *), long nr)
{
	pthread_create(&reader->thread, NULL, body, reader);
	while (!__atomic_load_n(&reader->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(reader->tid, nr);
}

static bool can_unload(void)
{
	return !access("/sys/module/" MODULE "/refcnt", F_OK);
}

/*
 * One recording is being read, one is polled, and the child of the last one
 * waits for a reader: all get to know.
 */
static void unload_in_flight(struct __test_metadata *_metadata,
			     struct _test_data_end *self)
{
	struct reader readers[TRACED] = { };
	int i;

	for (i = 0; i < TRACED; i++)
		ASSERT_EQ(0, start_of(self, &readers[i].r, i));
	pthread_create(&readers[0].thread, NULL, receive_until_error,
		       &readers[0]);
	start_reader(&readers[1], poll_for_nothing, __NR_poll);
	wait_blocked(self->traced[BULK_SYSCALLS_BLOCK].pid, __NR_getppid);
	ASSERT_EQ(0, unload_module(MODULE));
	wait_going_on(self);
	pthread_join(readers[0].thread, NULL);
	pthread_join(readers[1].thread, NULL);
	EXPECT_EQ(-ENODEV, readers[0].ret);
	EXPECT_EQ(1, readers[1].ret);
	EXPECT_EQ(POLLERR | POLLHUP, readers[1].pfd.revents);
	for (i = 0; i < TRACED; i++) {
		EXPECT_EQ(-ENODEV, ask_short(readers[i].r.fd,
					     BULK_SYSCALLS_STOP, 0, 0));
		receive_until_error(&readers[i]);
		EXPECT_EQ(-ENODEV, readers[i].ret);
		end_recording(&readers[i].r);
	}
	EXPECT_EQ(-ENOENT, open_channel("syscalls", O_RDWR));
	ASSERT_EQ(0, load_module(MODULE, ""));
}

TEST_F(end, unload_in_flight)
{
	int round, many = rounds(50, 2, 1);

	if (!can_unload())
		SKIP(return, MODULE " is no module that can be unloaded");
	for (round = 0; round < many; round++)
		unload_in_flight(_metadata, self);
}

/* A recorder that sleeps where nothing comes. */
TEST_F(end, unload_wakes_a_sleeper)
{
	struct bulk_syscalls_request req = { };
	struct reader reader = { };

	if (!can_unload())
		SKIP(return, MODULE " is no module that can be unloaded");
	filter_call(&req.filter, __NR_getuid);
	ASSERT_EQ(0, start_pid(&reader.r, &req, self->traced[0].pid));
	start_reader(&reader, receive_until_error, __NR_bulk_xfer);
	ASSERT_EQ(0, unload_module(MODULE));
	pthread_join(reader.thread, NULL);
	EXPECT_EQ(-ENODEV, reader.ret);
	end_recording(&reader.r);
}

TEST_HARNESS_MAIN
