// SPDX-License-Identifier: GPL-2.0
/*
 * The device of the log: refusals, text, the call that extracts, hostile readers of a mapped ring.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_file_test.h"
#include "load.h"
#include "recorder.h"

#define CALLS	50
#define ROOM	(1U << 20)

const char *recorder_why = "";
uint64_t consumed_sum;

FIXTURE(log) {
	int fd;
};

FIXTURE_SETUP(log)
{
	kmodule_remove_soon("log");
	ASSERT_EQ(0, kmodule_insert("log", ""));
	self->fd = open(LOG_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	remember_anew();
}

FIXTURE_TEARDOWN(log)
{
	close(self->fd);
	EXPECT_EQ(0, kmodule_remove_soon("log"));
}

/* 0, or -errno. */
static int record(int fd, enum log_buffer buffer, pid_t pid, size_t bytes)
{
	struct log_setup setup = { .buffer = buffer, .pid = pid, .bytes = bytes };

	return ioctl(fd, LOG_RECORD, &setup) ? -errno : 0;
}

static struct log_totals totals_of(int fd)
{
	struct log_totals totals = { 0 };

	ioctl(fd, LOG_TOTALS, &totals);
	return totals;
}

/* 0, or the errno of the refusal. */
static int map_errno(int fd, size_t len, int prot, int flags)
{
	void *map = mmap(NULL, len, prot, flags, fd, 0);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, len);
	return 0;
}

TEST_F(log, wrong_requests_are_refused)
{
	struct load load = load_new(make_calls, 0);

	EXPECT_EQ(-EINVAL, record(self->fd, LOG_MESSAGES + 1, load.pid, ROOM));
	EXPECT_EQ(-EINVAL, record(self->fd, LOG_RING, load.pid, ROOM + 8));
	EXPECT_EQ(-EINVAL, record(self->fd, LOG_RING, load.pid, BULK_SYSCALLS_RING_MIN / 2));
	EXPECT_EQ(-EINVAL, record(self->fd, LOG_RING, load.pid, BULK_SYSCALLS_RING_MAX * 2UL));
	EXPECT_EQ(-EINVAL, record(self->fd, LOG_RING, getpid(), ROOM));
	EXPECT_EQ(-ESRCH, record(self->fd, LOG_RING, 0, ROOM));
	EXPECT_EQ(-ESRCH, record(self->fd, LOG_RING, -1, ROOM));
	EXPECT_EQ(-1, ioctl(self->fd, LOG_RECORD, nowhere()));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->fd, LOG_TOTALS, nowhere()));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->fd, LOG_FORMAT, LOG_TEXT + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->fd, LOG_EXTRACT, NULL));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, write(self->fd, "", 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, record(self->fd, LOG_RING, load.pid, ROOM));
	EXPECT_EQ(-EBUSY, record(self->fd, LOG_RING, load.pid, ROOM));
	EXPECT_TRUE(load_run(&load));
}

TEST_F(log, there_is_nothing_to_read_before)
{
	char byte;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, open(LOG_PROC, O_RDONLY));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, ioctl(self->fd, LOG_CALL));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(ENODEV, map_errno(self->fd, LOG_DATA, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-1, access(LOG_RELAY_FOLDER "/cpu0", F_OK));
}

TEST_F(log, others_cannot_have_it)
{
	struct load load = load_new(make_calls, 0);

	ASSERT_EQ(0, record(self->fd, LOG_RING, load.pid, ROOM));
	EXPECT_EQ(EACCES, nobody_opens(LOG_DEVICE, O_RDWR));
	EXPECT_EQ(EACCES, nobody_opens(LOG_PROC, O_RDONLY));
	EXPECT_TRUE(load_run(&load));
}

TEST_F(log, lines_of_text)
{
	struct load load = load_new(make_calls, 1);
	char text[4096] = "", want[64];
	ssize_t len;

	ASSERT_EQ(0, record(self->fd, LOG_RING, load.pid, ROOM));
	ASSERT_EQ(0, ioctl(self->fd, LOG_FORMAT, LOG_TEXT));
	EXPECT_EQ(-1, read(self->fd, text, sizeof(text)));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TRUE(load_run(&load));
	EXPECT_EQ(-1, read(self->fd, text, 10));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, read(self->fd, nowhere(), sizeof(text)));
	EXPECT_EQ(EFAULT, errno);
	len = read(self->fd, text, sizeof(text) - 1);
	ASSERT_LT(0, len);
	EXPECT_EQ('\n', text[len - 1]);
	snprintf(want, sizeof(want), " %d/%d enter %d(", load.pid, load.pid, __NR_getppid);
	EXPECT_NE(NULL, strstr(text, want));
	snprintf(want, sizeof(want), " %d/%d exit %d = %d after ", load.pid, load.pid, __NR_getppid,
		 getpid());
	EXPECT_NE(NULL, strstr(text, want));
}

/* A file of the ring is read to its end, also after that of the recording. */
TEST_F(log, ring_outlives_its_recording)
{
	struct load load = load_new(make_calls, CALLS);
	struct form_stream stream = { .have = 0 };
	char byte;
	int fd;

	ASSERT_EQ(0, record(self->fd, LOG_RING, load.pid, ROOM));
	fd = open(LOG_PROC, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(load_run(&load));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("log"));
	EXPECT_EQ(made_by_calls(CALLS), form_take_all(&stream, fd));
	EXPECT_EQ(0, read(fd, &byte, 1));
	close(fd);
}

TEST_F(log, sleeping_reader_is_told_of_records_and_of_the_end)
{
	struct load load = load_new(make_calls, 1);
	char buf[4096];
	pid_t reader;
	int fd;

	ASSERT_EQ(0, record(self->fd, LOG_RING, load.pid, ROOM));
	fd = open(LOG_PROC, O_RDONLY | O_CLOEXEC);
	reader = fork();
	if (!reader) {
		close(self->fd);
		close(load.go);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		_exit(read(fd, buf, sizeof(buf)) ? 1 : 0);
	}
	lab_await_call(reader, __NR_read);
	/* It is at it already. */
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(EBUSY, errno);
	close(fd);
	EXPECT_TRUE(load_run(&load));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, lab_wait_for(reader));
}

TEST_F(log, refused_extract_takes_nothing)
{
	struct load load = load_new(make_calls, CALLS);
	struct log_block block = { .addr = (uintptr_t)nowhere(), .len = FORM_PIECE };
	struct form_stream stream = { .have = 0 };
	int fd, len;

	ASSERT_EQ(0, record(self->fd, LOG_RING, load.pid, ROOM));
	fd = ioctl(self->fd, LOG_CALL);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(load_run(&load));
	EXPECT_EQ(-1, ioctl(fd, LOG_EXTRACT, nowhere()));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, LOG_EXTRACT, &block));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, LOG_TOTALS, &block));
	EXPECT_EQ(ENOTTY, errno);
	block.addr = (uintptr_t)form_piece;
	len = ioctl(fd, LOG_EXTRACT, &block);
	ASSERT_LT(0, len);
	EXPECT_EQ(made_by_calls(CALLS), form_take(&stream, form_piece, len));
	close(fd);
}

/* A recording to a ring that is mapped here. */
static struct log_shared *map_ring(int fd, pid_t pid)
{
	if (record(fd, LOG_SHARED, pid, ROOM))
		return MAP_FAILED;
	return mmap(NULL, LOG_DATA + ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

TEST_F(log, kernel_does_not_wait_for_a_reader_with_the_lock)
{
	struct load load = load_new(make_calls, CALLS);
	struct log_shared *shared = map_ring(self->fd, load.pid);
	struct log_totals totals;

	ASSERT_NE(MAP_FAILED, shared);
	shared->lock = 1;
	EXPECT_TRUE(load_run(&load));
	totals = totals_of(self->fd);
	EXPECT_EQ(made_by_calls(CALLS), totals.made);
	EXPECT_EQ(totals.made, totals.lost);
	EXPECT_EQ(0, shared->head);
	munmap(shared, LOG_DATA + ROOM);
}

TEST_F(log, page_that_lies_loses_records_only)
{
	struct load load = load_new(make_calls, CALLS);
	struct log_shared *shared = map_ring(self->fd, load.pid);
	struct log_totals totals;

	ASSERT_NE(MAP_FAILED, shared);
	shared->tail = 1ULL << 62;
	shared->size = ~0ULL;
	shared->head = ROOM - 8;
	EXPECT_TRUE(load_run(&load));
	totals = totals_of(self->fd);
	EXPECT_EQ(made_by_calls(CALLS), totals.made);
	EXPECT_EQ(totals.made, totals.lost);
	munmap(shared, LOG_DATA + ROOM);
}

TEST_F(log, ring_is_mapped_shared_and_not_executable)
{
	struct load load = load_new(make_calls, 0);

	ASSERT_EQ(0, record(self->fd, LOG_SHARED, load.pid, ROOM));
	EXPECT_EQ(EINVAL, map_errno(self->fd, LOG_DATA, PROT_READ, MAP_PRIVATE));
	EXPECT_EQ(EINVAL, map_errno(self->fd, LOG_DATA, PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(EINVAL, map_errno(self->fd, LOG_DATA + ROOM + 4096, PROT_READ, MAP_SHARED));
	EXPECT_EQ(0, map_errno(self->fd, LOG_DATA + ROOM, PROT_READ, MAP_SHARED));
	EXPECT_TRUE(load_run(&load));
}

TEST(unloads_and_loads_again)
{
	kmodule_remove_soon("log");
	ASSERT_EQ(0, kmodule_insert("log", ""));
	EXPECT_EQ(-EEXIST, kmodule_insert("log", ""));
	ASSERT_EQ(0, kmodule_remove("log"));
	EXPECT_EQ(-ENOENT, kmodule_remove("log"));
}

TEST_HARNESS_MAIN
