// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of the channel syscalls: which calls, of which processes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#include <time.h>

#include "cgroup.h"

#define MANY		100		/* calls of a child */
#define SLOW_NS		500000000
#define SLEEP_NS	600000000
#define GROUP		CGROUP_ROOT "/bulk_syscalls"
#define BELOW		GROUP "/below"

FIXTURE(filter) {
	struct recording r;
	struct bulk_syscalls_request req;
	struct child child;
	pid_t *pids; /* that the child notes */
};

FIXTURE_SETUP(filter)
{
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	self->pids = share();
	ASSERT_NE(MAP_FAILED, self->pids);
	self->req.op = BULK_SYSCALLS_START;
}

FIXTURE_TEARDOWN(filter)
{
	end_recording(&self->r);
	rmdir(BELOW);
	rmdir(GROUP);
}

/* Record a child by its pid, from its go to its end. */
static void record_child(struct __test_metadata *_metadata,
			 struct _test_data_filter *self,
			 void (*body)(struct child *c, void *arg))
{
	ASSERT_EQ(0, spawn(&self->child, body, self->pids));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
	ASSERT_EQ(0, finish(&self->child));
	ASSERT_NE(NULL, stop(&self->r));
	EXPECT_EQ(0, lost_in_band(&self->r.log));
}

/* How often a call was recorded; its entries and exits are as many. */
static unsigned long recorded(struct __test_metadata *_metadata,
			      struct _test_data_filter *self, pid_t tid,
			      __u32 nr)
{
	unsigned long enters = count_calls(&self->r.log, BULK_SYSCALLS_ENTER,
					   tid, nr);

	EXPECT_EQ(enters, count_calls(&self->r.log, BULK_SYSCALLS_EXIT, tid,
				      nr));
	return enters;
}

static void call_often(struct child *c, void *arg)
{
	int i;

	for (i = 0; i < MANY; i++)
		raw_call(__NR_getppid, i, 0, 0, 0, 0, 0);
}

static void fork_twice(struct child *c, void *arg)
{
	pid_t pid = fork(), other;

	if (!pid) {
		other = fork();
		call_often(NULL, NULL);
		_exit(other ? ended(other) : 0);
	}
	call_often(NULL, NULL);
	_exit(ended(pid));
}

TEST_F(filter, without_descendants)
{
	record_child(_metadata, self, fork_twice);
	EXPECT_EQ(MANY, recorded(_metadata, self, self->child.pid,
				 __NR_getppid));
	EXPECT_EQ(MANY, recorded(_metadata, self, 0, __NR_getppid));
}

TEST_F(filter, with_descendants)
{
	self->req.filter.flags = BULK_SYSCALLS_DESCENDANTS;
	record_child(_metadata, self, fork_twice);
	EXPECT_EQ(MANY, recorded(_metadata, self, self->child.pid,
				 __NR_getppid));
	EXPECT_EQ(3 * MANY, recorded(_metadata, self, 0, __NR_getppid));
}

static void no_int80(int sig)
{
	_exit(0);
}

/*
 * The numbers of 64-bit and 32-bit calls mean different calls. The results tell
 * whether there are x32 calls and 32-bit ones, which come last for the signal.
 */
static void call_mixed(struct child *c, void *arg)
{
	pid_t *results = arg;

	signal(SIGSEGV, no_int80);
	raw_call(__NR_getppid, 0, 0, 0, 0, 0, 0);
	raw_call(NR32_GETPPID, -1, 0, 0, 0, 0, 0);
	results[0] = raw_call(__X32_SYSCALL_BIT | __NR_getppid, 0, 0, 0, 0, 0,
			      0);
	raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
	/* Numbers that no bit stands for. */
	raw_call(BULK_SYSCALLS_NR, 0, 0, 0, 0, 0, 0);
	raw_call(BULK_SYSCALLS_NR + __NR_getppid, 0, 0, 0, 0, 0, 0);
	raw_call(INT_MAX, 0, 0, 0, 0, 0, 0);
	raw_call(-1, 0, 0, 0, 0, 0, 0);
	results[1] = int80(NR32_GETPPID, 0, 0, 0);
	int80(__NR_getppid, -1, 0, 0);
	int80(BULK_SYSCALLS_NR32, 0, 0, 0);
	int80(BULK_SYSCALLS_NR32 + NR32_GETPPID, 0, 0, 0);
	int80(INT_MIN, 0, 0, 0);
}

/* Every call recorded is one of these. */
static unsigned long only_calls(struct __test_metadata *_metadata,
				struct _test_data_filter *self, int abi,
				__u32 nr)
{
	const struct bulk_syscalls_head *head;
	struct bulk_packed *rec;
	unsigned long n = 0;

	for (rec = NULL; (rec = log_next(&self->r.log, rec));) {
		head = head_of(rec);
		if (head->type != BULK_SYSCALLS_ENTER &&
		    head->type != BULK_SYSCALLS_EXIT)
			continue;
		EXPECT_EQ(abi == BULK_SYSCALLS_ABI_32,
			  head->abi == BULK_SYSCALLS_ABI_32);
		EXPECT_EQ(nr, enter_of(rec)->nr & ~__X32_SYSCALL_BIT);
		n += head->type == BULK_SYSCALLS_ENTER;
	}
	return n;
}

TEST_F(filter, calls)
{
	unsigned long x32;

	filter_call(&self->req.filter, __NR_getppid);
	record_child(_metadata, self, call_mixed);
	x32 = self->pids[0] == getpid();
	EXPECT_EQ(1 + x32, only_calls(_metadata, self, BULK_SYSCALLS_ABI_64,
				      __NR_getppid));
	EXPECT_EQ(x32, recorded(_metadata, self, 0,
				__X32_SYSCALL_BIT | __NR_getppid));
}

TEST_F(filter, calls_of_32_bits)
{
	self->req.filter.flags = BULK_SYSCALLS_CALLS;
	self->req.filter.calls32[NR32_GETPPID / 64] = 1ULL << NR32_GETPPID % 64;
	record_child(_metadata, self, call_mixed);
	if (!self->pids[1])
		SKIP(return, "no 32-bit calls");
	EXPECT_EQ(1, only_calls(_metadata, self, BULK_SYSCALLS_ABI_32,
				NR32_GETPPID));
}

TEST_F(filter, no_calls)
{
	self->req.filter.flags = BULK_SYSCALLS_CALLS;
	record_child(_metadata, self, call_mixed);
	EXPECT_EQ(NULL, find_type(&self->r.log, NULL, BULK_SYSCALLS_ENTER, 0));
	EXPECT_EQ(NULL, find_type(&self->r.log, NULL, BULK_SYSCALLS_EXIT, 0));
}

static void fail_once(struct child *c, void *arg)
{
	raw_call(__NR_getppid, 0, 0, 0, 0, 0, 0);
	raw_call(__NR_lseek, -1, 12345, SEEK_END, 4, 5, 6);
	raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
}

static void check_args(struct __test_metadata *_metadata,
		       const struct bulk_packed *rec, const __u64 *args)
{
	int arg;

	ASSERT_NE(NULL, rec);
	EXPECT_EQ(BULK_SYSCALLS_ARGS, head_of(rec)->flags);
	ASSERT_EQ(sizeof(struct bulk_syscalls_exit) + 6 * sizeof(__u64),
		  rec->len);
	EXPECT_EQ(0, exit_of(rec)->parts);
	for (arg = 0; arg < 6; arg++)
		EXPECT_EQ(args[arg], exit_of(rec)->args[arg]);
}

TEST_F(filter, errors)
{
	const __u64 args[6] = { -1, 12345, SEEK_END, 4, 5, 6 };
	struct bulk_packed *rec;

	self->req.filter.flags = BULK_SYSCALLS_ERRORS;
	record_child(_metadata, self, fail_once);
	EXPECT_EQ(NULL, find_type(&self->r.log, NULL, BULK_SYSCALLS_ENTER, 0));
	rec = find_call(&self->r.log, NULL, BULK_SYSCALLS_EXIT,
			self->child.pid, __NR_lseek);
	check_args(_metadata, rec, args);
	EXPECT_EQ(-EBADF, exit_of(rec)->result);
	for (rec = NULL; (rec = log_next(&self->r.log, rec));)
		if (head_of(rec)->type == BULK_SYSCALLS_EXIT)
			EXPECT_GT(0, exit_of(rec)->result);
}

static const struct timespec sleep_long = { .tv_nsec = SLEEP_NS };

static void call_and_sleep(struct child *c, void *arg)
{
	call_often(NULL, NULL);
	raw_call(__NR_nanosleep, (long)&sleep_long, 2, 3, 4, 5, 6);
}

TEST_F(filter, slower)
{
	const __u64 args[6] = { (long)&sleep_long, 2, 3, 4, 5, 6 };
	struct bulk_packed *rec;

	self->req.filter.slower_ns = SLOW_NS;
	record_child(_metadata, self, call_and_sleep);
	rec = find_call(&self->r.log, NULL, BULK_SYSCALLS_EXIT,
			self->child.pid, __NR_nanosleep);
	check_args(_metadata, rec, args);
	EXPECT_EQ(NULL, find_type(&self->r.log, NULL, BULK_SYSCALLS_ENTER, 0));
	for (rec = NULL; (rec = log_next(&self->r.log, rec));)
		if (head_of(rec)->type == BULK_SYSCALLS_EXIT)
			EXPECT_LE(SLOW_NS, exit_of(rec)->duration_ns);
}

TEST_F(filter, one_in)
{
	filter_call(&self->req.filter, __NR_getppid);
	self->req.filter.flags |= BULK_SYSCALLS_DESCENDANTS;
	self->req.filter.one_in = 10;
	record_child(_metadata, self, fork_twice);
	EXPECT_EQ(MANY / 10, recorded(_metadata, self, self->child.pid,
				      __NR_getppid));
	EXPECT_EQ(3 * MANY / 10, recorded(_metadata, self, 0, __NR_getppid));
}

TEST_F(filter, one_in_one)
{
	self->req.filter.one_in = 1;
	record_child(_metadata, self, call_often);
	EXPECT_EQ(MANY, recorded(_metadata, self, 0, __NR_getppid));
}

/* Two children, of all processes: the first does what @arg says. */
static void record_two(struct __test_metadata *_metadata,
		       struct _test_data_filter *self,
		       void (*body)(struct child *c, void *arg))
{
	struct child other;

	filter_call(&self->req.filter, __NR_getppid);
	ASSERT_EQ(0, spawn(&other, call_often, NULL));
	ASSERT_EQ(0, spawn(&self->child, body, NULL));
	ASSERT_EQ(0, start(&self->r, &self->req, NULL));
	ASSERT_EQ(0, finish(&other));
	ASSERT_EQ(0, finish(&self->child));
	ASSERT_NE(NULL, stop(&self->r));
	EXPECT_EQ(MANY, recorded(_metadata, self, self->child.pid,
				 __NR_getppid));
	EXPECT_EQ(MANY, recorded(_metadata, self, 0, __NR_getppid));
}

/* Of its uids the effective one counts, which is root's at first. */
static void call_as_nobody(struct child *c, void *arg)
{
	call_often(NULL, NULL);
	if (setresuid(-1, NOBODY, -1))
		_exit(KSFT_FAIL);
	call_often(NULL, NULL);
}

TEST_F(filter, uid)
{
	self->req.filter.flags = BULK_SYSCALLS_UID;
	self->req.filter.uid = NOBODY;
	record_two(_metadata, self, call_as_nobody);
}

static void call_from_below(struct child *c, void *arg)
{
	if (write_text(BELOW "/cgroup.procs", "0"))
		_exit(KSFT_FAIL);
	call_often(NULL, NULL);
}

TEST_F(filter, cgroup)
{
	struct stat st;

	if (mkdir(GROUP, 0755) || mkdir(BELOW, 0755))
		SKIP(return, "no cgroup2 at " CGROUP_ROOT);
	ASSERT_EQ(0, stat(GROUP, &st));
	self->req.filter.flags = BULK_SYSCALLS_CGROUP;
	self->req.filter.cgroup = st.st_ino;
	record_two(_metadata, self, call_from_below);
}

TEST_HARNESS_MAIN
