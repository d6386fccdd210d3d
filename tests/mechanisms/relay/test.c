// SPDX-License-Identifier: GPL-2.0
/*
 * Relay: files of the CPUs, read and mmap, both policies, notification, limits, unloading.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sched.h>

#include "lab_test.h"
#include "lab_relay.h"

#define RECORD	64
#define BATCH	4
#define SUBBUF	(RECORD * BATCH)

FIXTURE_LAB("relay")

static int stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

static int open_of_cpu(int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), LAB_RELAY_FOLDER "/cpu%d", cpu);
	return open(path, O_RDONLY);
}

/* But for one test, everything happens on the first CPU; its buffer. */
static int open_buffer(int ctl, __u32 flags)
{
	if (stay_on(0) || lab_set(ctl, RECORD, BATCH, flags))
		return -1;
	return open_of_cpu(0);
}

static __u64 lost(int ctl)
{
	struct lab_totals totals = { 0 };

	ioctl(ctl, LAB_TOTALS, &totals);
	return totals.lost;
}

/* Each has what was produced there, and nothing else. */
TEST_F(lab, every_cpu_has_a_buffer)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), fd, i;
	char buf[2 * RECORD];

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, BATCH, 0));
	for (i = 0; i < cpus; i++) {
		ASSERT_EQ(0, stay_on(i));
		ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	}
	for (i = 0; i < cpus; i++) {
		fd = open_of_cpu(i);
		ASSERT_GE(fd, 0);
		EXPECT_EQ(RECORD, read(fd, buf, sizeof(buf)));
		EXPECT_TRUE(lab_is_record(buf, RECORD, i));
		EXPECT_EQ(0, read(fd, buf, sizeof(buf)));
		close(fd);
	}
}

TEST_F(lab, records_are_read)
{
	int fd = open_buffer(self->ctl, 0), i;
	char buf[RECORD];

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, read(fd, buf, sizeof(buf)));
	for (i = 0; i < 6; i++)
		ASSERT_EQ(BATCH, ioctl(self->ctl, LAB_PRODUCE, BATCH));
	for (i = 0; i < 6 * BATCH; i++) {
		ASSERT_EQ(RECORD, read(fd, buf, sizeof(buf)));
		EXPECT_TRUE(lab_is_record(buf, RECORD, i));
	}
	EXPECT_EQ(0, read(fd, buf, sizeof(buf)));
	close(fd);
}

TEST_F(lab, padding_is_skipped)
{
	int fd = open_buffer(self->ctl, 0);
	char buf[4 * RECORD];

	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 2));
	EXPECT_EQ(3 * RECORD, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(2, lab_seq(buf + 2 * RECORD));
	close(fd);
}

TEST_F(lab, records_are_read_in_place)
{
	int fd = open_buffer(self->ctl, 0), i;
	struct lab_relay_state state;
	char *map;

	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(BATCH, ioctl(self->ctl, LAB_PRODUCE, BATCH));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_RELAY_STATE, &state));
	EXPECT_EQ(1, state.produced);
	EXPECT_EQ(0, state.consumed);
	EXPECT_EQ(0, state.padding[0]);
	for (i = 0; i < BATCH; i++)
		EXPECT_TRUE(lab_is_record(map + i * RECORD, RECORD, i));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_RELAY_CONSUMED, 1));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_RELAY_STATE, &state));
	EXPECT_EQ(1, state.consumed);
	munmap(map, 4096);
	close(fd);
}

TEST_F(lab, full_buffer_refuses_and_counts)
{
	int fd = open_buffer(self->ctl, 0), sent = 0, got = 0, i;
	char buf[RECORD];

	for (i = 0; i < 20; i++)
		sent += ioctl(self->ctl, LAB_PRODUCE, BATCH);
	EXPECT_EQ(LAB_RELAY_SUBBUFS * BATCH, sent);
	EXPECT_EQ(20 * BATCH - sent, lost(self->ctl));
	while (read(fd, buf, sizeof(buf)) == RECORD)
		EXPECT_EQ(got++, lab_seq(buf));
	EXPECT_EQ(sent, got);
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(RECORD, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(sent, lab_seq(buf));
	close(fd);
}

/* Lost sub-buffers: the difference of the counts, less what the buffer holds. */
TEST_F(lab, oldest_are_overwritten)
{
	int fd = open_buffer(self->ctl, LAB_RELAY_OVERWRITE), i;
	struct lab_relay_state state;
	char buf[RECORD];

	for (i = 0; i < 20; i++)
		ASSERT_EQ(BATCH, ioctl(self->ctl, LAB_PRODUCE, BATCH));
	EXPECT_EQ(0, lost(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_RELAY_STATE, &state));
	EXPECT_EQ(20, state.produced);
	EXPECT_EQ(12, state.produced - state.consumed - LAB_RELAY_SUBBUFS);
	ASSERT_EQ(RECORD, read(fd, buf, sizeof(buf)));
	EXPECT_GE(lab_seq(buf), 12 * BATCH);
	close(fd);
}

TEST_F(lab, poll_tells_of_a_sub_buffer)
{
	struct pollfd pfd = { .fd = open_buffer(self->ctl, 0), .events = POLLIN };
	char buf[SUBBUF];

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(BATCH, ioctl(self->ctl, LAB_PRODUCE, BATCH));
	EXPECT_EQ(1, poll(&pfd, 1, 10000));
	EXPECT_EQ(POLLIN, pfd.revents & POLLIN);
	EXPECT_EQ(SUBBUF, read(pfd.fd, buf, sizeof(buf)));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	close(pfd.fd);
}

TEST_F(lab, bad_calls_are_refused)
{
	int fd;

	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ENODEV, errno);
	fd = open_buffer(self->ctl, 0);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(fd, "x", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_RELAY_CONSUMED, LAB_RELAY_SUBBUFS + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_RELAY_STATE, NULL));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
}

TEST_F(lab, open_buffer_outlives_the_module)
{
	int fd = open_buffer(self->ctl, 0);
	char buf[SUBBUF];

	ASSERT_EQ(BATCH, ioctl(self->ctl, LAB_PRODUCE, BATCH));
	close(self->ctl);
	ASSERT_EQ(0, kmodule_remove("relay"));
	EXPECT_EQ(-1, access(LAB_RELAY_FOLDER "/cpu0", F_OK));
	EXPECT_EQ(SUBBUF, read(fd, buf, sizeof(buf)));
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	close(fd);
	ASSERT_EQ(0, kmodule_insert("relay", ""));
	self->ctl = -1;
}

TEST_HARNESS_MAIN
