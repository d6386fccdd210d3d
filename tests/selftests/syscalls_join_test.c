// SPDX-License-Identifier: GPL-2.0
/*
 * A recording with an endpoint for each CPU.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#include <sched.h>

#define CALLS	50	/* on each CPU */
#define ROUNDS	3	/* over all of them */

struct joined {
	int cpu;
	int fd;
	struct log log;
};

FIXTURE(join) {
	struct recording r;
	struct bulk_syscalls_request req;
	struct child child;
	struct joined joined[CPU_SETSIZE];
	int cpus; /* that this process may use */
};

FIXTURE_SETUP(join)
{
	cpu_set_t set;
	int cpu;

	self->r.fd = -1;
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			self->joined[self->cpus++] = (struct joined){ cpu, -1 };
	filter_call(&self->req.filter, __NR_getppid);
}

static void close_joined(struct joined *j)
{
	close(j->fd);
	j->fd = -1;
}

FIXTURE_TEARDOWN(join)
{
	int i;

	for (i = 0; i < self->cpus; i++) {
		close_joined(&self->joined[i]);
		free(self->joined[i].log.at);
	}
	end_recording(&self->r);
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* The numbers of the calls go on from CPU to CPU, and from step to step. */
static void call_on_each(struct child *c, void *arg)
{
	struct _test_data_join *self = arg;
	unsigned long number = 0;
	int i, call;

	for (;; child_pause(c))
		for (i = 0; i < self->cpus * ROUNDS; i++) {
			if (pin(self->joined[i % self->cpus].cpu))
				_exit(KSFT_FAIL);
			for (call = 0; call < CALLS; call++)
				raw_call(__NR_getppid, number++, 0, 0, 0, 0, 0);
		}
}

static void begin(struct __test_metadata *_metadata,
		  struct _test_data_join *self)
{
	ASSERT_EQ(0, spawn(&self->child, call_on_each, self));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
}

static int join(struct _test_data_join *self, struct joined *j)
{
	j->fd = open_channel("syscalls", O_RDWR | O_CLOEXEC);
	return j->fd < 0 ? j->fd : ask_short(j->fd, BULK_SYSCALLS_JOIN,
					     self->r.started.recording, j->cpu);
}

static void join_all(struct __test_metadata *_metadata,
		     struct _test_data_join *self)
{
	int i;

	for (i = 0; i < self->cpus; i++)
		ASSERT_EQ(0, join(self, &self->joined[i]));
}

/* Stop it, and receive what there is on all of its endpoints. */
static void stop_all(struct __test_metadata *_metadata,
		     struct _test_data_join *self)
{
	const struct bulk_syscalls_totals *totals;
	struct joined *j;

	ASSERT_NE(NULL, stop(&self->r));
	for (j = self->joined; j < self->joined + self->cpus; j++) {
		if (j->fd < 0)
			continue;
		totals = collect(&j->log, j->fd);
		ASSERT_NE(NULL, totals);
		EXPECT_EQ(count_all(&j->log), totals->made);
		EXPECT_EQ(0, totals->lost);
	}
}

static void end_child(struct __test_metadata *_metadata,
		      struct _test_data_join *self)
{
	kill(self->child.pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, ended(self->child.pid));
}

static unsigned long entries(const struct log *log)
{
	return count_calls(log, BULK_SYSCALLS_ENTER, 0, __NR_getppid);
}

/* Every record came on the endpoint of the CPU where it was made. */
static void check_cpus(struct __test_metadata *_metadata,
		       struct _test_data_join *self)
{
	struct bulk_packed *rec;
	struct joined *j;

	for (j = self->joined; j < self->joined + self->cpus; j++) {
		EXPECT_EQ(CALLS * ROUNDS, entries(&j->log));
		for (rec = NULL; (rec = log_next(&j->log, rec));)
			if (head_of(rec)->type != BULK_SYSCALLS_TOTALS)
				EXPECT_EQ(j->cpu, head_of(rec)->cpu);
	}
	EXPECT_EQ(0, entries(&self->r.log));
}

/* The next entry of all endpoints, by its tag. */
static struct bulk_packed *merge(struct _test_data_join *self,
				 struct bulk_packed **next)
{
	struct bulk_packed *rec;
	int i, first = 0;

	for (i = 1; i < self->cpus; i++)
		if (next[i] && (!next[first] ||
				next[i]->tag < next[first]->tag))
			first = i;
	rec = next[first];
	if (rec)
		next[first] = find_call(&self->joined[first].log, rec,
					BULK_SYSCALLS_ENTER, 0, __NR_getppid);
	return rec;
}

static void check_order(struct __test_metadata *_metadata,
			struct _test_data_join *self)
{
	struct bulk_packed *next[CPU_SETSIZE], *rec;
	unsigned long number;
	int i;

	for (i = 0; i < self->cpus; i++)
		next[i] = find_call(&self->joined[i].log, NULL,
				    BULK_SYSCALLS_ENTER, 0, __NR_getppid);
	for (number = 0; (rec = merge(self, next)); number++)
		EXPECT_EQ(number, enter_of(rec)->args[0]);
	EXPECT_EQ((unsigned long)self->cpus * CALLS * ROUNDS, number);
}

TEST_F(join, each_cpu)
{
	begin(_metadata, self);
	join_all(_metadata, self);
	step(&self->child);
	stop_all(_metadata, self);
	check_cpus(_metadata, self);
	check_order(_metadata, self);
	end_child(_metadata, self);
}

/* The leader has the CPUs that nobody joined. */
TEST_F(join, one_cpu)
{
	begin(_metadata, self);
	ASSERT_EQ(0, join(self, &self->joined[0]));
	step(&self->child);
	stop_all(_metadata, self);
	EXPECT_EQ(CALLS * ROUNDS, entries(&self->joined[0].log));
	EXPECT_EQ((unsigned long)(self->cpus - 1) * CALLS * ROUNDS,
		  entries(&self->r.log));
	end_child(_metadata, self);
}

TEST_F(join, close_gives_its_cpu_to_the_leader)
{
	begin(_metadata, self);
	join_all(_metadata, self);
	close_joined(&self->joined[0]);
	step(&self->child);
	stop_all(_metadata, self);
	EXPECT_EQ(CALLS * ROUNDS, entries(&self->r.log));
	end_child(_metadata, self);
}

TEST_F(join, join_again)
{
	begin(_metadata, self);
	join_all(_metadata, self);
	close_joined(&self->joined[0]);
	ASSERT_EQ(0, join(self, &self->joined[0]));
	step(&self->child);
	stop_all(_metadata, self);
	check_cpus(_metadata, self);
	end_child(_metadata, self);
}

TEST_F(join, filter_is_that_of_all)
{
	__u32 pid;

	begin(_metadata, self);
	join_all(_metadata, self);
	pid = self->child.pid;
	self->req.op = BULK_SYSCALLS_FILTER;
	memset(self->req.filter.calls, 0, sizeof(self->req.filter.calls));
	ASSERT_EQ(0, ask(self->r.fd, &self->req, &pid));
	step(&self->child);
	filter_call(&self->req.filter, __NR_getppid);
	ASSERT_EQ(0, ask(self->r.fd, &self->req, &pid));
	step(&self->child);
	stop_all(_metadata, self);
	check_cpus(_metadata, self);
	end_child(_metadata, self);
}

/* No more is recorded; what there was on joined endpoints can be received. */
TEST_F(join, close_of_the_leader)
{
	struct joined *j;
	__u64 recording;
	int fd;

	begin(_metadata, self);
	join_all(_metadata, self);
	recording = self->r.started.recording;
	step(&self->child);
	end_recording(&self->r);
	step(&self->child);
	for (j = self->joined; j < self->joined + self->cpus; j++) {
		while (log_receive(&j->log, j->fd, BULK_DONTWAIT) > 0)
			;
		EXPECT_EQ(CALLS * ROUNDS, entries(&j->log));
	}
	fd = open_channel("syscalls", O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOENT, ask_short(fd, BULK_SYSCALLS_JOIN, recording, 0));
	close(fd);
	end_child(_metadata, self);
}

TEST_HARNESS_MAIN
