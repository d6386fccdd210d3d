// SPDX-License-Identifier: GPL-2.0
/*
 * Tenants whose windows the kernel looks after: none has another one wait, or pay.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "unattended.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cgroup.h"

#define AWAKE		"60000000"	/* microseconds: longer than a test */
#define SOON		"1000"		/* microseconds */
#define ROUNDS		64
#define TENANTS		4
#define WINDOWS		8		/* of the one that needs memory */
#define HIGH		65536
#define BEGUN		(64 * WINDOWS)	/* records: a sixteenth of what it may have */
#define BATCH		16

/* Words that a tenant shares with the test. */
struct tenant {
	pid_t pid;
	int ready;
	int go;
	unsigned long moved;
};

/* Until *@word is not 0, or too much time has passed. */
static bool wait_for(const int *word)
{
	time_t end = now() + PATIENCE;

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

enum kind {
	NEEDS_MEMORY	= 1,	/* far above its memory.high */
	NEEDS_CPU	= 2,	/* throttled by cpu.max */
	STOPPED		= 4,	/* stopped and continued all the while */
};

/* A timer is started by a call, which is made where it is wanted; a poller comes by itself. */
static unsigned int leave_it = BULK_NO_SYSCALL;

/* Fills its windows, and takes nothing back. */
static void need_memory(struct tenant *t)
{
	static const char record[4000];
	struct windowed w[WINDOWS];
	int i;

	for (i = 0; i < WINDOWS; i++)
		if (open_windowed(&w[i], "echo"))
			_exit(1);
	__atomic_store_n(&t->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&t->go, __ATOMIC_ACQUIRE))
		usleep(1000);
	for (i = 0;; i = (i + 1) % WINDOWS)
		while (!window_send(&w[i], record, sizeof(record), 0, leave_it))
			__atomic_add_fetch(&t->moved, 1, __ATOMIC_RELAXED);
}

/* Holds its endpoint's locks for most of the time, by calls. */
static void need_cpu(struct tenant *t)
{
	struct bulk_seg send[BATCH], recv[BATCH];
	char out[64] = "", in[64];
	struct windowed w;
	int i;

	if (open_windowed(&w, "echo"))
		_exit(1);
	for (i = 0; i < BATCH; i++) {
		send[i] = seg_send(out, sizeof(out), i);
		recv[i] = seg_recv(in, sizeof(in));
	}
	for (;;) {
		if (bulk_xfer(w.fd, send, BATCH, 0) != BATCH ||
		    bulk_xfer(w.fd, recv, BATCH, 0) != BATCH)
			_exit(1);
		__atomic_store_n(&t->ready, 1, __ATOMIC_RELEASE);
		__atomic_add_fetch(&t->moved, 1, __ATOMIC_RELAXED);
	}
}

/* Calls of every kind. */
static void be_stopped(struct tenant *t)
{
	char out[64] = "", in[64];
	struct windowed w;

	if (open_windowed(&w, "echo"))
		_exit(1);
	for (;;) {
		if (window_send(&w, out, sizeof(out), 0, 0) ||
		    bulk_send(w.fd, out, sizeof(out), 0) ||
		    window_recv(&w, in, sizeof(in), NULL, 0) != sizeof(in) ||
		    window_recv(&w, in, sizeof(in), NULL, 0) != sizeof(in))
			_exit(1);
		__atomic_store_n(&t->ready, 1, __ATOMIC_RELEASE);
		__atomic_add_fetch(&t->moved, 1, __ATOMIC_RELAXED);
	}
}

static pid_t start(struct tenant *t, const char *group,
		   void (*run)(struct tenant *t))
{
	pid_t parent = getpid(), pid = fork();

	if (pid) {
		t->pid = pid;
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || (group && group_set(group, "cgroup.procs", "0")))
		_exit(1);
	run(t);
	_exit(0);
}

FIXTURE(tenants)
{
	struct windowed w;
	struct tenant *shared;
	struct tenant *memory;
	struct tenant *cpu;
	struct tenant *stopped;
};

FIXTURE_VARIANT(tenants)
{
	int kinds;
	bool by_timer; /* the windows are drained at their deadline, not by a poller */
};

FIXTURE_VARIANT_ADD(tenants, above_memory_high)
{
	.kinds = NEEDS_MEMORY,
};

FIXTURE_VARIANT_ADD(tenants, throttled)
{
	.kinds = NEEDS_CPU,
};

FIXTURE_VARIANT_ADD(tenants, stopped)
{
	.kinds = STOPPED,
};

FIXTURE_VARIANT_ADD(tenants, all)
{
	.kinds = NEEDS_MEMORY | NEEDS_CPU | STOPPED,
};

FIXTURE_VARIANT_ADD(tenants, all_by_timer)
{
	.kinds = NEEDS_MEMORY | NEEDS_CPU | STOPPED,
	.by_timer = true,
};

static void start_memory(struct __test_metadata *_metadata,
			 struct _test_data_tenants *self)
{
	char high[32];

	ASSERT_LT(0, start(self->memory, "memory", need_memory));
	ASSERT_TRUE(wait_for(&self->memory->ready));
	snprintf(high, sizeof(high), "%d", HIGH);
	ASSERT_EQ(0, group_set("memory", "memory.high", high));
}

static void start_cpu(struct __test_metadata *_metadata,
		      struct _test_data_tenants *self)
{
	int i;

	for (i = 0; i < TENANTS; i++) {
		ASSERT_LT(0, start(&self->cpu[i], "cpu", need_cpu));
		ASSERT_TRUE(wait_for(&self->cpu[i].ready));
	}
	/* The least there is. They run out of it wherever they are. */
	ASSERT_EQ(0, group_set("cpu", "cpu.max", "1000 100000"));
	while (group_value("cpu", "cpu.stat", "nr_throttled ") < 1)
		usleep(1000);
}

FIXTURE_SETUP(tenants)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	if ((variant->kinds & NEEDS_MEMORY) &&
	    group_create("memory", "+memory", "memory.high"))
		SKIP(return, "no memory cgroup");
	if ((variant->kinds & NEEDS_CPU) &&
	    group_create("cpu", "+cpu", "cpu.max"))
		SKIP(return, "no cpu.max");
	self->shared = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	self->memory = self->shared;
	self->stopped = self->shared + 1;
	self->cpu = self->shared + 2;
	if (variant->by_timer)
		leave_it = BULK_DONTWAIT;
	ASSERT_EQ(0, variant->by_timer ?
			     set_sysfs("echo", "deadline_us", SOON) :
			     set_sysfs("echo", "poller_idle_us", AWAKE));
	ASSERT_EQ(0, window_send(&self->w, "wake up", 7, 0, 0));
	if (variant->kinds & NEEDS_CPU)
		start_cpu(_metadata, self);
	if (variant->kinds & STOPPED) {
		ASSERT_LT(0, start(self->stopped, NULL, be_stopped));
		ASSERT_TRUE(wait_for(&self->stopped->ready));
	}
	if (variant->kinds & NEEDS_MEMORY)
		start_memory(_metadata, self);
}

/* A task that is throttled in the kernel dies when it may run again. */
FIXTURE_TEARDOWN(tenants)
{
	int i;

	if (variant->kinds & NEEDS_CPU)
		group_set("cpu", "cpu.max", "max");
	if (variant->kinds & NEEDS_MEMORY)
		group_set("memory", "memory.high", "max");
	for (i = 0; self->shared && i < 2 + TENANTS; i++) {
		if (self->shared[i].pid <= 0)
			continue;
		kill(self->shared[i].pid, SIGKILL);
		waitpid(self->shared[i].pid, NULL, 0);
	}
	close_windowed(&self->w);
	set_sysfs("echo", "poller_idle_us", "0");
	set_sysfs("echo", "deadline_us", "0");
	group_remove("cpu");
	group_remove("memory");
}

/* The timer takes what was sent, and leaves the answer to a call. */
static int answer_by_timer(const struct windowed *w, char *in, size_t room,
			   long long taken)
{
	if (!reaches(w->fd, "tx-records", taken + 1))
		return -ETIMEDOUT;
	return window_recv(w, in, room, NULL, BULK_DONTWAIT);
}

/* The poller puts the answer into the window. */
static int answer_by_poller(const struct windowed *w, char *in, size_t room,
			    time_t end)
{
	int ret;

	do {
		ret = window_recv(w, in, room, NULL, BULK_NO_SYSCALL);
	} while (ret == -EAGAIN && now() < end && !usleep(100));
	return ret;
}

/* Through the window, which the kernel is to look after, and by calls. */
static bool moves_records(const struct windowed *w, time_t end, bool by_timer)
{
	long long taken = figure(w->fd, "tx-records");
	char out[8] = "answer", in[8];
	int ret;

	if (window_send(w, out, sizeof(out), 0, 0))
		return false;
	ret = by_timer ? answer_by_timer(w, in, sizeof(in), taken) :
			 answer_by_poller(w, in, sizeof(in), end);
	if (ret != sizeof(in) || bulk_send(w->fd, out, sizeof(out), 0))
		return false;
	return window_recv(w, in, sizeof(in), NULL, 0) == sizeof(in);
}

static bool opens_and_closes(void)
{
	struct windowed w;
	int ret = open_windowed(&w, "echo");

	close_windowed(&w);
	return !ret;
}

static bool stop_and_go(struct tenant *t, int round)
{
	int status;

	if (round % 2)
		return !kill(t->pid, SIGCONT);
	return !kill(t->pid, SIGSTOP) &&
	       waitpid(t->pid, &status, WUNTRACED) == t->pid &&
	       WIFSTOPPED(status);
}

/* Each round meets those who are throttled at another place. */
static void wait_period(time_t end)
{
	long long was = group_value("cpu", "cpu.stat", "nr_periods ");

	while (group_value("cpu", "cpu.stat", "nr_periods ") == was &&
	       now() < end)
		usleep(1000);
}

/*
 * From here on the kernel asks for more memory than the tenant may have, on its
 * behalf. Where it also makes calls itself, each of them has it wait.
 */
static bool goes_on(struct tenant *t, time_t end, unsigned long begun)
{
	__atomic_store_n(&t->go, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&t->moved, __ATOMIC_RELAXED) < begun &&
	       now() < end)
		usleep(1000);
	return now() < end;
}

/*
 * The deadline is for all of it. Where the poller waits for the others, a round
 * takes seconds.
 */
TEST_F(tenants, others_go_on)
{
	time_t end = now() + PATIENCE;
	char in[8];
	int round;

	ASSERT_EQ(7, window_recv(&self->w, in, sizeof(in), NULL, 0));
	if (variant->kinds & NEEDS_MEMORY)
		ASSERT_TRUE(goes_on(self->memory, end, variant->by_timer ?
							       WINDOWS : BEGUN));
	for (round = 0; round < ROUNDS && now() < end; round++) {
		if (variant->kinds & STOPPED)
			ASSERT_TRUE(stop_and_go(self->stopped, round));
		if (variant->kinds & NEEDS_CPU)
			wait_period(end);
		ASSERT_TRUE(moves_records(&self->w, end, variant->by_timer)) {
			TH_LOG("no answer in round %d", round);
		}
		ASSERT_TRUE(opens_and_closes());
	}
	EXPECT_EQ(ROUNDS, round);
	EXPECT_EQ(0, waitpid(-1, NULL, WNOHANG)) {
		TH_LOG("a tenant has given up");
	}
	if (variant->kinds & NEEDS_MEMORY)
		EXPECT_LT(10 * HIGH, group_value("memory", "memory.current",
						 NULL));
}

static void take_by_poll(const struct windowed *w, long long records)
{
	poll(&(struct pollfd){ .fd = w->fd, .events = POLLIN }, 1, 0);
}

static void take_by_deadline(const struct windowed *w, long long records)
{
	set_sysfs("echo", "deadline_us", "1000");
	reaches(w->fd, "tx-records", records);
	set_sysfs("echo", "deadline_us", "0");
}

static void pause_until_taken(struct tenant *t)
{
	__atomic_store_n(&t->ready, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&t->ready, __ATOMIC_ACQUIRE))
		usleep(100);
}

/* Have so many bytes of records sent and taken, in all. */
static void take_until(struct __test_metadata *_metadata, struct tenant *t,
		       const struct windowed *w, size_t bytes,
		       void (*take)(const struct windowed *w, long long records))
{
	do {
		ASSERT_TRUE(wait_for(&t->ready));
		ASSERT_LT(0UL, t->moved);
		take(w, t->moved);
		if (t->moved * 4000 >= bytes)
			break;
		__atomic_store_n(&t->ready, 0, __ATOMIC_RELEASE);
	} while (true);
}

/* One process sends, and somebody else takes it to the provider. */
static void owner_pays(struct __test_metadata *_metadata,
		       void (*take)(const struct windowed *w, long long records))
{
	static const char record[4000];
	long long before, after, moved;
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
			   map_window(&w, 2 * getpagesize() + (1UL << 20));
		for (; w.window; pause_until_taken(t))
			while (!window_send(&w, record, sizeof(record), 0,
					    BULK_NO_SYSCALL))
				t->moved++;
	}
	/* First what there is room for in the window, which is paid for. */
	take_until(_metadata, t, &w, 1 << 19, take);
	moved = t->moved;
	before = group_value("memory", "memory.current", NULL);
	take_until(_metadata, t, &w, 3 << 20, take);
	after = group_value("memory", "memory.current", NULL);
	EXPECT_EQ((long long)t->moved, figure(w.fd, "tx-records"));
	/* Some of it may have been charged ahead. */
	EXPECT_LT((long long)((t->moved - moved) * sizeof(record) / 2),
		  after - before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(w.fd);
	group_remove("memory");
}

TEST(owner_of_the_window_pays_what_others_take)
{
	owner_pays(_metadata, take_by_poll);
}

TEST(owner_of_the_window_pays_what_the_deadline_takes)
{
	owner_pays(_metadata, take_by_deadline);
}

TEST_HARNESS_MAIN
