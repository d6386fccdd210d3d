// SPDX-License-Identifier: GPL-2.0
/*
 * What endpoints cost, who pays, and ENOMEM instead of an OOM kill.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "cgroup.h"

#define MANY		10000
#define MEASURED	4000
#define ENDPOINT_COST	4096	/* bytes that one may cost at most */

FIXTURE(many) {
	int *fds;
	int count;
};

FIXTURE_VARIANT(many) {
	const char *channel;
};

FIXTURE_VARIANT_ADD(many, echo) { .channel = "echo", };
FIXTURE_VARIANT_ADD(many, sink) { .channel = "sink", };
FIXTURE_VARIANT_ADD(many, source) { .channel = "source", };

FIXTURE_SETUP(many)
{
	struct rlimit limit = { MANY + 100, MANY + 100 };
	int fd = open_channel(variant->channel, O_RDWR);

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/%s", variant->channel);
	close(fd);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->fds = calloc(MANY, sizeof(int));
}

FIXTURE_TEARDOWN(many)
{
	cgroup_remove();
}

static void open_endpoints(struct __test_metadata *_metadata,
			   struct _test_data_many *self, const char *channel,
			   int count)
{
	for (; self->count < count; self->count++) {
		self->fds[self->count] = open_channel(channel, O_RDWR);
		ASSERT_LE(0, self->fds[self->count]);
	}
}

static void close_endpoints(struct _test_data_many *self)
{
	while (self->count)
		close(self->fds[--self->count]);
}

static long long endpoints_open(const char *channel)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/class/bulk/%s/endpoints", channel);
	return read_text(path, text, sizeof(text)) ? atoi(text) : -1;
}

/* Every one of them moves a record, of its own. */
static void use_endpoint(struct __test_metadata *_metadata, int fd,
			 const char *channel, __u64 tag)
{
	struct bulk_source_request req = { .count = 1, .size = 24 };
	char buf[24];
	__u64 got;

	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), tag));
	ASSERT_EQ(24, bulk_recv(fd, buf, sizeof(buf), &got));
	if (!strcmp(channel, "echo"))
		ASSERT_EQ(tag, got);
}

TEST_F(many, ten_thousand_work)
{
	long long before = endpoints_open(variant->channel);
	int i, many = rounds(MANY, MANY, 1500);

	open_endpoints(_metadata, self, variant->channel, many);
	EXPECT_EQ(before + many, endpoints_open(variant->channel));
	for (i = 0; i < many; i++)
		use_endpoint(_metadata, self->fds[i], variant->channel, i);
	close_endpoints(self);
	EXPECT_EQ(before, endpoints_open(variant->channel));
}

/* The kernel frees some things only after a grace period. */
static long long kernel_memory_settled(long long want)
{
	int tries;

	for (tries = 0; tries < 500; tries++) {
		if (cgroup_value("memory.stat", "kernel") <= want)
			break;
		usleep(20000);
	}
	return cgroup_value("memory.stat", "kernel");
}

/* The kernel adds up what its processors count every two seconds. */
static long long kernel_memory_added_up(void)
{
	sleep(3);
	return cgroup_value("memory.stat", "kernel");
}

/*
 * memory.stat is brought up to date from time to time only: an error of some
 * 64 pages for each CPU is small beside what so many endpoints may cost.
 */
TEST_F(many, cost_of_one)
{
	long long start, full, cost;

	if (cgroup_create() || cgroup_set("cgroup.procs", "0"))
		SKIP(return, "no memory cgroup");
	/* Tables of descriptors are no endpoint's cost. */
	dup2(0, MANY + 99);
	open_endpoints(_metadata, self, variant->channel, 10);
	start = cgroup_value("memory.stat", "kernel");
	ASSERT_LE(0, start);
	open_endpoints(_metadata, self, variant->channel, MEASURED);
	full = kernel_memory_added_up();
	cost = (full - start) / (MEASURED - 10);
	TH_LOG("%s: %lld bytes for one endpoint", variant->channel, cost);
	EXPECT_LT(0, cost);
	if (!kernel_checks_itself())
		EXPECT_GT(ENDPOINT_COST, cost);

	close_endpoints(self);
	EXPECT_GT(start + (full - start) / 10,
		  kernel_memory_settled(start + (full - start) / 20));
}

FIXTURE(limited) {
	char node[64];
	char *buf;
};

/* A node of the test's own, which an unprivileged user may open. */
FIXTURE_SETUP(limited)
{
	struct stat st;

	if (stat("/dev/bulk/echo", &st))
		SKIP(return, "no /dev/bulk/echo");
	snprintf(self->node, sizeof(self->node), "/tmp/bulk-echo-%d", getpid());
	umask(0);
	ASSERT_EQ(0, mknod(self->node, S_IFCHR | 0666, st.st_rdev));
	self->buf = calloc(1, MAX_RECORD);
}

FIXTURE_TEARDOWN_PARENT(limited)
{
	unlink(self->node);
	cgroup_remove();
}

static void drop_rights(struct __test_metadata *_metadata, rlim_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
}

/* Send records of @len bytes until there is an error, which is returned. */
static int send_until(int fd, const char *buf, size_t len, int *sent)
{
	int ret;

	for (*sent = 0; !(ret = bulk_send(fd, buf, len, *sent)); ++*sent)
		;
	return ret;
}

static void check_all_there(struct __test_metadata *_metadata, int fd,
			    char *buf, int sent)
{
	__u64 tag;
	int i;

	EXPECT_EQ(sent, figure(fd, "tx-records"));
	for (i = 0; i < sent; i++) {
		ASSERT_LE(0, bulk_recv(fd, buf, MAX_RECORD, &tag));
		EXPECT_EQ(i, tag);
	}
	EXPECT_EQ(-EAGAIN, bulk_recv(fd, buf, MAX_RECORD, NULL));
}

TEST_F(limited, may_not_lock_anything)
{
	struct bulk_seg seg = seg_send(self->buf, 100, 0);
	int fd;

	drop_rights(_metadata, 0);
	fd = open(self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOMEM, bulk_xfer(fd, &seg, 1, 0));
	EXPECT_EQ(-ENOMEM, seg.res);
	EXPECT_EQ(-1, write(fd, self->buf, 100));
	EXPECT_EQ(ENOMEM, errno);
	check_all_there(_metadata, fd, self->buf, 0);
}

TEST_F(limited, may_lock_some)
{
	int fd, sent, again;

	drop_rights(_metadata, 1 << 20);
	fd = open(self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOMEM, send_until(fd, self->buf, 64000, &sent));
	EXPECT_LE(10, sent);
	EXPECT_GE((1 << 20) / 64000, sent);
	check_all_there(_metadata, fd, self->buf, sent);

	EXPECT_EQ(-ENOMEM, send_until(fd, self->buf, 64000, &again));
	EXPECT_EQ(sent, again);
}

/* The limit is the user's, not the endpoint's. */
TEST_F(limited, endpoints_share_the_limit)
{
	int a, b, sent, none;

	drop_rights(_metadata, 1 << 20);
	a = open(self->node, O_RDWR);
	b = open(self->node, O_RDWR);
	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	EXPECT_EQ(-ENOMEM, send_until(a, self->buf, 4000, &sent));
	EXPECT_LT(200, sent);
	EXPECT_EQ(-ENOMEM, send_until(b, self->buf, 4000, &none));
	EXPECT_EQ(0, none);
	close(a);
	EXPECT_EQ(-ENOMEM, send_until(b, self->buf, 4000, &none));
	EXPECT_EQ(sent, none);
	check_all_there(_metadata, b, self->buf, sent);
}

TEST_F(limited, closing_returns_the_charge)
{
	int fd, i, first = 0, sent;

	drop_rights(_metadata, 1 << 20);
	for (i = 0; i < 50; i++) {
		fd = open(self->node, O_RDWR);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-ENOMEM, send_until(fd, self->buf, 60000, &sent));
		first = first ?: sent;
		EXPECT_LT(0, sent);
		EXPECT_EQ(first, sent);
		close(fd);
	}
}

/* Who may lock memory is bounded by the queue alone. */
TEST_F(limited, privileged_opener)
{
	struct rlimit limit = { 0, 0 };
	int fd, sent;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	fd = open(self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EAGAIN, send_until(fd, self->buf, MAX_RECORD, &sent));
	EXPECT_LT(0, sent);
	check_all_there(_metadata, fd, self->buf, sent);
	close(fd);
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

TEST_F(limited, cgroup_limit_is_enomem)
{
	size_t sizes[] = { MAX_RECORD, 100000, 5000 };
	int fds[8], sent[8][3] = { }, i, s, last = 0, ret = 0;
	int lift, all;

	if (cgroup_create())
		SKIP(return, "no memory cgroup");
	for (i = 0; i < 8; i++) {
		fds[i] = open("/dev/bulk/echo", O_RDWR);
		ASSERT_LE(0, fds[i]);
	}
	lift = enter_limit(_metadata, "8M");
	for (s = 0; s < 3; s++)
		for (i = 0; i < 8; i++) {
			ret = send_until(fds[i], self->buf, sizes[s],
					 &sent[i][s]);
			last = ret == -ENOMEM ? ret : last;
		}
	ASSERT_EQ(3, write(lift, "max", 3));
	EXPECT_EQ(-ENOMEM, last);
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_EQ(0, cgroup_value("memory.events", "oom_kill"));
	for (i = 0; i < 8; i++) {
		all = sent[i][0] + sent[i][1] + sent[i][2];
		EXPECT_EQ(all, figure(fds[i], "tx-records"));
		EXPECT_EQ(all, figure(fds[i], "rx-queued"));
		EXPECT_EQ(0, bulk_send(fds[i], "x", 1, 0));
		while (bulk_recv(fds[i], self->buf, MAX_RECORD, NULL) >= 0)
			;
		EXPECT_EQ(0, figure(fds[i], "rx-queued-bytes"));
		close(fds[i]);
	}
	EXPECT_GT(1 << 20, kernel_memory_settled(1 << 19));
}

TEST_HARNESS_MAIN
