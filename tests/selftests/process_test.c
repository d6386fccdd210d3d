// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints across fork, exec, descriptor passing, signals, tracers, filters.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

FIXTURE(process) {
	int fd;
	char *buf;
};

FIXTURE_SETUP(process)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->buf = calloc(1, MAX_RECORD);
}

FIXTURE_TEARDOWN(process)
{
	close(self->fd);
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

TEST_F(process, fork_shares_the_endpoint)
{
	pid_t pid;

	ASSERT_EQ(0, bulk_send(self->fd, "parent", 7, 1));
	pid = fork();
	if (!pid) {
		if (bulk_recv(self->fd, self->buf, 7, NULL) != 7 ||
		    strcmp(self->buf, "parent"))
			_exit(1);
		_exit(bulk_send(self->fd, "child", 6, 2) ? 2 : 0);
	}
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(6, bulk_recv(self->fd, self->buf, 6, NULL));
	EXPECT_STREQ("child", self->buf);
	EXPECT_EQ(2, figure(self->fd, "tx-records"));
}

/* The endpoint ends with its last descriptor, wherever that is. */
TEST_F(process, child_keeps_the_endpoint)
{
	int done[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(done));
	ASSERT_EQ(0, bulk_send(self->fd, "kept", 5, 1));
	pid = fork();
	if (!pid) {
		close(done[1]);
		if (read(done[0], &c, 1))
			_exit(1);
		_exit(bulk_recv(self->fd, self->buf, 5, NULL) == 5 ? 0 : 2);
	}
	close(self->fd);
	close(done[1]);
	EXPECT_EQ(0, ended(pid));
}

/* Run this shell line with descriptor 9 open or not: its exit code. */
static int run_shell(int fd, int flags, const char *line)
{
	pid_t pid = fork();

	if (!pid) {
		if (dup3(fd, 9, flags) != 9)
			_exit(99);
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(98);
	}
	return ended(pid);
}

TEST_F(process, exec_keeps_the_descriptor)
{
	EXPECT_EQ(0, run_shell(self->fd, 0, "echo shell >&9"));
	EXPECT_EQ(6, bulk_recv(self->fd, self->buf, 10, NULL));
	EXPECT_EQ(0, memcmp("shell\n", self->buf, 6));
}

TEST_F(process, exec_closes_cloexec)
{
	EXPECT_NE(0, run_shell(self->fd, O_CLOEXEC, "echo shell 2>&- >&9"));
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->buf, 10, NULL));
	EXPECT_EQ(0, figure(self->fd, "tx-records"));
}

static int pass_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0);
}

static int take_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* A process without the right to open the node uses one that it was given. */
TEST_F(process, passed_descriptor)
{
	int socks[2], fd;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = fork();
	if (!pid) {
		close(self->fd);
		if (setresuid(65534, 65534, 65534))
			_exit(1);
		if (open_channel("echo", O_RDWR) != -EACCES)
			_exit(2);
		fd = take_fd(socks[1]);
		_exit(bulk_send(fd, "given", 6, 3) ? 3 : 0);
	}
	ASSERT_EQ(1, pass_fd(socks[0], self->fd));
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(6, bulk_recv(self->fd, self->buf, 6, NULL));
	EXPECT_STREQ("given", self->buf);
}

static pid_t start_child(int fd, struct bulk_seg seg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(bulk_xfer(fd, &seg, 1, 0) == 1 ? 0 : 1);
	wait_blocked(pid, __NR_bulk_xfer);
	return pid;
}

TEST_F(process, killed_receiver_takes_nothing)
{
	pid_t pid = start_child(self->fd, seg_recv(self->buf, 8));

	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, ended(pid));
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 1));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(1, bulk_recv(self->fd, self->buf, 8, NULL));
}

TEST_F(process, killed_sender_sends_nothing)
{
	int sent = 0, got = 0;
	pid_t pid;
	__u64 tag;

	while (!bulk_send(self->fd, self->buf, MAX_RECORD, sent))
		sent++;
	pid = start_child(self->fd, seg_send(self->buf, MAX_RECORD, 99));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, ended(pid));
	while (bulk_recv(self->fd, self->buf, MAX_RECORD, &tag) >= 0)
		EXPECT_EQ(got++, tag);
	EXPECT_EQ(sent, got);
	EXPECT_EQ(sent, figure(self->fd, "tx-records"));
}

/* A sender killed at any moment has sent whole records, without a gap. */
TEST_F(process, killed_sender_leaves_no_gap)
{
	__u64 next = 0, tag, content[64];
	pid_t pid = fork();

	if (!pid)
		for (;; next++) {
			fill(content, sizeof(content), next);
			if (bulk_send(self->fd, content, sizeof(content), next))
				next--;
		}
	while (next < 500)
		if (bulk_recv(self->fd, content, sizeof(content), &tag) > 0)
			ASSERT_EQ(next++, tag);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, ended(pid));
	while (bulk_recv(self->fd, content, sizeof(content), &tag) > 0) {
		ASSERT_EQ(next++, tag);
		EXPECT_EQ(sizeof(content), filled(content, sizeof(content), tag));
	}
	EXPECT_EQ(next, figure(self->fd, "tx-records"));
}

/* Stopping and continuing does not interrupt a call. */
TEST_F(process, stop_and_continue)
{
	pid_t pid = start_child(self->fd, seg_recv(self->buf, 8));
	int status;

	kill(pid, SIGSTOP);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	kill(pid, SIGCONT);
	wait_blocked(pid, __NR_bulk_xfer);
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 1));
	EXPECT_EQ(0, ended(pid));
}

/* What a tracer gets to see is the number and the arguments as they are. */
TEST_F(process, ptrace_sees_the_call)
{
	struct __ptrace_syscall_info info = { };
	struct bulk_seg seg = seg_send("t", 1, 5);
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(bulk_xfer(self->fd, &seg, 1, BULK_FLUSH) == 1 ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_EXITKILL);
	while (info.op != PTRACE_SYSCALL_INFO_ENTRY ||
	       info.entry.nr != __NR_bulk_xfer) {
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, pid, 0, 0));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	}
	EXPECT_EQ(AUDIT_ARCH_X86_64, info.arch);
	EXPECT_EQ(self->fd, info.entry.args[0]);
	EXPECT_EQ((unsigned long)&seg, info.entry.args[1]);
	EXPECT_EQ(1, info.entry.args[2]);
	EXPECT_EQ(BULK_FLUSH, info.entry.args[3]);

	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_EXIT, info.op);
	EXPECT_EQ(1, info.exit.rval);
	EXPECT_EQ(0, info.exit.is_error);
	ptrace(PTRACE_CONT, pid, 0, 0);
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
}

TEST_F(process, seccomp_filters_by_number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bulk_xfer, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 123),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(filter), filter };
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
			_exit(1);
		_exit(bulk_send(self->fd, "x", 1, 1) == -123 ? 0 : 2);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(0, figure(self->fd, "tx-records"));
	EXPECT_EQ(0, bulk_send(self->fd, "x", 1, 1));
}

TEST_HARNESS_MAIN
