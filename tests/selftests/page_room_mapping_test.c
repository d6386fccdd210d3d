// SPDX-License-Identifier: GPL-2.0
/*
 * The page room as a mapping: mprotect(2), mremap(2), munmap(2), madvise(2), fork(2).
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "page_room.h"
#include "touch.h"

/* Addresses where no room is are refused; the record comes out again. */
static bool is_no_room(int fd, char *at, __u64 tag)
{
	char in[LEN];
	__u64 got;

	return put(fd, at, tag) == -EINVAL &&
	       bulk_recv(fd, in, LEN, &got) == (int)LEN && got == tag;
}

/* --- mprotect(2) --- */

TEST_F(room, mprotect)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, PROT_WRITE,
	};
	unsigned int i;

	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		EXPECT_EQ(-1, mprotect(self->room, ROOM, prots[i]));
		EXPECT_EQ(EACCES, errno);
	}
	EXPECT_EQ(SIGSEGV, write_fault(self->room));
	ASSERT_EQ(0, mprotect(self->room, ROOM, PROT_NONE));
	EXPECT_EQ(SIGSEGV, read_fault(self->room));
	ASSERT_EQ(0, mprotect(self->room, ROOM, PROT_READ));
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
	EXPECT_EQ(-1, mprotect(self->room, PAGE, PROT_NONE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(self->room + PAGE, ROOM - PAGE, PROT_NONE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(is_room(self->fd, self->room, 2));
}

/* --- Moving, parting, ending --- */

TEST_F(room, mremap_moves)
{
	char *old = self->room, *to = map_pages(ROOM / PAGE);

	ASSERT_NE(MAP_FAILED, to);
	ASSERT_TRUE(is_room(self->fd, old, 1));
	ASSERT_EQ(to, mremap(old, ROOM, ROOM, MREMAP_MAYMOVE | MREMAP_FIXED,
			     to));
	self->room = to;
	EXPECT_TRUE(is_mapped(to, LEN, 1));
	EXPECT_EQ(SIGBUS, read_fault(to + ROOM - PAGE));
	EXPECT_EQ(SIGSEGV, read_fault(old));
	EXPECT_TRUE(is_no_room(self->fd, old, 2));
	EXPECT_TRUE(is_room(self->fd, to, 3));
}

TEST_F(room, mremap_does_nothing_else)
{
	char *room = self->room, *to = map_pages(ROOM / PAGE);

	/* A move to a fixed place unmaps what is there, even if it fails. */
	ASSERT_NE(MAP_FAILED, to);
	ASSERT_TRUE(is_room(self->fd, room, 1));
	EXPECT_EQ(MAP_FAILED, mremap(room, ROOM, 2 * ROOM, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(room, 0, ROOM, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(room, ROOM, ROOM / 2, 0));
	EXPECT_EQ(MAP_FAILED, mremap(room, ROOM / 2, ROOM / 2, MREMAP_MAYMOVE |
				     MREMAP_FIXED, to));
	EXPECT_EQ(MAP_FAILED, mremap(room, ROOM, ROOM, MREMAP_MAYMOVE |
				     MREMAP_DONTUNMAP, NULL));
	EXPECT_TRUE(is_mapped(room, LEN, 1));
	EXPECT_TRUE(is_room(self->fd, room, 2));
}

TEST_F(room, no_part_is_unmapped)
{
	char *room = self->room;

	ASSERT_TRUE(is_room(self->fd, room, 1));
	EXPECT_EQ(-1, munmap(room, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, munmap(room + PAGE, ROOM - PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, munmap(room + PAGE, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(room, PAGE, PROT_NONE, MAP_FIXED |
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_TRUE(is_mapped(room, LEN, 1));
	EXPECT_TRUE(is_room(self->fd, room, 2));
}

TEST_F(room, unmapped)
{
	char *room = self->room;

	ASSERT_TRUE(is_room(self->fd, room, 1));
	ASSERT_EQ(0, munmap(room, ROOM));
	self->room = NULL;
	EXPECT_EQ(SIGSEGV, read_fault(room));
	EXPECT_TRUE(is_no_room(self->fd, room, 2));
}

TEST_F(room, mapped_over)
{
	char *room = self->room;

	ASSERT_TRUE(is_room(self->fd, room, 1));
	ASSERT_EQ(room, mmap(room, ROOM, PROT_READ | PROT_WRITE, MAP_FIXED |
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_EQ(0, *room);
	EXPECT_TRUE(is_no_room(self->fd, room, 2));
	/* And over that a room. */
	ASSERT_EQ(room, mmap(room, ROOM, PROT_READ, MAP_FIXED | MAP_SHARED,
			     self->fd, BULK_OFF_PAGES));
	EXPECT_EQ(SIGBUS, read_fault(room));
	EXPECT_TRUE(is_room(self->fd, room, 3));
}

TEST_F(room, outlives_the_descriptor)
{
	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
	EXPECT_EQ(SIGBUS, read_fault(self->room + ROOM - PAGE));
	EXPECT_EQ(0, munmap(self->room, ROOM));
	self->room = NULL;
}

/* --- madvise(2) --- */

TEST_F(room, dontneed_lets_go)
{
	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	ASSERT_EQ(0, madvise(self->room + PAGE, PAGE, MADV_DONTNEED));
	EXPECT_EQ(SIGBUS, read_fault(self->room + PAGE));
	EXPECT_EQ(PAGE, filled(self->room, PAGE, 1));
	EXPECT_EQ(0, read_fault(self->room + 2 * PAGE));
	ASSERT_EQ(0, madvise(self->room, ROOM, MADV_DONTNEED));
	EXPECT_EQ(SIGBUS, read_fault(self->room));
	EXPECT_EQ(SIGBUS, read_fault(self->room + LEN));
	EXPECT_TRUE(is_room(self->fd, self->room, 2));
}

TEST_F(room, keeps_its_pages)
{
	static const int refused[] = { MADV_REMOVE, MADV_FREE, MADV_WIPEONFORK };
	static const int no_matter[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED };
	unsigned int i;

	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		EXPECT_EQ(-1, madvise(self->room, ROOM, refused[i]));
	for (i = 0; i < ARRAY_SIZE(no_matter); i++)
		madvise(self->room, ROOM, no_matter[i]);
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
}

/* --- fork(2) --- */

/* The number of what is wrong in a child, which has nothing of the room; 0: nothing is. */
static int look_in_child(int fd, char *room)
{
	size_t pos;
	int sig;

	for (pos = 0; pos < ROOM; pos += PAGE) {
		sig = read_fault(room + pos);
		if (sig != SIGSEGV && sig != SIGBUS)
			return 1;
	}
	if (!is_no_room(fd, room, 2))
		return 2;
	/* The child's own is another one. */
	room = map_room(fd, ROOM);
	return room && is_room(fd, room, 3) ? 0 : 3;
}

static void check_fork(struct __test_metadata *_metadata,
		       struct _test_data_room *self)
{
	int status;
	pid_t pid;

	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	pid = fork();
	if (!pid)
		_exit(look_in_child(self->fd, self->room));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
	EXPECT_TRUE(is_room(self->fd, self->room, 4));
}

TEST_F(room, no_child_has_it)
{
	check_fork(_metadata, self);
}

TEST_F(room, no_child_has_it_by_advice)
{
	/* Later kernels refuse it for mappings that must not grow. */
	if (madvise(self->room, ROOM, MADV_DOFORK))
		EXPECT_EQ(EINVAL, errno);
	check_fork(_metadata, self);
}

TEST_HARNESS_MAIN
