// SPDX-License-Identifier: GPL-2.0
/*
 * The poller: a thread that takes from windows, so that nobody makes a system call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "unattended.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "puppet.h"

#define RECORDS		200
#define AWAKE		"600000000"	/* microseconds: longer than a test */
#define SLEEPY		"1000"
#define TRIES		20000		/* of a millisecond */
#define MANY		20
#define GONE		0
#define ROUNDS		20
#define ANSWERS		64
#define TRACING		"/sys/kernel/tracing/"

static int set_poller(const char *channel, const char *idle_us)
{
	return set_sysfs(channel, "poller_idle_us", idle_us);
}

static long long get_poller(const char *channel)
{
	return sysfs_figure(channel, "poller_idle_us");
}

/* The state of a thread of the kernel as ps(1) shows it, or GONE. */
static char state_of(const char *name)
{
	char path[300], text[256], want[32];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char state = GONE;

	snprintf(want, sizeof(want), "(%s) ", name);
	while (!state && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (atoi(entry->d_name) && read_text(path, text, sizeof(text)) &&
		    strstr(text, want))
			state = strstr(text, want)[strlen(want)];
	}
	closedir(dir);
	return state;
}

static bool wait_state(const char *name, char state)
{
	int tries;

	for (tries = 0; tries < TRIES && state_of(name) != state; tries++)
		usleep(1000);
	return tries < TRIES;
}

FIXTURE(poller)
{
	struct windowed w;
};

FIXTURE_SETUP(poller)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(poller)
{
	close_windowed(&self->w);
	EXPECT_EQ(0, set_poller("echo", "0"));
	EXPECT_TRUE(wait_state("bulk/echo", GONE));
}

TEST_F(poller, is_off_by_default)
{
	EXPECT_EQ(0, get_poller("echo"));
	EXPECT_EQ(0, get_poller("sink"));
	EXPECT_EQ(0, get_poller("source"));
	EXPECT_EQ(GONE, state_of("bulk/echo"));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	usleep(100000);
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
}

TEST_F(poller, is_on_and_off)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, set_poller("echo", AWAKE));
		EXPECT_EQ(atoll(AWAKE), get_poller("echo"));
		EXPECT_NE(GONE, state_of("bulk/echo"));
		ASSERT_EQ(0, set_poller("echo", "0"));
		EXPECT_EQ(0, get_poller("echo"));
		EXPECT_TRUE(wait_state("bulk/echo", GONE));
	}
}

TEST_F(poller, bad_values)
{
	static const char *const bad[] = { "-1", "x", "1x", "4294967296", "1 2", "0.5" };
	size_t i;

	ASSERT_EQ(0, set_poller("echo", SLEEPY));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_GT(0, set_poller("echo", bad[i])) {
			TH_LOG("taken: %s", bad[i]);
		}
		EXPECT_EQ(atoll(SLEEPY), get_poller("echo"));
	}
	EXPECT_EQ(-EINVAL, set_poller("echo", "x"));
	EXPECT_EQ(-ERANGE, set_poller("echo", "4294967296"));
	EXPECT_EQ(0, set_poller("echo", "4294967295\n"));
	EXPECT_EQ(4294967295, get_poller("echo"));
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

/* A record that the poller is to bring: true unless it never does. */
static bool recv_uncalled(const struct windowed *w, __u64 *content, __u64 *tag)
{
	int tries, ret = -EAGAIN;

	for (tries = 0; tries < TRIES && ret == -EAGAIN; tries++) {
		ret = window_recv(w, content, sizeof(*content), tag,
				  BULK_NO_SYSCALL);
		if (ret == -EAGAIN)
			usleep(1000);
	}
	return ret == sizeof(*content);
}

/* The first record finds the poller's flag and wakes it; then none needs a call. */
static void wake_poller(struct __test_metadata *_metadata, struct windowed *w)
{
	__u64 content, tag;
	int ret;

	ASSERT_EQ(0, window_send(w, "wake up", 7, 0, 0));
	ASSERT_TRUE(reaches(w->fd, "rx-queued", 1));
	ASSERT_EQ(7, window_recv(w, &content, sizeof(content), NULL,
				 BULK_NO_SYSCALL));
	do {
		ret = window_send(w, "it is up", 8, 0, BULK_NO_SYSCALL);
	} while (ret == -EAGAIN && !usleep(1000));
	ASSERT_EQ(0, ret);
	ASSERT_TRUE(recv_uncalled(w, &content, &tag));
}

/*
 * Plain calls of the function: with the poller awake, not even a ring that is
 * full to the half is worth a system call.
 */
TEST_F(poller, both_ways_without_system_call)
{
	__u64 i, content, tag;

	ASSERT_EQ(0, set_poller("echo", AWAKE));
	wake_poller(_metadata, &self->w);
	ASSERT_EQ(0, forbid_the_call());
	for (i = 0; i < RECORDS; i++)
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i, 0));
	for (i = 0; i < RECORDS; i++) {
		ASSERT_TRUE(recv_uncalled(&self->w, &content, &tag));
		ASSERT_EQ(i, content);
		ASSERT_EQ(i, tag);
	}
	EXPECT_EQ(RECORDS + 2, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(RECORDS + 2, figure(self->w.fd, "rx-records"));
}

/* The filter does kill: without a poller a receiver has to call. */
TEST_F(poller, the_filter_kills)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct windowed w;
		char c;

		if (!open_windowed(&w, "echo") && !forbid_the_call())
			window_recv(&w, &c, 1, NULL, BULK_DONTWAIT);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSYS, WTERMSIG(status));
}

/* A request through the window comes by system call, the answers by the poller. */
TEST_F(poller, fills_what_is_produced_on_demand)
{
	struct bulk_source_request req = { .count = RECORDS, .size = 8 };
	struct windowed w;
	__u64 content, tag, i;

	ASSERT_EQ(0, open_windowed(&w, "source"));
	ASSERT_EQ(0, set_poller("source", AWAKE));
	ASSERT_EQ(0, window_send(&w, &req, sizeof(req), 0, 0));
	/* Whoever enters the kernel for the first wakes the poller. */
	ASSERT_EQ(8, window_recv(&w, &content, sizeof(content), &tag, 0));
	ASSERT_EQ(0, forbid_the_call());
	for (i = 1; i < RECORDS; i++) {
		ASSERT_TRUE(recv_uncalled(&w, &content, &tag));
		ASSERT_EQ(i, tag);
		ASSERT_EQ(bulk_source_word(0, i), content);
	}
	EXPECT_EQ(0, set_poller("source", "0"));
	close_windowed(&w);
}

TEST_F(poller, goes_to_sleep_and_is_woken)
{
	__u64 i, content, tag;

	ASSERT_EQ(0, set_poller("echo", SLEEPY));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_TRUE(wait_state("bulk/echo", 'S'));
		/* Somebody wants to be woken, and that takes a call. */
		ASSERT_EQ(-EAGAIN, window_send(&self->w, &i, sizeof(i), i,
					       BULK_NO_SYSCALL));
		ASSERT_EQ(0, set_poller("echo", AWAKE));
		ASSERT_EQ('S', state_of("bulk/echo"));
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i, 0));
		ASSERT_TRUE(wait_state("bulk/echo", 'R'));
		ASSERT_TRUE(recv_uncalled(&self->w, &content, &tag));
		ASSERT_EQ(i, content);
		ASSERT_EQ(0, set_poller("echo", SLEEPY));
	}
}

/* Nothing of it stays behind in a window that is older than the change. */
TEST_F(poller, leaves_windows_as_they_were)
{
	__u64 i, sent;

	ASSERT_EQ(0, set_poller("echo", AWAKE));
	wake_poller(_metadata, &self->w);
	ASSERT_EQ(0, set_poller("echo", "0"));
	sent = figure(self->w.fd, "tx-records");
	for (i = 0; i < RECORDS; i++)
		ASSERT_EQ(0, window_send(&self->w, &i, sizeof(i), i,
					 BULK_NO_SYSCALL));
	EXPECT_EQ(sent, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(8, window_recv(&self->w, &i, sizeof(i), NULL, 0));
	EXPECT_EQ(sent + RECORDS, figure(self->w.fd, "tx-records"));
}

TEST_F(poller, looks_after_many)
{
	struct windowed w[MANY];
	__u64 round, content, tag;
	int i;

	ASSERT_EQ(0, set_poller("echo", AWAKE));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, open_windowed(&w[i], "echo"));
		wake_poller(_metadata, &w[i]);
	}
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < MANY; i++)
			ASSERT_EQ(0, window_send(&w[i], &round, sizeof(round),
						 i, BULK_NO_SYSCALL));
		for (i = 0; i < MANY; i++) {
			ASSERT_TRUE(recv_uncalled(&w[i], &content, &tag));
			ASSERT_EQ(round, content);
			ASSERT_EQ(i, tag);
		}
	}
	for (i = 0; i < MANY; i++)
		close_windowed(&w[i]);
}

/* Nobody else comes by: a provider that has room again wakes the poller. */
TEST(room_wakes_it)
{
	struct windowed w;
	int ret;

	ret = open_puppet(&w, "send=-11");
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no module bulk_puppet, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, set_poller("puppet", SLEEPY));
	ASSERT_EQ(0, window_send(&w, "x", 1, 0, 0));
	ASSERT_TRUE(wait_state("bulk/puppet", 'S'));
	EXPECT_EQ(0, figure(w.fd, "tx-records"));
	ASSERT_EQ(0, set_puppet("room", 1));
	EXPECT_TRUE(reaches(w.fd, "tx-records", 1));
	close_windowed(&w);
	EXPECT_EQ(0, unload_module("bulk_puppet"));
}

/* A window that is unmapped, or whose file is closed, while the poller looks. */
TEST_F(poller, windows_come_and_go)
{
	struct windowed w;
	__u64 tag;
	int i;
	char c;

	ASSERT_EQ(0, set_poller("echo", AWAKE));
	for (i = 0; i < 10 * ROUNDS; i++) {
		ASSERT_EQ(0, open_windowed(&w, "echo"));
		ASSERT_EQ(0, window_send(&w, "x", 1, i, 0));
		ASSERT_EQ(0, munmap(w.window, w.params.window_default));
		w.window = NULL;
		if (i % 2) {
			ASSERT_EQ(1, bulk_recv(w.fd, &c, 1, &tag));
			EXPECT_EQ(i, tag);
		}
		close_windowed(&w);
	}
}

/* Every record whose SEND said so was taken, and no other. */
TEST(unload_while_it_runs)
{
	struct windowed w;
	struct sender s;
	int round, ret;

	ret = open_windowed(&w, "sink");
	if (ret || access("/sys/module/bulk_sink/refcnt", F_OK))
		SKIP(return, "no module bulk_sink to unload, or no vDSO");
	close_windowed(&w);
	for (round = 0; round < ROUNDS; round++) {
		s = (struct sender){ .w = &w, .most = ULLONG_MAX };
		ASSERT_EQ(0, set_poller("sink", round % 2 ? SLEEPY : AWAKE));
		ASSERT_EQ(0, open_windowed(&w, "sink"));
		pthread_create(&s.thread, NULL, run_sender, &s);
		while (__atomic_load_n(&s.sent, __ATOMIC_RELAXED) < RECORDS)
			usleep(1000);
		ASSERT_EQ(0, unload_module("bulk_sink"));
		pthread_join(s.thread, NULL);
		EXPECT_EQ(-ENODEV, s.ret);
		EXPECT_EQ(s.sent, (__u64)figure(w.fd, "tx-records"));
		EXPECT_TRUE(wait_state("bulk/sink", GONE));
		close_windowed(&w);
		ASSERT_EQ(0, load_module("bulk_sink", ""));
		EXPECT_EQ(0, get_poller("sink"));
	}
}

/* How often a function of the kernel was called since it is traced. */
static long long calls_of(const char *event)
{
	char text[4096], key[64];

	read_text(TRACING "kprobe_profile", text, sizeof(text));
	snprintf(key, sizeof(key), "%s ", event);
	return text_value(text, key);
}

/* Each answer takes a pass, and none of these has anything to tell. */
TEST(writes_what_changes)
{
	time_t end = now() + PATIENCE;
	struct windowed w;
	char in[8];
	int round, ret;

	ret = open_windowed(&w, "echo");
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	if (write_text(TRACING "kprobe_events", "p:bulk_tell bulk_window_clear"))
		SKIP(return, "no kprobe events");
	ASSERT_EQ(0, set_poller("echo", AWAKE));
	ASSERT_EQ(0, window_send(&w, "wake up", 7, 0, 0));
	ASSERT_EQ(7, window_recv(&w, in, sizeof(in), NULL, 0));
	write_text(TRACING "events/kprobes/bulk_tell/enable", "1");
	for (round = 0; round < ANSWERS; round++) {
		while (window_send(&w, "x", 1, 0, BULK_NO_SYSCALL) == -EAGAIN)
			ASSERT_GT(end, now());
		while (window_recv(&w, in, sizeof(in), NULL,
				   BULK_NO_SYSCALL) == -EAGAIN)
			ASSERT_GT(end, now());
	}
	EXPECT_LE(0, calls_of("bulk_tell"));
	EXPECT_GT(ANSWERS / 2, calls_of("bulk_tell"));
	write_text(TRACING "events/kprobes/bulk_tell/enable", "0");
	write_text(TRACING "kprobe_events", "-:bulk_tell");
	/* That waits until no thread can be in what is removed, this one included. */
	EXPECT_GT(end, now());
	set_poller("echo", "0");
	close_windowed(&w);
}

TEST_HARNESS_MAIN
