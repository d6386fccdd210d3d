// SPDX-License-Identifier: GPL-2.0
/*
 * Records of system calls: every field, every calling convention, every thread.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#include <pthread.h>
#include <time.h>

#define MISSING		"/missing/of/a/flight"
#define SLEEP_NS	20000000
#define THREADS		4
#define CALLS		50		/* of each thread */

struct known {
	long nr;
	long args[6];
};

static const struct known known[] = {
	{ __NR_getppid, { 1, 2, 3, 4, 5, 6 } },
	{ __NR_openat, { AT_FDCWD, (long)MISSING, O_RDONLY, 0, 7, 8 } },
	{ __NR_write, { -1, (long)MISSING, 5, 0, 0, 0 } },
	{ __NR_mmap, { 0, 12288, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0 } },
	{ __NR_lseek, { -1, -7, SEEK_SET, LONG_MIN, LONG_MAX, -1 } },
	{ __NR_getpid, { } },
	/* No such calls; the first numbers that no filter can tell apart. */
	{ BULK_SYSCALLS_NR - 1, { -1, -2, -3, -4, -5, -6 } },
	{ BULK_SYSCALLS_NR, { 1L << 60, 1L << 61, 1L << 62, 3, 2, 1 } },
	{ 0x20000000, { 1, 2, 3, 4, 5, 6 } },
	{ __X32_SYSCALL_BIT - 1, { 6, 5, 4, 3, 2, 1 } },
};

/* The child's own notes of what it did. */
struct notes {
	long results[ARRAY_SIZE(known)];
	pid_t tids[THREADS];
	long long sleep_ns;
};

FIXTURE(record) {
	struct recording r;
	struct child child;
	struct notes *notes;
};

FIXTURE_SETUP(record)
{
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	self->notes = share();
	ASSERT_NE(MAP_FAILED, self->notes);
}

FIXTURE_TEARDOWN(record)
{
	end_recording(&self->r);
}

/* Record all that a child does from its go to its end, which has this code. */
static void record_child(struct __test_metadata *_metadata,
			 struct _test_data_record *self,
			 void (*body)(struct child *c, void *arg), int code)
{
	struct bulk_syscalls_request req = { };

	ASSERT_EQ(0, spawn(&self->child, body, self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &req, self->child.pid));
	ASSERT_EQ(code, finish(&self->child));
	ASSERT_NE(NULL, stop(&self->r));
	EXPECT_EQ(0, lost_in_band(&self->r.log));
}

/* The call after @rec has these numbers; returns its exit. */
static struct bulk_packed *check_call(struct __test_metadata *_metadata,
				      struct _test_data_record *self,
				      struct bulk_packed *rec,
				      const struct known *call, int abi,
				      long result)
{
	struct log *log = &self->r.log;
	pid_t pid = self->child.pid;
	int arg;

	rec = find_call(log, rec, BULK_SYSCALLS_ENTER, pid, call->nr);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(sizeof(struct bulk_syscalls_enter), rec->len);
	EXPECT_EQ(abi, head_of(rec)->abi);
	EXPECT_EQ(0, head_of(rec)->flags);
	EXPECT_EQ(pid, head_of(rec)->pid);
	EXPECT_EQ(0, enter_of(rec)->parts);
	for (arg = 0; arg < (abi == BULK_SYSCALLS_ABI_32 ? 3 : 6); arg++)
		EXPECT_EQ(call->args[arg], (long)enter_of(rec)->args[arg]);

	rec = find_type(log, rec, BULK_SYSCALLS_EXIT, pid);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(sizeof(struct bulk_syscalls_exit), rec->len);
	EXPECT_EQ(abi, head_of(rec)->abi);
	EXPECT_EQ(0, head_of(rec)->flags);
	EXPECT_EQ(pid, head_of(rec)->pid);
	EXPECT_EQ(call->nr, exit_of(rec)->nr);
	EXPECT_EQ(0, exit_of(rec)->parts);
	EXPECT_EQ(result, exit_of(rec)->result);
	return rec;
}

static void make_known(struct child *c, void *arg)
{
	struct notes *notes = arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		notes->results[i] = raw_call(known[i].nr, known[i].args[0],
					     known[i].args[1], known[i].args[2],
					     known[i].args[3], known[i].args[4],
					     known[i].args[5]);
}

TEST_F(record, known_calls)
{
	struct bulk_packed *rec = NULL;
	size_t i;

	record_child(_metadata, self, make_known, 0);
	EXPECT_EQ(getpid(), self->notes->results[0]);
	EXPECT_EQ(-ENOENT, self->notes->results[1]);
	EXPECT_EQ(-EBADF, self->notes->results[2]);
	for (i = 0; i < ARRAY_SIZE(known); i++)
		rec = check_call(_metadata, self, rec, &known[i],
				 BULK_SYSCALLS_ABI_64, self->notes->results[i]);
	/* It has no exit. */
	EXPECT_EQ(1, count_calls(&self->r.log, BULK_SYSCALLS_ENTER,
				 self->child.pid, __NR_exit_group));
	EXPECT_EQ(0, count_calls(&self->r.log, BULK_SYSCALLS_EXIT,
				 self->child.pid, __NR_exit_group));
}

/* A tracer skips a call by the number -1, which here is the caller's. */
static void make_nonsense(struct child *c, void *arg)
{
	static const long numbers[] = { -1, INT_MIN, INT_MAX, UINT_MAX };
	struct notes *notes = arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (raw_call(numbers[i], 1, 2, 3, 4, 5, 6) >= 0)
			_exit(KSFT_FAIL);
	notes->results[0] = raw_call(known[0].nr, 1, 2, 3, 4, 5, 6);
}

TEST_F(record, numbers_that_are_none)
{
	record_child(_metadata, self, make_nonsense, 0);
	check_call(_metadata, self, NULL, &known[0], BULK_SYSCALLS_ABI_64,
		   getpid());
}

static void call_x32(struct child *c, void *arg)
{
	struct notes *notes = arg;

	notes->results[0] = raw_call(__X32_SYSCALL_BIT | __NR_getppid, 1, 2, 3,
				     4, 5, 6);
}

TEST_F(record, x32_call)
{
	struct known call = {
		__X32_SYSCALL_BIT | __NR_getppid, { 1, 2, 3, 4, 5, 6 },
	};

	record_child(_metadata, self, call_x32, 0);
	if (self->notes->results[0] != getpid())
		SKIP(return, "no x32 calls");
	check_call(_metadata, self, NULL, &call, BULK_SYSCALLS_ABI_X32,
		   getpid());
}

static void call_int80(struct child *c, void *arg)
{
	struct notes *notes = arg;

	signal(SIGSEGV, _exit);
	notes->results[0] = int80(NR32_GETPPID, 1, 2, UINT_MAX);
	notes->results[1] = int80(BULK_SYSCALLS_NR32, 3, 2, 1);
}

TEST_F(record, int80_call)
{
	struct known getppid32 = { NR32_GETPPID, { 1, 2, UINT_MAX } };
	struct known none = { BULK_SYSCALLS_NR32, { 3, 2, 1 } };
	struct bulk_syscalls_request req = { };
	struct bulk_packed *rec;
	int code;

	ASSERT_EQ(0, spawn(&self->child, call_int80, self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &req, self->child.pid));
	code = finish(&self->child);
	if (code == SIGSEGV)
		SKIP(return, "no 32-bit calls");
	ASSERT_EQ(0, code);
	ASSERT_NE(NULL, stop(&self->r));
	rec = check_call(_metadata, self, NULL, &getppid32,
			 BULK_SYSCALLS_ABI_32, getpid());
	check_call(_metadata, self, rec, &none, BULK_SYSCALLS_ABI_32,
		   self->notes->results[1]);
}

static long long monotonic(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void sleep_a_while(struct child *c, void *arg)
{
	struct timespec while_ = { .tv_nsec = SLEEP_NS };
	struct notes *notes = arg;
	long long before = monotonic();

	raw_call(__NR_nanosleep, (long)&while_, 0, 0, 0, 0, 0);
	notes->sleep_ns = monotonic() - before;
}

/* At least what was asked for, at most what the sleeper saw. */
TEST_F(record, duration)
{
	const struct bulk_packed *rec;

	record_child(_metadata, self, sleep_a_while, 0);
	rec = find_call(&self->r.log, NULL, BULK_SYSCALLS_EXIT,
			self->child.pid, __NR_nanosleep);
	ASSERT_NE(NULL, rec);
	EXPECT_LE(SLEEP_NS, exit_of(rec)->duration_ns);
	EXPECT_GE(self->notes->sleep_ns, (long long)exit_of(rec)->duration_ns);
}

/* The child slept in a read(2) when the recording began. */
TEST_F(record, exit_of_an_entry_not_seen)
{
	const struct bulk_packed *rec;

	record_child(_metadata, self, make_known, 0);
	rec = find_type(&self->r.log, NULL, BULK_SYSCALLS_EXIT,
			self->child.pid);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(BULK_SYSCALLS_UNTIMED, head_of(rec)->flags);
	EXPECT_EQ(__NR_read, exit_of(rec)->nr);
	EXPECT_EQ(1, exit_of(rec)->result);
	EXPECT_EQ(0, exit_of(rec)->duration_ns);
	EXPECT_EQ(sizeof(struct bulk_syscalls_exit), rec->len);
}

static void *call_often(void *tid)
{
	int i;

	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_RELEASE);
	for (i = 0; i < CALLS; i++)
		raw_call(__NR_getppid, i, 0, 0, 0, 0, 0);
	return NULL;
}

static void call_from_threads(struct child *c, void *arg)
{
	struct notes *notes = arg;
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, call_often,
				   &notes->tids[i]))
			_exit(KSFT_FAIL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Entries and exits of a thread take turns, and their times don't fall. */
static void check_thread(struct __test_metadata *_metadata,
			 struct _test_data_record *self, pid_t tid)
{
	struct bulk_packed *rec = NULL;
	__u64 tag = self->r.tag;
	int i;

	for (i = 0; i < 2 * CALLS; i++) {
		rec = find_call(&self->r.log, rec, i % 2 ? BULK_SYSCALLS_EXIT :
				BULK_SYSCALLS_ENTER, tid, __NR_getppid);
		ASSERT_NE(NULL, rec);
		EXPECT_EQ(self->child.pid, head_of(rec)->pid);
		EXPECT_LE(tag, rec->tag);
		tag = rec->tag;
		if (i % 2 == 0)
			EXPECT_EQ(i / 2, enter_of(rec)->args[0]);
	}
	EXPECT_EQ(NULL, find_call(&self->r.log, rec, BULK_SYSCALLS_ENTER, tid,
				  __NR_getppid));
}

TEST_F(record, threads)
{
	struct bulk_packed *rec;
	__u64 tag = self->r.tag;
	int i;

	record_child(_metadata, self, call_from_threads, 0);
	for (i = 0; i < THREADS; i++)
		check_thread(_metadata, self, self->notes->tids[i]);
	for (rec = NULL; (rec = log_next(&self->r.log, rec));)
		if (head_of(rec)->tid == (__u32)self->child.pid) {
			EXPECT_LE(tag, rec->tag);
			tag = rec->tag;
		}
}

TEST_HARNESS_MAIN
