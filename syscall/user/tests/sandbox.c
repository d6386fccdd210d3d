// SPDX-License-Identifier: MIT
/*
 * libbulk in a sandbox whose filter doesn't know bulk_xfer(2), whatever it
 * answers, and under a security module, which is no sandbox.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <time.h>

#include "echo.h"
#include "internal.h"
#include "seccomp.h"
#include "tap.h"

#define WINDOW		100000	/* bytes: rings of 16 KiB */
#define RECORDS		500	/* several such rings */
#define BATCH		100
#define SIZE		600
#define DEADLINE	30	/* seconds */
#define DENY		"/modules/bulk_deny.ko"
#define DENY_PARAM	"/sys/module/bulk_deny/parameters/"

/* Of a sandbox: what its filter answers, and what else is special in it. */
struct sandbox {
	int error;
	bool hidden;	/* no vDSO function, hence no window */
	bool userns;	/* nobody, in a user namespace; else root */
};

/* The linker puts this between libbulk and the vDSO. */
bulk_vdso_call __real_bulk_vdso_find(void);
bulk_vdso_call __wrap_bulk_vdso_find(void);

static const struct sandbox *sandbox(void);

bulk_vdso_call __wrap_bulk_vdso_find(void)
{
	return sandbox()->hidden ? NULL : __real_bulk_vdso_find();
}

/* Sandboxes answer like this; by another errno the kernel is believed to speak. */
static bool is_refusal(int error)
{
	return error == ENOSYS || error == EPERM || error == EACCES;
}

#define NEED_CHANNEL()							\
	do {								\
		if (!have_channel())					\
			return no_channel();				\
		if (geteuid())						\
			return skip("not root");			\
		CHECK(make_node_for_all());				\
	} while (0)

/* The user of the sandbox. */
#define BECOME_USER()							\
	do {								\
		NEED_CHANNEL();						\
		if (!sandbox()->userns)					\
			break;						\
		if (access("/proc/self/ns/user", F_OK))			\
			return skip("no user namespaces");		\
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));		\
		CHECK(!unshare(CLONE_NEWUSER));				\
	} while (0)

static bool close_sandbox(void)
{
	return take_away_call(__NR_bulk_xfer,
			      SECCOMP_RET_ERRNO | sandbox()->error) &&
	       bulk_xfer(-1, NULL, 0, 0) == -sandbox()->error;
}

static void make_record(char *buf, unsigned int i)
{
	memset(buf, i, SIZE);
	memcpy(buf, &i, sizeof(i));
}

static bool is_record(const char *buf, long len, unsigned int i)
{
	char want[SIZE];

	make_record(want, i);
	return len == SIZE && !memcmp(buf, want, SIZE);
}

/* How many could be sent of those from @from up to @to; errno tells of the next. */
static unsigned int send_records(struct bulk *b, unsigned int from,
				 unsigned int to)
{
	char buf[SIZE];
	unsigned int i;

	for (i = from; i < to; i++) {
		make_record(buf, i);
		if (bulk_send(b, buf, SIZE, 0))
			break;
	}
	return i - from;
}

static bool recv_records(struct bulk *b, unsigned int from, unsigned int to)
{
	char buf[SIZE];
	unsigned int i;

	for (i = from; i < to; i++)
		if (!is_record(buf, bulk_recv(b, buf, SIZE, NULL, NULL), i))
			return false;
	return true;
}

/* No record was lost, none doubled: these are there, and then no other. */
static bool has_records(struct bulk *b, unsigned int from, unsigned int to)
{
	char buf[SIZE];
	unsigned int i;

	if (fcntl(bulk_fd(b), F_SETFL, O_NONBLOCK))
		return false;
	for (i = from; i < to; i++)
		if (!is_record(buf, read(bulk_fd(b), buf, SIZE), i))
			return false;
	return read(bulk_fd(b), buf, SIZE) == -1 && errno == EAGAIN &&
	       !fcntl(bulk_fd(b), F_SETFL, 0);
}

static enum result sends_and_receives(struct bulk *b)
{
	static char out[BATCH][SIZE], in[BATCH][SIZE];
	struct iovec records[BATCH], room[BATCH];
	unsigned int i, done;
	long n;

	for (i = 0; i < RECORDS; i++) {
		CHECK(send_records(b, i, i + 1) == 1);
		CHECK(recv_records(b, i, i + 1));
	}
	CHECK(send_records(b, 0, RECORDS) == RECORDS);
	CHECK(recv_records(b, 0, RECORDS));
	for (i = 0; i < BATCH; i++) {
		make_record(out[i], i);
		records[i] = (struct iovec){ out[i], SIZE };
		room[i] = (struct iovec){ in[i], SIZE };
	}
	for (done = 0; done < BATCH; done += n) {
		n = bulk_send_many(b, records + done, BATCH - done, NULL);
		CHECK(n > 0);
	}
	for (done = 0; done < BATCH; done += n) {
		n = bulk_recv_many(b, room + done, BATCH - done, NULL, NULL);
		CHECK(n > 0);
	}
	for (i = 0; i < BATCH; i++)
		CHECK(is_record(in[i], room[i].iov_len, i));
	CHECK(has_records(b, 0, 0));
	return PASS;
}

static enum result says_what_it_lacks(struct bulk *b)
{
	struct bulk_seg seg = bulk_seg_send("x", 1, 7);
	uint32_t lost;
	char buf[8];

	CHECK(bulk_recv(b, buf, sizeof(buf), NULL, &lost) == -1);
	CHECK(errno == ENOSYS);
	CHECK(bulk_send(b, "x", 1, 7) == -1 && errno == ENOSYS);
	CHECK(bulk_call(b, &seg, 1, 0) == -1 && errno == ENOSYS);
	CHECK(bulk_call(b, &seg, 1, BULK_NO_SYSCALL) == -1 && errno == EAGAIN);
	CHECK(has_records(b, 0, 0));
	return PASS;
}

static enum result opened_in_the_sandbox(void)
{
	enum result result;
	struct bulk *b;

	BECOME_USER();
	CHECK(close_sandbox());
	b = bulk_open(ECHO_FOR_ALL, O_RDWR);
	if (!is_refusal(sandbox()->error)) {
		CHECK(!b && errno == sandbox()->error);
		return PASS;
	}
	CHECK(b && !bulk_window(b) && !bulk_flush(b));
	result = sends_and_receives(b);
	if (result == PASS)
		result = says_what_it_lacks(b);
	bulk_close(b);
	return result;
}

/* Nothing is written to it. */
static enum result other_file_in_the_sandbox(void)
{
	char path[] = "/tmp/bulk-sandbox-XXXXXX";
	int fd = mkstemp(path);
	struct stat st;

	CHECK(fd >= 0 && !fchmod(fd, 0666));
	BECOME_USER();
	CHECK(close_sandbox());
	errno = 0;
	CHECK(!bulk_open(path, O_RDWR));
	CHECK(errno == (is_refusal(sandbox()->error) ? ENOSYS
						     : sandbox()->error));
	CHECK(!fstat(fd, &st) && !st.st_size);
	unlink(path);
	return PASS;
}

/* Records that the provider has. */
static long taken(const struct bulk *b)
{
	char path[64], line[256];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bulk_fd(b));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "bulk-tx-records: %ld", &value);
	if (f)
		fclose(f);
	return value;
}

/* Records in the window when the filter comes go before what comes then. */
static enum result opened_before(void)
{
	bool windowed;
	struct bulk *b;
	unsigned int sent;

	BECOME_USER();
	b = bulk_open_window(ECHO_FOR_ALL, O_RDWR, WINDOW);
	CHECK(b);
	windowed = bulk_window(b);
	CHECK(!windowed || !sandbox()->hidden);
	CHECK(send_records(b, 0, 3) == 3);
	CHECK(close_sandbox());
	if (is_refusal(sandbox()->error)) {
		CHECK(taken(b) == (windowed ? 0 : 3));
		CHECK(!bulk_call(b, NULL, 0, 0) && taken(b) == 3);
	}
	sent = 3 + send_records(b, 3, RECORDS);
	if (!is_refusal(sandbox()->error)) {
		/* Through a window that never is full, they need no call. */
		CHECK(sent == RECORDS || errno == sandbox()->error);
		CHECK(windowed || sent == 3);
		CHECK(has_records(b, 0, sent));
		return PASS;
	}
	CHECK(sent == RECORDS);
	CHECK(bulk_flush(b) == (windowed ? -1 : 0));
	CHECK(!windowed || errno == ENOSYS);
	CHECK(recv_records(b, 0, RECORDS) && has_records(b, 0, 0));
	return sends_and_receives(b);
}

struct receiver {
	struct bulk *b;
	pthread_t thread;
	pid_t tid;
	ssize_t len;
};

static void *receive(void *arg)
{
	struct receiver *r = arg;
	char c;

	__atomic_store_n(&r->tid, gettid(), __ATOMIC_RELEASE);
	r->len = bulk_recv(r->b, &c, 1, NULL, NULL);
	return NULL;
}

/* Until the thread sleeps in bulk_xfer(2). */
static bool sleeps(const struct receiver *r)
{
	char path[64], want[16], text[16];
	int tries;
	FILE *f;

	snprintf(want, sizeof(want), "%d ", __NR_bulk_xfer);
	for (tries = 0; tries < DEADLINE * 1000; tries++, usleep(1000)) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall",
			 __atomic_load_n(&r->tid, __ATOMIC_ACQUIRE));
		f = fopen(path, "re");
		text[0] = '\0';
		if (f && !fgets(text, sizeof(text), f))
			text[0] = '\0';
		if (f)
			fclose(f);
		if (!strncmp(text, want, strlen(want)))
			return true;
	}
	return false;
}

static bool ends(const struct receiver *r)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += DEADLINE;
	return !pthread_timedjoin_np(r->thread, NULL, &end);
}

/* The filter is the sender's alone: it must not keep a SEND from the sleeper. */
static enum result send_wakes_a_receiver(void)
{
	struct receiver r = { 0 };

	BECOME_USER();
	/* For /proc, after the change of user. */
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
	r.b = bulk_open(ECHO_FOR_ALL, O_RDWR);
	CHECK(r.b);
	if (!bulk_window(r.b) && !is_refusal(sandbox()->error))
		return PASS;
	CHECK(!pthread_create(&r.thread, NULL, receive, &r));
	CHECK(sleeps(&r) && close_sandbox());
	CHECK(!bulk_send(r.b, "x", 1, 0));
	CHECK(ends(&r) && r.len == 1);
	bulk_close(r.b);
	return PASS;
}

static bool write_param(const char *name, int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), DENY_PARAM "%s", name);
	f = fopen(path, "we");
	return f && fprintf(f, "%d", value) > 0 && !fclose(f);
}

static int read_param(const char *name)
{
	char path[128];
	int value = -1;
	FILE *f;

	snprintf(path, sizeof(path), DENY_PARAM "%s", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

static bool load_deny(void)
{
	int fd = open(DENY, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !syscall(SYS_finit_module, fd, "", 0);
}

static bool deny(const struct bulk *b, int mask, int error)
{
	struct stat st;

	return !fstat(bulk_fd(b), &st) &&
	       write_param("major", major(st.st_rdev)) &&
	       write_param("pid", getpid()) && write_param("mask", mask) &&
	       write_param("error", error);
}

/* It is asked once for each: no write(2), no read(2) is tried behind its back. */
static enum result refused(struct bulk *b, int error)
{
	char c;

	CHECK(deny(b, 2 | 4, error));
	CHECK(bulk_send(b, "x", 1, 0) == -1 && errno == error);
	CHECK(read_param("denied") == 1);
	CHECK(bulk_recv(b, &c, 1, NULL, NULL) == -1 && errno == error);
	CHECK(read_param("denied") == 2);
	CHECK(deny(b, 0, 0) && has_records(b, 0, 0));
	return PASS;
}

static enum result security_module(void)
{
	static const int errors[] = { EACCES, EPERM, ENOSYS };
	enum result result = PASS;
	unsigned int i;
	struct bulk *b;

	NEED_CHANNEL();
	if (access(DENY, F_OK))
		return skip("no module bulk_deny");
	for (i = 0; i < 3 && result == PASS; i++) {
		CHECK(load_deny());
		b = bulk_open_window("echo", O_RDWR, 0);
		CHECK(b);
		result = refused(b, errors[i]);
		bulk_close(b);
		CHECK(!syscall(SYS_delete_module, "bulk_deny", O_NONBLOCK));
	}
	return result;
}

/* In a sandbox the module is asked by way of write(2) and read(2). */
static enum result security_module_in_a_sandbox(void)
{
	enum result result;
	struct bulk *b;

	NEED_CHANNEL();
	if (access(DENY, F_OK))
		return skip("no module bulk_deny");
	CHECK(load_deny() && close_sandbox());
	b = bulk_open("echo", O_RDWR);
	CHECK(b);
	result = refused(b, EACCES);
	bulk_close(b);
	CHECK(!syscall(SYS_delete_module, "bulk_deny", O_NONBLOCK));
	return result;
}

static const struct test sandbox_tests[] = {
	{ "opened_in_the_sandbox", opened_in_the_sandbox },
	{ "other_file_in_the_sandbox", other_file_in_the_sandbox },
	{ "opened_before", opened_before },
	{ "send_wakes_a_receiver", send_wakes_a_receiver },
};

static const struct {
	int error;
	const char *name;
} answers[] = {
	{ ENOSYS, "enosys" }, { EPERM, "eperm" }, { EACCES, "eacces" },
	{ EOPNOTSUPP, "eopnotsupp" },
};

#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))
#define VARIANTS	(LENGTH(answers) * 4)
#define TESTS		(2 + VARIANTS * LENGTH(sandbox_tests))

static struct test tests[TESTS] = {
	{ "security_module", security_module },
	{ "security_module_in_a_sandbox", security_module_in_a_sandbox },
};
static struct sandbox sandboxes[TESTS] = { { }, { .error = EPERM } };

static const struct sandbox *sandbox(void)
{
	return &sandboxes[tap_test - tests];
}

/* A test in a sandbox: with an answer, hidden or not, as one user or the other. */
static void make_test(unsigned int n, const struct test *test, unsigned int v)
{
	static char names[TESTS][64];

	sandboxes[n] = (struct sandbox){ answers[v / 4].error, v & 1, v & 2 };
	snprintf(names[n], sizeof(names[n]), "%s_%s%s%s", test->name,
		 answers[v / 4].name, v & 1 ? "_no_vdso" : "",
		 v & 2 ? "_userns" : "");
	tests[n] = (struct test){ names[n], test->run };
}

int main(void)
{
	unsigned int i, v, n = 2;

	for (i = 0; i < LENGTH(sandbox_tests); i++)
		for (v = 0; v < VARIANTS; v++)
			make_test(n++, &sandbox_tests[i], v);
	return tap_run(tests, TESTS);
}
