// SPDX-License-Identifier: GPL-2.0
/*
 * The channel /dev/bulk/lab by page: records in the program's pages, and in the kernel half's, which it uses again.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <xxhash.h>

#include "bulk_xfer.h"
#include "lab_channel.h"
#include "lab_test.h"

#define CHANNEL	"/dev/bulk/lab"
#define PAGE	4096
#define ROOM	(2 * PAGE)
#define MANY	100000	/* far more than the kernel half has pages */

FIXTURE_LAB("syscall")

static int open_channel(void)
{
	return open(CHANNEL, O_RDWR | O_CLOEXEC);
}

/* The kernel half's records lie in pages. */
static int open_pages(int ctl)
{
	return lab_set(ctl, PAGE, 1, LAB_QUEUED | LAB_CHANNEL_PAGES) ? -1 : open_channel();
}

static long run(int fd, __u16 op, __u16 flags, void *at)
{
	struct bulk_seg seg = bulk_seg_of(op, flags, at, PAGE);
	long ret = bulk_xfer(fd, &seg, 1, BULK_DONTWAIT);

	return ret == 1 ? seg.res : ret;
}

/* At an odd address, so that it lies in two pages. */
TEST_F(lab, record_is_taken_in_its_pages)
{
	char buf[2 * PAGE], *at = buf + 1;
	struct lab_totals totals;
	int fd = open_channel();

	lab_prepare(at, PAGE);
	lab_produce(at, PAGE, 5);
	ASSERT_EQ(0, lab_set(self->ctl, PAGE, 1, 0));
	EXPECT_EQ(PAGE, run(fd, BULK_OP_SEND, BULK_SEG_PIN, at));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_TOTALS, &totals));
	EXPECT_EQ(PAGE, totals.bytes);
	EXPECT_EQ(XXH64(at, PAGE, 0), totals.checksum);
	close(fd);
}

TEST_F(lab, records_are_mapped_or_copied)
{
	int fd = open_pages(self->ctl);
	char *room = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, fd, BULK_OFF_PAGES);
	char buf[PAGE];

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_EQ(3, ioctl(self->ctl, LAB_PRODUCE, 3));
	EXPECT_EQ(PAGE, run(fd, BULK_OP_RECV, BULK_SEG_MAP, room));
	EXPECT_EQ(PAGE, run(fd, BULK_OP_RECV, 0, buf));
	EXPECT_EQ(PAGE, run(fd, BULK_OP_RECV, BULK_SEG_MAP, room + PAGE));
	EXPECT_TRUE(lab_is_record(room, PAGE, 0));
	EXPECT_TRUE(lab_is_record(buf, PAGE, 1));
	EXPECT_TRUE(lab_is_record(room + PAGE, PAGE, 2));
	munmap(room, ROOM);
	close(fd);
}

/* Records go on until the mapped page's turn comes again. */
TEST_F(lab, mapped_page_is_not_written)
{
	int fd = open_pages(self->ctl), n;
	char *room = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, fd, BULK_OFF_PAGES);
	char buf[PAGE];

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(PAGE, run(fd, BULK_OP_RECV, BULK_SEG_MAP, room));
	for (n = 1; n < MANY && ioctl(self->ctl, LAB_PRODUCE, 1) == 1; n++)
		ASSERT_EQ(PAGE, run(fd, BULK_OP_RECV, 0, buf));
	EXPECT_LT(1, n);
	EXPECT_GT(MANY, n);
	EXPECT_TRUE(lab_is_record(room, PAGE, 0));
	munmap(room, ROOM);
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(PAGE, run(fd, BULK_OP_RECV, 0, buf));
	EXPECT_TRUE(lab_is_record(buf, PAGE, n));
	close(fd);
}

/* The pages begin anew with each setup, and this one is not to be had. */
TEST_F(lab, mapped_page_holds_up_the_setup)
{
	int fd = open_pages(self->ctl);
	char *room = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, fd, BULK_OFF_PAGES);

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(PAGE, run(fd, BULK_OP_RECV, BULK_SEG_MAP, room));
	EXPECT_EQ(-1, lab_set(self->ctl, PAGE, 1, LAB_QUEUED | LAB_CHANNEL_PAGES));
	EXPECT_EQ(EBUSY, errno);
	munmap(room, ROOM);
	EXPECT_EQ(0, lab_set(self->ctl, PAGE, 1, LAB_QUEUED | LAB_CHANNEL_PAGES));
	close(fd);
}

TEST_HARNESS_MAIN
