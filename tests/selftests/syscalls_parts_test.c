// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of an entry's record: paths and stacks, and pointers that lead nowhere.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#define FRAMES		(BULK_SYSCALLS_MAX_STACK + 6)
#define RETURN_ADDRESS	0x401000UL	/* and so on: a program's text */

/* As a function with a frame pointer lays it down. */
struct frame {
	unsigned long next;
	unsigned long ret;
};

static const unsigned long wild[] = {
	0, 1, 7, 4095,			/* below the first mapping */
	0x7ffffffff000,			/* past the last page of a user */
	0x7fffffffffff, 0x800000000000,	/* not canonical */
	0xffff800000000000, 0xffffffff81000000, 0xffffffffff600000,
	~0UL - 7, ~0UL,
};

struct notes {
	struct frame frames[FRAMES];
	char *path;
	unsigned long bp;
};

FIXTURE(parts) {
	struct recording r;
	struct bulk_syscalls_request req;
	struct child child;
	struct notes notes;
};

FIXTURE_SETUP(parts)
{
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
}

FIXTURE_TEARDOWN(parts)
{
	end_recording(&self->r);
}

/* Record a child whose memory is a copy of this; the entry of its call @nr. */
static const struct bulk_packed *entry_of(struct __test_metadata *_metadata,
					  struct _test_data_parts *self,
					  void (*body)(struct child *c,
						       void *arg), __u32 nr)
{
	const struct bulk_packed *rec;

	ASSERT_EQ(0, spawn(&self->child, body, &self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
	ASSERT_EQ(0, finish(&self->child));
	ASSERT_NE(NULL, stop(&self->r));
	rec = find_call(&self->r.log, NULL, BULK_SYSCALLS_ENTER,
			self->child.pid, nr);
	ASSERT_NE(NULL, rec);
	ASSERT_EQ(sizeof(struct bulk_syscalls_enter) + enter_of(rec)->parts,
		  rec->len);
	return rec;
}

static void expect_path(struct __test_metadata *_metadata,
			const struct bulk_packed *rec, unsigned int arg,
			const char *path, size_t len, int flags)
{
	const struct bulk_syscalls_part *part;

	part = find_part(rec, BULK_SYSCALLS_PART_PATH, arg);
	ASSERT_NE(NULL, part);
	EXPECT_EQ(flags, part->flags);
	ASSERT_EQ(len, part->len);
	EXPECT_EQ(0, memcmp(path, part->data, len));
}

/* After fork(2) a program's constants may have no page in the child yet. */
static long touched(const char *path)
{
	size_t i;

	for (i = 0; __atomic_load_n(path + i, __ATOMIC_RELAXED); i++)
		;
	return (long)path;
}

static void open_path(struct child *c, void *arg)
{
	struct notes *notes = arg;

	raw_call(__NR_openat, AT_FDCWD, touched(notes->path), O_PATH, 0, 0, 0);
}

static void open_untouched(struct child *c, void *arg)
{
	struct notes *notes = arg;

	raw_call(__NR_openat, AT_FDCWD, (long)notes->path, O_PATH, 0, 0, 0);
}

static void check_open(struct __test_metadata *_metadata,
		       struct _test_data_parts *self, char *path, size_t len,
		       int flags)
{
	self->req.filter.flags = BULK_SYSCALLS_PATHS;
	self->notes.path = path;
	expect_path(_metadata,
		    entry_of(_metadata, self, open_path, __NR_openat), 1, path,
		    len, flags);
}

TEST_F(parts, path)
{
	check_open(_metadata, self, "/no/such/file", 13, 0);
}

TEST_F(parts, empty_path)
{
	check_open(_metadata, self, "", 0, 0);
}

TEST_F(parts, longest_path)
{
	char path[BULK_SYSCALLS_MAX_PATH + 1] = "";

	memset(path, 'p', BULK_SYSCALLS_MAX_PATH);
	check_open(_metadata, self, path, BULK_SYSCALLS_MAX_PATH, 0);
}

TEST_F(parts, path_that_is_cut)
{
	char path[BULK_SYSCALLS_MAX_PATH + 2] = "";

	memset(path, 'p', BULK_SYSCALLS_MAX_PATH + 1);
	check_open(_metadata, self, path, BULK_SYSCALLS_MAX_PATH,
		   BULK_SYSCALLS_PART_CUT);
}

TEST_F(parts, path_before_a_hole)
{
	char *end = map_before_hole(1);

	ASSERT_NE(NULL, end);
	memcpy(end - 5, "whole", 5);
	end[-1] = 0;
	check_open(_metadata, self, end - 5, 4, 0);
}

TEST_F(parts, path_without_an_end)
{
	const struct bulk_syscalls_part *part;
	char *end = map_before_hole(1);

	ASSERT_NE(NULL, end);
	memcpy(end - 4, "open", 4);
	self->req.filter.flags = BULK_SYSCALLS_PATHS;
	self->notes.path = end - 4;
	part = find_part(entry_of(_metadata, self, open_untouched, __NR_openat),
			 BULK_SYSCALLS_PART_PATH, 1);
	ASSERT_NE(NULL, part);
	EXPECT_EQ(BULK_SYSCALLS_PART_FAULT, part->flags);
	ASSERT_GE(4, part->len);
	EXPECT_EQ(0, memcmp("open", part->data, part->len));
}

static void rename_path(struct child *c, void *arg)
{
	raw_call(__NR_renameat, AT_FDCWD, touched("/no/source"), AT_FDCWD,
		 touched("/no/destination"), 0, 0);
}

TEST_F(parts, two_paths)
{
	const struct bulk_packed *rec;

	self->req.filter.flags = BULK_SYSCALLS_PATHS;
	rec = entry_of(_metadata, self, rename_path, __NR_renameat);
	expect_path(_metadata, rec, 1, "/no/source", 10, 0);
	expect_path(_metadata, rec, 3, "/no/destination", 15, 0);
}

/* Where only the end tells that a call is recorded, its exit has the parts. */
TEST_F(parts, path_of_a_failed_call)
{
	const struct bulk_packed *rec;

	self->req.filter.flags = BULK_SYSCALLS_PATHS | BULK_SYSCALLS_ERRORS;
	self->notes.path = "/no/such/file";
	ASSERT_EQ(0, spawn(&self->child, open_path, &self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
	ASSERT_EQ(0, finish(&self->child));
	ASSERT_NE(NULL, stop(&self->r));
	rec = find_call(&self->r.log, NULL, BULK_SYSCALLS_EXIT,
			self->child.pid, __NR_openat);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(BULK_SYSCALLS_ARGS, head_of(rec)->flags);
	EXPECT_EQ(-ENOENT, exit_of(rec)->result);
	EXPECT_EQ(AT_FDCWD, (long)exit_of(rec)->args[0]);
	expect_path(_metadata, rec, 1, "/no/such/file", 13, 0);
}

static void open_wild(struct child *c, void *arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wild); i++)
		raw_call(__NR_openat, AT_FDCWD, wild[i], O_PATH, 0, 0, 0);
}

TEST_F(parts, wild_paths)
{
	struct bulk_packed *rec = NULL;
	size_t i;

	self->req.filter.flags = BULK_SYSCALLS_PATHS;
	entry_of(_metadata, self, open_wild, __NR_openat);
	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		rec = find_call(&self->r.log, rec, BULK_SYSCALLS_ENTER,
				self->child.pid, __NR_openat);
		ASSERT_NE(NULL, rec);
		EXPECT_EQ(wild[i], enter_of(rec)->args[1]);
		if (wild[i])
			expect_path(_metadata, rec, 1, "", 0,
				    BULK_SYSCALLS_PART_FAULT);
	}
}

/* A call from where the frame pointer is @bp. */
static void call_at(unsigned long bp)
{
	long ret = __NR_getppid;

	asm volatile("mov %%rbp, %%r12\n\t"
		     "mov %[bp], %%rbp\n\t"
		     "syscall\n\t"
		     "mov %%r12, %%rbp"
		     : "+a" (ret)
		     : [bp] "r" (bp)
		     : "memory", "cc", "rcx", "r11", "r12");
}

static void call_with_stack(struct child *c, void *arg)
{
	struct notes *notes = arg;

	call_at(notes->bp);
}

/* A chain of frames, of which the last is the outermost. */
static void make_frames(struct _test_data_parts *self, int frames)
{
	struct frame *frame = self->notes.frames;
	int i;

	for (i = 0; i < frames; i++) {
		frame[i].ret = RETURN_ADDRESS + i;
		frame[i].next = i + 1 < frames ? (unsigned long)&frame[i + 1] :
						 0;
	}
	self->notes.bp = (unsigned long)frame;
}

static void check_stack(struct __test_metadata *_metadata,
			struct _test_data_parts *self, unsigned int most,
			unsigned int want)
{
	const struct bulk_syscalls_part *part;
	const __u64 *at;
	unsigned int i;

	self->req.filter.stack = most;
	part = find_part(entry_of(_metadata, self, call_with_stack,
				  __NR_getppid), BULK_SYSCALLS_PART_STACK, 0);
	ASSERT_NE(NULL, part);
	ASSERT_EQ(want * sizeof(*at), part->len);
	at = (const __u64 *)part->data;
	/* The first is where the call returns to. */
	EXPECT_NE(0, at[0]);
	for (i = 1; i < want; i++)
		EXPECT_EQ(RETURN_ADDRESS + i - 1, at[i]);
}

TEST_F(parts, stack)
{
	make_frames(self, 5);
	check_stack(_metadata, self, BULK_SYSCALLS_MAX_STACK, 6);
}

TEST_F(parts, stack_of_so_many)
{
	make_frames(self, 5);
	check_stack(_metadata, self, 2, 2);
}

TEST_F(parts, deep_stack)
{
	make_frames(self, FRAMES);
	check_stack(_metadata, self, BULK_SYSCALLS_MAX_STACK,
		    BULK_SYSCALLS_MAX_STACK);
}

/* Its frame is linked to itself: there is an end to it. */
TEST_F(parts, endless_stack)
{
	const struct bulk_packed *rec;

	make_frames(self, 1);
	self->notes.frames[0].next = self->notes.bp;
	self->req.filter.stack = BULK_SYSCALLS_MAX_STACK;
	rec = entry_of(_metadata, self, call_with_stack, __NR_getppid);
	EXPECT_GE(sizeof(struct bulk_syscalls_part) +
		  BULK_SYSCALLS_MAX_STACK * sizeof(__u64),
		  enter_of(rec)->parts);
}

static void call_with_wild_stacks(struct child *c, void *arg)
{
	struct notes *notes = arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		call_at(wild[i]);
		notes->frames[0].next = wild[i];
		call_at(notes->bp);
	}
}

TEST_F(parts, wild_stacks)
{
	make_frames(self, 1);
	self->req.filter.stack = BULK_SYSCALLS_MAX_STACK;
	entry_of(_metadata, self, call_with_wild_stacks, __NR_getppid);
	EXPECT_EQ(2 * ARRAY_SIZE(wild),
		  count_calls(&self->r.log, BULK_SYSCALLS_EXIT,
			      self->child.pid, __NR_getppid));
}

TEST_HARNESS_MAIN
