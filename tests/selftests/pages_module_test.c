// SPDX-License-Identifier: GPL-2.0
/*
 * A provider's pages: which it may push, who gets them, and that all come back.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages_module.h"

#define ROOM	(64 * PAGE)
#define LEN	(3 * PAGE + 100)	/* of a record, and so four pages */
#define MANY	100	/* records of such a length: more than there is room for */

/* Map the next record, @lost records after the one before it. */
static void expect_mapped(struct __test_metadata *_metadata, int fd, char *at,
			  size_t len, __u64 tag, __u32 lost)
{
	struct bulk_seg seg = seg_map(at, len);

	ASSERT_EQ(1, bulk_xfer(fd, &seg, 1, BULK_DONTWAIT));
	ASSERT_EQ(len, seg.res);
	ASSERT_EQ(tag, seg.tag);
	ASSERT_EQ(lost, seg.lost);
	ASSERT_TRUE(is_mapped(at, len, tag));
}

static void expect_nothing(struct __test_metadata *_metadata, int fd,
			   char *room)
{
	EXPECT_EQ(-EAGAIN, bulk_map(fd, room, ROOM, NULL));
	EXPECT_EQ(0, figure(fd, "rx-queued"));
}

FIXTURE(pages)
{
	int fd;
	char *room, *in;
};

FIXTURE_SETUP(pages)
{
	int ret = load_pages("");

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_pages");
	ASSERT_EQ(0, ret);
	self->fd = open_channel("pages", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->room = map_room(self->fd, ROOM);
	ASSERT_NE(NULL, self->room);
	self->in = malloc(PAGES_MAX_RECORD);
}

/* The provider is alone with its pages in the end, after any of the tests. */
FIXTURE_TEARDOWN(pages)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->room)
		munmap(self->room, ROOM);
	EXPECT_EQ(0, busy_pages(0));
	EXPECT_EQ(0, unload_module("bulk_pages"));
	free(self->in);
}

/* --- References --- */

TEST_F(pages, are_given_back_one_by_one)
{
	ASSERT_EQ(0, push(self->fd, 1, LEN, PAGES_OWN));
	EXPECT_EQ(4, busy_pages(4));
	expect_mapped(_metadata, self->fd, self->room, LEN, 0, 0);
	EXPECT_EQ(4, busy_pages(4));
	ASSERT_EQ(0, madvise(self->room + PAGE, PAGE, MADV_DONTNEED));
	EXPECT_EQ(3, busy_pages(3));
	ASSERT_EQ(0, push(self->fd, 1, PAGE, PAGES_OWN));
	EXPECT_EQ(4, busy_pages(4));
	/* In place of the first one's first page. */
	expect_mapped(_metadata, self->fd, self->room, PAGE, 1, 0);
	EXPECT_EQ(3, busy_pages(3));
	ASSERT_EQ(0, munmap(self->room, ROOM));
	self->room = NULL;
	EXPECT_EQ(0, busy_pages(0));
}

TEST_F(pages, are_given_back_when_they_are_copied)
{
	struct bulk_seg seg;

	ASSERT_EQ(0, push(self->fd, 3, LEN, PAGES_OWN));
	EXPECT_EQ(12, busy_pages(12));
	ASSERT_EQ(LEN, bulk_recv(self->fd, self->in, LEN, NULL));
	EXPECT_EQ(LEN, filled(self->in, LEN, 0));
	EXPECT_EQ(8, busy_pages(8));
	ASSERT_EQ(LEN, read(self->fd, self->in, LEN));
	EXPECT_EQ(LEN, filled(self->in, LEN, 1));
	EXPECT_EQ(4, busy_pages(4));
	seg = seg_recv_region(self->in, PAGES_MAX_RECORD);
	ASSERT_EQ(1, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(1, region_count(self->in, seg.res, 2));
	EXPECT_EQ(0, busy_pages(0));
	expect_nothing(_metadata, self->fd, self->room);
}

/* Those that nobody has received are given back with the endpoint. */
TEST_F(pages, outlive_the_endpoint_where_they_are_mapped)
{
	ASSERT_EQ(0, push(self->fd, 3, LEN, PAGES_OWN));
	expect_mapped(_metadata, self->fd, self->room, LEN, 0, 0);
	EXPECT_EQ(12, busy_pages(12));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	/* The mapping keeps the file. */
	EXPECT_EQ(12, busy_pages(12));
	EXPECT_TRUE(is_mapped(self->room, LEN, 0));
	ASSERT_EQ(0, munmap(self->room, ROOM));
	self->room = NULL;
	EXPECT_EQ(0, busy_pages(0));
}

TEST_F(pages, outlive_the_channel)
{
	ASSERT_EQ(0, push(self->fd, 2, LEN, PAGES_OWN));
	expect_mapped(_metadata, self->fd, self->room, LEN, 0, 0);
	ASSERT_EQ(0, end_pages());
	EXPECT_EQ(-ENODEV, push(self->fd, 1, LEN, PAGES_OWN));
	EXPECT_TRUE(is_mapped(self->room, LEN, 0));
	EXPECT_EQ(8, busy_pages(8));
	/* Records that were pushed are still to be had, and then no more. */
	expect_mapped(_metadata, self->fd, self->room + 8 * PAGE, LEN, 1, 0);
	EXPECT_EQ(-ENODEV, bulk_map(self->fd, self->room, ROOM, NULL));
	EXPECT_EQ(8, busy_pages(8));
	ASSERT_EQ(0, munmap(self->room, ROOM));
	self->room = NULL;
	EXPECT_EQ(0, busy_pages(0));
}

TEST_F(pages, outlive_the_module)
{
	ASSERT_EQ(0, push(self->fd, 2, LEN, PAGES_OWN));
	expect_mapped(_metadata, self->fd, self->room, LEN, 0, 0);
	ASSERT_EQ(0, unload_module("bulk_pages"));
	EXPECT_TRUE(is_mapped(self->room, LEN, 0));
	ASSERT_EQ(LEN, bulk_recv(self->fd, self->in, LEN, NULL));
	EXPECT_EQ(LEN, filled(self->in, LEN, 1));
	EXPECT_EQ(-ENODEV, bulk_map(self->fd, self->room, ROOM, NULL));
	ASSERT_EQ(0, load_module("bulk_pages", ""));
	EXPECT_TRUE(is_mapped(self->room, LEN, 0));
}

TEST_F(pages, end_of_the_channel_wakes_a_receiver)
{
	struct waiter waiter;

	ASSERT_EQ(0, push(self->fd, 1, LEN, PAGES_OWN));
	expect_mapped(_metadata, self->fd, self->room, LEN, 0, 0);
	start_waiter(&waiter, self->fd, seg_map(self->room, ROOM));
	ASSERT_EQ(0, end_pages());
	pthread_join(waiter.thread, NULL);
	EXPECT_EQ(-ENODEV, waiter.ret);
	EXPECT_EQ(-ENODEV, waiter.seg.res);
	EXPECT_TRUE(is_mapped(self->room, LEN, 0));
}

/* A child that has mapped a record, and waits for another one. */
static pid_t start_child(void)
{
	pid_t pid = fork_child();
	struct bulk_seg seg;
	char *room;
	int fd;

	if (pid)
		return pid;
	fd = open_channel("pages", O_RDWR | O_CLOEXEC);
	room = map_room(fd, ROOM);
	if (!room || push(fd, 2, LEN, PAGES_OWN) ||
	    bulk_map(fd, room, LEN, NULL) != (int)LEN ||
	    bulk_map(fd, room + 8 * PAGE, LEN, NULL) != (int)LEN)
		_exit(1);
	seg = seg_map(room, ROOM);
	bulk_xfer(fd, &seg, 1, 0);
	_exit(2);
}

TEST_F(pages, are_given_back_by_the_killed)
{
	pid_t pid = start_child();

	EXPECT_EQ(8, busy_pages(8));
	wait_blocked(pid, __NR_bulk_xfer);
	EXPECT_EQ(8, busy_pages(8));
	EXPECT_TRUE(kill_child(pid));
	EXPECT_EQ(0, busy_pages(0));
}

/* --- What may be pushed --- */

TEST_F(pages, of_every_length)
{
	static const size_t lens[] = {
		PAGE, PAGE + 1, 2 * PAGE - 1, 2 * PAGE, PAGES_MAX_RECORD - 1,
		PAGES_MAX_RECORD,
	};
	static const enum pages_kind kinds[] = {
		PAGES_OWN, PAGES_COMPOUND, PAGES_IN_IRQ,
	};
	unsigned int i, j;
	__u64 tag = 0;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (j = 0; j < ARRAY_SIZE(lens); j++, tag++) {
			ASSERT_EQ(0, push(self->fd, 1, lens[j], kinds[i]));
			expect_mapped(_metadata, self->fd, self->room + 3 * PAGE,
				      lens[j], tag, 0);
		}
	EXPECT_EQ(tag, figure(self->fd, "rx-records"));
	EXPECT_EQ(0, figure(self->fd, "rx-queued-bytes"));
}

TEST_F(pages, of_no_length)
{
	EXPECT_EQ(-EINVAL, push(self->fd, 1, 0, PAGES_OWN));
	EXPECT_EQ(-EINVAL, push(self->fd, 1, 1, PAGES_OWN));
	EXPECT_EQ(-EINVAL, push(self->fd, 1, PAGE - 1, PAGES_OWN));
	EXPECT_EQ(-EMSGSIZE, push(self->fd, 1, PAGES_MAX_RECORD + 1, PAGES_OWN));
	EXPECT_EQ(0, busy_pages(0));
	expect_nothing(_metadata, self->fd, self->room);
	EXPECT_EQ(0, figure(self->fd, "rx-lost"));
	/* Nor did it take a place. */
	ASSERT_EQ(0, push(self->fd, 1, LEN, PAGES_OWN));
	expect_mapped(_metadata, self->fd, self->room, LEN, 0, 0);
}

/* Anonymous pages, those of files, and such as the allocator has objects in. */
TEST_F(pages, of_others)
{
	int fd = memfd_create("bulk", 0);
	char *page = map_pages(1);

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, page);
	memset(page, 1, PAGE);
	EXPECT_EQ(-EINVAL, push_yours(self->fd, page));
	ASSERT_EQ(PAGE, write(fd, page, PAGE));
	ASSERT_EQ(page, mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED |
			     MAP_FIXED, fd, 0));
	*page = 2;
	EXPECT_EQ(-EINVAL, push_yours(self->fd, page));
	EXPECT_EQ(-EINVAL, push(self->fd, 1, PAGE, PAGES_SLAB));
	expect_nothing(_metadata, self->fd, self->room);
	EXPECT_EQ(0, figure(self->fd, "rx-lost"));
	munmap(page, PAGE);
	close(fd);
}

/* In the order of the pushes, whatever they are made of. */
TEST_F(pages, between_others)
{
	__u64 tag, got;

	ASSERT_EQ(0, push(self->fd, 20, PAGE + 8, PAGES_MIXED));
	for (tag = 0; tag < 20; tag += 2) {
		expect_mapped(_metadata, self->fd, self->room + 2 * tag * PAGE,
			      PAGE + 8, tag, 0);
		ASSERT_EQ(-EOPNOTSUPP, bulk_map(self->fd, self->room, ROOM,
						NULL));
		ASSERT_EQ(PAGE + 8, bulk_recv(self->fd, self->in, PAGE + 8,
					      &got));
		ASSERT_EQ(tag + 1, got);
		ASSERT_EQ(PAGE + 8, filled(self->in, PAGE + 8, tag + 1));
	}
	EXPECT_EQ(20, busy_pages(20));
	expect_nothing(_metadata, self->fd, self->room);
}

/* A RECV into the room makes room at the provider. */
TEST_F(pages, wait_for_room)
{
	struct pages_request req = { .count = 1, .len = LEN };
	struct waiter waiter;
	__u64 tag = 0, last;

	ASSERT_EQ(0, push(self->fd, MANY, LEN, PAGES_OWN));
	last = figure(self->fd, "rx-queued");
	EXPECT_EQ(-EAGAIN, push(self->fd, 1, LEN, PAGES_OWN));
	start_waiter(&waiter, self->fd, seg_send(&req, sizeof(req), 0));
	expect_mapped(_metadata, self->fd, self->room, LEN, tag++, 0);
	pthread_join(waiter.thread, NULL);
	EXPECT_EQ(1, waiter.ret);
	while (tag <= last)
		expect_mapped(_metadata, self->fd, self->room, LEN, tag++, 0);
	expect_nothing(_metadata, self->fd, self->room);
}

/* --- Policies --- */

FIXTURE(policy)
{
	int fd;
	char *room;
};

FIXTURE_VARIANT(policy)
{
	const char *params;	/* of the module */
	bool lossy;
	bool keeps_first;	/* the first records are received, not the last */
};

FIXTURE_VARIANT_ADD(policy, block)
{
	.params = "policy=0", .keeps_first = true,
};

FIXTURE_VARIANT_ADD(policy, refuse_newest)
{
	.params = "policy=1", .lossy = true, .keeps_first = true,
};

FIXTURE_VARIANT_ADD(policy, overwrite_oldest)
{
	.params = "policy=2", .lossy = true,
};

FIXTURE_SETUP(policy)
{
	int ret = load_pages(variant->params);

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_pages");
	ASSERT_EQ(0, ret);
	self->fd = open_channel("pages", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->room = map_room(self->fd, ROOM);
	ASSERT_NE(NULL, self->room);
}

FIXTURE_TEARDOWN(policy)
{
	close(self->fd);
	munmap(self->room, ROOM);
	EXPECT_EQ(0, busy_pages(0));
	EXPECT_EQ(0, unload_module("bulk_pages"));
}

/* As many as there is room for, whether whole pages count or their bytes. */
static __u64 push_too_many(struct __test_metadata *_metadata, int fd)
{
	__u64 kept;

	ASSERT_EQ(0, push(fd, MANY, LEN, PAGES_OWN));
	kept = figure(fd, "rx-queued");
	EXPECT_LE(PAGES_RX_LIMIT / (whole_pages(LEN) + PAGE), kept);
	EXPECT_GE(PAGES_RX_LIMIT / LEN, kept);
	EXPECT_EQ(4 * kept, busy_pages(4 * kept));
	return kept;
}

/* The next record tells of those lost after the last one. */
TEST_F(policy, loses_as_it_says)
{
	__u64 kept = push_too_many(_metadata, self->fd), tag, last;

	EXPECT_EQ(variant->lossy ? MANY - kept : 0, figure(self->fd, "rx-lost"));
	tag = variant->keeps_first ? 0 : MANY - kept;
	last = tag + kept - 1;
	expect_mapped(_metadata, self->fd, self->room, LEN, tag, tag);
	while (tag < last)
		expect_mapped(_metadata, self->fd, self->room, LEN, ++tag, 0);
	expect_nothing(_metadata, self->fd, self->room);
	EXPECT_EQ(4, busy_pages(4));
	tag = variant->lossy ? MANY : last + 1;
	ASSERT_EQ(0, push(self->fd, 1, LEN, PAGES_OWN));
	expect_mapped(_metadata, self->fd, self->room, LEN, tag,
		      tag - last - 1);
}

TEST_HARNESS_MAIN
