// SPDX-License-Identifier: GPL-2.0
/*
 * splice, vmsplice and tee: pages without a copy, doubled, full and empty pipes, bad descriptors.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sys/uio.h>

#include "lab_test.h"

#define PAGE	4096

FIXTURE(splice) {
	int ctl;
	int pipe[2];
	int other[2];
	char *page;
};

FIXTURE_SETUP(splice)
{
	kmodule_remove("splice");
	ASSERT_EQ(0, kmodule_insert("splice", ""));
	self->ctl = lab_open("splice");
	ASSERT_GE(self->ctl, 0);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(0, pipe2(self->pipe, O_NONBLOCK));
	ASSERT_EQ(0, pipe2(self->other, O_NONBLOCK));
	self->page = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	memset(self->page, 'x', 64 * PAGE);
}

FIXTURE_TEARDOWN(splice)
{
	close(self->ctl);
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->other[0]);
	close(self->other[1]);
	EXPECT_EQ(0, kmodule_remove("splice"));
}

TEST(unloads_and_loads_again)
{
	kmodule_remove("splice");
	ASSERT_EQ(0, kmodule_insert("splice", ""));
	ASSERT_EQ(0, kmodule_remove("splice"));
	ASSERT_EQ(0, kmodule_insert("splice", ""));
	ASSERT_EQ(0, kmodule_remove("splice"));
}

static ssize_t give(int pipe, void *from, size_t len)
{
	struct iovec iov = { from, len };

	return vmsplice(pipe, &iov, 1, SPLICE_F_NONBLOCK);
}

TEST_F(splice, user_pages_go_to_the_device)
{
	ASSERT_EQ(3 * PAGE, give(self->pipe[1], self->page, 3 * PAGE));
	EXPECT_EQ(3 * PAGE, splice(self->pipe[0], NULL, self->ctl, NULL, 3 * PAGE, 0));
	EXPECT_EQ(3 * PAGE, lab_received(self->ctl));
}

/* No copy: what is written after vmsplice is what comes out. */
TEST_F(splice, pipe_has_the_page_itself)
{
	char c;

	ASSERT_EQ(PAGE, give(self->pipe[1], self->page, PAGE));
	self->page[0] = 'y';
	ASSERT_EQ(1, read(self->pipe[0], &c, 1));
	EXPECT_EQ('y', c);
}

TEST_F(splice, device_pages_go_to_the_user)
{
	char buf[10 * 64];
	int i;

	ASSERT_EQ(640, splice(self->ctl, NULL, self->pipe[1], NULL, 640, 0));
	ASSERT_EQ(640, read(self->pipe[0], buf, sizeof(buf)));
	for (i = 0; i < 10; i++)
		EXPECT_TRUE(lab_is_record(buf + 64 * i, 64, i));
}

TEST_F(splice, device_does_not_write_what_a_pipe_still_has)
{
	char buf[64];

	ASSERT_EQ(64, splice(self->ctl, NULL, self->pipe[1], NULL, 64, 0));
	EXPECT_EQ(-1, splice(self->ctl, NULL, self->other[1], NULL, 64, 0));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(64, read(self->pipe[0], buf, 64));
	EXPECT_EQ(0, lab_seq(buf));
	ASSERT_EQ(64, splice(self->ctl, NULL, self->other[1], NULL, 64, 0));
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(64, read(self->other[0], buf, 64));
	EXPECT_EQ(1, lab_seq(buf));
}

TEST_F(splice, tee_doubles)
{
	char first[100], second[100];

	memcpy(self->page, "hello", 5);
	ASSERT_EQ(5, give(self->pipe[1], self->page, 5));
	EXPECT_EQ(5, tee(self->pipe[0], self->other[1], 100, 0));
	EXPECT_EQ(5, read(self->pipe[0], first, sizeof(first)));
	EXPECT_EQ(5, read(self->other[0], second, sizeof(second)));
	EXPECT_EQ(0, memcmp(first, "hello", 5));
	EXPECT_EQ(0, memcmp(second, "hello", 5));
	EXPECT_EQ(-1, tee(self->pipe[0], self->pipe[1], 100, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(splice, pipe_to_pipe)
{
	char buf[PAGE];

	ASSERT_EQ(PAGE, give(self->pipe[1], self->page, PAGE));
	EXPECT_EQ(PAGE, splice(self->pipe[0], NULL, self->other[1], NULL, PAGE, 0));
	EXPECT_EQ(-1, read(self->pipe[0], buf, 1));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(PAGE, read(self->other[0], buf, sizeof(buf)));
}

TEST_F(splice, full_and_empty_pipes)
{
	EXPECT_EQ(-1, splice(self->pipe[0], NULL, self->ctl, NULL, 1, SPLICE_F_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(16 * PAGE, give(self->pipe[1], self->page, 64 * PAGE));
	EXPECT_EQ(-1, give(self->pipe[1], self->page, PAGE));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, splice(self->ctl, NULL, self->pipe[1], NULL, 64, SPLICE_F_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(splice, bad_descriptors_are_refused)
{
	loff_t off = 0;

	EXPECT_EQ(-1, splice(self->ctl, NULL, self->ctl, NULL, 64, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, splice(self->pipe[0], NULL, self->ctl, &off, 64, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, splice(self->ctl, NULL, self->pipe[0], NULL, 64, 0));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, give(self->ctl, self->page, PAGE));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, give(self->pipe[1], (void *)8, PAGE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, splice(self->ctl, NULL, self->pipe[1], NULL, 64, 0x1000));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, splice(self->ctl, NULL, self->pipe[1], NULL, 10, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
}

TEST_F(splice, reader_gone_is_epipe)
{
	signal(SIGPIPE, SIG_IGN);
	close(self->pipe[0]);
	EXPECT_EQ(-1, splice(self->ctl, NULL, self->pipe[1], NULL, 64, 0));
	EXPECT_EQ(EPIPE, errno);
}

TEST_F(splice, pages_in_a_pipe_outlive_the_module)
{
	char buf[64];

	ASSERT_EQ(64, splice(self->ctl, NULL, self->pipe[1], NULL, 64, 0));
	close(self->ctl);
	ASSERT_EQ(0, kmodule_remove("splice"));
	ASSERT_EQ(64, read(self->pipe[0], buf, 64));
	EXPECT_TRUE(lab_is_record(buf, 64, 0));
	ASSERT_EQ(0, kmodule_insert("splice", ""));
}

TEST_HARNESS_MAIN
