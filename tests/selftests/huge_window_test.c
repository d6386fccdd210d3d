// SPDX-License-Identifier: GPL-2.0
/*
 * Large windows, whose rings are huge pages where the kernel has some: they are
 * mapped whole, and nothing else is to be seen of it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <sys/uio.h>

#include "cgroup.h"
#include "mapping.h"
#include "touch.h"

#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define PAGE		4096UL
#define RING		(16UL << 20)
#define TX		(2 * PAGE)	/* where the rings are in the window */
#define RX		(TX + 2 * RING)
#define WINDOW		(RX + 2 * RING)
#define STEP		(2UL << 20)	/* from one place that is tried to the next */
#define STEPS		(2 * RING / STEP)	/* of a ring, which is mapped twice */
#define INSIDE		(5 * PAGE + 8)	/* where a step is marked */

static char out[MAX_RECORD], in[MAX_RECORD];

FIXTURE(huge)
{
	struct windowed w;
	unsigned long huge;	/* bytes of a huge page; 0 where none is mapped */
};

/* 0 where huge pages are not mapped, whoever asks for it. */
static unsigned long huge_page_size(void)
{
	char text[64];

	if (!read_text(THP "enabled", text, sizeof(text)) ||
	    strstr(text, "[never]"))
		return 0;
	return read_text(THP "hpage_pmd_size", text, sizeof(text)) ? atol(text) : 0;
}

static void *map_large(const struct windowed *w)
{
	void *window;

	/* Tests before this one may have left the memory in pieces. */
	write_text("/proc/sys/vm/compact_memory", "1");
	window = map_window(w, WINDOW);
	if (window)
		madvise(window, WINDOW, MADV_HUGEPAGE);
	return window;
}

FIXTURE_SETUP(huge)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	self->w.window = map_large(&self->w);
	ASSERT_NE(NULL, self->w.window);
	self->w.params.window_default = WINDOW;
	self->huge = huge_page_size();
}

FIXTURE_TEARDOWN_PARENT(huge)
{
	cgroup_remove();
}

/* Bytes of the window that are mapped by huge pages. */
static long mapped_whole(const struct windowed *w)
{
	char line[128];

	if (!smaps_line(w->window, "FilePmdMapped:", line, sizeof(line)))
		return 0;
	return atol(strchr(line, ':') + 1) * 1024;
}

static __u64 word_at(const struct windowed *w, size_t at)
{
	return __atomic_load_n((__u64 *)(w->window + at), __ATOMIC_RELAXED);
}

static void set_word(const struct windowed *w, size_t at, __u64 word)
{
	__atomic_store_n((__u64 *)(w->window + at), word, __ATOMIC_RELAXED);
}

/* Mark each step of the ring that the process writes, which holds no record. */
static void mark(const struct windowed *w)
{
	size_t at;

	for (at = TX + INSIDE; at < TX + RING; at += STEP)
		set_word(w, at, at);
}

/* How many steps of both times that the ring is mapped have the mark. */
static unsigned int marked(const struct windowed *w)
{
	unsigned int nr = 0;
	size_t at;

	for (at = TX + INSIDE; at < TX + RING; at += STEP)
		nr += (word_at(w, at) == at) + (word_at(w, at + RING) == at);
	return nr;
}

/* The steps of a part of the window where writing a byte gives @sig. */
static unsigned int steps_with(const struct windowed *w, size_t from, int sig)
{
	unsigned int nr = 0;
	size_t at;

	for (at = from; at < from + 2 * RING; at += STEP)
		nr += write_fault(w->window + at) == sig;
	return nr;
}

/* 0 if so many records of the largest size go through both rings. */
static int go_round(const struct windowed *w, unsigned int nr)
{
	__u64 tag;

	for (; nr; nr--) {
		fill(out, sizeof(out), nr);
		if (window_send(w, out, sizeof(out), nr, BULK_NO_SYSCALL))
			return -EIO;
		if (window_recv(w, in, sizeof(in), &tag, 0) != sizeof(in) ||
		    tag != nr || filled(in, sizeof(in), nr) != sizeof(in))
			return -EPROTO;
	}
	return 0;
}

TEST_F(huge, rings_begin_where_a_huge_page_can)
{
	if (!self->huge)
		SKIP(return, "no transparent huge pages");
	EXPECT_EQ(0, (unsigned long)(self->w.window + TX) % self->huge);
	EXPECT_EQ(0, (unsigned long)(self->w.window + RX) % self->huge);
}

TEST_F(huge, is_mapped_whole)
{
	char line[128];
	size_t at;
	long tx;

	if (!self->huge)
		SKIP(return, "no transparent huge pages");
	if (!smaps_line(self->w.window, "FilePmdMapped:", line, sizeof(line)))
		SKIP(return, "no smaps");
	ASSERT_EQ(0, mapped_whole(&self->w));
	mark(&self->w);
	tx = mapped_whole(&self->w);
	EXPECT_LT(0, tx);
	for (at = RX; at < WINDOW; at += STEP)
		EXPECT_EQ(0, word_at(&self->w, at));
	EXPECT_LT(tx, mapped_whole(&self->w));
}

TEST_F(huge, records_go_round)
{
	EXPECT_EQ(0, go_round(&self->w, 2 * RING / MAX_RECORD));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

/* By a first access, and where it was read before; by the process or for it. */
TEST_F(huge, kernel_pages_are_read_only)
{
	int zero = open("/dev/zero", O_RDONLY);
	size_t at;

	ASSERT_LE(0, zero);
	for (at = RX; at < WINDOW; at += STEP) {
		EXPECT_EQ(-1, read(zero, self->w.window + at, 1));
		EXPECT_EQ(EFAULT, errno);
	}
	EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
	for (at = RX; at < WINDOW; at += STEP)
		EXPECT_EQ(-1, read(zero, self->w.window + at, 1));
	close(zero);
	EXPECT_EQ(STEPS, steps_with(&self->w, TX, 0));
	EXPECT_EQ(0, write_fault(self->w.window + RX - 1));
	EXPECT_EQ(SIGBUS, write_fault(self->w.window + RX));
	EXPECT_EQ(SIGBUS, write_fault(self->w.window + TX - 1));
	EXPECT_EQ(0, go_round(&self->w, 2));
}

/* Zeroes all over for a forked child, which writes to nobody but itself. */
static int look_in_child(const struct windowed *w)
{
	size_t at;

	for (at = TX + INSIDE; at < WINDOW; at += STEP)
		if (word_at(w, at))
			return 1;
	for (at = TX + INSIDE; at < RX; at += STEP)
		set_word(w, at, 1);
	return go_round(w, 1) == -EIO ? 0 : 2;
}

TEST_F(huge, fork_copies_nothing)
{
	int status;
	pid_t pid;

	mark(&self->w);
	pid = fork();
	if (!pid)
		_exit(look_in_child(&self->w));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(STEPS, marked(&self->w));
	EXPECT_EQ(0, go_round(&self->w, 2));
}

/* A part of a huge page may be what the advice is about. */
TEST_F(huge, contents_stay)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		mark(&self->w);
		EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
		if (madvise(self->w.window + TX + PAGE, RX - TX, advice[i]))
			ASSERT_NE(MADV_DONTNEED, advice[i]);
		EXPECT_EQ(STEPS, marked(&self->w));
		if (madvise(self->w.window, WINDOW, advice[i]))
			ASSERT_NE(MADV_DONTNEED, advice[i]);
		EXPECT_EQ(STEPS, marked(&self->w));
		EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
	}
	EXPECT_EQ(0, go_round(&self->w, 2));
}

TEST_F(huge, mprotect)
{
	mark(&self->w);
	EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
	ASSERT_EQ(0, mprotect(self->w.window, WINDOW, PROT_READ));
	EXPECT_EQ(STEPS, steps_with(&self->w, TX, SIGSEGV));
	EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGSEGV));
	ASSERT_EQ(0, mprotect(self->w.window, WINDOW, PROT_READ | PROT_WRITE));
	EXPECT_EQ(STEPS, steps_with(&self->w, TX, 0));
	EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
	EXPECT_EQ(STEPS, marked(&self->w));
	EXPECT_EQ(-1, mprotect(self->w.window + TX, STEP, PROT_READ));
	EXPECT_EQ(-1, munmap(self->w.window + TX, STEP));
	EXPECT_EQ(0, go_round(&self->w, 2));
}

/* To where no huge page can be mapped whole, and back. */
TEST_F(huge, mremap_moves)
{
	void *home = self->w.window, *away, *places[2];
	unsigned int i;

	away = mmap(NULL, WINDOW + PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, away);
	if ((unsigned long)(away + TX) % STEP == 0)
		away += PAGE;
	places[0] = away;
	places[1] = home;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		mark(&self->w);
		EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
		ASSERT_EQ(places[i], mremap(self->w.window, WINDOW, WINDOW,
					    MREMAP_MAYMOVE | MREMAP_FIXED,
					    places[i]));
		self->w.window = places[i];
		EXPECT_EQ(STEPS, marked(&self->w));
		EXPECT_EQ(STEPS, steps_with(&self->w, TX, 0));
		EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
		if (places[i] == away)
			EXPECT_EQ(0, mapped_whole(&self->w));
		EXPECT_EQ(0, go_round(&self->w, 2));
	}
}

/* A pipe that has a part of a huge page keeps it, whatever becomes of the window. */
TEST_F(huge, pinned_part_outlives_it)
{
	struct iovec part = { self->w.window + TX + STEP, PAGE };
	int ends[2];

	fill(part.iov_base, PAGE, 1);
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(PAGE, vmsplice(ends[1], &part, 1, 0));
	ASSERT_EQ(0, munmap(self->w.window, WINDOW));
	self->w.window = map_large(&self->w);
	ASSERT_NE(NULL, self->w.window);
	fill(self->w.window + TX + STEP, PAGE, 2);
	ASSERT_EQ(PAGE, read(ends[0], in, PAGE));
	EXPECT_EQ(PAGE, filled(in, PAGE, 1));
}

TEST_F(huge, memory_is_given_back)
{
	long long start, full;

	if (cgroup_create() || cgroup_set("cgroup.procs", "0"))
		SKIP(return, "no memory cgroup");
	ASSERT_EQ(0, munmap(self->w.window, WINDOW));
	start = cgroup_value("memory.current", NULL);
	self->w.window = map_large(&self->w);
	ASSERT_NE(NULL, self->w.window);
	mark(&self->w);
	EXPECT_EQ(STEPS, steps_with(&self->w, RX, SIGBUS));
	full = cgroup_value("memory.current", NULL);
	/* Each ring once, however often it is mapped. */
	EXPECT_LE(2 * (long long)RING, full - start);
	EXPECT_GT(3 * (long long)RING, full - start);
	ASSERT_EQ(0, munmap(self->w.window, WINDOW));
	self->w.window = NULL;
	EXPECT_GT(start + (long long)RING / 8,
		  memory_settled(start + (long long)RING / 16));
}

TEST_HARNESS_MAIN
