// SPDX-License-Identifier: GPL-2.0
/*
 * Page rooms: what mmap(2) grants, how much of it, and what touching them gives.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "page_room.h"

#include <sys/resource.h>

#include "touch.h"

/* 0, or the errno that mmap(2) gives. */
static int try_mmap(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *map = mmap(NULL, size, prot, flags, fd, offset);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, size);
	return 0;
}

static int try_room(int fd, size_t size)
{
	return try_mmap(fd, size, PROT_READ, MAP_SHARED, BULK_OFF_PAGES);
}

/* --- mmap(2) --- */

TEST_F(room, is_only_read)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prots); i++)
		EXPECT_EQ(EPERM, try_mmap(self->fd, ROOM, prots[i], MAP_SHARED,
					  BULK_OFF_PAGES)) {
			TH_LOG("protection %d", prots[i]);
		}
	EXPECT_EQ(0, try_mmap(self->fd, ROOM, PROT_READ, MAP_SHARED,
			      BULK_OFF_PAGES));
}

TEST_F(room, is_shared)
{
	EXPECT_EQ(EINVAL, try_mmap(self->fd, ROOM, PROT_READ, MAP_PRIVATE,
				   BULK_OFF_PAGES));
}

TEST_F(room, has_one_offset)
{
	static const off_t offsets[] = {
		BULK_OFF_PAGES + PAGE, BULK_OFF_PAGES - PAGE, BULK_OFF_PAGES / 2,
		BULK_OFF_PAGES * 2, PAGE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		EXPECT_EQ(EINVAL, try_mmap(self->fd, ROOM, PROT_READ,
					   MAP_SHARED, offsets[i])) {
			TH_LOG("offset %#lx", (long)offsets[i]);
		}
}

TEST_F(room, is_for_receivers)
{
	int fd = open_channel("echo", O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, try_room(fd, ROOM));
	close(fd);
	fd = open_channel("echo", O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(EACCES, try_room(fd, ROOM));
	close(fd);
}

TEST_F(room, of_one_page)
{
	char *page = map_room(self->fd, PAGE);

	ASSERT_NE(NULL, page);
	EXPECT_EQ(-EMSGSIZE, put(self->fd, page, 1));
	EXPECT_EQ(SIGBUS, read_fault(page));
	EXPECT_EQ(LEN, bulk_map(self->fd, self->room, LEN, NULL));
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
	munmap(page, PAGE);
}

TEST_F(room, sysctl_limits_the_size)
{
	char old[32], new[32];
	size_t max;

	if (!read_text(WINDOW_MAX, old, sizeof(old)))
		SKIP(return, "no sysctl");
	max = atoll(old);
	EXPECT_EQ(0, try_room(self->fd, max));
	EXPECT_EQ(EPERM, try_room(self->fd, max + PAGE));
	snprintf(new, sizeof(new), "%lu", ROOM);
	ASSERT_EQ(0, write_text(WINDOW_MAX, new));
	EXPECT_EQ(EPERM, try_room(self->fd, ROOM + PAGE));
	EXPECT_EQ(0, try_room(self->fd, ROOM));
	EXPECT_EQ(0, write_text(WINDOW_MAX, old));
	EXPECT_EQ(0, try_room(self->fd, ROOM + PAGE));
}

TEST_F(room, several)
{
	char *rooms[5];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		rooms[i] = map_room(self->fd, ROOM);
		ASSERT_NE(NULL, rooms[i]);
		ASSERT_TRUE(is_room(self->fd, rooms[i], i));
	}
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		EXPECT_TRUE(is_mapped(rooms[i], LEN, i));
		EXPECT_EQ(0, munmap(rooms[i], ROOM));
	}
	EXPECT_TRUE(is_room(self->fd, self->room, 9));
}

/* 0 if a record goes round through the window, which goes without a call. */
static int through_window(const struct windowed *w)
{
	char in[8];
	int ret = window_send(w, "record", 7, 1, BULK_NO_SYSCALL);

	if (ret)
		return ret;
	ret = window_recv(w, in, sizeof(in), NULL, 0);
	return ret == 7 && !strcmp(in, "record") ? 0 : -EIO;
}

/* Whichever of a window and a room comes first, and goes first. */
TEST_F(room, does_not_know_the_window)
{
	struct windowed w;
	int order, ret;
	char *room;

	for (order = 0; order < 4; order++) {
		ret = open_windowed(&w, "echo");
		if (ret == -EOPNOTSUPP)
			SKIP(return, "no vDSO");
		ASSERT_EQ(0, ret);
		if (order & 1)
			ASSERT_EQ(0, munmap(w.window, w.params.window_default));
		room = map_room(w.fd, ROOM);
		ASSERT_NE(NULL, room);
		ASSERT_TRUE(is_room(w.fd, room, 1));
		if (order & 1)
			w.window = map_window(&w, w.params.window_default);
		ASSERT_NE(NULL, w.window);
		EXPECT_EQ(0, through_window(&w));
		EXPECT_TRUE(is_room(w.fd, room, 2));
		if (order & 2) {
			ASSERT_EQ(0, munmap(w.window, w.params.window_default));
			w.window = NULL;
			EXPECT_TRUE(is_room(w.fd, room, 3));
		}
		ASSERT_EQ(0, munmap(room, ROOM));
		if (w.window)
			EXPECT_EQ(0, through_window(&w));
		close_windowed(&w);
	}
}

/* --- Touching --- */

TEST_F(room, is_empty_at_first)
{
	size_t pos;

	for (pos = 0; pos < ROOM; pos += PAGE)
		EXPECT_EQ(SIGBUS, read_fault(self->room + pos));
	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	for (pos = 0; pos < ROOM; pos += PAGE)
		EXPECT_EQ(pos < LEN ? 0 : SIGBUS, read_fault(self->room + pos));
}

TEST_F(room, is_not_written_to)
{
	int mem = open("/proc/self/mem", O_RDWR), other;
	struct bulk_seg seg;

	ASSERT_TRUE(is_room(self->fd, self->room, 1));
	EXPECT_EQ(SIGSEGV, write_fault(self->room));
	EXPECT_EQ(SIGSEGV, write_fault(self->room + LEN));
	/* Nor by the ways around the page tables, nor by the kernel. */
	ASSERT_LE(0, mem);
	EXPECT_EQ(-1, pwrite(mem, "x", 1, (off_t)self->room));
	other = open_channel("echo", O_RDWR);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, bulk_send(other, "x", 1, 0));
	seg = seg_recv(self->room, 1);
	EXPECT_EQ(-EFAULT, bulk_xfer(other, &seg, 1, BULK_DONTWAIT));
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
	close(other);
	close(mem);
}

/* --- RLIMIT_MEMLOCK --- */

FIXTURE(limited)
{
	char node[64];
	int fd;
};

/* A node of the test's own, which an unprivileged user may open. */
FIXTURE_SETUP(limited)
{
	struct rlimit limit = { ROOM, ROOM };
	struct stat st;

	if (stat("/dev/bulk/echo", &st))
		SKIP(return, "no /dev/bulk/echo");
	snprintf(self->node, sizeof(self->node), "/tmp/bulk-room-%d", getpid());
	umask(0);
	ASSERT_EQ(0, mknod(self->node, S_IFCHR | 0666, st.st_rdev));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	self->fd = open(self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(limited)
{
	unlink(self->node);
}

TEST_F(limited, one_room_at_most)
{
	EXPECT_EQ(ENOMEM, try_room(self->fd, ROOM + PAGE));
	EXPECT_EQ(0, try_room(self->fd, ROOM));
}

/* The limit is the user's; what is unmapped counts no more. */
TEST_F(limited, all_rooms_together)
{
	int other = open(self->node, O_RDWR), i;
	char *a, *b;

	ASSERT_LE(0, other);
	for (i = 0; i < 50; i++) {
		a = map_room(self->fd, ROOM / 2);
		ASSERT_NE(NULL, a);
		ASSERT_EQ(ENOMEM, try_room(other, ROOM));
		b = map_room(other, ROOM / 2);
		ASSERT_NE(NULL, b);
		ASSERT_EQ(ENOMEM, try_room(self->fd, PAGE));
		ASSERT_EQ(0, munmap(a, ROOM / 2));
		ASSERT_EQ(0, munmap(b, ROOM / 2));
	}
	EXPECT_EQ(0, try_room(self->fd, ROOM));
}

TEST_F(limited, moved_room_is_paid_for_once)
{
	char *room = map_room(self->fd, ROOM), *to = map_pages(ROOM / PAGE);

	ASSERT_NE(NULL, room);
	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(to, mremap(room, ROOM, ROOM, MREMAP_MAYMOVE | MREMAP_FIXED,
			     to));
	EXPECT_EQ(ENOMEM, try_room(self->fd, PAGE));
	ASSERT_EQ(0, munmap(to, ROOM));
	EXPECT_EQ(0, try_room(self->fd, ROOM));
}

TEST_HARNESS_MAIN
