// SPDX-License-Identifier: GPL-2.0
/*
 * The deadline: what is in a window reaches the provider though nobody calls.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "deadline.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BURSTS		20
#define RECORDS		100
#define MANY		20
#define THREADS		4
#define ROUNDS		20

/* Until the next SEND would call, as none does meanwhile. */
static bool falls_asleep(const struct windowed *w)
{
	time_t end = now() + PATIENCE;

	while (!asks_for_a_call(w) && now() < end)
		usleep(1000);
	return asks_for_a_call(w);
}

FIXTURE(deadline)
{
	struct windowed w;
};

FIXTURE_SETUP(deadline)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(deadline)
{
	close_windowed(&self->w);
	stop_counting();
	EXPECT_EQ(0, set_deadline("echo", "0"));
}

/* And to read the figures drains nothing. */
TEST_F(deadline, is_off_by_default)
{
	EXPECT_EQ(0, sysfs_figure("echo", "deadline_us"));
	EXPECT_EQ(0, sysfs_figure("sink", "deadline_us"));
	EXPECT_EQ(0, sysfs_figure("source", "deadline_us"));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	usleep(IDLE);
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
}

TEST_F(deadline, bad_values)
{
	static const char *const bad[] = { "-1", "x", "1x", "10000001", "4294967296", "1 2" };
	size_t i;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_GT(0, set_deadline("echo", bad[i])) {
			TH_LOG("taken: %s", bad[i]);
		}
		EXPECT_EQ(atoll(SHORT), sysfs_figure("echo", "deadline_us"));
	}
	EXPECT_EQ(-EINVAL, set_deadline("echo", "10000001"));
	EXPECT_EQ(0, set_deadline("echo", LONG "\n"));
	EXPECT_EQ(atoll(LONG), sysfs_figure("echo", "deadline_us"));
}

TEST_F(deadline, record_arrives_though_nobody_calls)
{
	int sent;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	sent = send_uncalled(&self->w);
	ASSERT_LT(0, sent);
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", sent));
	EXPECT_EQ(sent, figure(self->w.fd, "tx-records"));
}

TEST_F(deadline, bursts_arrive_in_order)
{
	__u64 sent = 0, got, content, burst, i;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	for (burst = 0; burst < BURSTS; burst++) {
		for (i = 0; i < RECORDS; i++, sent++)
			ASSERT_EQ(0, window_send(&self->w, &sent, sizeof(sent),
						 sent, 0));
		ASSERT_TRUE(reaches(self->w.fd, "tx-records", sent));
	}
	for (got = 0; got < sent; got++) {
		ASSERT_EQ(8, window_recv(&self->w, &content, sizeof(content),
					 &i, BULK_DONTWAIT));
		ASSERT_EQ(got, content);
		ASSERT_EQ(got, i);
	}
}

/* Records that were sent before the change count as well. */
TEST_F(deadline, is_set_while_records_wait)
{
	int i;

	for (i = 0; i < RECORDS; i++)
		ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(0, set_deadline("echo", SHORT));
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", RECORDS));
	i = send_uncalled(&self->w);
	ASSERT_LT(0, i);
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", RECORDS + i));
}

/* It is not waited for, so that a record may go that was sent right after it. */
TEST_F(deadline, is_turned_off)
{
	time_t end = now() + PATIENCE;
	long long sent = 1;

	ASSERT_EQ(0, set_deadline("echo", LONG));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	ASSERT_EQ(0, set_deadline("echo", SHORT));
	ASSERT_EQ(0, set_deadline("echo", "0"));
	do {
		if (!window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL))
			sent++;
		usleep(IDLE);
	} while (figure(self->w.fd, "tx-records") == sent && now() < end);
	EXPECT_EQ(sent - 1, figure(self->w.fd, "tx-records"));
	/* Nor does a SEND call any more. */
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	usleep(IDLE);
	EXPECT_EQ(sent - 1, figure(self->w.fd, "tx-records"));
}

TEST_F(deadline, idle_channel_has_no_timer)
{
	long long before;
	int sent;

	start_counting();
	if (expired() < 0)
		SKIP(return, "no kprobe events");
	ASSERT_EQ(0, set_deadline("echo", SHORT));
	sent = send_uncalled(&self->w);
	ASSERT_LT(0, sent);
	ASSERT_TRUE(falls_asleep(&self->w));
	EXPECT_EQ(sent, figure(self->w.fd, "tx-records"));
	before = expired();
	usleep(IDLE);
	EXPECT_EQ(before, expired());
	EXPECT_LT(0, before);
}

TEST_F(deadline, looks_after_many)
{
	struct windowed w[MANY];
	int sent[MANY], i;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, open_windowed(&w[i], "echo"));
	for (i = 0; i < MANY; i++) {
		sent[i] = send_uncalled(&w[i]);
		ASSERT_LT(0, sent[i]);
	}
	for (i = 0; i < MANY; i++) {
		EXPECT_TRUE(reaches(w[i].fd, "tx-records", sent[i]));
		close_windowed(&w[i]);
	}
}

/* The reader's call makes room, and nobody calls after it. */
TEST_F(deadline, goes_on_when_the_reader_takes)
{
	static char record[4000], in[4000];
	long long sent = 0, full;
	__u64 tag, got;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	while (!window_send(&self->w, record, sizeof(record), sent,
			    BULK_DONTWAIT))
		sent++;
	full = figure(self->w.fd, "tx-records");
	ASSERT_LT(0, full);
	ASSERT_GT(sent, full);
	usleep(IDLE);
	ASSERT_EQ(full, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(sizeof(in), window_recv(&self->w, in, sizeof(in), &tag, 0));
	EXPECT_EQ(0, tag);
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", full + 1));
	for (got = 1; got < (__u64)sent; got++) {
		ASSERT_EQ(sizeof(in), window_recv(&self->w, in, sizeof(in),
						  &tag, BULK_DONTWAIT));
		ASSERT_EQ(got, tag);
	}
}

/* The kernel finds it out by itself. */
TEST_F(deadline, spoilt_window_is_told)
{
	ASSERT_EQ(0, set_deadline("echo", SHORT));
	ASSERT_LT(0, send_uncalled(&self->w));
	user_page(&self->w)->tx_head += 1ULL << 40;
	/* Where it was too late for the timer that runs, another one is started. */
	window_send(&self->w, "x", 1, 0, 0);
	EXPECT_TRUE(reaches(self->w.fd, "window-errors", 1));
	EXPECT_EQ(-EBADMSG, window_send(&self->w, "x", 1, 0, 0));
}

/* From here on bulk_xfer(2) kills its caller. */
static int forbid_the_call(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bulk_xfer, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_SIZE(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ?:
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/* While the poller is awake, SENDs need no call on account of the deadline. */
TEST_F(deadline, leaves_it_to_the_poller)
{
	char c;
	int i;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	ASSERT_EQ(0, set_sysfs("echo", "poller_idle_us", "60000000"));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	ASSERT_EQ(1, window_recv(&self->w, &c, 1, NULL, 0));
	/* The poller has seen the window when it has put a record there. */
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	ASSERT_TRUE(reaches(self->w.fd, "rx-queued", 1));
	ASSERT_EQ(0, forbid_the_call());
	/* Long enough for a timer to find that no record came. */
	for (i = 0; i < BURSTS; i++) {
		ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
		usleep(50000);
	}
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", 2 + BURSTS));
	EXPECT_EQ(0, set_sysfs("echo", "poller_idle_us", "0"));
}

TEST_F(deadline, takes_over_from_the_poller)
{
	long long sent = 0;
	int i, ret;

	ASSERT_EQ(0, set_deadline("echo", SHORT));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, set_sysfs("echo", "poller_idle_us",
				       i % 2 ? "1000" : "60000000"));
		ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
		sent++;
		ASSERT_EQ(0, set_sysfs("echo", "poller_idle_us", "0"));
		ret = send_uncalled(&self->w);
		ASSERT_LT(0, ret);
		sent += ret;
		ASSERT_TRUE(reaches(self->w.fd, "tx-records", sent));
	}
}

TEST_F(deadline, threads_share_a_window)
{
	unsigned long long next[THREADS] = { }, content, i;
	struct sender s[THREADS];
	__u64 id;

	ASSERT_EQ(0, set_deadline("echo", "100"));
	for (id = 0; id < THREADS; id++) {
		s[id] = (struct sender){
			.w = &self->w,
			.id = id,
			.most = BURSTS * RECORDS,
		};
		pthread_create(&s[id].thread, NULL, run_sender, &s[id]);
	}
	for (id = 0; id < THREADS; id++) {
		pthread_join(s[id].thread, NULL);
		EXPECT_EQ(0, s[id].ret);
	}
	ASSERT_TRUE(reaches(self->w.fd, "tx-records",
			    THREADS * BURSTS * RECORDS));
	for (i = 0; i < THREADS * BURSTS * RECORDS; i++) {
		ASSERT_EQ(8, window_recv(&self->w, &content, sizeof(content),
					 &id, BULK_DONTWAIT));
		ASSERT_GT(THREADS, id);
		ASSERT_EQ(next[id]++, content);
	}
}

/* With a timer that runs, one that has just expired, or none. */
TEST_F(deadline, windows_come_and_go)
{
	static const char *const us[] = { LONG, "50", "0" };
	struct windowed w;
	__u64 tag;
	char c;
	int i;

	for (i = 0; i < 10 * ROUNDS; i++) {
		ASSERT_EQ(0, set_deadline("echo", us[i % 3]));
		ASSERT_EQ(0, open_windowed(&w, "echo"));
		ASSERT_EQ(0, window_send(&w, "x", 1, i, 0));
		ASSERT_LT(0, send_uncalled(&w));
		if (i % 2) {
			ASSERT_EQ(0, munmap(w.window, w.params.window_default));
			w.window = NULL;
			ASSERT_EQ(1, bulk_recv(w.fd, &c, 1, &tag));
			EXPECT_EQ(i, tag);
		}
		close_windowed(&w);
	}
}

/* Its records are taken, and its timer is no more. */
TEST_F(deadline, process_exits)
{
	long long before = sysfs_figure("echo", "tx_records");
	int i, status;
	pid_t pid;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, set_deadline("echo", i % 2 ? LONG : "50"));
		pid = fork();
		if (!pid) {
			struct windowed w;

			if (open_windowed(&w, "echo"))
				_exit(1);
			for (status = 0; status < RECORDS; status++)
				if (window_send(&w, "x", 1, 0, 0))
					_exit(1);
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
	EXPECT_EQ(before + ROUNDS * RECORDS, sysfs_figure("echo", "tx_records"));
}

TEST_HARNESS_MAIN
