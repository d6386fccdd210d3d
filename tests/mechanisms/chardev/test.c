// SPDX-License-Identifier: GPL-2.0
/*
 * The character device: open, read, write, poll, release; short and faulting buffers.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_file_test.h"

FIXTURE_LAB("chardev")

/* Two pages of which the second one is missing. */
static char *torn_page(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page + 4096, 4096);
	return page;
}

TEST_F(lab, reads_numbered_records)
{
	char buf[64];
	__u64 i;

	ASSERT_GE(self->ctl, 0);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(64, read(self->ctl, buf, 64));
		ASSERT_TRUE(lab_is_record(buf, 64, i));
	}
}

TEST_F(lab, reads_and_writes_batches)
{
	ASSERT_EQ(0, lab_set(self->ctl, 64, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(self->ctl, self->ctl, 3, 0));
	EXPECT_TRUE(batch_goes_both_ways(self->ctl, self->ctl, 2, 3));
}

TEST_F(lab, short_buffer_gets_the_beginning)
{
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(8, read(self->ctl, buf, 8));
	EXPECT_EQ(0, lab_seq(buf));
	EXPECT_EQ(64, read(self->ctl, buf, 64));
	EXPECT_EQ(1, lab_seq(buf));
	EXPECT_EQ(0, read(self->ctl, buf, 0));
}

TEST_F(lab, takes_what_is_written)
{
	static char large[3 << 20];
	char buf[100] = "";

	EXPECT_EQ(100, write(self->ctl, buf, 100));
	EXPECT_EQ(1, write(self->ctl, buf, 1));
	EXPECT_EQ(0, write(self->ctl, buf, 0));
	EXPECT_EQ(101, lab_received(self->ctl));
	EXPECT_EQ((ssize_t)sizeof(large), write(self->ctl, large, sizeof(large)));
	EXPECT_EQ(101 + sizeof(large), lab_received(self->ctl));
}

TEST_F(lab, faulting_write_takes_what_there_is)
{
	char *page = torn_page();

	EXPECT_EQ(-1, write(self->ctl, page + 4096, 10));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
	EXPECT_EQ(16, write(self->ctl, page + 4080, 64));
	EXPECT_EQ(16, lab_received(self->ctl));
}

TEST_F(lab, faulting_read_gives_what_it_can)
{
	char *page = torn_page();

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(-1, read(self->ctl, page + 4096, 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(16, read(self->ctl, page + 4080, 64));
	EXPECT_EQ(1, lab_seq(page + 4080));
}

TEST_F(lab, poll_tells_of_queued_records)
{
	struct pollfd pfd = { .fd = self->ctl, .events = POLLIN | POLLOUT };
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_QUEUED));
	ASSERT_EQ(0, fcntl(self->ctl, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
	EXPECT_EQ(-1, read(self->ctl, buf, 64));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 2));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, pfd.revents);
	EXPECT_EQ(64, read(self->ctl, buf, 64));
	EXPECT_EQ(64, read(self->ctl, buf, 64));
	EXPECT_EQ(-1, read(self->ctl, buf, 64));
}

TEST_F(lab, files_are_independent)
{
	int other = lab_open("chardev");
	char buf[64] = "";

	ASSERT_GE(other, 0);
	EXPECT_EQ(64, write(self->ctl, buf, 64));
	EXPECT_EQ(0, lab_received(other));
	EXPECT_EQ(64, read(self->ctl, buf, 64));
	EXPECT_EQ(64, read(other, buf, 64));
	EXPECT_EQ(0, lab_seq(buf));
	close(other);
}

TEST_F(lab, refuses_bad_calls)
{
	EXPECT_EQ(-1, lab_set(self->ctl, 8, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lab_set(self->ctl, LAB_MAX_BYTES + 8, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, _IO('L', 99)));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_SETUP, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, lseek(self->ctl, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
}

TEST_F(lab, open_file_keeps_the_module)
{
	EXPECT_EQ(-EAGAIN, kmodule_remove("chardev"));
}

TEST_HARNESS_MAIN
