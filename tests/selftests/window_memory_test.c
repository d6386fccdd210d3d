// SPDX-License-Identifier: GPL-2.0
/*
 * What windows cost, who pays, what bounds them, and that it is all given back.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "cgroup.h"
#include "module.h"

#define MANY		1000
#define WARM		10	/* windows before the first measured one */
#define BESIDE		16384	/* bytes that an endpoint may cost beside its window */
#define CYCLES		1000
#define WINDOW_MAX	"/proc/sys/kernel/bulk_xfer/window_max"

/* Two control pages; of each ring, the memory is there once and mapped twice. */
static size_t memory_of(size_t window)
{
	return 8192 + (window - 8192) / 2;
}

static int many(void)
{
	return kernel_checks_itself() ? MANY / 5 : MANY;
}

FIXTURE(memory)
{
	struct windowed *w;
	size_t window;
	int count;
};

FIXTURE_SETUP(memory)
{
	struct rlimit limit = { MANY + 100, MANY + 100 };
	struct windowed w;
	int ret = open_windowed(&w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	self->window = w.params.window_default;
	close_windowed(&w);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->w = calloc(MANY, sizeof(*self->w));
	/* What the test itself needs is there before anything is measured. */
	memset(self->w, 0, MANY * sizeof(*self->w));
	dup2(0, MANY + 99);
}

FIXTURE_TEARDOWN_PARENT(memory)
{
	cgroup_remove();
}

/* Once around both rings, so that each page of the mapping is there. */
static void use_window(struct __test_metadata *_metadata, struct windowed *w)
{
	static char out[4096], in[4096];
	size_t moved;

	for (moved = 0; moved < w->params.window_default; moved += sizeof(in)) {
		ASSERT_EQ(0, window_send(w, out, sizeof(out), moved, 0));
		ASSERT_EQ(sizeof(in), window_recv(w, in, sizeof(in), NULL, 0));
	}
}

static void open_windows(struct __test_metadata *_metadata,
			 struct _test_data_memory *self, int count)
{
	for (; self->count < count; self->count++) {
		ASSERT_EQ(0, open_windowed(&self->w[self->count], "echo"));
		use_window(_metadata, &self->w[self->count]);
	}
}

static void unmap_windows(struct __test_metadata *_metadata,
			  struct _test_data_memory *self)
{
	int i;

	for (i = 0; i < self->count; i++) {
		ASSERT_EQ(0, munmap(self->w[i].window, self->window));
		self->w[i].window = NULL;
	}
}

static void close_windows(struct _test_data_memory *self)
{
	while (self->count)
		close_windowed(&self->w[--self->count]);
}

TEST_F(memory, cost_of_one)
{
	size_t memory = memory_of(self->window);
	long long start, full, left, cost;

	if (cgroup_create() || cgroup_set("cgroup.procs", "0"))
		SKIP(return, "no memory cgroup");
	open_windows(_metadata, self, WARM);
	start = cgroup_value("memory.current", NULL);
	open_windows(_metadata, self, many());
	full = cgroup_value("memory.current", NULL);
	cost = (full - start) / (many() - WARM);
	TH_LOG("%d windows of %zu bytes, %zu of memory: an endpoint with one costs %lld",
	       many(), self->window, memory, cost);
	/* It is charged, and little beside it. */
	EXPECT_LE((long long)memory, cost);
	EXPECT_GE(self->window + BESIDE, cost);
	if (!kernel_checks_itself())
		EXPECT_GE(memory + BESIDE, cost);

	/* A window's memory is given back with the window, not with the file. */
	unmap_windows(_metadata, self);
	left = memory_settled(full - (many() - WARM) * (long long)memory);
	EXPECT_GE(full - (many() - WARM) * (long long)memory, left);
	close_windows(self);
	EXPECT_GT(start + (full - start) / 20,
		  memory_settled(start + (full - start) / 40));
}

TEST_F(memory, windows_come_and_go)
{
	long long start;
	struct windowed w;
	int i;

	if (cgroup_create() || cgroup_set("cgroup.procs", "0"))
		SKIP(return, "no memory cgroup");
	ASSERT_EQ(0, open_windowed(&w, "echo"));
	use_window(_metadata, &w);
	start = cgroup_value("memory.current", NULL);
	for (i = 0; i < CYCLES; i++) {
		ASSERT_EQ(0, munmap(w.window, self->window));
		w.window = map_window(&w, self->window);
		ASSERT_NE(NULL, w.window);
		ASSERT_EQ(0, window_send(&w, "x", 1, i, 0));
	}
	EXPECT_GT(start + CYCLES * (long long)memory_of(self->window) / 20,
		  memory_settled(start));
	close_windowed(&w);
}

/*
 * What the test itself needs is there before it enters the cgroup: a page fault
 * or an open file more at the limit would be fatal. Returns what lifts it.
 */
static int enter_limit(struct __test_metadata *_metadata, const char *bytes)
{
	int fd = open(CGROUP_NAME "/memory.max", O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	ASSERT_EQ(0, cgroup_set("memory.max", bytes));
	cgroup_set("memory.swap.max", "0");
	ASSERT_EQ(0, cgroup_set("cgroup.procs", "0"));
	return fd;
}

TEST_F(memory, cgroup_limit_is_enomem)
{
	int i, lift, mapped, last = 0;

	if (cgroup_create())
		SKIP(return, "no memory cgroup");
	for (i = 0; i < 100; i++) {
		self->w[i].call = find_vdso_call();
		self->w[i].call(-1, NULL, 0, BULK_QUERY, &self->w[i].params);
		self->w[i].fd = open_channel("echo", O_RDWR);
		ASSERT_LE(0, self->w[i].fd);
	}
	lift = enter_limit(_metadata, "8M");
	for (mapped = 0; mapped < 100; mapped++) {
		self->w[mapped].window = map_window(&self->w[mapped],
						    self->window);
		last = errno;
		if (!self->w[mapped].window)
			break;
	}
	ASSERT_EQ(3, write(lift, "max", 3));
	EXPECT_EQ(ENOMEM, last);
	EXPECT_LT((8 << 20) / (long long)self->window / 2, mapped);
	EXPECT_GE((8 << 20) / (long long)memory_of(self->window), mapped);
	EXPECT_EQ(0, cgroup_value("memory.events", "oom_kill"));
	/* The limit was all that was wrong. */
	self->w[mapped].window = map_window(&self->w[mapped], self->window);
	EXPECT_NE(NULL, self->w[mapped].window);
	use_window(_metadata, &self->w[mapped]);
	use_window(_metadata, &self->w[0]);
}

FIXTURE(limited)
{
	char node[64];
	struct windowed w;
};

/* A node of the test's own, which an unprivileged user may open. */
FIXTURE_SETUP(limited)
{
	struct stat st;

	if (stat("/dev/bulk/echo", &st))
		SKIP(return, "no /dev/bulk/echo");
	self->w.call = find_vdso_call();
	if (!self->w.call)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, self->w.call(-1, NULL, 0, BULK_QUERY, &self->w.params));
	snprintf(self->node, sizeof(self->node), "/tmp/bulk-echo-%d", getpid());
	umask(0);
	ASSERT_EQ(0, mknod(self->node, S_IFCHR | 0666, st.st_rdev));
}

FIXTURE_TEARDOWN_PARENT(limited)
{
	unlink(self->node);
}

static void drop_rights(struct __test_metadata *_metadata, rlim_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
}

/* 0 or an errno of mapping a window of the size that needs @memory bytes. */
static int try_window(struct windowed *w)
{
	w->window = map_window(w, w->params.window_default);
	return w->window ? 0 : -errno;
}

TEST_F(limited, may_not_lock_enough)
{
	struct windowed *w = &self->w;

	drop_rights(_metadata, memory_of(w->params.window_default) - 4096);
	w->fd = open(self->node, O_RDWR);
	ASSERT_LE(0, w->fd);
	EXPECT_EQ(-ENOMEM, try_window(w));
	/* A smaller one will do. */
	w->window = map_window(w, w->params.window_min);
	EXPECT_NE(NULL, w->window);
	EXPECT_EQ(0, window_send(w, "x", 1, 0, BULK_NO_SYSCALL));
}

/* The limit is the user's; what is unmapped counts no more. */
TEST_F(limited, may_lock_one)
{
	struct windowed *a = &self->w, b = *a;
	int i;

	drop_rights(_metadata, memory_of(a->params.window_default));
	a->fd = open(self->node, O_RDWR);
	b.fd = open(self->node, O_RDWR);
	ASSERT_LE(0, a->fd);
	ASSERT_LE(0, b.fd);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, try_window(a));
		ASSERT_EQ(-ENOMEM, try_window(&b));
		ASSERT_EQ(0, munmap(a->window, a->params.window_default));
		ASSERT_EQ(0, try_window(&b));
		ASSERT_EQ(-ENOMEM, try_window(a));
		ASSERT_EQ(0, munmap(b.window, a->params.window_default));
	}
}

#define QUEUED	(32 << 12)	/* what some small records may be charged */

/* One window and little more may be locked; a record is left in it, unmapped. */
static void leave_record(struct __test_metadata *_metadata,
			 struct _test_data_limited *self)
{
	struct windowed *w = &self->w;
	char in;

	drop_rights(_metadata, memory_of(w->params.window_default) + QUEUED);
	w->fd = open(self->node, O_RDWR);
	ASSERT_LE(0, w->fd);
	ASSERT_EQ(0, try_window(w));
	ASSERT_EQ(0, bulk_send(w->fd, "a", 1, 1));
	ASSERT_EQ(0, bulk_send(w->fd, "b", 1, 2));
	ASSERT_EQ(1, bulk_recv(w->fd, &in, 1, NULL));
	ASSERT_EQ(1, figure(w->fd, "rx-queued"));
	ASSERT_EQ(0, munmap(w->window, w->params.window_default));
}

/* The new window takes the place of the old one, not a place beside it. */
TEST_F(limited, new_window_for_the_records_of_the_old)
{
	struct windowed *w = &self->w;
	__u64 tag;
	char in;
	int i;

	leave_record(_metadata, self);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, try_window(w));
		ASSERT_EQ(0, munmap(w->window, w->params.window_default));
	}
	ASSERT_EQ(0, try_window(w));
	EXPECT_EQ(1, window_recv(w, &in, 1, &tag, BULK_NO_SYSCALL));
	EXPECT_EQ('b', in);
	EXPECT_EQ(2, tag);
}

TEST_F(limited, unmapped_window_goes_with_its_last_record)
{
	struct windowed *w = &self->w, other = *w;
	__u64 tag;
	char in;

	leave_record(_metadata, self);
	other.fd = open(self->node, O_RDWR);
	ASSERT_LE(0, other.fd);
	EXPECT_EQ(-ENOMEM, try_window(&other));
	ASSERT_EQ(1, bulk_recv(w->fd, &in, 1, &tag));
	EXPECT_EQ(2, tag);
	EXPECT_EQ(0, try_window(&other));
	EXPECT_EQ(-ENOMEM, try_window(w));
}

/* 0 when a user who may lock @bytes gets no window, 1 when he gets one. */
static int window_within(struct __test_metadata *_metadata, struct windowed *w,
			 const char *node, size_t bytes)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		drop_rights(_metadata, bytes);
		w->fd = open(node, O_RDWR);
		_exit(w->fd < 0 ? 2 : !try_window(w));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A provider that gets a private copy of each record has one more buffer. */
TEST_F(limited, copy_is_paid_for)
{
	size_t memory = memory_of(self->w.params.window_default);
	char node[64];
	struct stat st;
	int ret = load_module("bulk_refuse", "");

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_refuse");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, stat("/dev/bulk/refuse", &st));
	snprintf(node, sizeof(node), "/tmp/bulk-refuse-%d", getpid());
	ASSERT_EQ(0, mknod(node, S_IFCHR | 0666, st.st_rdev));
	EXPECT_EQ(0, window_within(_metadata, &self->w, node, memory));
	/* A ring holds eight of the longest records. */
	EXPECT_EQ(1, window_within(_metadata, &self->w, node,
				   memory + self->w.params.window_default / 16));
	unlink(node);
	EXPECT_EQ(0, unload_module("bulk_refuse"));
}

/* The window and what it has no room for draw on the same limit. */
TEST_F(limited, window_and_rings_share_the_limit)
{
	struct windowed *w = &self->w;
	static char record[4000];
	int sent = 0, with_window = 0;

	drop_rights(_metadata, 1 << 20);
	w->fd = open(self->node, O_RDWR);
	ASSERT_LE(0, w->fd);
	while (!bulk_send(w->fd, record, sizeof(record), 0))
		sent++;
	while (bulk_recv(w->fd, record, sizeof(record), NULL) >= 0)
		;
	ASSERT_EQ(0, try_window(w));
	while (!bulk_send(w->fd, record, sizeof(record), 0))
		with_window++;
	EXPECT_LT(0, with_window);
	EXPECT_GT(sent, with_window);
	/* Half of the window's memory is for what is sent. */
	EXPECT_GE(sent - (int)memory_of(w->params.window_default) / 2 / 4096 + 2,
		  with_window);
}

/* --- The system's limit --- */

FIXTURE(sysctl)
{
	struct windowed w;
	char before[32];
};

FIXTURE_SETUP(sysctl)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_LT(0, read_text(WINDOW_MAX, self->before,
			       sizeof(self->before)));
}

FIXTURE_TEARDOWN(sysctl)
{
	write_text(WINDOW_MAX, self->before);
	close_windowed(&self->w);
}

static int set_max(unsigned long long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", bytes);
	return write_text(WINDOW_MAX, text);
}

TEST_F(sysctl, bounds_a_window)
{
	size_t window = self->w.params.window_default;

	ASSERT_EQ(0, set_max(window - 1));
	/* One that is there stays. */
	use_window(_metadata, &self->w);
	ASSERT_EQ(0, munmap(self->w.window, window));
	self->w.window = map_window(&self->w, window);
	ASSERT_EQ(NULL, self->w.window);
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, set_max(window));
	EXPECT_EQ(0, try_window(&self->w));
}

TEST_F(sysctl, no_window_at_all)
{
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	ASSERT_EQ(0, set_max(0));
	self->w.window = map_window(&self->w, self->w.params.window_min);
	ASSERT_EQ(NULL, self->w.window);
	EXPECT_EQ(EPERM, errno);
	/* The system call does without. */
	EXPECT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
}

TEST_F(sysctl, has_a_bound_itself)
{
	EXPECT_EQ(self->w.params.window_max, atoll(self->before));
	EXPECT_EQ(-EINVAL, set_max(self->w.params.window_max + 1));
	EXPECT_EQ(-EINVAL, write_text(WINDOW_MAX, "x"));
	EXPECT_EQ(0, set_max(self->w.params.window_max));
}

TEST_HARNESS_MAIN
