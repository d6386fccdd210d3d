// SPDX-License-Identifier: GPL-2.0
/*
 * That the window needs no system call: a filter that kills, and a count.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "window.h"

#define RECORDS		200
#define MANY		10000
#define RECORD		64
#define RECORDS_PER_CALL 200	/* at least */

FIXTURE(free)
{
	struct windowed w;
};

FIXTURE_SETUP(free)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	/* Who maps it is another process each time. */
	munmap(self->w.window, self->w.params.window_default);
	self->w.window = NULL;
}

FIXTURE_TEARDOWN(free)
{
	close_windowed(&self->w);
}

/* How a child ended: its exit code, or 128 and the signal. */
static int ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

/* All that could carry a record, on any descriptor. */
static int forbid_transfers(void)
{
	static const unsigned int forbidden[] = {
		__NR_bulk_xfer, __NR_read, __NR_write, __NR_readv, __NR_writev,
		__NR_preadv, __NR_pwritev, __NR_preadv2, __NR_pwritev2,
		__NR_splice, __NR_sendfile, __NR_io_uring_enter, __NR_poll,
		__NR_ioctl,
	};
	struct sock_filter filter[2 * ARRAY_SIZE(forbidden) + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog prog = { ARRAY_SIZE(filter), filter };
	unsigned int i, n = 1;

	for (i = 0; i < ARRAY_SIZE(forbidden); i++) {
		filter[n++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], 0, 1);
		filter[n++] = (struct sock_filter)
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	}
	filter[n] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -errno : 0;
}

static int send_numbered(const struct windowed *w, __u64 first, int n)
{
	char out[RECORD];
	int i;

	for (i = 0; i < n; i++) {
		fill(out, sizeof(out), first + i);
		if (window_send(w, out, sizeof(out), first + i, 0))
			return -1;
	}
	return 0;
}

static int recv_numbered(const struct windowed *w, __u64 first, int n)
{
	char in[RECORD];
	__u64 tag;
	int i;

	for (i = 0; i < n; i++)
		if (window_recv(w, in, sizeof(in), &tag, 0) != RECORD ||
		    tag != first + i || filled(in, RECORD, tag) != RECORD)
			return -1;
	return 0;
}

/* RECORDS wait in the ring, and are received there while as many are sent. */
static int transfer_under_filter(struct windowed *w)
{
	int i;

	w->window = map_window(w, w->params.window_default);
	if (!w->window)
		return 1;
	if (send_numbered(w, 0, RECORDS + 1) || recv_numbered(w, 0, 1))
		return 2;
	if (forbid_transfers())
		return 3;
	for (i = 1; i <= RECORDS; i++) {
		if (send_numbered(w, RECORDS + i, 1))
			return 4;
		if (recv_numbered(w, i, 1))
			return 5;
	}
	return 0;
}

TEST_F(free, no_call_under_a_filter_that_kills)
{
	pid_t pid = fork();

	if (!pid)
		_exit(transfer_under_filter(&self->w));
	ASSERT_EQ(0, ended(pid));
	/* What was sent has arrived: it comes back, in order, and no more. */
	EXPECT_EQ(0, recv_numbered(&self->w, RECORDS + 1, RECORDS));
	EXPECT_EQ(-EAGAIN, window_recv(&self->w, &pid, sizeof(pid), NULL,
				       BULK_DONTWAIT));
	EXPECT_EQ(2 * RECORDS + 1, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(2 * RECORDS + 1, figure(self->w.fd, "rx-records"));
}

/* One record more than there are takes the call that the filter kills. */
TEST_F(free, the_filter_kills)
{
	pid_t pid = fork();

	if (!pid) {
		if (transfer_under_filter(&self->w))
			_exit(1);
		recv_numbered(&self->w, RECORDS + 1, 1);
		_exit(0);
	}
	ASSERT_EQ(128 + SIGSYS, ended(pid));
	/* Killed or not, what was sent has arrived. */
	EXPECT_EQ(0, recv_numbered(&self->w, RECORDS + 1, RECORDS));
}

/* --- Counted --- */

static void send_many(const struct windowed *w)
{
	_exit(send_numbered(w, 0, MANY) ? 1 : 0);
}

static void recv_many(const struct windowed *w)
{
	_exit(recv_numbered(w, 0, MANY) ? 1 : 0);
}

static pid_t start_traced(struct windowed *w,
			  void (*run)(const struct windowed *w))
{
	pid_t pid = fork();

	if (!pid) {
		w->window = map_window(w, w->params.window_default);
		if (!w->window)
			_exit(1);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		run(w);
	}
	return pid;
}

static bool enters(pid_t pid, long nr)
{
	struct __ptrace_syscall_info info = { };

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	return info.op == PTRACE_SYSCALL_INFO_ENTRY &&
	       info.entry.nr == (__u64)nr;
}

/* How often a child that does @run enters bulk_xfer(2); -1 if it failed. */
static long count_calls(struct windowed *w,
			void (*run)(const struct windowed *w))
{
	pid_t pid = start_traced(w, run);
	long calls = 0;
	int status;

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_EXITKILL);
	while (WIFSTOPPED(status)) {
		calls += WSTOPSIG(status) == (SIGTRAP | 0x80) &&
			 enters(pid, __NR_bulk_xfer);
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) ||
		    waitpid(pid, &status, 0) != pid)
			return -1;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? calls : -1;
}

TEST_F(free, calls_per_record)
{
	long sends = count_calls(&self->w, send_many), recvs;

	ASSERT_LE(0, sends);
	ASSERT_EQ(MANY, figure(self->w.fd, "tx-records"));
	recvs = count_calls(&self->w, recv_many);
	TH_LOG("%d records of %d bytes: %ld calls to send, %ld to receive them",
	       MANY, RECORD, sends, recvs);
	/* None at all would mean that the count is wrong. */
	EXPECT_LT(0, sends);
	EXPECT_LT(0, recvs);
	EXPECT_LE(sends, MANY / RECORDS_PER_CALL);
	EXPECT_LE(recvs, MANY / RECORDS_PER_CALL);
}

TEST_HARNESS_MAIN
