// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the channel syscalls: what each is answered, and every error.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#include <poll.h>
#include <time.h>

#define NO_PID		0x7fffffffU	/* above PID_MAX_LIMIT */
#define NO_CGROUP	(~0ULL)
#define NO_RECORDING	(~0ULL)
#define CLOCK_SLACK	1000000000LL	/* ns; other clocks differ more */

static void wait_for_end(struct child *c, void *arg)
{
	child_pause(c);
}

FIXTURE(request) {
	int fd;
	struct child child;
	__u32 pid; /* of the child */
	struct bulk_syscalls_request req; /* a START that is right */
};

FIXTURE_SETUP(request)
{
	self->fd = open_channel("syscalls", O_RDWR | O_CLOEXEC);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/syscalls");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, spawn(&self->child, wait_for_end, NULL));
	self->pid = self->child.pid;
	self->req = (struct bulk_syscalls_request){
		.op = BULK_SYSCALLS_START,
		.nr_pids = 1,
		.filter.flags = BULK_SYSCALLS_PIDS,
	};
}

/* Whatever was refused, the right request is not, unless it was made before. */
FIXTURE_TEARDOWN(request)
{
	int ret = ask(self->fd, &self->req, &self->pid);

	EXPECT_TRUE(ret == 0 || ret == -EBUSY);
	close(self->fd);
	kill(self->child.pid, SIGKILL);
	waitpid(self->child.pid, NULL, 0);
}

#define EXPECT_REFUSED(error, field, value) do {			\
	struct bulk_syscalls_request __req = self->req;			\
									\
	__req.field = (value);						\
	EXPECT_EQ(-(error), ask_with(self->fd, &__req, &self->pid,	\
				     self->req.nr_pids)) {		\
		TH_LOG("%s", #field);					\
	}								\
} while (0)

TEST_F(request, layout)
{
	EXPECT_EQ(352, sizeof(struct bulk_syscalls_filter));
	EXPECT_EQ(384, sizeof(struct bulk_syscalls_request));
	EXPECT_EQ(32, offsetof(struct bulk_syscalls_request, filter));
	EXPECT_EQ(384, offsetof(struct bulk_syscalls_request, pids));
	EXPECT_EQ(16, sizeof(struct bulk_syscalls_head));
	EXPECT_EQ(72, sizeof(struct bulk_syscalls_enter));
	EXPECT_EQ(40, sizeof(struct bulk_syscalls_exit));
	EXPECT_EQ(8, sizeof(struct bulk_syscalls_part));
	EXPECT_EQ(32, sizeof(struct bulk_syscalls_loss));
	EXPECT_EQ(48, sizeof(struct bulk_syscalls_totals));
}

TEST_F(request, unknown_values)
{
	int bit;

	EXPECT_REFUSED(EINVAL, op, 0);
	EXPECT_REFUSED(EINVAL, op, BULK_SYSCALLS_STOP + 1);
	EXPECT_REFUSED(EINVAL, op, ~0U);
	EXPECT_REFUSED(EINVAL, policy, BULK_SYSCALLS_BLOCK + 1);
	EXPECT_REFUSED(EINVAL, policy, ~0U);
	for (bit = 7; bit < 32; bit++)
		EXPECT_REFUSED(EINVAL, filter.flags,
			       BULK_SYSCALLS_PIDS | 1U << bit);
	EXPECT_REFUSED(EINVAL, filter.stack, BULK_SYSCALLS_MAX_STACK + 1);
	EXPECT_REFUSED(EINVAL, filter.stack, ~0U);
	EXPECT_REFUSED(EINVAL, ring_bytes, 1);
	EXPECT_REFUSED(EINVAL, ring_bytes, BULK_SYSCALLS_RING_MIN - 1);
	EXPECT_REFUSED(EINVAL, ring_bytes, BULK_SYSCALLS_RING_MAX + 1ULL);
	EXPECT_REFUSED(EINVAL, ring_bytes, 1ULL << 32);
	EXPECT_REFUSED(EINVAL, ring_bytes, ~0ULL);
}

TEST_F(request, length)
{
	char buf[sizeof(self->req) + 3 * sizeof(__u32)];
	size_t right = sizeof(self->req) + sizeof(__u32), len;

	memcpy(buf, &self->req, sizeof(self->req));
	for (len = sizeof(self->req); len < sizeof(buf); len += sizeof(__u32))
		memcpy(buf + len, &self->pid, sizeof(__u32));
	for (len = 0; len <= sizeof(buf); len++)
		if (len != right)
			EXPECT_EQ(-EINVAL, bulk_send(self->fd, buf, len, 0)) {
				TH_LOG("%zu bytes", len);
			}
	EXPECT_REFUSED(EINVAL, nr_pids, 0);
	EXPECT_EQ(0, bulk_send(self->fd, buf, right, 0));
}

TEST_F(request, pids)
{
	__u32 pids[BULK_SYSCALLS_MAX_PIDS + 1];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = NO_PID;
	EXPECT_EQ(-ESRCH, ask(self->fd, &self->req, pids));
	pids[0] = ~0U;
	EXPECT_EQ(-ESRCH, ask(self->fd, &self->req, pids));
	self->req.nr_pids = BULK_SYSCALLS_MAX_PIDS;
	EXPECT_EQ(-ESRCH, ask(self->fd, &self->req, pids));
	self->req.nr_pids++;
	EXPECT_EQ(-EINVAL, ask(self->fd, &self->req, pids));
	/* Where one is missing, none is recorded. */
	self->req.nr_pids = 2;
	pids[0] = self->pid;
	EXPECT_EQ(-ESRCH, ask(self->fd, &self->req, pids));
	self->req.nr_pids = 1;
	/* A length that 32 bits don't hold. */
	EXPECT_REFUSED(EINVAL, nr_pids, 1U << 30);
	EXPECT_REFUSED(EINVAL, nr_pids, (1U << 30) + 1);
	EXPECT_REFUSED(EINVAL, nr_pids, ~0U);
}

TEST_F(request, process_that_has_ended)
{
	__u32 pid = fork();

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(-ESRCH, ask(self->fd, &self->req, &pid));
}

TEST_F(request, cgroup_that_there_is_not)
{
	self->req.filter.cgroup = NO_CGROUP;
	self->req.filter.flags |= BULK_SYSCALLS_CGROUP;
	EXPECT_EQ(-ENOENT, ask(self->fd, &self->req, &self->pid));
	self->req.filter.cgroup = 0;
	self->req.filter.flags = BULK_SYSCALLS_PIDS;
}

/* Only a START or a JOIN may say this. */
static void check_must_be_0(struct __test_metadata *_metadata,
			    struct _test_data_request *self)
{
	EXPECT_REFUSED(EINVAL, policy, BULK_SYSCALLS_REFUSE);
	EXPECT_REFUSED(EINVAL, ring_bytes, BULK_SYSCALLS_RING);
	EXPECT_REFUSED(EINVAL, cpu, 1);
	EXPECT_REFUSED(EINVAL, recording, 1);
}

TEST_F(request, fields_of_other_requests)
{
	struct bulk_syscalls_request right = self->req;
	struct bulk_syscalls_started started;

	EXPECT_REFUSED(EINVAL, recording, 1);
	EXPECT_REFUSED(EINVAL, cpu, 1);
	ASSERT_EQ(0, ask(self->fd, &right, &self->pid));
	ASSERT_EQ(sizeof(started), bulk_recv(self->fd, &started,
					     sizeof(started), NULL));
	self->req.op = BULK_SYSCALLS_FILTER;
	check_must_be_0(_metadata, self);
	self->req.op = BULK_SYSCALLS_STOP;
	EXPECT_REFUSED(EINVAL, op, BULK_SYSCALLS_STOP); /* it has a pid */
	self->req.nr_pids = 0;
	check_must_be_0(_metadata, self);
	self->req = right;
}

TEST_F(request, join)
{
	struct bulk_syscalls_started started;
	int fd = open_channel("syscalls", O_RDWR | O_CLOEXEC);
	struct bulk_syscalls_request req = { .op = BULK_SYSCALLS_JOIN };

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ask(self->fd, &self->req, &self->pid));
	ASSERT_EQ(sizeof(started), bulk_recv(self->fd, &started,
					     sizeof(started), NULL));
	EXPECT_EQ(-ENOENT, ask_short(fd, BULK_SYSCALLS_JOIN, NO_RECORDING, 0));
	EXPECT_EQ(-EINVAL, ask_short(fd, BULK_SYSCALLS_JOIN, started.recording,
				     started.cpus));
	EXPECT_EQ(-EINVAL, ask_short(fd, BULK_SYSCALLS_JOIN, started.recording,
				     ~0U));
	EXPECT_EQ(-EBUSY, ask_short(self->fd, BULK_SYSCALLS_JOIN,
				    started.recording, 0));
	req.recording = started.recording;
	req.policy = BULK_SYSCALLS_BLOCK;
	EXPECT_EQ(-EINVAL, ask(fd, &req, &self->pid));
	req.policy = 0;
	req.ring_bytes = BULK_SYSCALLS_RING;
	EXPECT_EQ(-EINVAL, ask(fd, &req, &self->pid));
	req.ring_bytes = 0;
	req.nr_pids = 1;
	EXPECT_EQ(-EINVAL, ask(fd, &req, &self->pid));
	req.nr_pids = 0;
	/* The filter is not looked at. */
	memset(&req.filter, 0xff, sizeof(req.filter));
	EXPECT_EQ(0, ask(fd, &req, &self->pid));
	EXPECT_EQ(-EBUSY, ask(fd, &req, &self->pid));
	EXPECT_EQ(-EBUSY, ask(fd, &self->req, &self->pid));
	close(fd);
}

TEST_F(request, second_start)
{
	ASSERT_EQ(0, ask(self->fd, &self->req, &self->pid));
	EXPECT_EQ(-EBUSY, ask(self->fd, &self->req, &self->pid));
	ASSERT_EQ(0, ask_short(self->fd, BULK_SYSCALLS_STOP, 0, 0));
	EXPECT_EQ(-EBUSY, ask(self->fd, &self->req, &self->pid));
}

static long long ns_of(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

TEST_F(request, started)
{
	static const __u32 sizes[] = {
		0, BULK_SYSCALLS_RING_MIN, BULK_SYSCALLS_RING / 2,
	};
	long long before, real, after;
	struct recording r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->req.ring_bytes = sizes[i];
		before = ns_of(CLOCK_MONOTONIC);
		real = ns_of(CLOCK_REALTIME);
		ASSERT_EQ(0, start_pid(&r, &self->req, self->pid));
		after = ns_of(CLOCK_MONOTONIC);
		EXPECT_EQ(getpid(), r.started.head.pid);
		EXPECT_EQ(0, r.started.head.flags);
		EXPECT_EQ(sizes[i] ?: BULK_SYSCALLS_RING, r.started.ring_bytes);
		EXPECT_LE(sysconf(_SC_NPROCESSORS_CONF), r.started.cpus);
		EXPECT_GT(r.started.cpus, r.started.head.cpu);
		EXPECT_LE(before - CLOCK_SLACK, (long long)r.tag);
		EXPECT_GE(after + CLOCK_SLACK, (long long)r.tag);
		EXPECT_LE(real - after - CLOCK_SLACK,
			  (long long)r.started.realtime_ns);
		EXPECT_GE(real - before + CLOCK_SLACK,
			  (long long)r.started.realtime_ns);
		end_recording(&r);
	}
	self->req.ring_bytes = 0;
}

TEST_F(request, by_write_and_read)
{
	char buf[sizeof(self->req) + sizeof(__u32)];
	struct bulk_syscalls_started started;
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };

	memcpy(buf, &self->req, sizeof(self->req));
	memcpy(buf + sizeof(self->req), &self->pid, sizeof(__u32));
	EXPECT_EQ(-1, write(self->fd, buf, sizeof(buf) - 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(sizeof(buf), write(self->fd, buf, sizeof(buf)));
	EXPECT_EQ(1, poll(&pfd, 1, -1));
	EXPECT_EQ(POLLIN, pfd.revents);
	ASSERT_EQ(sizeof(started), read(self->fd, &started, sizeof(started)));
	EXPECT_EQ(BULK_SYSCALLS_STARTED, started.head.type);
}

static void check_totals(struct __test_metadata *_metadata,
			 const struct log *log,
			 const struct bulk_syscalls_totals *totals)
{
	ASSERT_NE(NULL, totals);
	EXPECT_EQ(count_all(log), totals->made);
	EXPECT_EQ(0, totals->lost);
	EXPECT_EQ(0, totals->unseen);
	EXPECT_EQ(0, totals->nr_losses);
	EXPECT_EQ(0, totals->reserved);
}

/* One for each FILTER or STOP, and none that nobody asked for. */
TEST_F(request, totals)
{
	struct log log = { };
	int i, ret;

	ASSERT_EQ(0, ask(self->fd, &self->req, &self->pid));
	while (log_receive(&log, self->fd, BULK_DONTWAIT) > 0)
		;
	self->req.op = BULK_SYSCALLS_FILTER;
	for (i = 0; i < 4; i++) {
		ret = i % 2 ? ask_short(self->fd, BULK_SYSCALLS_STOP, 0, 0) :
			      ask(self->fd, &self->req, &self->pid);
		ASSERT_EQ(0, ret);
		check_totals(_metadata, &log, collect(&log, self->fd));
		EXPECT_EQ(-EAGAIN, log_receive(&log, self->fd, BULK_DONTWAIT));
	}
	free(log.at);
	self->req.op = BULK_SYSCALLS_START;
}

TEST_HARNESS_MAIN
