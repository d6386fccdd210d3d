// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of the channel syscalls that change while it records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#define STEPS		3

FIXTURE(change) {
	struct recording r;
	struct bulk_syscalls_request req;
	struct child child;
	__u32 pid;
};

/* Two kinds of calls in each step, which is their argument. */
static void call_in_steps(struct child *c, void *arg)
{
	int i;

	for (i = 0; i < STEPS; i++) {
		raw_call(__NR_getppid, i, 0, 0, 0, 0, 0);
		raw_call(__NR_getuid, i, 0, 0, 0, 0, 0);
		child_pause(c);
	}
}

FIXTURE_SETUP(change)
{
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	ASSERT_EQ(0, spawn(&self->child, call_in_steps, NULL));
	self->pid = self->child.pid;
	filter_call(&self->req.filter, __NR_getppid);
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->pid));
	self->req.op = BULK_SYSCALLS_FILTER;
	step(&self->child);
}

FIXTURE_TEARDOWN(change)
{
	EXPECT_EQ(0, finish(&self->child));
	end_recording(&self->r);
}

/* Each FILTER is answered by TOTALS, once what was there has been received. */
static void filter(struct __test_metadata *_metadata,
		   struct _test_data_change *self)
{
	ASSERT_EQ(0, ask(self->r.fd, &self->req, &self->pid));
	ASSERT_NE(NULL, collect(&self->r.log, self->r.fd));
}

/* In which steps a call was recorded, a bit for each; each once and whole. */
static unsigned int steps_of(struct __test_metadata *_metadata,
			     struct _test_data_change *self, __u32 nr)
{
	struct bulk_packed *rec = NULL;
	unsigned int steps = 0, n = 0;

	while ((rec = find_call(&self->r.log, rec, BULK_SYSCALLS_ENTER,
				self->pid, nr))) {
		steps |= 1U << enter_of(rec)->args[0];
		n++;
	}
	EXPECT_EQ(__builtin_popcount(steps), n);
	EXPECT_EQ(n, count_calls(&self->r.log, BULK_SYSCALLS_EXIT, self->pid,
				 nr));
	return steps;
}

static void rest_of_steps(struct __test_metadata *_metadata,
			  struct _test_data_change *self)
{
	step(&self->child);
	ASSERT_NE(NULL, stop(&self->r));
}

TEST_F(change, other_calls)
{
	memset(self->req.filter.calls, 0, sizeof(self->req.filter.calls));
	filter_call(&self->req.filter, __NR_getuid);
	filter(_metadata, self);
	step(&self->child);
	filter_call(&self->req.filter, __NR_getppid);
	filter(_metadata, self);
	rest_of_steps(_metadata, self);
	EXPECT_EQ(5, steps_of(_metadata, self, __NR_getppid));
	EXPECT_EQ(6, steps_of(_metadata, self, __NR_getuid));
}

TEST_F(change, other_processes)
{
	__u32 pid = self->pid;
	pid_t other = fork();

	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	self->pid = other;
	filter(_metadata, self);
	step(&self->child);
	self->pid = pid;
	filter(_metadata, self);
	rest_of_steps(_metadata, self);
	EXPECT_EQ(5, steps_of(_metadata, self, __NR_getppid));
	kill(other, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, ended(other));
}

/* A FILTER that is refused leaves the one before it as it was. */
TEST_F(change, refused)
{
	struct bulk_syscalls_request req = self->req;

	memset(req.filter.calls, 0, sizeof(req.filter.calls));
	req.filter.stack = BULK_SYSCALLS_MAX_STACK + 1;
	EXPECT_EQ(-EINVAL, ask(self->r.fd, &req, &self->pid));
	req.filter.stack = 0;
	EXPECT_EQ(-ESRCH, ask(self->r.fd, &req, (__u32[]){ ~0U }));
	step(&self->child);
	rest_of_steps(_metadata, self);
	EXPECT_EQ(7, steps_of(_metadata, self, __NR_getppid));
	EXPECT_EQ(0, steps_of(_metadata, self, __NR_getuid));
}

/* The calls between a STOP and the FILTER behind it are not recorded. */
TEST_F(change, filter_after_stop)
{
	ASSERT_NE(NULL, stop(&self->r));
	step(&self->child);
	EXPECT_EQ(-EAGAIN, log_receive(&self->r.log, self->r.fd,
				       BULK_DONTWAIT));
	filter(_metadata, self);
	rest_of_steps(_metadata, self);
	EXPECT_EQ(5, steps_of(_metadata, self, __NR_getppid));
}

TEST_HARNESS_MAIN
