// SPDX-License-Identifier: GPL-2.0
/*
 * Senders that are killed: what a SEND said it took arrives, once and in order.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A timer kills the sender, wherever it is. Memory that it shares with its
 * parent says how many of its SENDs had returned.
 */
#include "region.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SIZES		40000	/* longest record; past the window from 8176 on */
#define LIFE_NS		6000000	/* longest life of a sender, in nanoseconds */

struct progress {
	__u64 returned;
	__u64 failed; /* an errno */
};

static int kills(void)
{
	return rounds(1000, 250, 50);
}

/* Mostly short records, some that fill the ring, some that go past it. */
static size_t size_of(__u64 number)
{
	__u64 word = bulk_source_word(1, number);

	if (word % 64 == 0)
		return word / 64 % SIZES;
	if (word % 8 == 0)
		return word / 64 % 8176;
	return word / 64 % 200;
}

static void fill_record(char *buf, __u64 number)
{
	memcpy(buf, &number, sizeof(number));
	memset(buf + sizeof(number), number, size_of(number));
}

/* The record's number goes before size_of() bytes that repeat its last one. */
static bool is_record(const char *buf, size_t len, __u64 number)
{
	size_t i;

	if (len != sizeof(number) + size_of(number) ||
	    memcmp(buf, &number, sizeof(number)))
		return false;
	for (i = sizeof(number); i < len; i++)
		if (buf[i] != (char)number)
			return false;
	return true;
}

static void kill_me_in(long ns)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGKILL,
	};
	struct itimerspec when = { .it_value.tv_nsec = ns };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &when, NULL))
		_exit(KSFT_FAIL);
}

static size_t put_record(char *at, __u64 number)
{
	struct bulk_packed *rec = (struct bulk_packed *)at;

	*rec = (struct bulk_packed){
		.len = sizeof(number) + size_of(number), .tag = number,
	};
	fill_record((char *)rec->data, number);
	return BULK_PACKED_SIZE(rec->len);
}

/* Records of a region, or in place: what a COMMIT or SEND said it took. */
static long send_many(struct windowed *w, __u64 number)
{
	static char buf[4 * (SIZES + 32)] __attribute__((aligned(8)));
	bool in_place = bulk_source_word(3, number) % 2;
	struct bulk_seg seg;
	char *at = buf;
	size_t used = 0;
	long ret;
	int i;

	for (i = 0; i < 4; i++)
		used += BULK_PACKED_SIZE(sizeof(number) + size_of(number + i));
	/* Longer ones don't go through the ring, nor as many. */
	if (used > 8000)
		in_place = false;
	if (in_place) {
		seg = seg_op(BULK_OP_RESERVE, 0, used, 0);
		ret = w->call(w->fd, &seg, 1, 0, w->window);
		if (ret != 1)
			return ret;
		at = (char *)(unsigned long)seg.addr;
	}
	for (i = 0, used = 0; i < 4; i++)
		used += put_record(at + used, number + i);
	seg = in_place ? seg_op(BULK_OP_COMMIT, 0, used, BULK_SEG_DISCARD) :
			 seg_send_region(buf, used);
	ret = w->call(w->fd, &seg, 1, 0, w->window);
	return ret == 1 ? (long)seg.tag : ret;
}

static long send_next(struct windowed *w, char *buf, __u64 number)
{
	struct windowed path = *w;
	long ret;

	switch (bulk_source_word(2, number) % 16) {
	case 0:
		path.window = NULL;
		break;
	case 1 ... 6:
		return send_many(w, number);
	}
	fill_record(buf, number);
	ret = window_send(&path, buf, sizeof(number) + size_of(number), number,
			  0);
	return ret ?: 1;
}

/* Send until the end: mostly through the window, sometimes by system call. */
static void send_for_life(struct windowed *w, struct progress *p, long ns)
{
	static char buf[SIZES + sizeof(__u64)];
	__u64 number = 0;
	long ret;

	w->window = map_window(w, w->params.window_default);
	if (!w->window)
		_exit(KSFT_FAIL);
	kill_me_in(ns);
	for (;;) {
		ret = send_next(w, buf, number);
		if (ret <= 0) {
			p->failed = ret ? -ret : EIO;
			pause();
		}
		number += ret;
		__atomic_store_n(&p->returned, number, __ATOMIC_RELEASE);
	}
}

FIXTURE(killed)
{
	struct progress *progress;
	struct windowed w; /* no window: that is the sender's */
	char *buf;
	__u64 records;
	__u64 more; /* records that arrived though their SEND did not return */
	int senders; /* that had sent something */
	__u64 lives;
};

FIXTURE_SETUP(killed)
{
	self->progress = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->progress);
	self->w.call = find_vdso_call();
	self->w.fd = open_channel("echo", O_RDWR);
	if (!self->w.call || self->w.fd == -ENOENT)
		SKIP(return, "no channel echo, or no vDSO");
	close(self->w.fd);
	ASSERT_EQ(0, self->w.call(-1, NULL, 0, BULK_QUERY, &self->w.params));
	self->buf = malloc(MAX_RECORD);
}

FIXTURE_TEARDOWN(killed)
{
	free(self->buf);
}

/* A test in which nobody sends shows nothing: more than half must have sent. */
static bool more_kills(const struct _test_data_killed *self, int round)
{
	return round < kills() || self->senders <= kills() / 2;
}

static void wait_killed(struct __test_metadata *_metadata, pid_t pid)
{
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGKILL, WTERMSIG(status));
}

/* Take the record with this number: true unless there is none. */
static bool take(struct __test_metadata *_metadata,
		 struct _test_data_killed *self, __u64 number)
{
	__u64 tag;
	int ret = bulk_recv(self->w.fd, self->buf, MAX_RECORD, &tag);

	if (ret == -EAGAIN)
		return false;
	ASSERT_LE(0, ret);
	ASSERT_EQ(number, tag);
	ASSERT_TRUE(is_record(self->buf, ret, number));
	return true;
}

static void count_arrived(struct __test_metadata *_metadata,
			  struct _test_data_killed *self, __u64 arrived)
{
	__u64 said = self->progress->returned;

	EXPECT_EQ(0, self->progress->failed);
	ASSERT_LE(said, arrived);
	/* Of the one operation that had not returned. */
	ASSERT_GE(said + 4, arrived);
	self->records += arrived;
	self->more += arrived - said;
	self->senders += said > 0;
}

static void say_what_was_killed(struct __test_metadata *_metadata,
				struct _test_data_killed *self)
{
	TH_LOG("%llu killed, %d had sent; %llu records, %llu of a SEND that had not returned",
	       self->lives, self->senders, self->records, self->more);
}

static pid_t start_sender(struct _test_data_killed *self, const char *channel)
{
	long ns = bulk_source_word(getpid(), self->lives++) % LIFE_NS + 1;
	pid_t pid;

	*self->progress = (struct progress){ };
	pid = fork();
	if (pid)
		return pid;
	if (channel)
		self->w.fd = open_channel(channel, O_RDWR);
	send_for_life(&self->w, self->progress, ns);
	_exit(KSFT_FAIL);
}

/* The receiver holds the open file from before the sender was made. */
TEST_F(killed, while_another_holds_the_file)
{
	__u64 number;
	int round;

	for (round = 0; more_kills(self, round); round++) {
		self->w.fd = open_channel("echo", O_RDWR);
		ASSERT_LE(0, self->w.fd);
		wait_killed(_metadata, start_sender(self, NULL));
		for (number = 0; take(_metadata, self, number); number++)
			;
		count_arrived(_metadata, self, number);
		close(self->w.fd);
	}
	say_what_was_killed(_metadata, self);
}

/* Takes records until the sender has ended, and then those that are left. */
static __u64 take_while_alive(struct __test_metadata *_metadata,
			      struct _test_data_killed *self, pid_t pid)
{
	siginfo_t info = { };
	__u64 number = 0;

	while (!info.si_pid) {
		ASSERT_EQ(0, waitid(P_PID, pid, &info,
				    WEXITED | WNOHANG | WNOWAIT));
		if (take(_metadata, self, number))
			number++;
		else
			sched_yield();
	}
	while (take(_metadata, self, number))
		number++;
	return number;
}

/* No sender sleeps for room: all are killed at work. */
TEST_F(killed, while_another_receives)
{
	__u64 number;
	int round;
	pid_t pid;

	for (round = 0; more_kills(self, round); round++) {
		self->w.fd = open_channel("echo", O_RDWR);
		ASSERT_LE(0, self->w.fd);
		pid = start_sender(self, NULL);
		number = take_while_alive(_metadata, self, pid);
		wait_killed(_metadata, pid);
		count_arrived(_metadata, self, number);
		close(self->w.fd);
	}
	say_what_was_killed(_metadata, self);
}

static __u64 bytes_of(__u64 records)
{
	__u64 sum = 0, i;

	for (i = 0; i < records; i++)
		sum += sizeof(i) + size_of(i);
	return sum;
}

/* The file ends with its sender: the channel's totals tell what arrived. */
TEST_F(killed, with_the_last_reference)
{
	long long records, bytes;
	__u64 arrived;
	int round;

	for (round = 0; more_kills(self, round); round++) {
		records = sysfs_figure("sink", "tx_records");
		bytes = sysfs_figure("sink", "tx_bytes");
		wait_killed(_metadata, start_sender(self, "sink"));
		arrived = sysfs_figure("sink", "tx_records") - records;
		count_arrived(_metadata, self, arrived);
		bytes = sysfs_figure("sink", "tx_bytes") - bytes;
		ASSERT_EQ(bytes_of(arrived), bytes);
	}
	say_what_was_killed(_metadata, self);
}

TEST_HARNESS_MAIN
