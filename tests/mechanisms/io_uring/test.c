// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring on a device: order, registered buffers, a polling thread, commands, bad requests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <liburing.h>

#include "lab_test.h"
#include "uring_cmd.h"

FIXTURE(ring) {
	struct io_uring ring;
	char buf[8192];
	int pipe[2];
	int fd;
};

static int load(void)
{
	kmodule_remove_soon("io_uring");
	return kmodule_insert("io_uring", "");
}

FIXTURE_SETUP(ring)
{
	ASSERT_EQ(0, load());
	self->fd = lab_open("io_uring");
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, io_uring_queue_init(64, &self->ring, 0));
	ASSERT_EQ(0, pipe(self->pipe));
	ASSERT_EQ(0, lab_set(self->fd, 64, 1, 0));
}

FIXTURE_TEARDOWN(ring)
{
	io_uring_queue_exit(&self->ring);
	close(self->fd);
	EXPECT_EQ(0, kmodule_remove_soon("io_uring"));
}

TEST(unloads_and_loads_again)
{
	ASSERT_EQ(0, load());
	EXPECT_EQ(-EEXIST, kmodule_insert("io_uring", ""));
	ASSERT_EQ(0, kmodule_remove("io_uring"));
	ASSERT_EQ(0, kmodule_insert("io_uring", ""));
	ASSERT_EQ(0, kmodule_remove("io_uring"));
	EXPECT_EQ(-ENOENT, kmodule_remove("io_uring"));
}

static int submit(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_submit_and_wait(ring, 1) < 0 || io_uring_wait_cqe(ring, &cqe))
		return -1000;
	res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

static int command(struct io_uring *ring, int fd, __u32 op, struct lab_uring_cmd cmd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	return submit(ring);
}

TEST_F(ring, one_request_at_a_time)
{
	io_uring_prep_read(io_uring_get_sqe(&self->ring), self->fd, self->buf, 64, 0);
	EXPECT_EQ(64, submit(&self->ring));
	EXPECT_TRUE(lab_is_record(self->buf, 64, 0));
	io_uring_prep_write(io_uring_get_sqe(&self->ring), self->fd, self->buf, 64, 0);
	EXPECT_EQ(64, submit(&self->ring));
	EXPECT_EQ(64, lab_received(self->fd));
}

TEST_F(ring, batch_is_done_in_order)
{
	struct io_uring_cqe *cqe;
	unsigned int head, seen = 0;
	int i;

	for (i = 0; i < 64; i++)
		io_uring_prep_read(io_uring_get_sqe(&self->ring), self->fd,
				   self->buf + i * 64, 64, 0);
	ASSERT_EQ(64, io_uring_submit_and_wait(&self->ring, 64));
	io_uring_for_each_cqe(&self->ring, head, cqe)
		seen += cqe->res == 64;
	io_uring_cq_advance(&self->ring, 64);
	EXPECT_EQ(64, seen);
	for (i = 0; i < 64; i++)
		EXPECT_TRUE(lab_is_record(self->buf + i * 64, 64, i));
}

TEST_F(ring, registered_buffer_and_file)
{
	struct iovec iov = { self->buf, sizeof(self->buf) };
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	ASSERT_EQ(0, io_uring_register_files(&self->ring, &self->fd, 1));
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_read_fixed(sqe, 0, self->buf + 100, 64, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	EXPECT_EQ(64, submit(&self->ring));
	EXPECT_TRUE(lab_is_record(self->buf + 100, 64, 0));
	io_uring_prep_read_fixed(io_uring_get_sqe(&self->ring), self->fd, self->buf, 64, 0, 7);
	EXPECT_EQ(-EFAULT, submit(&self->ring));
	io_uring_prep_read_fixed(io_uring_get_sqe(&self->ring), self->fd,
				 self->buf + sizeof(self->buf) - 8, 64, 0, 0);
	EXPECT_EQ(-EFAULT, submit(&self->ring));
}

TEST_F(ring, polling_thread_needs_no_call)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 10000 };
	struct io_uring polled;
	int i;

	ASSERT_EQ(0, io_uring_queue_init_params(8, &polled, &params));
	for (i = 0; i < 20; i++) {
		struct io_uring_cqe *cqe;

		io_uring_prep_read(io_uring_get_sqe(&polled), self->fd, self->buf, 64, 0);
		ASSERT_GE(io_uring_submit(&polled), 1);
		ASSERT_EQ(0, io_uring_wait_cqe(&polled, &cqe));
		EXPECT_EQ(64, cqe->res);
		EXPECT_TRUE(lab_is_record(self->buf, 64, i));
		io_uring_cqe_seen(&polled, cqe);
	}
	io_uring_queue_exit(&polled);
}

TEST_F(ring, commands_go_both_ways)
{
	struct lab_uring_cmd cmd = { (unsigned long)self->buf, 64, 0 };

	EXPECT_EQ(64, command(&self->ring, self->fd, LAB_URING_RECV, cmd));
	EXPECT_TRUE(lab_is_record(self->buf, 64, 0));
	EXPECT_EQ(64, command(&self->ring, self->fd, LAB_URING_SEND, cmd));
	EXPECT_EQ(64, lab_received(self->fd));
}

TEST_F(ring, bad_commands_are_refused)
{
	struct lab_uring_cmd cmd = { (unsigned long)self->buf, 64, 0 };

	EXPECT_EQ(-ENOTTY, command(&self->ring, self->fd, 12345, cmd));
	cmd.reserved = 1;
	EXPECT_EQ(-EINVAL, command(&self->ring, self->fd, LAB_URING_SEND, cmd));
	cmd = (struct lab_uring_cmd){ (unsigned long)self->buf, LAB_MAX_BYTES + 1, 0 };
	EXPECT_EQ(-EINVAL, command(&self->ring, self->fd, LAB_URING_SEND, cmd));
	cmd.len = 32;
	EXPECT_EQ(-EMSGSIZE, command(&self->ring, self->fd, LAB_URING_RECV, cmd));
	cmd = (struct lab_uring_cmd){ 8, 64, 0 };
	EXPECT_EQ(-EFAULT, command(&self->ring, self->fd, LAB_URING_SEND, cmd));
	EXPECT_EQ(-EOPNOTSUPP, command(&self->ring, self->pipe[1], LAB_URING_SEND, cmd));
	EXPECT_EQ(0, lab_received(self->fd));
}

TEST_F(ring, bad_requests_are_refused)
{
	io_uring_prep_read(io_uring_get_sqe(&self->ring), 9999, self->buf, 64, 0);
	EXPECT_EQ(-EBADF, submit(&self->ring));
	io_uring_prep_write(io_uring_get_sqe(&self->ring), self->fd, (void *)8, 64, 0);
	EXPECT_EQ(-EFAULT, submit(&self->ring));
	io_uring_prep_rw(250, io_uring_get_sqe(&self->ring), self->fd, self->buf, 64, 0);
	EXPECT_EQ(-EINVAL, submit(&self->ring));
	EXPECT_EQ(0, lab_received(self->fd));
}

TEST_F(ring, waiting_request_completes_when_there_is_a_record)
{
	struct io_uring_cqe *cqe;

	ASSERT_EQ(0, lab_set(self->fd, 64, 1, LAB_QUEUED));
	io_uring_prep_read(io_uring_get_sqe(&self->ring), self->fd, self->buf, 64, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(-EAGAIN, io_uring_peek_cqe(&self->ring, &cqe));
	ASSERT_EQ(1, ioctl(self->fd, LAB_PRODUCE, 1));
	ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
	EXPECT_EQ(64, cqe->res);
	io_uring_cqe_seen(&self->ring, cqe);
}

TEST_F(ring, waiting_request_can_be_cancelled)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	int i;

	ASSERT_EQ(0, lab_set(self->fd, 64, 1, LAB_QUEUED));
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_read(sqe, self->fd, self->buf, 64, 0);
	io_uring_sqe_set_data64(sqe, 1);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_cancel64(sqe, 1, 0);
	io_uring_sqe_set_data64(sqe, 2);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
		EXPECT_EQ(io_uring_cqe_get_data64(cqe) == 1 ? -ECANCELED : 0, cqe->res);
		io_uring_cqe_seen(&self->ring, cqe);
	}
}

TEST_F(ring, registered_file_keeps_the_module)
{
	ASSERT_EQ(0, io_uring_register_files(&self->ring, &self->fd, 1));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(-EAGAIN, kmodule_remove("io_uring"));
	self->fd = lab_open("io_uring");
}

TEST_HARNESS_MAIN
