// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events of endpoints, and tracing of the call by its number.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "region.h"

#include "module.h"

/* An instance of the test's own leaves everybody's tracing alone. */
#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/bulk_selftest"

FIXTURE(trace) {
	char text[65536];
};

FIXTURE_SETUP(trace)
{
	if (access("/dev/bulk/echo", F_OK))
		SKIP(return, "no /dev/bulk/echo");
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		SKIP(return, "no tracefs");
	ASSERT_EQ(0, write_text(INSTANCE "/tracing_on", "1"));
}

FIXTURE_TEARDOWN_PARENT(trace)
{
	write_text(INSTANCE "/events/enable", "0");
	write_text(INSTANCE "/set_event_pid", "");
	rmdir(INSTANCE);
}

static int switch_event(const char *event, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", event);
	return write_text(path, value);
}

/* All that was traced, once. */
static void read_trace(struct _test_data_trace *self)
{
	int fd = open(INSTANCE "/trace_pipe", O_RDONLY | O_NONBLOCK);
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, self->text + used,
			 sizeof(self->text) - used - 1)) > 0)
		used += n;
	self->text[used] = 0;
	close(fd);
}

static int count_lines(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text++;
	}
	return n;
}

TEST_F(trace, events_exist)
{
	static const char * const names[] = {
		"bulk_open", "bulk_send", "bulk_recv", "bulk_drop",
		"bulk_release",
	};
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), INSTANCE "/events/bulk_xfer/%s/format",
			 names[i]);
		EXPECT_NE(0, read_text(path, self->text, sizeof(self->text)))
			TH_LOG("%s", names[i]);
		EXPECT_NE(NULL, strstr(self->text, "endpoint"));
	}
}

/* The life of an endpoint, line by line. */
TEST_F(trace, one_endpoint)
{
	long long id;
	char line[256], room[16];
	int fd;

	ASSERT_EQ(0, switch_event("bulk_xfer", "1"));
	fd = open_channel("echo", O_RDWR);
	ASSERT_LE(0, fd);
	id = figure(fd, "endpoint");
	ASSERT_EQ(0, bulk_send(fd, "abc", 3, 0xfedcba9876543210));
	ASSERT_EQ(0, bulk_send(fd, "", 0, 0));
	ASSERT_EQ(3, bulk_recv(fd, room, sizeof(room), NULL));
	ASSERT_EQ(-EMSGSIZE, bulk_send(fd, "", MAX_RECORD + 1, 0));
	close(fd);
	ASSERT_EQ(0, switch_event("bulk_xfer", "0"));

	read_trace(self);
	snprintf(line, sizeof(line),
		 "bulk_open: channel=echo endpoint=%lld\n", id);
	EXPECT_EQ(1, count_lines(self->text, line));
	snprintf(line, sizeof(line),
		 "bulk_send: channel=echo endpoint=%lld len=3 tag=0xfedcba9876543210\n",
		 id);
	EXPECT_EQ(1, count_lines(self->text, line));
	snprintf(line, sizeof(line),
		 "bulk_recv: channel=echo endpoint=%lld len=3 tag=0xfedcba9876543210 lost=0\n",
		 id);
	EXPECT_EQ(1, count_lines(self->text, line));
	snprintf(line, sizeof(line),
		 "bulk_release: channel=echo endpoint=%lld sent=2 received=1 lost=0\n",
		 id);
	EXPECT_EQ(1, count_lines(self->text, line));
	EXPECT_EQ(2, count_lines(self->text, "bulk_send:"));
	EXPECT_EQ(1, count_lines(self->text, "bulk_recv:"));
}

/* A call of several segments gives a line for each, also beyond one batch. */
TEST_F(trace, every_segment)
{
	struct bulk_seg segs[100];
	int fd = open_channel("echo", O_RDWR), i;
	char line[64], room[16];

	ASSERT_LE(0, fd);
	for (i = 0; i < 50; i++)
		segs[i] = seg_send("x", 1, i);
	for (; i < 100; i++)
		segs[i] = seg_recv(room, sizeof(room));
	ASSERT_EQ(0, switch_event("bulk_xfer", "1"));
	ASSERT_EQ(100, bulk_xfer(fd, segs, 100, 0));
	ASSERT_EQ(1, write(fd, "w", 1));
	ASSERT_EQ(1, read(fd, room, sizeof(room)));
	ASSERT_EQ(0, switch_event("bulk_xfer", "0"));
	read_trace(self);
	EXPECT_EQ(51, count_lines(self->text, "bulk_send:"));
	EXPECT_EQ(51, count_lines(self->text, "bulk_recv:"));
	for (i = 1; i < 50; i++) {
		snprintf(line, sizeof(line), "len=1 tag=%#x\n", i);
		EXPECT_EQ(1, count_lines(self->text, line));
		snprintf(line, sizeof(line), "len=1 tag=%#x lost=0\n", i);
		EXPECT_EQ(1, count_lines(self->text, line));
	}
	close(fd);
}

/* A record that takes the window is told of as well, and once. */
TEST_F(trace, every_record_through_the_window)
{
	int ret, i, sent, without = 0;
	struct windowed w;
	char line[64], in;

	ret = open_windowed(&w, "echo");
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, switch_event("bulk_xfer", "1"));
	for (sent = 0; sent < 50; sent++)
		ASSERT_EQ(0, window_send(&w, "x", 1, 100 + sent, 0));
	for (i = 0; i < 50; i++) {
		if (window_recv(&w, &in, 1, NULL, BULK_NO_SYSCALL) == 1)
			without++;
		else
			ASSERT_EQ(1, bulk_recv(w.fd, &in, 1, NULL));
	}
	ASSERT_EQ(0, switch_event("bulk_xfer", "0"));
	/* The first RECV fills the window for the others. */
	EXPECT_EQ(49, without);
	read_trace(self);
	EXPECT_EQ(50, count_lines(self->text, "bulk_send:"));
	EXPECT_EQ(50, count_lines(self->text, "bulk_recv:"));
	for (i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "len=1 tag=%#x lost=0\n", 100 + i);
		EXPECT_EQ(1, count_lines(self->text, line));
	}
	close_windowed(&w);
}

/* As is one that comes in a region, or that a provider makes with many others. */
TEST_F(trace, every_record_of_a_region)
{
	struct bulk_source_request req = { .count = 40, .size = 64 };
	char buf[8192] __attribute__((aligned(8))), line[64];
	struct region r = { .at = buf };
	struct windowed w;
	struct bulk_seg seg;
	int ret, i, fd;

	ret = open_windowed(&w, "echo");
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, ret);
	fd = open_channel("source", O_RDWR);
	ASSERT_LE(0, fd);
	for (i = 0; i < 40; i++)
		region_add(&r, 9, 1000 + i);
	ASSERT_EQ(0, switch_event("bulk_xfer", "1"));
	seg = seg_send_region(buf, r.used);
	ASSERT_EQ(1, w.call(w.fd, &seg, 1, 0, w.window));
	seg = seg_send_region(buf, r.used);
	ASSERT_EQ(1, bulk_xfer(w.fd, &seg, 1, 0));
	ASSERT_EQ(0, bulk_send(fd, &req, sizeof(req), 0));
	for (i = 0; i < (int)req.count; i += seg.tag) {
		seg = seg_recv_region(buf, sizeof(buf));
		ASSERT_EQ(1, bulk_xfer(fd, &seg, 1, 0));
	}
	ASSERT_EQ(0, switch_event("bulk_xfer", "0"));
	read_trace(self);
	EXPECT_EQ(81, count_lines(self->text, "bulk_send:"));
	EXPECT_EQ(40, count_lines(self->text, "bulk_recv: channel=source"));
	for (i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "len=9 tag=%#x\n", 1000 + i);
		EXPECT_EQ(2, count_lines(self->text, line));
		snprintf(line, sizeof(line), "len=64 tag=0x%x lost=0\n", i);
		EXPECT_EQ(1, count_lines(self->text, line));
	}
	close(fd);
	close_windowed(&w);
}

/* The sum of what the lines tell as dropped is what was lost. */
TEST_F(trace, drops)
{
	__u64 count = 200;
	long long lost, told = 0;
	const char *at;
	int fd, ret = load_module("bulk_lossy", "");

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_lossy");
	ASSERT_EQ(0, ret);
	fd = open_channel("lossy-new", O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, switch_event("bulk_xfer/bulk_drop", "1"));
	ASSERT_EQ(0, bulk_send(fd, &count, sizeof(count), 0));
	while (get_module_param("bulk_lossy", "ticking"))
		usleep(1000);
	lost = figure(fd, "rx-lost");
	read_trace(self);
	EXPECT_LT(100, lost);
	for (at = self->text; (at = strstr(at, "channel=lossy-new")); at++)
		told += text_value(at, "records=");
	EXPECT_EQ(lost, told);
	close(fd);
	EXPECT_EQ(0, unload_module("bulk_lossy"));
}

static void trace_one_call(struct __test_metadata *_metadata)
{
	struct bulk_seg seg = seg_send("x", 1, 0);
	int fd = open_channel("echo", O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, bulk_xfer(fd, &seg, 1, BULK_FLUSH));
	close(fd);
}

TEST_F(trace, call_by_name)
{
	if (access(INSTANCE "/events/syscalls/sys_enter_bulk_xfer", F_OK))
		SKIP(return, "no system call tracing");
	ASSERT_EQ(0, switch_event("syscalls/sys_enter_bulk_xfer", "1"));
	ASSERT_EQ(0, switch_event("syscalls/sys_exit_bulk_xfer", "1"));
	trace_one_call(_metadata);
	read_trace(self);
	EXPECT_EQ(1, count_lines(self->text, "sys_bulk_xfer(fd: "));
	EXPECT_EQ(1, count_lines(self->text, "nr_segs: 1, flags: 2)"));
	EXPECT_EQ(1, count_lines(self->text, "sys_bulk_xfer -> 0x1\n"));
}

TEST_F(trace, call_by_number)
{
	char line[32];

	if (access(INSTANCE "/events/raw_syscalls/sys_enter", F_OK))
		SKIP(return, "no system call tracing");
	ASSERT_EQ(0, switch_event("raw_syscalls/sys_enter", "1"));
	trace_one_call(_metadata);
	ASSERT_EQ(0, switch_event("raw_syscalls/sys_enter", "0"));
	read_trace(self);
	snprintf(line, sizeof(line), "sys_enter: NR %d (", __NR_bulk_xfer);
	EXPECT_EQ(1, count_lines(self->text, line));
}

TEST_HARNESS_MAIN
