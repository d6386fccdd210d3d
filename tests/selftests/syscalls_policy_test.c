// SPDX-License-Identifier: GPL-2.0
/*
 * Policies of the channel syscalls: which records are lost, and who waits.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#include <pthread.h>
#include <sched.h>

#define THREADS		4

/* Calls of each thread: many times what the smallest ring has room for. */
static unsigned long calls(void)
{
	return rounds(200000, 5000, 1000);
}

struct notes {
	unsigned long made[THREADS]; /* calls that have returned */
};

FIXTURE(policy) {
	struct recording r;
	struct bulk_syscalls_request req;
	struct child child;
	struct notes *notes;
};

FIXTURE_SETUP(policy)
{
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	self->notes = share();
	ASSERT_NE(MAP_FAILED, self->notes);
	self->r.fd = -1;
	self->req.ring_bytes = BULK_SYSCALLS_RING_MIN;
	filter_call(&self->req.filter, __NR_getppid);
}

FIXTURE_TEARDOWN(policy)
{
	end_recording(&self->r);
}

/* The first argument numbers the calls. */
static void *make_calls(void *arg)
{
	unsigned long *made = arg, i;

	for (i = 0; i < calls(); i++) {
		raw_call(__NR_getppid, i, 0, 0, 0, 0, 0);
		__atomic_store_n(made, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void one_thread(struct child *c, void *arg)
{
	struct notes *notes = arg;

	make_calls(&notes->made[0]);
	child_pause(c);
	raw_call(__NR_getppid, calls(), 0, 0, 0, 0, 0);
}

static void many_threads(struct child *c, void *arg)
{
	struct notes *notes = arg;
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, make_calls,
				   &notes->made[i]))
			_exit(KSFT_FAIL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	child_pause(c);
	raw_call(__NR_getppid, calls(), 0, 0, 0, 0, 0);
}

static void receive_all(struct _test_data_policy *self)
{
	while (log_receive(&self->r.log, self->r.fd, BULK_DONTWAIT) > 0)
		;
}

/* More calls than there is room for: all are made before any is received. */
static void flood(struct __test_metadata *_metadata,
		  struct _test_data_policy *self,
		  void (*body)(struct child *c, void *arg), __u32 policy)
{
	self->req.policy = policy;
	ASSERT_EQ(0, spawn(&self->child, body, self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
	step(&self->child);
	receive_all(self);
}

/* One more call, so that what was lost is told in-band, too. */
static const struct bulk_syscalls_totals *
end_flood(struct __test_metadata *_metadata, struct _test_data_policy *self)
{
	const struct bulk_syscalls_totals *totals;

	EXPECT_EQ(0, finish(&self->child));
	totals = stop(&self->r);
	EXPECT_NE(NULL, totals);
	return totals;
}

/* The figures agree with each other, and with the records that there are. */
static void check_totals(struct __test_metadata *_metadata,
			 struct _test_data_policy *self,
			 const struct bulk_syscalls_totals *totals)
{
	const struct bulk_syscalls_loss *loss = totals->losses;
	__u64 sum = 0;
	__u32 i;

	EXPECT_EQ(totals->made, count_all(&self->r.log) + totals->lost);
	EXPECT_EQ(totals->lost, lost_in_band(&self->r.log));
	ASSERT_GE(BULK_SYSCALLS_MAX_LOSSES, totals->nr_losses);
	for (i = 0; i < totals->nr_losses; i++) {
		sum += loss[i].overwritten + loss[i].refused + loss[i].killed;
		EXPECT_NE(0, loss[i].overwritten + loss[i].refused +
			     loss[i].killed);
		if (i)
			EXPECT_LT(loss[i - 1].nr, loss[i].nr);
	}
	EXPECT_EQ(totals->lost, sum);
}

/* Losses of a call: none where it has no entry. */
static struct bulk_syscalls_loss
loss_of(const struct bulk_syscalls_totals *totals, __u32 nr)
{
	__u32 i;

	for (i = 0; i < totals->nr_losses; i++)
		if (totals->losses[i].nr == nr &&
		    totals->losses[i].abi == BULK_SYSCALLS_ABI_64)
			return totals->losses[i];
	return (struct bulk_syscalls_loss){ };
}

static unsigned long seen(struct _test_data_policy *self)
{
	return count_calls(&self->r.log, BULK_SYSCALLS_ENTER, 0,
			   __NR_getppid) +
	       count_calls(&self->r.log, BULK_SYSCALLS_EXIT, 0, __NR_getppid);
}

static void check_flood(struct __test_metadata *_metadata,
			struct _test_data_policy *self, __u32 policy,
			int threads)
{
	const struct bulk_syscalls_totals *totals;
	struct bulk_syscalls_loss loss;

	totals = end_flood(_metadata, self);
	ASSERT_NE(NULL, totals);
	check_totals(_metadata, self, totals);
	loss = loss_of(totals, __NR_getppid);
	EXPECT_EQ(policy == BULK_SYSCALLS_OVERWRITE, loss.overwritten > 0);
	if (policy == BULK_SYSCALLS_REFUSE)
		EXPECT_LT(0, loss.refused);
	EXPECT_EQ(0, loss.killed);
	EXPECT_EQ(2 * (threads * calls() + 1),
		  seen(self) + loss.overwritten + loss.refused);
}

TEST_F(policy, refuse_of_threads)
{
	flood(_metadata, self, many_threads, BULK_SYSCALLS_REFUSE);
	check_flood(_metadata, self, BULK_SYSCALLS_REFUSE, THREADS);
}

TEST_F(policy, overwrite_of_threads)
{
	flood(_metadata, self, many_threads, BULK_SYSCALLS_OVERWRITE);
	check_flood(_metadata, self, BULK_SYSCALLS_OVERWRITE, THREADS);
}

/* Entries of calls from @first on that are there without a gap. */
static unsigned long run_of_entries(struct _test_data_policy *self,
				    unsigned long first)
{
	struct bulk_packed *rec = NULL;
	unsigned long n = 0;

	while ((rec = find_call(&self->r.log, rec, BULK_SYSCALLS_ENTER, 0,
				__NR_getppid)))
		if (enter_of(rec)->args[0] == first + n)
			n++;
	return n;
}

TEST_F(policy, refuse_keeps_the_oldest)
{
	unsigned long entries;

	flood(_metadata, self, one_thread, BULK_SYSCALLS_REFUSE);
	entries = count_calls(&self->r.log, BULK_SYSCALLS_ENTER, 0,
			      __NR_getppid);
	EXPECT_LT(0, entries);
	EXPECT_EQ(entries, run_of_entries(self, 0));
	check_flood(_metadata, self, BULK_SYSCALLS_REFUSE, 1);
}

TEST_F(policy, overwrite_keeps_the_newest)
{
	unsigned long entries;

	flood(_metadata, self, one_thread, BULK_SYSCALLS_OVERWRITE);
	entries = count_calls(&self->r.log, BULK_SYSCALLS_ENTER, 0,
			      __NR_getppid);
	EXPECT_LT(0, entries);
	EXPECT_EQ(entries, run_of_entries(self, calls() - entries));
	check_flood(_metadata, self, BULK_SYSCALLS_OVERWRITE, 1);
}

static void start_blocked(struct __test_metadata *_metadata,
			  struct _test_data_policy *self)
{
	self->req.policy = BULK_SYSCALLS_BLOCK;
	ASSERT_EQ(0, spawn(&self->child, one_thread, self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
	resume(&self->child);
	wait_blocked(self->child.pid, __NR_getppid);
}

static unsigned long made(struct _test_data_policy *self)
{
	return __atomic_load_n(&self->notes->made[0], __ATOMIC_ACQUIRE);
}

/* It waits at every full ring, and goes on when some of it was received. */
TEST_F(policy, block_loses_nothing)
{
	const struct bulk_syscalls_totals *totals;
	unsigned long before;

	start_blocked(_metadata, self);
	before = made(self);
	EXPECT_GT(calls(), before);
	ASSERT_LT(0, log_receive(&self->r.log, self->r.fd, BULK_DONTWAIT));
	while (made(self) == before)
		usleep(1000);
	while (made(self) < calls()) {
		receive_all(self);
		sched_yield();
	}
	wait_paused(&self->child);
	receive_all(self);
	totals = end_flood(_metadata, self);
	ASSERT_NE(NULL, totals);
	check_totals(_metadata, self, totals);
	EXPECT_EQ(0, totals->lost);
	EXPECT_EQ(2 * (calls() + 1), seen(self));
	EXPECT_EQ(calls() + 1, run_of_entries(self, 0));
}

TEST_F(policy, kill_while_blocked)
{
	const struct bulk_syscalls_totals *totals;
	struct bulk_syscalls_loss loss;
	unsigned long entries;

	start_blocked(_metadata, self);
	ASSERT_EQ(0, kill(self->child.pid, SIGKILL));
	ASSERT_EQ(128 + SIGKILL, ended(self->child.pid));
	totals = stop(&self->r);
	ASSERT_NE(NULL, totals);
	loss = loss_of(totals, __NR_getppid);
	EXPECT_EQ(totals->made, count_all(&self->r.log) + totals->lost);
	EXPECT_LE(1, loss.killed);
	EXPECT_EQ(0, loss.overwritten);
	EXPECT_EQ(0, loss.refused);
	/* The call that it was killed in, and those that had returned. */
	EXPECT_EQ(2 * (made(self) + 1), seen(self) + loss.killed);
	entries = count_calls(&self->r.log, BULK_SYSCALLS_ENTER, 0,
			      __NR_getppid);
	EXPECT_EQ(entries, run_of_entries(self, 0));
}

TEST_F(policy, close_while_blocked)
{
	start_blocked(_metadata, self);
	end_recording(&self->r);
	wait_paused(&self->child);
	EXPECT_EQ(calls(), made(self));
	EXPECT_EQ(0, finish(&self->child));
}

/* A recorder that stops as soon as its recording has begun. */
static void record_and_stop(const struct bulk_syscalls_request *req, pid_t pid)
{
	struct bulk_syscalls_request own = *req;
	struct recording r = { };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (start_pid(&r, &own, pid))
		_exit(KSFT_FAIL);
	raise(SIGSTOP);
	_exit(0);
}

static void stopped_reader(struct __test_metadata *_metadata,
			   struct _test_data_policy *self, __u32 policy)
{
	pid_t recorder;
	int status;

	self->req.policy = policy;
	ASSERT_EQ(0, spawn(&self->child, one_thread, self->notes));
	recorder = fork();
	if (!recorder)
		record_and_stop(&self->req, self->child.pid);
	ASSERT_EQ(recorder, waitpid(recorder, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	step(&self->child);
	EXPECT_EQ(calls(), made(self));
	EXPECT_EQ(0, finish(&self->child));
	kill(recorder, SIGCONT);
	EXPECT_EQ(0, ended(recorder));
}

TEST_F(policy, stopped_reader_of_overwrite)
{
	stopped_reader(_metadata, self, BULK_SYSCALLS_OVERWRITE);
}

TEST_F(policy, stopped_reader_of_refuse)
{
	stopped_reader(_metadata, self, BULK_SYSCALLS_REFUSE);
}

TEST_HARNESS_MAIN
