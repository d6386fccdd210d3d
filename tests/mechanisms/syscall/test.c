// SPDX-License-Identifier: GPL-2.0
/*
 * The channel /dev/bulk/lab: records by the call and the vDSO, limits, stalls, bad input, unload.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_channel_test.h"

FIXTURE_LAB("syscall")

/* How many of RECORDS are sent, with their numbers. */
static int send_all(const struct end *end)
{
	char buf[RECORD];
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	int i;

	lab_prepare(buf, RECORD);
	for (i = 0; i < RECORDS; i++) {
		lab_produce(buf, RECORD, i);
		if (run(end, &seg, 1) != 1)
			break;
	}
	return bulk_xfer(end->fd, NULL, 0, BULK_FLUSH) ? -1 : i;
}

/* How many of RECORDS are received whole and in order. */
static int recv_all(const struct end *end)
{
	char buf[RECORD];
	struct bulk_seg seg = bulk_seg_recv(buf, RECORD);
	int i;

	for (i = 0; i < RECORDS; i++)
		if (run(end, &seg, 1) != 1 || seg.res != RECORD || seg.tag != (__u64)i ||
		    seg.lost || !lab_is_record(buf, RECORD, i))
			break;
	return i;
}

TEST_F(lab, records_go_both_ways)
{
	struct end end = open_end();

	ASSERT_GE(self->ctl, 0);
	ASSERT_GE(end.fd, 0);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORDS, send_all(&end));
	EXPECT_TRUE(took_all(self->ctl));
	EXPECT_EQ(RECORDS, recv_all(&end));
	close_end(&end);
}

TEST_F(lab, records_go_both_ways_through_a_window)
{
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORDS, send_all(&end));
	EXPECT_TRUE(took_all(self->ctl));
	EXPECT_EQ(RECORDS, recv_all(&end));
	close_end(&end);
}

TEST_F(lab, records_go_by_read_and_write)
{
	int fd = open(CHANNEL, O_RDWR | O_CLOEXEC);
	char buf[RECORD];

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORD, read(fd, buf, RECORD));
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	EXPECT_EQ(RECORD, write(fd, buf, RECORD));
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, one_call_does_both)
{
	char out[RECORD] = "", in[2][RECORD];
	struct bulk_seg segs[] = {
		bulk_seg_send(out, RECORD, 0),
		bulk_seg_recv(in[0], RECORD), bulk_seg_recv(in[1], RECORD),
	};
	struct end end = open_end();

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(3, run(&end, segs, 3));
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	EXPECT_TRUE(lab_is_record(in[0], RECORD, 0));
	EXPECT_TRUE(lab_is_record(in[1], RECORD, 1));
	close_end(&end);
}

TEST_F(lab, largest_record)
{
	char *buf = calloc(1, LAB_MAX_BYTES + 1);
	struct bulk_seg seg = bulk_seg_send(buf, LAB_MAX_BYTES, 0);
	struct end end = open_end();

	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(LAB_MAX_BYTES, lab_received(self->ctl));
	seg.len = LAB_MAX_BYTES + 1;
	EXPECT_EQ(-EMSGSIZE, run(&end, &seg, 1));
	EXPECT_EQ(-EMSGSIZE, seg.res);
	EXPECT_EQ(LAB_MAX_BYTES, lab_received(self->ctl));
	close_end(&end);
	free(buf);
}

static void check_small_room(struct __test_metadata *_metadata, int ctl, struct end *end)
{
	char buf[RECORD];
	struct bulk_seg seg = bulk_seg_recv(buf, RECORD - 1);

	ASSERT_EQ(0, lab_set(ctl, RECORD, 1, LAB_QUEUED));
	ASSERT_EQ(1, ioctl(ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(-EMSGSIZE, run(end, &seg, 1));
	EXPECT_EQ(-EMSGSIZE, seg.res);
	EXPECT_EQ(RECORD, seg.len);
	EXPECT_EQ(1, run(end, &seg, 1));
	EXPECT_EQ(RECORD, seg.res);
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	EXPECT_EQ(-EAGAIN, run(end, &seg, 1));
	close_end(end);
}

TEST_F(lab, small_room_keeps_the_record)
{
	struct end end = open_end();

	check_small_room(_metadata, self->ctl, &end);
}

TEST_F(lab, small_room_keeps_the_record_in_a_window)
{
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	check_small_room(_metadata, self->ctl, &end);
}

TEST_F(lab, poll_tells_of_records)
{
	struct end end = open_end();
	struct pollfd pfd = { .fd = end.fd, .events = POLLIN | POLLOUT };

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_QUEUED));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, pfd.revents);
	close_end(&end);
}

TEST_F(lab, stalled_provider_refuses)
{
	char buf[RECORD] = "";
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_end();
	struct pollfd pfd = { .fd = end.fd, .events = POLLOUT };

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_CHANNEL_STALLED));
	EXPECT_EQ(-EAGAIN, run(&end, &seg, 1));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, lab_received(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_CHANNEL_RESUME));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	close_end(&end);
}

TEST_F(lab, window_holds_what_a_stalled_provider_does_not_take)
{
	char buf[RECORD] = "";
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_window();
	__u64 sent = 0;

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_CHANNEL_STALLED));
	while (run(&end, &seg, 1) == 1)
		sent++;
	EXPECT_EQ(-EAGAIN, seg.res);
	EXPECT_LT(0, sent);
	EXPECT_EQ(-EAGAIN, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH | BULK_DONTWAIT));
	EXPECT_EQ(0, lab_received(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_CHANNEL_RESUME));
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(sent * RECORD, lab_received(self->ctl));
	close_end(&end);
}

/* Nobody reads: the kernel half keeps what the queue has no room for. */
TEST_F(lab, full_queue_refuses_the_kernel)
{
	char *buf = calloc(1, 65536);
	struct bulk_seg seg = bulk_seg_recv(buf, 65536);
	struct end end = open_end();
	int sent, i;

	ASSERT_EQ(0, lab_set(self->ctl, 65536, 1, LAB_QUEUED | LAB_CHANNEL_PUSHED));
	sent = ioctl(self->ctl, LAB_PRODUCE, 1000);
	EXPECT_LT(0, sent);
	EXPECT_GT(1000, sent);
	for (i = 0; i < sent; i++) {
		ASSERT_EQ(1, run(&end, &seg, 1));
		EXPECT_EQ(i, lab_seq(buf));
		EXPECT_EQ(0, seg.lost);
	}
	EXPECT_EQ(-EAGAIN, run(&end, &seg, 1));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(sent, lab_seq(buf));
	close_end(&end);
	free(buf);
}

TEST_F(lab, refuses_bad_calls)
{
	char buf[RECORD] = "";
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_end();

	EXPECT_EQ(-EINVAL, bulk_xfer(end.fd, &seg, 1, 1U << 30));
	EXPECT_EQ(-EINVAL, bulk_xfer(end.fd, &seg, BULK_MAX_SEGS + 1, 0));
	EXPECT_EQ(-EFAULT, bulk_xfer(end.fd, (void *)8, 1, 0));
	EXPECT_EQ(-EBADF, bulk_xfer(-1, &seg, 1, 0));
	seg.flags = 1U << 15;
	EXPECT_EQ(-EINVAL, run(&end, &seg, 1));
	seg = bulk_seg_send((void *)8, RECORD, 0);
	EXPECT_EQ(-EFAULT, run(&end, &seg, 1));
	EXPECT_EQ(0, lab_received(self->ctl));
	close_end(&end);
}

/* Two records, of which the second one can't be read. */
TEST_F(lab, call_ends_at_a_bad_segment)
{
	char buf[RECORD] = "";
	struct bulk_seg segs[] = {
		bulk_seg_send(buf, RECORD, 0), bulk_seg_send((void *)8, RECORD, 0),
	};
	struct end end = open_end();

	EXPECT_EQ(1, run(&end, segs, 2));
	EXPECT_EQ(-EFAULT, segs[1].res);
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	close_end(&end);
}

/* An open endpoint does not keep the module: it learns that the channel is gone. */
TEST_F(lab, open_endpoint_outlives_the_module)
{
	char buf[RECORD] = "";
	struct bulk_seg out = bulk_seg_send(buf, RECORD, 0), in = bulk_seg_recv(buf, RECORD);
	struct end old = open_end(), new;

	ASSERT_EQ(1, run(&old, &out, 1));
	close(self->ctl);
	ASSERT_EQ(0, kmodule_remove("syscall"));
	EXPECT_EQ(-1, access(CHANNEL, F_OK));
	EXPECT_EQ(-ENODEV, run(&old, &out, 1));
	EXPECT_EQ(-ENODEV, run(&old, &in, 1));
	EXPECT_EQ(-1, write(old.fd, buf, RECORD));
	EXPECT_EQ(ENODEV, errno);
	ASSERT_EQ(0, kmodule_insert("syscall", ""));
	self->ctl = lab_open("syscall");
	new = open_end();
	EXPECT_EQ(1, run(&new, &in, 1));
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	EXPECT_EQ(-ENODEV, run(&old, &out, 1));
	close_end(&new);
	close_end(&old);
}

TEST_F(lab, window_outlives_the_module)
{
	char buf[RECORD] = "";
	struct bulk_seg out = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(1, run(&end, &out, 1));
	close(self->ctl);
	self->ctl = -1;
	ASSERT_EQ(0, kmodule_remove("syscall"));
	EXPECT_EQ(-ENODEV, run(&end, &out, 1));
	/* What was sent before has been taken. */
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	close_end(&end);
	ASSERT_EQ(0, kmodule_insert("syscall", ""));
}

TEST_F(lab, open_control_device_keeps_the_module)
{
	EXPECT_EQ(-EAGAIN, kmodule_remove("syscall"));
}

TEST_HARNESS_MAIN
