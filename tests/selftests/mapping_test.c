// SPDX-License-Identifier: GPL-2.0
/*
 * The window as a mapping: what mmap(2) and its kin allow, and what they don't.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include "mapping.h"
#include "touch.h"

#define WINDOW_MAX	"/proc/sys/kernel/bulk_xfer/window_max"
#define RECORDS		50

FIXTURE(mapping)
{
	struct windowed w;
	size_t size, page;
};

FIXTURE_SETUP(mapping)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	self->size = self->w.params.window_default;
	self->page = getpagesize();
}

FIXTURE_TEARDOWN(mapping)
{
	close_windowed(&self->w);
}

/* 0 if a record goes round through the window without a system call, but one. */
static int round_trip(const struct windowed *w)
{
	char in[8];
	__u64 tag;
	int ret = window_send(w, "record", 7, 1, BULK_NO_SYSCALL);

	if (ret)
		return ret;
	ret = window_send(w, "second", 7, 2, BULK_NO_SYSCALL);
	if (ret || window_recv(w, in, sizeof(in), &tag, 0) != 7 || tag != 1)
		return -EIO;
	ret = window_recv(w, in, sizeof(in), &tag, BULK_NO_SYSCALL);
	return ret == 7 && tag == 2 && !strcmp(in, "second") ? 0 : -EPROTO;
}

static int send_some(const struct windowed *w, __u64 first)
{
	int i;

	for (i = 0; i < RECORDS; i++)
		if (window_send(w, "some", 5, first + i, BULK_NO_SYSCALL))
			return -1;
	return 0;
}

static int recv_some(const struct windowed *w, __u64 first)
{
	char in[8];
	__u64 tag;
	int i;

	for (i = 0; i < RECORDS; i++)
		if (window_recv(w, in, sizeof(in), &tag, BULK_DONTWAIT) != 5 ||
		    tag != first + i)
			return -1;
	return 0;
}

/* 0, or the errno that mmap(2) of @w's descriptor gives. */
static int try_mmap(const struct windowed *w, size_t size, int prot, int flags,
		    off_t offset)
{
	void *map = mmap(NULL, size, prot, flags, w->fd, offset);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, size);
	return 0;
}

/* --- mmap(2) --- */

TEST_F(mapping, every_size_between_the_limits)
{
	const struct bulk_params *p = &self->w.params;
	size_t sizes[] = { p->window_min, p->window_min + self->page,
			   2 * p->window_min, p->window_default,
			   p->window_default + 5 * self->page, p->window_max };
	struct windowed w = self->w;
	unsigned int i;

	munmap(self->w.window, self->size);
	self->w.window = NULL;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		w.window = map_window(&w, sizes[i]);
		ASSERT_NE(NULL, w.window);
		EXPECT_EQ(0, round_trip(&w));
		/* What is beyond the rings is no part of the window. */
		EXPECT_GE(sizes[i], figure(w.fd, "window"));
		EXPECT_LT(sizes[i] / 2, figure(w.fd, "window"));
		ASSERT_EQ(0, munmap(w.window, sizes[i]));
		EXPECT_EQ(0, figure(w.fd, "window"));
	}
}

TEST_F(mapping, other_sizes_are_refused)
{
	const struct bulk_params *p = &self->w.params;
	int prot = p->mmap_prot, flags = p->mmap_flags;

	munmap(self->w.window, self->size);
	self->w.window = NULL;
	EXPECT_EQ(EINVAL, try_mmap(&self->w, self->page, prot, flags, 0));
	EXPECT_EQ(EINVAL, try_mmap(&self->w, p->window_min - self->page, prot,
				   flags, 0));
	EXPECT_EQ(EINVAL, try_mmap(&self->w, p->window_max + self->page, prot,
				   flags, 0));
	EXPECT_EQ(0, try_mmap(&self->w, p->window_min, prot, flags, 0));
}

TEST_F(mapping, other_flags_are_refused)
{
	int prot = PROT_READ | PROT_WRITE;

	munmap(self->w.window, self->size);
	self->w.window = NULL;
	EXPECT_EQ(EINVAL, try_mmap(&self->w, self->size, prot, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, try_mmap(&self->w, self->size, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, try_mmap(&self->w, self->size, PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, try_mmap(&self->w, self->size, PROT_NONE, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, try_mmap(&self->w, self->size, prot, MAP_SHARED, self->page));
	EXPECT_EQ(EPERM, try_mmap(&self->w, self->size, prot | PROT_EXEC, MAP_SHARED, 0));
	EXPECT_EQ(0, try_mmap(&self->w, self->size, prot, MAP_SHARED, 0));
}

TEST_F(mapping, one_direction_has_no_window)
{
	struct windowed w = self->w;

	w.fd = open_channel("echo", O_RDONLY);
	EXPECT_EQ(EACCES, try_mmap(&w, self->size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, try_mmap(&w, self->size, PROT_READ, MAP_SHARED, 0));
	close(w.fd);
	w.fd = open_channel("echo", O_WRONLY);
	EXPECT_EQ(EACCES, try_mmap(&w, self->size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, 0));
	close(w.fd);
}

TEST_F(mapping, second_is_busy)
{
	struct windowed twin = self->w;
	int status;
	pid_t pid;

	twin.fd = dup(self->w.fd);
	EXPECT_EQ(NULL, map_window(&twin, self->size));
	EXPECT_EQ(EBUSY, errno);
	pid = fork();
	if (!pid)
		_exit(!map_window(&twin, self->size) && errno == EBUSY ? 0 : 1);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, round_trip(&self->w));
	munmap(self->w.window, self->size);
	self->w.window = map_window(&twin, self->size);
	EXPECT_NE(NULL, self->w.window);
	EXPECT_EQ(0, round_trip(&self->w));
	close(twin.fd);
}

TEST_F(mapping, sysctl_limits_the_size)
{
	const struct bulk_params *p = &self->w.params;
	char old[32], new[32];

	if (!read_text(WINDOW_MAX, old, sizeof(old)))
		SKIP(return, "no sysctl");
	munmap(self->w.window, self->size);
	self->w.window = NULL;
	snprintf(new, sizeof(new), "%llu", p->window_min);
	ASSERT_EQ(0, write_text(WINDOW_MAX, new));
	EXPECT_EQ(EPERM, try_mmap(&self->w, self->size, p->mmap_prot,
				  p->mmap_flags, 0));
	EXPECT_EQ(0, try_mmap(&self->w, p->window_min, p->mmap_prot,
			      p->mmap_flags, 0));
	EXPECT_EQ(0, write_text(WINDOW_MAX, old));
	EXPECT_EQ(0, try_mmap(&self->w, self->size, p->mmap_prot,
			      p->mmap_flags, 0));
}

/* What waits in an unmapped window is not lost, nor overtaken. */
TEST_F(mapping, records_outlive_it)
{
	const struct bulk_params *p = &self->w.params;
	struct windowed bare = self->w;
	char in[8];
	__u64 tag;

	bare.window = NULL;
	ASSERT_EQ(0, window_send(&self->w, "first", 6, 99, 0));
	ASSERT_EQ(0, send_some(&self->w, 0));
	ASSERT_EQ(6, window_recv(&self->w, in, sizeof(in), &tag, 0));
	ASSERT_EQ(0, send_some(&self->w, RECORDS));
	ASSERT_EQ(0, munmap(self->w.window, self->size));
	self->w.window = NULL;
	EXPECT_EQ(2 * RECORDS + 1, figure(self->w.fd, "tx-records"));
	/* Smaller than what they wait in, for the first of them; then larger. */
	self->w.window = map_window(&self->w, p->window_min);
	ASSERT_NE(NULL, self->w.window);
	ASSERT_EQ(0, munmap(self->w.window, p->window_min));
	self->size = 2 * self->size;
	self->w.params.window_default = self->size;
	self->w.window = map_window(&self->w, self->size);
	ASSERT_NE(NULL, self->w.window);
	EXPECT_EQ(0, recv_some(&self->w, 0));
	munmap(self->w.window, self->size);
	self->w.window = NULL;
	EXPECT_EQ(0, recv_some(&bare, RECORDS));
	EXPECT_EQ(-EAGAIN, window_recv(&bare, in, sizeof(in), &tag, BULK_DONTWAIT));
}

/* --- Writing --- */

/* The control page and the ring of each, the ring's pages twice. */
TEST_F(mapping, a_page_has_one_writer)
{
	size_t pages = self->size / self->page, i, writable = 0;
	int sig;

	for (i = 0; i < pages; i++) {
		sig = write_fault(self->w.window + i * self->page);
		EXPECT_TRUE(!sig || sig == SIGBUS);
		writable += !sig;
	}
	EXPECT_EQ(pages / 2, writable);
	EXPECT_EQ(0, round_trip(&self->w));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

/* Nor do the ways around the page tables write to the kernel's pages. */
TEST_F(mapping, no_back_door)
{
	size_t pages = self->size / self->page, i, written = 0, filled_in = 0;
	int mem = open("/proc/self/mem", O_RDWR), zero = open("/dev/zero", O_RDONLY);
	char byte, *at = self->w.window;

	ASSERT_LE(0, mem);
	ASSERT_LE(0, zero);
	for (i = 0; i < pages; i++) {
		byte = at[i * self->page];
		written += pwrite(mem, &byte, 1, (off_t)(at + i * self->page)) == 1;
		filled_in += read(zero, at + i * self->page, 1) == 1;
	}
	EXPECT_EQ(pages / 2, written);
	EXPECT_EQ(pages / 2, filled_in);
	close(mem);
	close(zero);
}

TEST_F(mapping, mprotect)
{
	void *window = self->w.window;

	ASSERT_EQ(0, mprotect(window, self->size, PROT_READ));
	EXPECT_EQ(SIGSEGV, write_fault(window));
	ASSERT_EQ(0, mprotect(window, self->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, round_trip(&self->w));
	EXPECT_EQ(SIGBUS, write_fault(window + self->page));

	EXPECT_EQ(-1, mprotect(window, self->size,
			       PROT_READ | PROT_WRITE | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(window, self->page, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(window + self->page, self->page, PROT_NONE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, round_trip(&self->w));
}

/* --- Moving and parting --- */

TEST_F(mapping, mremap_moves)
{
	void *room = mmap(NULL, self->size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(0, send_some(&self->w, 0));
	ASSERT_EQ(room, mremap(self->w.window, self->size, self->size,
			       MREMAP_MAYMOVE | MREMAP_FIXED, room));
	self->w.window = room;
	EXPECT_EQ(self->size, figure(self->w.fd, "window"));
	EXPECT_EQ(0, recv_some(&self->w, 0));
	EXPECT_EQ(0, round_trip(&self->w));
	EXPECT_EQ(SIGBUS, write_fault(room + self->page));
}

TEST_F(mapping, mremap_does_nothing_else)
{
	void *window = self->w.window;
	size_t size = self->size;

	EXPECT_EQ(MAP_FAILED, mremap(window, size, 2 * size, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(window, 0, size, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(window, size, size / 2, 0));
	EXPECT_EQ(MAP_FAILED, mremap(window, size / 2, size / 2, MREMAP_MAYMOVE |
				     MREMAP_FIXED, window + 4 * size));
	EXPECT_EQ(MAP_FAILED, mremap(window, size, size, MREMAP_MAYMOVE |
				     MREMAP_DONTUNMAP, NULL));
	EXPECT_EQ(0, round_trip(&self->w));
	EXPECT_EQ(size, figure(self->w.fd, "window"));
}

TEST_F(mapping, no_part_is_unmapped)
{
	void *window = self->w.window;

	EXPECT_EQ(-1, munmap(window, self->page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, munmap(window + self->page, self->size - self->page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, munmap(window + self->page, self->page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(window, self->page, PROT_NONE, MAP_FIXED |
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_EQ(0, round_trip(&self->w));
	EXPECT_EQ(self->size, figure(self->w.fd, "window"));
}

TEST_F(mapping, mapped_over)
{
	ASSERT_EQ(0, send_some(&self->w, 0));
	ASSERT_EQ(self->w.window,
		  mmap(self->w.window, self->size, PROT_READ | PROT_WRITE,
		       MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_EQ(0, figure(self->w.fd, "window"));
	EXPECT_EQ(RECORDS, figure(self->w.fd, "tx-records"));
	/* Zeroes: the function sees no window there. */
	EXPECT_EQ(0, recv_some(&self->w, 0));
}

/* --- madvise(2) --- */

TEST_F(mapping, contents_stay)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT };
	char in[8];
	__u64 tag;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		/* Some in each ring. */
		ASSERT_EQ(0, window_send(&self->w, "first", 6, 99, 0));
		ASSERT_EQ(0, send_some(&self->w, 0));
		ASSERT_EQ(6, window_recv(&self->w, in, sizeof(in), &tag, 0));
		ASSERT_EQ(0, send_some(&self->w, RECORDS));
		if (madvise(self->w.window, self->size, advice[i]))
			ASSERT_NE(MADV_DONTNEED, advice[i]);
		EXPECT_EQ(0, recv_some(&self->w, 0));
		EXPECT_EQ(0, recv_some(&self->w, RECORDS));
		EXPECT_EQ(SIGBUS, write_fault(self->w.window + self->page));
	}
}

TEST_F(mapping, advice_that_is_refused)
{
	static const int advice[] = { MADV_REMOVE, MADV_FREE, MADV_WIPEONFORK,
				      MADV_DODUMP };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(advice); i++)
		EXPECT_EQ(-1, madvise(self->w.window, self->size, advice[i])) {
			TH_LOG("advice %d", advice[i]);
		}
	EXPECT_EQ(0, round_trip(&self->w));
}

/* Does a forked child read zeroes all over, and write nowhere but to itself? */
static int look_at_copy(const struct windowed *w, size_t size, size_t page)
{
	unsigned char *at = w->window;
	size_t i;

	for (i = 0; i < size; i++)
		if (at[i])
			return 1;
	for (i = 0; i < size; i += page)
		if (!write_fault(at + i))
			memset(at + i, 0xff, page);
	return window_send(w, "child", 6, 7, 0) ? 2 : 0;
}

TEST_F(mapping, fork_copies_nothing)
{
	int status;
	char in[8];
	pid_t pid;

	ASSERT_EQ(0, send_some(&self->w, 0));
	/* Later kernels refuse it for mappings that must not grow. */
	if (madvise(self->w.window, self->size, MADV_DOFORK))
		EXPECT_EQ(EINVAL, errno);
	pid = fork();
	if (!pid)
		_exit(look_at_copy(&self->w, self->size, self->page));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, recv_some(&self->w, 0));
	EXPECT_EQ(6, window_recv(&self->w, in, sizeof(in), NULL, BULK_DONTWAIT));
	EXPECT_EQ(0, round_trip(&self->w));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

TEST_F(mapping, dontfork_leaves_it_out)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, madvise(self->w.window, self->size, MADV_DONTFORK));
	pid = fork();
	if (!pid)
		_exit(write_fault(self->w.window) == SIGSEGV ? 0 : 1);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, round_trip(&self->w));
}

/* --- What is told of it --- */

TEST_F(mapping, vm_flags)
{
	char line[512];

	if (!smaps_line(self->w.window, "VmFlags:", line, sizeof(line)))
		SKIP(return, "no smaps");
	/* Shared, in no core dump, never larger, never executable. */
	EXPECT_NE(NULL, strstr(line, " sh"));
	EXPECT_NE(NULL, strstr(line, " dd"));
	EXPECT_NE(NULL, strstr(line, " de"));
	EXPECT_EQ(NULL, strstr(line, " ex"));
	EXPECT_EQ(NULL, strstr(line, " me"));
}

TEST_HARNESS_MAIN
