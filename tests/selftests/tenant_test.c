// SPDX-License-Identifier: GPL-2.0
/*
 * Tenants of a channel that has a poller: none makes another one wait, or pay.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "cgroup.h"

#define AWAKE		"60000000"	/* microseconds: longer than a test */
#define IDLE_FILE	"/sys/class/bulk/echo/poller_idle_us"
#define ROUNDS		64
#define DEADLINE	(kernel_checks_itself() ? 120 : 30)	/* seconds */
#define TENANTS		4
#define WINDOWS		8		/* of the one that needs memory */
#define HIGH		65536
#define BEGUN		(64 * WINDOWS)	/* records: a sixteenth of what it may have */
#define BATCH		16
#define TRACING		"/sys/kernel/tracing/"

/* What a tenant shares with the test. */
struct tenant {
	pid_t pid;
	int ready;
	int go;
	unsigned long moved;
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Until *@word is not 0, or too much time has passed. */
static bool wait_for(const int *word)
{
	time_t end = now() + DEADLINE;

	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE) && now() < end)
		usleep(1000);
	return *word;
}

static void group_path(char *path, size_t size, const char *group,
		       const char *file)
{
	snprintf(path, size, CGROUP_ROOT "/bulk_%s%s%s", group,
		 file ? "/" : "", file ? file : "");
}

static int group_set(const char *group, const char *file, const char *value)
{
	char path[128];

	group_path(path, sizeof(path), group, file);
	return write_text(path, value);
}

static long long group_value(const char *group, const char *file,
			     const char *key)
{
	char path[128], text[4096];

	group_path(path, sizeof(path), group, file);
	read_text(path, text, sizeof(text));
	return key ? text_value(text, key) : strtoll(text, NULL, 10);
}

/* 0, or an errno where there is no such controller. */
static int group_create(const char *group, const char *controller,
			const char *file)
{
	char path[128];

	group_path(path, sizeof(path), group, NULL);
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	write_text(CGROUP_ROOT "/cgroup.subtree_control", controller);
	group_path(path, sizeof(path), group, file);
	return access(path, W_OK) ? -errno : 0;
}

static void group_remove(const char *group)
{
	char path[128];

	group_path(path, sizeof(path), group, NULL);
	rmdir(path);
}

/* One process sends, another one takes it to the provider by poll(2). */
TEST(owner_of_the_window_pays)
{
	static const char record[4000];
	struct pollfd pfd = { .events = POLLIN };
	long long before, after;
	struct tenant *t;
	struct windowed w;
	pid_t pid;
	int ret;

	ret = open_windowed(&w, "echo");
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	if (group_create("memory", "+memory", "memory.high"))
		SKIP(return, "no memory cgroup");
	ASSERT_EQ(0, munmap(w.window, w.params.window_default));
	t = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, t);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		w.window = group_set("memory", "cgroup.procs", "0") ? NULL :
			   map_window(&w, w.params.window_max);
		while (w.window && !window_send(&w, record, sizeof(record), 0,
						BULK_NO_SYSCALL))
			t->moved++;
		__atomic_store_n(&t->ready, 1, __ATOMIC_RELEASE);
		pause();
	}
	ASSERT_TRUE(wait_for(&t->ready));
	ASSERT_LT(100UL, t->moved);
	before = group_value("memory", "memory.current", NULL);
	pfd.fd = w.fd;
	ASSERT_EQ(1, poll(&pfd, 1, 0));
	after = group_value("memory", "memory.current", NULL);
	EXPECT_EQ((long long)t->moved, figure(w.fd, "tx-records"));
	/* Some of it may have been charged ahead. */
	EXPECT_LT((long long)(t->moved * sizeof(record) / 2), after - before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(w.fd);
	group_remove("memory");
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
TEST(poller_writes_what_changes)
{
	time_t end = now() + DEADLINE;
	struct windowed w;
	char in[8];
	int round, ret;

	ret = open_windowed(&w, "echo");
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	if (write_text(TRACING "kprobe_events", "p:bulk_tell bulk_window_clear"))
		SKIP(return, "no kprobe events");
	ASSERT_EQ(0, write_text(IDLE_FILE, AWAKE));
	ASSERT_EQ(0, window_send(&w, "wake up", 7, 0, 0));
	ASSERT_EQ(7, window_recv(&w, in, sizeof(in), NULL, 0));
	write_text(TRACING "events/kprobes/bulk_tell/enable", "1");
	for (round = 0; round < ROUNDS; round++) {
		while (window_send(&w, "x", 1, 0, BULK_NO_SYSCALL) == -EAGAIN)
			ASSERT_GT(end, now());
		while (window_recv(&w, in, sizeof(in), NULL,
				   BULK_NO_SYSCALL) == -EAGAIN)
			ASSERT_GT(end, now());
	}
	EXPECT_LE(0, calls_of("bulk_tell"));
	EXPECT_GT(ROUNDS / 2, calls_of("bulk_tell"));
	write_text(TRACING "events/kprobes/bulk_tell/enable", "0");
	write_text(TRACING "kprobe_events", "-:bulk_tell");
	write_text(IDLE_FILE, "0");
	close_windowed(&w);
}

TEST_HARNESS_MAIN
