// SPDX-License-Identifier: GPL-2.0
/*
 * EACCES and EPERM of bulk_xfer(2): a security module objects.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The module bulk_deny makes security_file_permission() object.
 */
#include "window.h"

#include <sys/sysmacros.h>

#include "module.h"

#define MAY_WRITE	2
#define MAY_READ	4

FIXTURE(deny) {
	int fd;
	char byte;
};

FIXTURE_SETUP(deny)
{
	struct stat st;
	int ret;

	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, bulk_send(self->fd, "k", 1, 1));
	ret = load_module("bulk_deny", "");
	if (ret == -ENOENT)
		SKIP(return, "no module bulk_deny");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, fstat(self->fd, &st));
	set_module_param("bulk_deny", "major", major(st.st_rdev));
	set_module_param("bulk_deny", "pid", getpid());
}

/* What was sent before is there, alone, and can be received again. */
FIXTURE_TEARDOWN(deny)
{
	__u64 tag;

	EXPECT_EQ(0, unload_module("bulk_deny"));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(1, bulk_recv(self->fd, &self->byte, 1, &tag));
	EXPECT_EQ(1, tag);
	EXPECT_EQ('k', self->byte);
	close(self->fd);
}

static void deny(int mask, int error)
{
	set_module_param("bulk_deny", "mask", mask);
	set_module_param("bulk_deny", "error", error);
}

static void check_send_denied(struct __test_metadata *_metadata,
			      struct _test_data_deny *self, int error)
{
	struct bulk_seg seg = seg_send("x", 1, 2);

	deny(MAY_WRITE, error);
	EXPECT_EQ(-error, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(-error, seg.res);
	EXPECT_EQ(1, get_module_param("bulk_deny", "denied"));
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
}

static void check_recv_denied(struct __test_metadata *_metadata,
			      struct _test_data_deny *self, int error)
{
	struct bulk_seg seg = seg_recv(&self->byte, 1);

	deny(MAY_READ, error);
	self->byte = 'b';
	EXPECT_EQ(-error, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(-error, seg.res);
	EXPECT_EQ('b', self->byte);
	EXPECT_EQ(1, get_module_param("bulk_deny", "denied"));
	EXPECT_EQ(0, figure(self->fd, "rx-records"));
}

TEST_F(deny, send_eacces)
{
	check_send_denied(_metadata, self, EACCES);
}

TEST_F(deny, send_eperm)
{
	check_send_denied(_metadata, self, EPERM);
}

TEST_F(deny, recv_eacces)
{
	check_recv_denied(_metadata, self, EACCES);
}

TEST_F(deny, recv_eperm)
{
	check_recv_denied(_metadata, self, EPERM);
}

/* Each direction is asked for with its own permission. */
TEST_F(deny, other_direction_goes_on)
{
	deny(MAY_READ, EACCES);
	EXPECT_EQ(0, bulk_send(self->fd, "x", 1, 2));
	deny(MAY_WRITE, EACCES);
	EXPECT_EQ(1, bulk_recv(self->fd, &self->byte, 1, NULL));
	EXPECT_EQ(0, get_module_param("bulk_deny", "denied"));
	deny(0, 0);
	ASSERT_EQ(1, bulk_recv(self->fd, &self->byte, 1, NULL));
	ASSERT_EQ(0, bulk_send(self->fd, "k", 1, 1));
}

/* An answer is good for its call only. */
TEST_F(deny, every_call_asks)
{
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 2));
	deny(MAY_READ | MAY_WRITE, EACCES);
	EXPECT_EQ(-EACCES, bulk_send(self->fd, "y", 1, 3));
	EXPECT_EQ(-EACCES, bulk_recv(self->fd, &self->byte, 1, NULL));
	EXPECT_EQ(2, get_module_param("bulk_deny", "denied"));
	deny(0, 0);
	ASSERT_EQ(1, bulk_recv(self->fd, &self->byte, 1, NULL));
	ASSERT_EQ(1, bulk_recv(self->fd, &self->byte, 1, NULL));
	ASSERT_EQ(0, bulk_send(self->fd, "k", 1, 1));
}

TEST_F(deny, refusal_after_progress)
{
	struct bulk_seg segs[] = {
		seg_send("x", 1, 2), seg_recv(&self->byte, 1),
	};

	deny(MAY_READ, EPERM);
	EXPECT_EQ(1, bulk_xfer(self->fd, segs, 2, BULK_DONTWAIT));
	EXPECT_EQ(1, segs[0].res);
	EXPECT_EQ(-EPERM, segs[1].res);
	deny(0, 0);
	ASSERT_EQ(1, bulk_recv(self->fd, &self->byte, 1, NULL));
	ASSERT_EQ(1, bulk_recv(self->fd, &self->byte, 1, NULL));
	ASSERT_EQ(0, bulk_send(self->fd, "k", 1, 1));
}

TEST_F(deny, read_and_write)
{
	deny(MAY_READ | MAY_WRITE, EACCES);
	EXPECT_EQ(-1, write(self->fd, "x", 1));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, read(self->fd, &self->byte, 1));
	EXPECT_EQ(EACCES, errno);
}

static int take_window(struct windowed *w)
{
	w->call = find_vdso_call();
	if (!w->call)
		return -EOPNOTSUPP;
	w->call(-1, NULL, 0, BULK_QUERY, &w->params);
	w->window = map_window(w, w->params.window_default);
	return w->window ? 0 : -errno;
}

/* To hand over what is in the window is to write. */
TEST_F(deny, window_is_not_handed_over)
{
	struct windowed w = { .fd = self->fd };
	struct bulk_seg seg = seg_recv(&self->byte, 1);
	int ret = take_window(&w);

	if (ret == -EOPNOTSUPP)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, ret);
	deny(MAY_WRITE, EACCES);
	ASSERT_EQ(0, window_send(&w, "k", 1, 1, BULK_NO_SYSCALL));
	EXPECT_EQ(-EACCES, bulk_xfer(self->fd, NULL, 0, 0));
	EXPECT_EQ(-EACCES, bulk_xfer(self->fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
	EXPECT_EQ(2, get_module_param("bulk_deny", "denied"));
	EXPECT_EQ(-EACCES, bulk_xfer(self->fd, &seg, 1, BULK_FLUSH));
	EXPECT_EQ(1, seg.res);
	deny(0, 0);
	EXPECT_EQ(0, bulk_xfer(self->fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(2, figure(self->fd, "tx-records"));
	/* All of it is received as it is found before. */
	munmap(w.window, w.params.window_default);
	while (bulk_recv(self->fd, &self->byte, 1, NULL) == 1)
		;
	ASSERT_EQ(0, bulk_send(self->fd, "k", 1, 1));
}

TEST_HARNESS_MAIN
