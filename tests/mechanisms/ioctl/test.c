// SPDX-License-Identifier: GPL-2.0
/*
 * Numbered commands: a message each way, unknown commands, wrong sizes, bad pointers.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_test.h"
#include "ioctl.h"

FIXTURE_LAB("ioctl")

TEST_F(lab, message_goes_both_ways)
{
	struct ioctl_message out, in;

	ASSERT_GE(self->ctl, 0);
	memset(&out, 'x', sizeof(out));
	ASSERT_EQ(200, sizeof(out));
	EXPECT_EQ(0, ioctl(self->ctl, IOCTL_SET_MESSAGE, &out));
	EXPECT_EQ(0, ioctl(self->ctl, IOCTL_GET_MESSAGE, &in));
	EXPECT_EQ(0, memcmp(&out, &in, sizeof(in)));
}

TEST_F(lab, unknown_command_is_enotty)
{
	EXPECT_EQ(-1, ioctl(self->ctl, _IO('M', 77), 0));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, TCGETS, 0));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(lab, wrong_size_is_einval)
{
	char text[256] = "";

	EXPECT_EQ(-1, ioctl(self->ctl, _IOC(_IOC_WRITE, 'M', 0, 199), text));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, _IOC(_IOC_READ, 'M', 1, 201), text));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(lab, faulting_message_leaves_the_old_one)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ioctl_message old = { "old" }, in;

	munmap(page + 4096, 4096);
	ASSERT_EQ(0, ioctl(self->ctl, IOCTL_SET_MESSAGE, &old));
	memset(page + 4000, 'n', 96);
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SET_MESSAGE, page + 4000));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, ioctl(self->ctl, IOCTL_GET_MESSAGE, &in));
	EXPECT_STREQ("old", in.text);
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_GET_MESSAGE, page + 4000));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(lab, record_goes_both_ways)
{
	char buf[64];
	struct ioctl_record rec = { (__u64)(unsigned long)buf, sizeof(buf), 0 };

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(64, ioctl(self->ctl, IOCTL_RECV, &rec));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_EQ(0, ioctl(self->ctl, IOCTL_SEND, &rec));
	EXPECT_EQ(64, lab_received(self->ctl));
}

/* Two records one after the other. */
static long batch(int fd, unsigned long cmd, char *buf, __u32 second)
{
	struct ioctl_record recs[] = {
		{ (__u64)(unsigned long)buf, 64, 0 },
		{ (__u64)(unsigned long)buf + 64, second, 0 },
	};
	struct ioctl_batch both = { (__u64)(unsigned long)recs, 2, 0 };

	return ioctl(fd, cmd, &both);
}

TEST_F(lab, batch_goes_both_ways)
{
	char buf[128];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 2, 0));
	EXPECT_EQ(2, batch(self->ctl, IOCTL_RECV_BATCH, buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	EXPECT_TRUE(lab_is_record(buf + 64, 64, 1));
	EXPECT_EQ(2, batch(self->ctl, IOCTL_SEND_BATCH, buf, 64));
	EXPECT_EQ(128, lab_received(self->ctl));
}

TEST_F(lab, batch_ends_at_a_bad_record)
{
	struct ioctl_batch many = { 8, IOCTL_BATCH + 1, 0 };
	char buf[128];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 2, 0));
	EXPECT_EQ(1, batch(self->ctl, IOCTL_RECV_BATCH, buf, 63));
	EXPECT_EQ(2, batch(self->ctl, IOCTL_RECV_BATCH, buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 1));
	EXPECT_EQ(1, batch(self->ctl, IOCTL_SEND_BATCH, buf, LAB_MAX_BYTES + 1));
	EXPECT_EQ(64, lab_received(self->ctl));
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SEND_BATCH, &many));
	EXPECT_EQ(EINVAL, errno);
	many.nr = 1;
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SEND_BATCH, &many));
	EXPECT_EQ(EFAULT, errno);
	many.reserved = 1;
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SEND_BATCH, &many));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(lab, refuses_bad_records)
{
	char buf[64];
	struct ioctl_record rec = { (__u64)(unsigned long)buf, LAB_MAX_BYTES + 1, 0 };

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SEND, &rec));
	EXPECT_EQ(EINVAL, errno);
	rec.len = 32;
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_RECV, &rec));
	EXPECT_EQ(EMSGSIZE, errno);
	rec.reserved = 1;
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SEND, &rec));
	EXPECT_EQ(EINVAL, errno);
	rec = (struct ioctl_record){ 8, 64, 0 };
	EXPECT_EQ(-1, ioctl(self->ctl, IOCTL_SEND, &rec));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
}

TEST_HARNESS_MAIN
