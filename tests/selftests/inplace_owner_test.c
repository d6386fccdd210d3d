// SPDX-License-Identifier: GPL-2.0
/*
 * Records in place whose window or process goes: fork, exec, a kill, munmap(2), mremap(2).
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "inplace.h"

#include <sys/wait.h>

/* The child has the file, and no window. */
static void run_child(struct _test_data_inplace *self,
		      const struct _fixture_variant_inplace *variant)
{
	char buf[64];

	if (reserve(self, variant, 0) != -EOPNOTSUPP ||
	    commit_all(self, variant, 0) != -EPROTO ||
	    borrow(self, variant, -1, NULL) != -EOPNOTSUPP ||
	    give_back(self, variant, 0, BULK_SEG_DISCARD) != -EOPNOTSUPP)
		_exit(1);
	if (bulk_recv(self->w.fd, buf, sizeof(buf), NULL) != -EBUSY)
		_exit(2);
	fill(buf, sizeof(buf), 1);
	_exit(bulk_send(self->w.fd, buf, sizeof(buf), 1) ? 3 : 0);
}

TEST_F(inplace, forked_child)
{
	int status;
	pid_t pid;
	char *at;

	ASSERT_EQ(0, bulk_send(self->w.fd, self->in, 0, 0));
	ASSERT_EQ(BULK_PACKED_SIZE(0), borrow(self, variant, -1, &at));
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 50, 2);
	pid = fork();
	if (!pid)
		run_child(self, variant);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	ASSERT_EQ(1, give_back(self, variant, BULK_PACKED_SIZE(0), 0));
	expect_borrowed(_metadata, self, variant, 2, 1);
}

/* The provider has the committed record; another process gets the borrowed one. */
static void check_after(struct __test_metadata *_metadata,
			struct _test_data_inplace *self,
			const struct _fixture_variant_inplace *variant)
{
	__u64 tag;

	ASSERT_EQ(40, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(1, tag);
	EXPECT_EQ(40, filled(self->in, 40, 1));
	ASSERT_EQ(40, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(2, tag);
	ASSERT_EQ(-EAGAIN, bulk_recv(self->w.fd, self->in, RING, &tag));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
	self->w.window = map_window(&self->w, WINDOW);
	ASSERT_NE(NULL, self->w.window);
	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 3);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	expect_borrowed(_metadata, self, variant, 1, 3);
}

/* Returns with a borrow of one record, and a reservation behind another one. */
static int leave_both_out(struct _test_data_inplace *self,
			  const struct _fixture_variant_inplace *variant)
{
	char *at;

	if (reserve(self, variant, 1000))
		return 1;
	region_add(&self->out, 40, 1);
	if (commit_all(self, variant, BULK_SEG_DISCARD) ||
	    borrow(self, variant, -1, &at) != BULK_PACKED_SIZE(40))
		return 2;
	if (reserve(self, variant, 1000))
		return 3;
	region_add(&self->out, 40, 2);
	if (commit_all(self, variant, 0))
		return 4;
	self->out.at += self->out.used;
	self->out.used = 0;
	region_add(&self->out, 40, 99);
	return 0;
}

TEST_F(inplace, window_is_unmapped)
{
	ASSERT_EQ(0, leave_both_out(self, variant));
	munmap(self->w.window, WINDOW);
	self->w.window = NULL;
	check_after(_metadata, self, variant);
}

/* The file is shared: what a process leaves behind is nobody's hindrance. */
static void run_owner(struct _test_data_inplace *self,
		      const struct _fixture_variant_inplace *variant, bool execs)
{
	self->w.window = map_window(&self->w, WINDOW);
	if (!self->w.window || leave_both_out(self, variant))
		_exit(1);
	if (execs)
		execl("/bin/true", "true", NULL);
	kill(getpid(), SIGKILL);
}

static void owner_ends(struct __test_metadata *_metadata,
		       struct _test_data_inplace *self,
		       const struct _fixture_variant_inplace *variant,
		       bool execs)
{
	int status;
	pid_t pid;

	munmap(self->w.window, WINDOW);
	self->w.window = NULL;
	pid = fork();
	if (!pid)
		run_owner(self, variant, execs);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(execs ? 0 : SIGKILL, status);
	check_after(_metadata, self, variant);
}

TEST_F(inplace, owner_is_killed)
{
	owner_ends(_metadata, self, variant, false);
}

TEST_F(inplace, owner_execs)
{
	owner_ends(_metadata, self, variant, true);
}

TEST_F(inplace, window_moves)
{
	char *to, *at;
	long len;

	ASSERT_EQ(0, reserve(self, variant, 100));
	region_add(&self->out, 40, 0);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	to = map_pages(WINDOW / 4096);
	to = mremap(self->w.window, WINDOW, WINDOW, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to);
	if (to == MAP_FAILED)
		SKIP(return, "this window does not move");
	self->w.window = to;
	len = borrow(self, variant, -1, &at);
	ASSERT_TRUE(at > to && at < to + WINDOW);
	ASSERT_EQ(1, region_count(at, len, 0));
	ASSERT_EQ(1, give_back(self, variant, len, 0));
	ASSERT_EQ(0, reserve(self, variant, 100));
	ASSERT_TRUE(self->out.at > to && self->out.at < to + WINDOW);
	region_add(&self->out, 40, 1);
	ASSERT_EQ(0, commit_all(self, variant, BULK_SEG_DISCARD));
	expect_borrowed(_metadata, self, variant, 1, 1);
}

TEST_HARNESS_MAIN
