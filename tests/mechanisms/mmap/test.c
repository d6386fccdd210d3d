// SPDX-License-Identifier: GPL-2.0
/*
 * The mapped ring: samples without a copy, poll, eventfd, overwriting, bad counts, a debugfs page.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdint.h>
#include <sys/eventfd.h>

#include "lab_test.h"
#include "ring.h"

#define LIMIT_MS	20000
#define PAGE		"/sys/kernel/debug/lab_mmap/page"

FIXTURE_LAB("mmap")

static volatile struct ring_control *map_ring(int fd)
{
	void *map = mmap(NULL, RING_MAP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void *slot(volatile struct ring_control *ring, __u32 area, __u32 bytes, __u64 count)
{
	return (char *)ring + area + count % ring->slots * bytes;
}

TEST_F(lab, samples_come_by_themselves)
{
	struct pollfd pfd = { .fd = self->ctl, .events = POLLIN };
	volatile struct ring_control *ring = map_ring(self->ctl);
	__u64 block, i;
	__u16 next = 0;

	ASSERT_NE(NULL, ring);
	ASSERT_EQ(0, lab_set(self->ctl, 512, 1, RING_SAMPLES));
	for (block = 0; block < 10; block++) {
		__u16 *samples = slot(ring, RING_TO_USER, 512, block);

		while (ring->to_user <= block)
			ASSERT_EQ(1, poll(&pfd, 1, LIMIT_MS));
		for (i = 0; i < 256; i++)
			ASSERT_EQ(next++, samples[i]);
	}
	munmap((void *)ring, RING_MAP);
}

TEST_F(lab, records_are_read_in_place)
{
	volatile struct ring_control *ring = map_ring(self->ctl);
	__u64 n;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(100, ioctl(self->ctl, LAB_PRODUCE, 100));
	ASSERT_EQ(100, ring->to_user);
	for (n = 0; n < 100; n++)
		EXPECT_TRUE(lab_is_record(slot(ring, RING_TO_USER, 64, n), 64, n));
	munmap((void *)ring, RING_MAP);
}

TEST_F(lab, records_are_taken_in_place)
{
	volatile struct ring_control *ring = map_ring(self->ctl);

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EAGAIN, errno);
	lab_produce(slot(ring, RING_TO_KERNEL, 64, 0), 64, 0);
	lab_produce(slot(ring, RING_TO_KERNEL, 64, 1), 64, 1);
	ring->to_kernel = 2;
	EXPECT_EQ(0, ioctl(self->ctl, LAB_CONSUME, 2));
	EXPECT_EQ(2, ring->taken);
	EXPECT_EQ(128, lab_received(self->ctl));
	munmap((void *)ring, RING_MAP);
}

/* What the user writes there is no more than a claim. */
TEST_F(lab, kernel_does_not_trust_the_counts)
{
	volatile struct ring_control *ring = map_ring(self->ctl);

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ring->to_kernel = ring->slots + 1;
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EBADMSG, errno);
	ring->to_kernel = -1ULL;
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EBADMSG, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
	ring->slots = 0;
	ring->to_user = 12345;
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, ring->to_user);
	munmap((void *)ring, RING_MAP);
}

TEST_F(lab, the_oldest_are_overwritten_and_counted)
{
	volatile struct ring_control *ring = map_ring(self->ctl);
	__u64 oldest;

	ASSERT_EQ(0, lab_set(self->ctl, 1024, 1, 0));
	ASSERT_EQ(10000, ioctl(self->ctl, LAB_PRODUCE, 10000));
	ASSERT_EQ(10000, ring->to_user);
	oldest = ring->to_user - ring->slots;
	EXPECT_GT(oldest, 0);
	EXPECT_EQ(oldest, lab_seq(slot(ring, RING_TO_USER, 1024, oldest)));
	munmap((void *)ring, RING_MAP);
}

TEST_F(lab, poll_tells_once_of_what_is_new)
{
	struct pollfd pfd = { .fd = self->ctl, .events = POLLIN };

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 2));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN, pfd.revents);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
}

TEST_F(lab, eventfd_is_signalled)
{
	int event = eventfd(0, EFD_NONBLOCK);
	__u64 count;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(0, ioctl(self->ctl, RING_EVENTFD, event));
	EXPECT_EQ(-1, read(event, &count, sizeof(count)));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(8, read(event, &count, sizeof(count)));
	EXPECT_EQ(2, count);
	EXPECT_EQ(-1, ioctl(self->ctl, RING_EVENTFD, self->ctl));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, RING_EVENTFD, 9999));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0, ioctl(self->ctl, RING_EVENTFD, -1));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(-1, read(event, &count, sizeof(count)));
	close(event);
}

static int map_errno(int fd, size_t len, int prot, int flags, off_t off)
{
	void *map = mmap(NULL, len, prot, flags, fd, off);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, len);
	return 0;
}

TEST_F(lab, mappings_have_limits)
{
	EXPECT_EQ(0, map_errno(self->ctl, 4096, PROT_READ, MAP_SHARED, RING_TO_USER));
	EXPECT_EQ(EINVAL, map_errno(self->ctl, RING_MAP + 4096, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, map_errno(self->ctl, 8192, PROT_READ, MAP_SHARED, RING_MAP - 4096));
	EXPECT_EQ(EINVAL, map_errno(self->ctl, 4096, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, map_errno(self->ctl, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, 0));
}

TEST_F(lab, mapping_keeps_the_module)
{
	volatile struct ring_control *ring = map_ring(self->ctl);

	ASSERT_EQ(0, close(self->ctl));
	self->ctl = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("mmap"));
	EXPECT_GT(ring->slots, 0);
	munmap((void *)ring, RING_MAP);
}

TEST_F(lab, page_of_debugfs_is_mapped)
{
	int fd = open(PAGE, O_RDONLY);
	char *page;

	ASSERT_GE(fd, 0);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, page);
	EXPECT_STREQ(RING_PAGE_TEXT, page);
	EXPECT_EQ(-1, mprotect(page, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	munmap(page, 4096);
	EXPECT_EQ(EINVAL, map_errno(fd, 8192, PROT_READ, MAP_SHARED, 0));
	close(fd);
}

TEST_HARNESS_MAIN
