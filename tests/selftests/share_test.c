// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint with a window, shared: threads, forks, exec, passed descriptors.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "rng.h"
#include "window.h"

#define THREADS		8
#define PER_THREAD	20000
#define RECORDS		100
#define LONGEST		256
#define BATCH		8

FIXTURE(share)
{
	struct windowed w;
};

FIXTURE_SETUP(share)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(share)
{
	close_windowed(&self->w);
}

static int ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

/* --- Threads --- */

struct worker {
	pthread_t thread;
	const struct windowed *w;
	struct rng rng;
	unsigned int id, total;
	unsigned int next[THREADS]; /* of each sender, what may come at least */
	unsigned char *seen;	/* of all workers; by sender and number */
	unsigned int errors;
};

static void note(struct worker *w, const struct bulk_seg *seg)
{
	unsigned int thread = seg->tag >> 32, number = seg->tag;
	unsigned int len = number % LONGEST;

	if (thread >= THREADS || number >= w->total || number < w->next[thread] ||
	    seg->res != (int)len || seg->lost ||
	    filled((void *)(unsigned long)seg->addr, len, seg->tag) != len) {
		w->errors++;
		return;
	}
	w->next[thread] = number + 1;
	__atomic_fetch_add(&w->seen[thread * w->total + number], 1,
			   __ATOMIC_RELAXED);
}

/* Of the records sent by now, some are there for every one received. */
static void send_and_receive(struct worker *w, unsigned int first, int n)
{
	char out[BATCH][LONGEST], in[BATCH][LONGEST];
	struct bulk_seg segs[2 * BATCH];
	long done = 0, ret;
	int i;

	for (i = 0; i < n; i++) {
		__u64 tag = (__u64)w->id << 32 | (first + i);

		fill(out[i], (first + i) % LONGEST, tag);
		segs[i] = seg_send(out[i], (first + i) % LONGEST, tag);
		segs[n + i] = seg_recv(in[i], LONGEST);
	}
	while (done < 2 * n) {
		ret = w->w->call(w->w->fd, segs + done, 2 * n - done, 0,
				 w->w->window);
		if (ret <= 0)
			break;
		done += ret;
	}
	w->errors += done != 2 * n;
	for (i = n; i < done; i++)
		note(w, &segs[i]);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int number = 0, n;

	while (number < w->total) {
		n = 1 + below(&w->rng, BATCH);
		n = n < w->total - number ? n : w->total - number;
		send_and_receive(w, number, n);
		number += n;
	}
	return NULL;
}

/*
 * Each record is received once, by anybody; of a sender, each receiver sees a
 * rising row.
 */
TEST_F(share, threads)
{
	struct worker *workers = calloc(THREADS, sizeof(*workers));
	unsigned int total = rounds(PER_THREAD, PER_THREAD, PER_THREAD / 50);
	unsigned int i, wrong = 0, errors = 0;
	unsigned char *seen = calloc(THREADS, total);

	for (i = 0; i < THREADS; i++) {
		workers[i].w = &self->w;
		workers[i].id = i;
		workers[i].rng.seed = i;
		workers[i].total = total;
		workers[i].seen = seen;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work,
					    &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		errors += workers[i].errors;
	}
	EXPECT_EQ(0, errors);
	for (i = 0; i < THREADS * total; i++)
		wrong += seen[i] != 1;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(THREADS * total, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(THREADS * total, figure(self->w.fd, "rx-records"));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

/* --- Processes --- */

static int send_range(const struct windowed *w, __u64 first, int n)
{
	char out[64];
	int i;

	for (i = 0; i < n; i++) {
		fill(out, sizeof(out), first + i);
		if (window_send(w, out, sizeof(out), first + i, 0))
			return -1;
	}
	return 0;
}

static int recv_range(const struct windowed *w, __u64 first, int n)
{
	char in[64];
	__u64 tag;
	int i;

	for (i = 0; i < n; i++)
		if (window_recv(w, in, sizeof(in), &tag, BULK_DONTWAIT) !=
		    sizeof(in) || tag != first + i ||
		    filled(in, sizeof(in), tag) != sizeof(in))
			return -1;
	return 0;
}

static bool is_empty(const struct windowed *w)
{
	char in[64];

	return window_recv(w, in, sizeof(in), NULL, BULK_DONTWAIT) == -EAGAIN;
}

/* Some records in each ring: those from 1 on. */
static int prepare_traffic(const struct windowed *w)
{
	return send_range(w, 0, RECORDS) || recv_range(w, 0, 1) ||
	       send_range(w, RECORDS, RECORDS);
}

/* In the child, the function with the parent's window is the system call. */
static int use_in_child(const struct windowed *w)
{
	if (window_send(w, "x", 1, 0, BULK_NO_SYSCALL) != -EAGAIN)
		return 1;
	if (recv_range(w, 1, RECORDS / 2))
		return 2;
	return send_range(w, 2 * RECORDS, RECORDS) ? 3 : 0;
}

TEST_F(share, fork_in_traffic)
{
	pid_t pid;

	ASSERT_EQ(0, prepare_traffic(&self->w));
	pid = fork();
	if (!pid)
		_exit(use_in_child(&self->w));
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(0, recv_range(&self->w, 1 + RECORDS / 2, RECORDS / 2 - 1));
	ASSERT_EQ(0, send_range(&self->w, 3 * RECORDS, RECORDS));
	EXPECT_EQ(0, recv_range(&self->w, RECORDS, 3 * RECORDS));
	EXPECT_TRUE(is_empty(&self->w));
	EXPECT_EQ(4 * RECORDS, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(4 * RECORDS, figure(self->w.fd, "rx-records"));
}

/* Parent and child at once: each record goes to one of the two. */
TEST_F(share, parent_and_child_at_once)
{
	unsigned int total = rounds(4000, 4000, 80), i, sum = 0;
	unsigned int *got = mmap(NULL, 2 * total * sizeof(*got),
				 PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	char in[64];
	__u64 tag;

	for (i = 0; i < total; i++) {
		if (send_range(&self->w, (pid ? 0 : total) + i, 1) ||
		    window_recv(&self->w, in, sizeof(in), &tag, 0) != sizeof(in) ||
		    filled(in, sizeof(in), tag) != sizeof(in) || tag >= 2 * total)
			break;
		__atomic_fetch_add(&got[tag], 1, __ATOMIC_RELAXED);
	}
	if (!pid)
		_exit(i == total ? 0 : 1);
	EXPECT_EQ(total, i);
	ASSERT_EQ(0, ended(pid));
	for (i = 0; i < 2 * total; i++)
		sum += got[i] == 1;
	EXPECT_EQ(2 * total, sum);
	EXPECT_TRUE(is_empty(&self->w));
}

/* The child's mapping is its own: it may do with it as it likes. */
TEST_F(share, child_parts_with_its_copy)
{
	pid_t pid;

	ASSERT_EQ(0, prepare_traffic(&self->w));
	pid = fork();
	if (!pid) {
		memset(self->w.window, 0xff, getpagesize());
		if (munmap(self->w.window, self->w.params.window_default))
			_exit(1);
		close(self->w.fd);
		_exit(0);
	}
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(self->w.params.window_default, figure(self->w.fd, "window"));
	EXPECT_EQ(0, recv_range(&self->w, 1, 2 * RECORDS - 1));
	EXPECT_EQ(0, send_range(&self->w, 0, 1));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

static int send_without_call(void *arg)
{
	const struct windowed *w = arg;

	return window_send(w, "vm", 3, 5, BULK_NO_SYSCALL) ? 1 : 0;
}

/* Who shares the memory shares the window. */
TEST_F(share, clone_vm)
{
	char *stack = map_pages(16), in[8];
	pid_t pid = clone(send_without_call, stack + 16 * getpagesize(),
			  CLONE_VM | SIGCHLD, &self->w);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(3, window_recv(&self->w, in, sizeof(in), NULL, 0));
}

/* The process ends by itself, without a word: what it sent is there. */
TEST_F(share, exit_is_no_loss)
{
	pid_t pid;

	munmap(self->w.window, self->w.params.window_default);
	pid = fork();
	if (!pid) {
		self->w.window = map_window(&self->w,
					    self->w.params.window_default);
		_exit(!self->w.window || prepare_traffic(&self->w));
	}
	self->w.window = NULL;
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(2 * RECORDS, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
	EXPECT_EQ(0, recv_range(&self->w, 1, 2 * RECORDS - 1));
}

static void exec_shell(struct windowed *w)
{
	w->window = map_window(w, w->params.window_default);
	if (!w->window || prepare_traffic(w) || dup2(w->fd, 9) != 9)
		_exit(1);
	execl("/bin/sh", "sh", "-c", "echo shell >&9", NULL);
	_exit(99);
}

/* The new program has no window; what the old one sent goes before. */
TEST_F(share, exec)
{
	char in[64];
	pid_t pid;

	munmap(self->w.window, self->w.params.window_default);
	pid = fork();
	if (!pid)
		exec_shell(&self->w);
	self->w.window = NULL;
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(2 * RECORDS + 1, figure(self->w.fd, "tx-records"));
	/* Another process may have one now, with what waits in the old. */
	self->w.window = map_window(&self->w, self->w.params.window_default);
	EXPECT_NE(NULL, self->w.window);
	EXPECT_EQ(0, recv_range(&self->w, 1, 2 * RECORDS - 1));
	EXPECT_EQ(6, bulk_recv(self->w.fd, in, sizeof(in), NULL));
	EXPECT_EQ(0, memcmp("shell\n", in, 6));
}

/* --- Descriptors --- */

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

/* A process that never saw the window: it may not have one as well. */
static int use_passed(struct windowed *w, int sock)
{
	struct windowed given = *w;

	close(w->fd);
	given.fd = take_fd(sock);
	given.window = map_window(&given, w->params.window_default);
	if (given.window || errno != EBUSY)
		return 1;
	if (recv_range(&given, 1, RECORDS))
		return 2;
	return send_range(&given, 2 * RECORDS, RECORDS) ? 3 : 0;
}

TEST_F(share, passed_descriptor)
{
	int socks[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = fork();
	if (!pid) {
		munmap(self->w.window, self->w.params.window_default);
		_exit(use_passed(&self->w, socks[1]));
	}
	ASSERT_EQ(0, prepare_traffic(&self->w));
	ASSERT_EQ(1, pass_fd(socks[0], self->w.fd));
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(0, recv_range(&self->w, 1 + RECORDS, 2 * RECORDS - 1));
	EXPECT_TRUE(is_empty(&self->w));
}

static long long channel_figure(const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/class/bulk/echo/%s", name);
	return read_text(path, text, sizeof(text)) ? atoll(text) : -1;
}

TEST_F(share, window_outlives_the_descriptor)
{
	long long sent = channel_figure("tx_records");
	long long open_ones = channel_figure("endpoints");

	ASSERT_LT(0, open_ones);
	/* Half of them come with the descriptor's end, the others with the window's. */
	ASSERT_EQ(0, send_range(&self->w, 0, RECORDS));
	close(self->w.fd);
	EXPECT_EQ(sent + RECORDS, channel_figure("tx_records"));
	EXPECT_EQ(open_ones, channel_figure("endpoints"));
	ASSERT_EQ(0, send_range(&self->w, RECORDS, RECORDS));
	EXPECT_EQ(sent + RECORDS, channel_figure("tx_records"));
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	EXPECT_EQ(sent + 2 * RECORDS, channel_figure("tx_records"));
	EXPECT_EQ(open_ones - 1, channel_figure("endpoints"));
	self->w.fd = -1;
	self->w.window = NULL;
}

TEST_HARNESS_MAIN
