// SPDX-License-Identifier: GPL-2.0
/*
 * A provider's pages while it overwrites them, while it ends, while its reader ends.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages_module.h"

#include <sched.h>

#define LEN	(3 * PAGE + 100)	/* of a record, and so four pages */
#define ROOM	(8 * PAGE)

FIXTURE(provider)
{
	int fd;
	char *room;
	__u64 pushed, received, lost, next;
	__u64 some;	/* records before the channel ends */
	int done;
	long ret;
	pthread_t thread;
};

static void open_pages(struct __test_metadata *_metadata,
		       struct _test_data_provider *self, const char *params)
{
	*self = (struct _test_data_provider){ };
	ASSERT_EQ(0, load_pages(params));
	self->fd = open_channel("pages", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->room = map_room(self->fd, ROOM);
	ASSERT_NE(NULL, self->room);
}

static void close_pages(struct __test_metadata *_metadata,
			struct _test_data_provider *self)
{
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, munmap(self->room, ROOM));
	EXPECT_EQ(0, busy_pages(0));
	EXPECT_EQ(0, unload_module("bulk_pages"));
}

FIXTURE_SETUP(provider)
{
	int ret = load_pages("");

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_pages");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(provider)
{
	unload_module("bulk_pages");
}

/* Map the next record; whatever is missing before it must have been told. */
static long take(struct __test_metadata *_metadata,
		 struct _test_data_provider *self, unsigned int flags)
{
	struct bulk_seg seg = seg_map(self->room, LEN);
	long ret = bulk_xfer(self->fd, &seg, 1, flags);

	if (ret != 1)
		return ret;
	EXPECT_EQ(LEN, seg.res);
	EXPECT_EQ(self->next + seg.lost, seg.tag);
	EXPECT_TRUE(is_mapped(self->room, LEN, seg.tag));
	self->next = seg.tag + 1;
	self->lost += seg.lost;
	self->received++;
	return 1;
}

static void *push_many(void *arg)
{
	struct _test_data_provider *self = arg;
	__u64 many = rounds(20000, 1000, 400);

	while (self->pushed < many) {
		self->ret = push(self->fd, 8, LEN, PAGES_OWN);
		if (self->ret)
			break;
		self->pushed += 8;
	}
	__atomic_store_n(&self->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F(provider, overwrites)
{
	long ret;
	bool done;

	open_pages(_metadata, self, "policy=2");
	pthread_create(&self->thread, NULL, push_many, self);
	do {
		done = __atomic_load_n(&self->done, __ATOMIC_ACQUIRE);
		ret = take(_metadata, self, BULK_DONTWAIT);
		ASSERT_TRUE(ret == 1 || ret == -EAGAIN);
	} while (ret == 1 || !done);
	pthread_join(self->thread, NULL);
	ASSERT_EQ(0, self->ret);
	/* A loss after the last record is told by the next one. */
	ASSERT_EQ(0, push(self->fd, 1, LEN, PAGES_OWN));
	ASSERT_EQ(1, take(_metadata, self, BULK_DONTWAIT));
	EXPECT_EQ(self->pushed + 1, self->received + self->lost);
	EXPECT_EQ(self->pushed + 1, self->next);
	EXPECT_EQ(self->lost, figure(self->fd, "rx-lost"));
	TH_LOG("%llu received, %llu lost", self->received, self->lost);
	close_pages(_metadata, self);
}

/* Each push that is told to have worked, and no other, is a record. */
static void *push_until_gone(void *arg)
{
	struct _test_data_provider *self = arg;
	struct pages_request req = { .count = 1, .len = LEN };
	struct bulk_seg seg;

	for (;;) {
		seg = seg_send(&req, sizeof(req), 0);
		self->ret = bulk_xfer(self->fd, &seg, 1, 0);
		if (self->ret != 1)
			return NULL;
		__atomic_add_fetch(&self->pushed, 1, __ATOMIC_RELAXED);
	}
}

static void *end_channel(void *arg)
{
	struct _test_data_provider *self = arg;

	while (__atomic_load_n(&self->pushed, __ATOMIC_RELAXED) < self->some)
		sched_yield();
	end_pages();
	return NULL;
}

TEST_F(provider, ends)
{
	int many = rounds(100, 30, 5), round;
	pthread_t thread;
	long ret;

	for (round = 0; round < many; round++) {
		open_pages(_metadata, self, "");
		self->some = bulk_source_word(getpid(), round) % 50;
		pthread_create(&self->thread, NULL, push_until_gone, self);
		pthread_create(&thread, NULL, end_channel, self);
		do
			ret = take(_metadata, self, 0);
		while (ret == 1);
		EXPECT_EQ(-ENODEV, ret);
		pthread_join(self->thread, NULL);
		pthread_join(thread, NULL);
		EXPECT_EQ(-ENODEV, self->ret);
		/* Pushed by the last calls, after the receiver was told. */
		while (take(_metadata, self, 0) == 1)
			;
		EXPECT_EQ(self->pushed, self->received);
		EXPECT_EQ(0, self->lost);
		close_pages(_metadata, self);
	}
}

/* Have records pushed, and map them all over the room, until the end. */
static void live(__u64 *mapped)
{
	int fd = open_channel("pages", O_RDWR);
	char *room = map_room(fd, ROOM);
	__u64 i = 0;

	while (room && !push(fd, 1, PAGE + i % (4 * PAGE), PAGES_OWN) &&
	       bulk_map(fd, room + i % 4 * PAGE, 5 * PAGE, NULL) > 0) {
		__atomic_store_n(mapped, ++i, __ATOMIC_RELAXED);
		if (i % 16)
			continue;
		munmap(room, ROOM);
		room = map_room(fd, ROOM);
	}
	__atomic_store_n(mapped, ++i, __ATOMIC_RELAXED);
	_exit(KSFT_FAIL);
}

TEST_F(provider, has_readers_that_are_killed)
{
	__u64 *mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int many = rounds(500, 100, 20), round;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, mapped);
	for (round = 0; round < many; round++) {
		*mapped = 0;
		pid = fork_child();
		if (!pid)
			live(mapped);
		while (!__atomic_load_n(mapped, __ATOMIC_RELAXED))
			usleep(100);
		usleep(bulk_source_word(getpid(), round) % 6000);
		ASSERT_TRUE(kill_child(pid));
		ASSERT_EQ(0, busy_pages(0));
	}
}

TEST_HARNESS_MAIN
