// SPDX-License-Identifier: GPL-2.0
/*
 * What makes the kernel take what was sent through a window: each reason by itself.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define SENT		10
#define EXEC_VARIABLE	"BULK_DRAIN_EXEC"

/* A record's head and its length, rounded up: what it takes in a ring. */
static size_t ring_space(size_t len)
{
	return 16 + (len + 7) / 8 * 8;
}

static size_t ring_size(const struct windowed *w)
{
	return (w->params.window_default - 8192) / 4;
}

FIXTURE(drain)
{
	struct windowed w;
	__u64 next;
};

FIXTURE_SETUP(drain)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(drain)
{
	close_windowed(&self->w);
}

/* Records that the kernel knows nothing of yet. */
static void send_unseen(struct __test_metadata *_metadata,
			struct _test_data_drain *self)
{
	long long before = figure(self->w.fd, "tx-records");
	int i;

	for (i = 0; i < SENT; i++, self->next++)
		ASSERT_EQ(0, window_send(&self->w, &self->next,
					 sizeof(self->next), self->next,
					 BULK_NO_SYSCALL));
	ASSERT_EQ(before, figure(self->w.fd, "tx-records"));
}

static void check_taken(struct __test_metadata *_metadata,
			struct _test_data_drain *self)
{
	__u64 i, content, tag;

	EXPECT_EQ(self->next, figure(self->w.fd, "tx-records"));
	for (i = 0; i < self->next; i++) {
		ASSERT_EQ(sizeof(content), bulk_recv(self->w.fd, &content,
						     sizeof(content), &tag));
		EXPECT_EQ(i, content);
		EXPECT_EQ(i, tag);
	}
	EXPECT_EQ(-EAGAIN, bulk_recv(self->w.fd, &content, sizeof(content),
				     &tag));
}

static long flush(const struct windowed *w, unsigned int flags)
{
	return w->call(w->fd, NULL, 0, BULK_FLUSH | flags, w->window);
}

TEST_F(drain, by_flush)
{
	send_unseen(_metadata, self);
	EXPECT_EQ(0, flush(&self->w, 0));
	check_taken(_metadata, self);
}

TEST_F(drain, by_flush_with_a_record)
{
	struct bulk_seg seg = seg_send(&self->next, sizeof(self->next), SENT);

	send_unseen(_metadata, self);
	EXPECT_EQ(1, self->w.call(self->w.fd, &seg, 1, BULK_FLUSH,
				  self->w.window));
	self->next++;
	check_taken(_metadata, self);
}

TEST_F(drain, by_a_call_without_segments)
{
	send_unseen(_metadata, self);
	EXPECT_EQ(0, bulk_xfer(self->w.fd, NULL, 0, 0));
	check_taken(_metadata, self);
}

/* What the ring holds when the kernel is called is at least half of it. */
TEST_F(drain, by_a_half_full_ring)
{
	size_t unseen = 0;

	while (!figure(self->w.fd, "tx-records")) {
		ASSERT_GT(ring_size(&self->w) / 2, unseen);
		ASSERT_EQ(0, window_send(&self->w, &self->next,
					 sizeof(self->next), self->next, 0));
		self->next++;
		unseen += ring_space(sizeof(self->next));
	}
	EXPECT_LE(ring_size(&self->w) / 2, unseen);
	check_taken(_metadata, self);
}

/* Who must not enter the kernel is told where others would. */
TEST_F(drain, not_by_a_half_full_ring_without_calls)
{
	size_t space = ring_space(sizeof(self->next));
	int ret;

	while (!(ret = window_send(&self->w, &self->next, sizeof(self->next),
				   self->next, BULK_NO_SYSCALL)))
		self->next++;
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(ring_size(&self->w) / 2 / space, self->next);
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(0, flush(&self->w, 0));
	check_taken(_metadata, self);
}

struct sleeper {
	pthread_t thread;
	pid_t tid;
	struct windowed *w;
	__u64 content;
	int epoll;
	long ret;
};

static void *sleep_in_recv(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = window_recv(s->w, &s->content, sizeof(s->content), NULL, 0);
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd pfd = { .fd = s->w->fd, .events = POLLIN };

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = poll(&pfd, 1, -1);
	return NULL;
}

static void *sleep_in_epoll(void *arg)
{
	struct sleeper *s = arg;
	struct epoll_event event;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = epoll_wait(s->epoll, &event, 1, -1);
	return NULL;
}

static void start_sleeper(struct sleeper *s, void *(*body)(void *), long nr)
{
	pthread_create(&s->thread, NULL, body, s);
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(s->tid, nr);
}

/* With a sleeper, the very first SEND tells the kernel. */
TEST_F(drain, for_a_sleeping_receiver)
{
	struct sleeper s = { .w = &self->w };
	__u64 word = 77;

	start_sleeper(&s, sleep_in_recv, __NR_bulk_xfer);
	EXPECT_EQ(-EAGAIN, window_send(&self->w, &word, sizeof(word), 0,
				       BULK_NO_SYSCALL));
	ASSERT_EQ(0, window_send(&self->w, &word, sizeof(word), 0, 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(sizeof(word), s.ret);
	EXPECT_EQ(word, s.content);
	/* And once it is awake, no other does. */
	send_unseen(_metadata, self);
}

TEST_F(drain, by_poll)
{
	struct pollfd pfd = { .fd = self->w.fd, .events = POLLIN };

	send_unseen(_metadata, self);
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN, pfd.revents);
	check_taken(_metadata, self);
}

TEST_F(drain, for_a_sleeping_poll)
{
	struct sleeper s = { .w = &self->w };

	start_sleeper(&s, sleep_in_poll, __NR_poll);
	ASSERT_EQ(0, window_send(&self->w, &self->next, sizeof(self->next), 0,
				 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(1, s.ret);
	self->next++;
	check_taken(_metadata, self);
}

static void check_epoll(struct __test_metadata *_metadata,
			struct _test_data_drain *self, unsigned int events)
{
	struct epoll_event event = { .events = events };
	struct sleeper s = { .w = &self->w, .epoll = epoll_create1(0) };
	__u64 i;

	ASSERT_EQ(0, epoll_ctl(s.epoll, EPOLL_CTL_ADD, self->w.fd, &event));
	for (i = 0; i < SENT; i++) {
		s.tid = 0;
		start_sleeper(&s, sleep_in_epoll, __NR_epoll_wait);
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i, 0));
		pthread_join(s.thread, NULL);
		EXPECT_EQ(1, s.ret);
		EXPECT_EQ(i + 1, figure(self->w.fd, "tx-records"));
		EXPECT_EQ(sizeof(i), window_recv(&self->w, &s.content,
						 sizeof(i), NULL, 0));
		EXPECT_EQ(i, s.content);
		EXPECT_EQ(-EAGAIN, window_recv(&self->w, &s.content, sizeof(i),
					       NULL, BULK_DONTWAIT));
	}
	close(s.epoll);
}

TEST_F(drain, for_a_sleeping_epoll)
{
	check_epoll(_metadata, self, EPOLLIN);
}

TEST_F(drain, for_an_edge_triggered_epoll)
{
	check_epoll(_metadata, self, EPOLLIN | EPOLLET);
}

TEST_F(drain, by_epoll)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	send_unseen(_metadata, self);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->w.fd, &event));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
	check_taken(_metadata, self);
	close(ep);
}

TEST_F(drain, by_close_of_a_duplicate)
{
	int copy = dup(self->w.fd);

	send_unseen(_metadata, self);
	close(copy);
	check_taken(_metadata, self);
}

TEST_F(drain, by_munmap)
{
	send_unseen(_metadata, self);
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	self->w.window = NULL;
	check_taken(_metadata, self);
}

/* A SEND by system call goes after those by the window. */
TEST_F(drain, by_a_send_past_the_window)
{
	send_unseen(_metadata, self);
	EXPECT_EQ(0, bulk_send(self->w.fd, &self->next, sizeof(self->next),
			       self->next));
	self->next++;
	check_taken(_metadata, self);
}

TEST_F(drain, by_a_long_send)
{
	char *buf = calloc(1, MAX_RECORD);
	__u64 tag, i;

	send_unseen(_metadata, self);
	ASSERT_EQ(0, window_send(&self->w, buf, MAX_RECORD, SENT, 0));
	EXPECT_EQ(SENT + 1, figure(self->w.fd, "tx-records"));
	for (i = 0; i < SENT; i++) {
		ASSERT_EQ(8, window_recv(&self->w, buf, MAX_RECORD, &tag, 0));
		EXPECT_EQ(i, tag);
	}
	EXPECT_EQ(MAX_RECORD, window_recv(&self->w, buf, MAX_RECORD, &tag, 0));
	EXPECT_EQ(SENT, tag);
	free(buf);
}

TEST_F(drain, by_write)
{
	send_unseen(_metadata, self);
	EXPECT_EQ(8, write(self->w.fd, "ten more", 8));
	EXPECT_EQ(SENT + 1, figure(self->w.fd, "tx-records"));
}

TEST_F(drain, by_recv)
{
	__u64 content;

	send_unseen(_metadata, self);
	EXPECT_EQ(8, window_recv(&self->w, &content, sizeof(content), NULL, 0));
	EXPECT_EQ(0, content);
	EXPECT_EQ(SENT, figure(self->w.fd, "tx-records"));
}

TEST_F(drain, by_read)
{
	__u64 content;

	send_unseen(_metadata, self);
	EXPECT_EQ(8, read(self->w.fd, &content, sizeof(content)));
	EXPECT_EQ(0, content);
	EXPECT_EQ(SENT, figure(self->w.fd, "tx-records"));
}

/* --- The sender's end --- */

/*
 * The program that the test below executes: it keeps its descriptors and does
 * nothing until the other end of its standard input is closed.
 */
static void __attribute__((constructor)) wait_after_exec(void)
{
	char byte;

	if (!getenv(EXEC_VARIABLE))
		return;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}

static void execute_and_wait(int input)
{
	char *const argv[] = { "drain_test", NULL };
	char *const envp[] = { EXEC_VARIABLE "=1", NULL };

	dup2(input, STDIN_FILENO);
	execve("/proc/self/exe", argv, envp);
	_exit(KSFT_FAIL);
}

/* Sends through a window of its own; no descriptor is closed by exec. */
static void send_in_child(struct _test_data_drain *self)
{
	__u64 i;

	fcntl(self->w.fd, F_SETFD, 0);
	self->w.window = map_window(&self->w, self->w.params.window_default);
	for (i = 0; self->w.window && i < SENT; i++)
		window_send(&self->w, &i, sizeof(i), i, BULK_NO_SYSCALL);
}

static void drop_window(struct __test_metadata *_metadata,
			struct _test_data_drain *self)
{
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	self->w.window = NULL;
	self->next = SENT;
}

TEST_F(drain, by_exit)
{
	pid_t pid;

	drop_window(_metadata, self);
	pid = fork();
	if (!pid) {
		send_in_child(self);
		_exit(figure(self->w.fd, "tx-records"));
	}
	ASSERT_EQ(pid, waitpid(pid, &pid, 0));
	/* The child saw that nothing was taken. */
	EXPECT_EQ(0, pid);
	check_taken(_metadata, self);
}

TEST_F(drain, by_exec)
{
	int input[2];
	pid_t pid;

	drop_window(_metadata, self);
	ASSERT_EQ(0, pipe2(input, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		send_in_child(self);
		if (!figure(self->w.fd, "tx-records"))
			execute_and_wait(input[0]);
		_exit(KSFT_FAIL);
	}
	while (figure(self->w.fd, "tx-records") < SENT &&
	       !waitpid(pid, NULL, WNOHANG))
		usleep(1000);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	check_taken(_metadata, self);
	close(input[0]);
	close(input[1]);
	waitpid(pid, NULL, 0);
}

/*
 * The window outlives the last descriptor, and goes on working; the file is
 * released when it is unmapped.
 */
TEST_F(drain, by_release)
{
	long long before = sysfs_figure("echo", "tx_records");
	long long endpoints = sysfs_figure("echo", "endpoints");

	send_unseen(_metadata, self);
	close(self->w.fd);
	EXPECT_EQ(before + SENT, sysfs_figure("echo", "tx_records"));
	EXPECT_EQ(endpoints, sysfs_figure("echo", "endpoints"));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	EXPECT_EQ(before + SENT, sysfs_figure("echo", "tx_records"));
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	EXPECT_EQ(before + SENT + 1, sysfs_figure("echo", "tx_records"));
	EXPECT_EQ(endpoints - 1, sysfs_figure("echo", "endpoints"));
	self->w.window = NULL;
	self->w.fd = -1;
}

TEST_HARNESS_MAIN
