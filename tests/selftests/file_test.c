// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints as files: read, write, splice, io_uring, aio, node, figures.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "aio.h"
#include "uring.h"

#define DEADLINE	30	/* seconds for what must not wait */

FIXTURE(file) {
	int fd;
	char *buf;
};

FIXTURE_SETUP(file)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->buf = malloc(MAX_RECORD + 1);
}

FIXTURE_TEARDOWN(file)
{
	close(self->fd);
	free(self->buf);
}

TEST_F(file, write_is_one_send_read_is_one_recv)
{
	ASSERT_EQ(5, write(self->fd, "first", 5));
	ASSERT_EQ(6, write(self->fd, "second", 6));
	EXPECT_EQ(2, figure(self->fd, "rx-queued"));
	EXPECT_EQ(5, read(self->fd, self->buf, MAX_RECORD));
	EXPECT_EQ(0, memcmp(self->buf, "first", 5));
	EXPECT_EQ(6, read(self->fd, self->buf, MAX_RECORD));
	EXPECT_EQ(0, memcmp(self->buf, "second", 6));
}

/* A file's records and a call's are the same; those of a file have tag 0. */
TEST_F(file, mixes_with_calls)
{
	__u64 tag = 1;

	ASSERT_EQ(1, write(self->fd, "w", 1));
	ASSERT_EQ(0, bulk_send(self->fd, "s", 1, 9));
	EXPECT_EQ(1, bulk_recv(self->fd, self->buf, 1, &tag));
	EXPECT_EQ(0, tag);
	EXPECT_EQ(1, read(self->fd, self->buf, 1));
	EXPECT_EQ('s', self->buf[0]);
}

TEST_F(file, writev_gathers_readv_scatters)
{
	char a[3], b[8];
	struct iovec out[] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
	struct iovec in[] = { { a, 3 }, { b, 8 } };

	ASSERT_EQ(6, writev(self->fd, out, 3));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(6, readv(self->fd, in, 2));
	EXPECT_EQ(0, memcmp(a, "abc", 3));
	EXPECT_EQ(0, memcmp(b, "def", 3));
}

TEST_F(file, short_read_keeps_record)
{
	struct iovec in = { self->buf, 3 };

	ASSERT_EQ(4, write(self->fd, "four", 4));
	EXPECT_EQ(-1, read(self->fd, self->buf, 3));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, readv(self->fd, &in, 1));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(4, read(self->fd, self->buf, 4));
	EXPECT_EQ(0, memcmp(self->buf, "four", 4));
}

TEST_F(file, long_write_is_refused)
{
	memset(self->buf, 0, MAX_RECORD + 1);
	EXPECT_EQ(-1, write(self->fd, self->buf, MAX_RECORD + 1));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(0, figure(self->fd, "rx-queued"));
	EXPECT_EQ(MAX_RECORD, write(self->fd, self->buf, MAX_RECORD));
	EXPECT_EQ(MAX_RECORD, read(self->fd, self->buf, MAX_RECORD));
}

TEST_F(file, empty_record)
{
	ASSERT_EQ(0, write(self->fd, self->buf, 0));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(0, read(self->fd, self->buf, 10));
	EXPECT_EQ(0, figure(self->fd, "rx-queued"));
	EXPECT_EQ(1, figure(self->fd, "rx-records"));
}

TEST_F(file, nonblock)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->fd, self->buf, 10));
	EXPECT_EQ(EAGAIN, errno);
	memset(self->buf, 0, MAX_RECORD);
	while (write(self->fd, self->buf, MAX_RECORD) == MAX_RECORD)
		;
	EXPECT_EQ(EAGAIN, errno);
}

/* It would ask for more than O_NONBLOCK does: no lock, no memory, no page. */
TEST_F(file, nowait_is_not_promised)
{
	struct iovec iov = { self->buf, 3 };

	ASSERT_EQ(3, write(self->fd, "abc", 3));
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, pwritev2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(3, preadv2(self->fd, &iov, 1, -1, 0));
}

TEST_F(file, has_no_position)
{
	ASSERT_EQ(1, write(self->fd, "x", 1));
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->fd, self->buf, 10, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pwrite(self->fd, self->buf, 10, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
	EXPECT_EQ(1, read(self->fd, self->buf, 10));
}

TEST_F(file, directions)
{
	int rd = open_channel("echo", O_RDONLY);
	int wr = open_channel("echo", O_WRONLY);

	EXPECT_EQ(-1, write(rd, "x", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, read(wr, self->buf, 1));
	EXPECT_EQ(EBADF, errno);
	close(rd);
	close(wr);
}

TEST_F(file, unsupported_operations)
{
	EXPECT_EQ(-1, ioctl(self->fd, 0x1234, 0));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, fsync(self->fd));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(file, splice_through_a_pipe)
{
	int p[2];

	ASSERT_EQ(0, pipe(p));
	fill(self->buf, 10000, 4);
	ASSERT_EQ(10000, write(p[1], self->buf, 10000));
	EXPECT_EQ(10000, splice(p[0], NULL, self->fd, NULL, 10000, 0));
	EXPECT_EQ(10000, figure(self->fd, "tx-bytes"));
	memset(self->buf, 0, 10000);
	EXPECT_EQ(10000, splice(self->fd, NULL, p[1], NULL, 65536, 0));
	EXPECT_EQ(10000, read(p[0], self->buf, 65536));
	EXPECT_EQ(10000, filled(self->buf, 10000, 4));
	EXPECT_EQ(0, figure(self->fd, "rx-queued"));
	close(p[0]);
	close(p[1]);
}

/* It would keep everybody from the pipe, and no signal would end that. */
TEST_F(file, splice_does_not_wait)
{
	int p[2];

	ASSERT_EQ(0, pipe(p));
	/* Ends what waits after all. */
	alarm(DEADLINE);
	EXPECT_EQ(-1, splice(self->fd, NULL, p[1], NULL, 65536, 0));
	EXPECT_EQ(EAGAIN, errno);
	alarm(0);
	ASSERT_EQ(1, write(p[1], "x", 1));
	ASSERT_EQ(6, write(self->fd, "record", 6));
	EXPECT_EQ(6, splice(self->fd, NULL, p[1], NULL, 65536, 0));
	EXPECT_EQ(7, read(p[0], self->buf, 16));
	EXPECT_EQ(0, memcmp(self->buf, "xrecord", 7));
	close(p[0]);
	close(p[1]);
}

/* From what can't seek it reads nothing, as from a pipe or a socket. */
TEST_F(file, sendfile_is_for_sending)
{
	int file = memfd_create("records", 0);

	ASSERT_LE(0, file);
	ASSERT_EQ(6, write(file, "record", 6));
	ASSERT_EQ(0, lseek(file, 0, SEEK_SET));
	EXPECT_EQ(6, sendfile(self->fd, file, NULL, 100));
	EXPECT_EQ(-1, sendfile(file, self->fd, NULL, 100));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(6, read(self->fd, self->buf, 100));
	EXPECT_EQ(0, memcmp(self->buf, "record", 6));
	close(file);
}

TEST_F(file, splice_of_too_long_record_keeps_it)
{
	int p[2];

	ASSERT_EQ(0, pipe(p));
	fill(self->buf, 10000, 4);
	ASSERT_EQ(10000, write(self->fd, self->buf, 10000));
	EXPECT_EQ(-1, splice(self->fd, NULL, p[1], NULL, 9999, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(10000, read(self->fd, self->buf, 10000));
	EXPECT_EQ(10000, filled(self->buf, 10000, 4));
	close(p[0]);
	close(p[1]);
}

TEST_F(file, io_uring_write_and_read)
{
	struct uring ring;

	if (uring_setup(&ring))
		SKIP(return, "no io_uring: %s", strerror(errno));
	memset(self->buf, 0, 16);
	EXPECT_EQ(5, uring_run(&ring, IORING_OP_WRITE, self->fd, "hello", 5));
	EXPECT_EQ(5, uring_run(&ring, IORING_OP_READ, self->fd, self->buf, 16));
	EXPECT_STREQ("hello", self->buf);
	EXPECT_EQ(5, uring_run(&ring, IORING_OP_WRITE, self->fd, "hello", 5));
	EXPECT_EQ(-EMSGSIZE, uring_run(&ring, IORING_OP_READ, self->fd,
				       self->buf, 4));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(-EFAULT, uring_run(&ring, IORING_OP_WRITE, self->fd, NULL, 4));
}

/* A read that is queued first completes when the record comes. */
TEST_F(file, io_uring_read_waits)
{
	struct uring ring;

	if (uring_setup(&ring))
		SKIP(return, "no io_uring: %s", strerror(errno));
	ASSERT_EQ(1, uring_submit(&ring, IORING_OP_READ, self->fd, self->buf,
				  16));
	EXPECT_EQ(-EAGAIN, uring_reap(&ring, false));
	ASSERT_EQ(0, bulk_send(self->fd, "later", 6, 0));
	EXPECT_EQ(6, uring_reap(&ring, true));
	EXPECT_STREQ("later", self->buf);
	EXPECT_EQ(1, figure(self->fd, "rx-records"));
}

/* A poll by aio takes no file that has it wait in two queues. */
TEST_F(file, aio_poll_waits_for_a_record)
{
	struct aio aio;

	if (aio_setup(&aio))
		SKIP(return, "no aio: %s", strerror(errno));
	ASSERT_EQ(0, aio_poll(&aio, self->fd, POLLIN));
	EXPECT_EQ(-EAGAIN, aio_reap(&aio, false));
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
	EXPECT_EQ(POLLIN, POLLIN & aio_reap(&aio, true));
	ASSERT_EQ(0, aio_poll(&aio, self->fd, POLLIN));
	EXPECT_EQ(POLLIN, POLLIN & aio_reap(&aio, true));
	EXPECT_EQ(0, aio_destroy(&aio));
}

TEST_F(file, aio_poll_waits_for_room)
{
	struct aio aio;

	if (aio_setup(&aio))
		SKIP(return, "no aio: %s", strerror(errno));
	memset(self->buf, 0, MAX_RECORD);
	while (!bulk_send(self->fd, self->buf, MAX_RECORD, 0))
		;
	ASSERT_EQ(0, aio_poll(&aio, self->fd, POLLOUT));
	EXPECT_EQ(-EAGAIN, aio_reap(&aio, false));
	while (bulk_recv(self->fd, self->buf, MAX_RECORD, NULL) >= 0)
		;
	EXPECT_EQ(POLLOUT, POLLOUT & aio_reap(&aio, true));
	EXPECT_EQ(0, aio_destroy(&aio));
}

/* A request that still waits ends with its context. */
TEST_F(file, aio_poll_is_canceled)
{
	struct aio aio;

	if (aio_setup(&aio))
		SKIP(return, "no aio: %s", strerror(errno));
	ASSERT_EQ(0, aio_poll(&aio, self->fd, POLLIN));
	EXPECT_EQ(0, aio_destroy(&aio));
	ASSERT_EQ(0, bulk_send(self->fd, "x", 1, 0));
}

TEST_F(file, dup_shares_the_endpoint)
{
	int copy = dup(self->fd);

	ASSERT_EQ(3, write(copy, "dup", 3));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	close(copy);
	EXPECT_EQ(3, read(self->fd, self->buf, 3));
}

TEST_F(file, open_again_is_another_endpoint)
{
	char path[64];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	other = open(path, O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, other);
	ASSERT_EQ(1, write(self->fd, "x", 1));
	EXPECT_EQ(-1, read(other, self->buf, 1));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_NE(figure(self->fd, "endpoint"), figure(other, "endpoint"));
	close(other);
}

TEST_F(file, fdinfo_figures)
{
	char path[64], text[1024];

	ASSERT_EQ(0, bulk_send(self->fd, self->buf, 100, 0));
	ASSERT_EQ(0, bulk_send(self->fd, self->buf, 30, 0));
	ASSERT_EQ(0, bulk_send(self->fd, self->buf, 20, 0));
	ASSERT_EQ(100, bulk_recv(self->fd, self->buf, 100, NULL));
	ASSERT_EQ(-EMSGSIZE, bulk_recv(self->fd, self->buf, 1, NULL));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	read_text(path, text, sizeof(text));
	EXPECT_NE(NULL, strstr(text, "\nbulk-channel:\techo\n"));
	EXPECT_EQ(3, figure(self->fd, "tx-records"));
	EXPECT_EQ(150, figure(self->fd, "tx-bytes"));
	EXPECT_EQ(1, figure(self->fd, "rx-records"));
	EXPECT_EQ(100, figure(self->fd, "rx-bytes"));
	EXPECT_EQ(0, figure(self->fd, "rx-lost"));
	EXPECT_EQ(2, figure(self->fd, "rx-queued"));
	EXPECT_LE(50, figure(self->fd, "rx-queued-bytes"));
	ASSERT_EQ(30, bulk_recv(self->fd, self->buf, 30, NULL));
	ASSERT_EQ(20, bulk_recv(self->fd, self->buf, 20, NULL));
	EXPECT_EQ(0, figure(self->fd, "rx-queued"));
	EXPECT_EQ(0, figure(self->fd, "rx-queued-bytes"));
}

static long long channel_value(const char *file)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/sys/class/bulk/echo/%s", file);
	return read_text(path, text, sizeof(text)) ? strtoll(text, NULL, 10)
						   : -1;
}

/* The channel's figures hold what open and what closed endpoints moved. */
TEST_F(file, sysfs_figures)
{
	long long records = channel_value("tx_records");
	long long bytes = channel_value("rx_bytes");
	int open_now = channel_value("endpoints");
	int other = open_channel("echo", O_RDWR);
	char text[64];

	EXPECT_EQ(open_now + 1, channel_value("endpoints"));
	EXPECT_EQ(MAX_RECORD, channel_value("max_record"));
	EXPECT_EQ(4 * MAX_RECORD, channel_value("rx_limit"));
	read_text("/sys/class/bulk/echo/rx_policy", text, sizeof(text));
	EXPECT_STREQ("block\n", text);
	ASSERT_EQ(0, bulk_send(other, self->buf, 50, 0));
	ASSERT_EQ(50, bulk_recv(other, self->buf, 50, NULL));
	ASSERT_EQ(0, bulk_send(self->fd, self->buf, 7, 0));
	EXPECT_EQ(records + 2, channel_value("tx_records"));
	EXPECT_EQ(bytes + 50, channel_value("rx_bytes"));
	close(other);
	EXPECT_EQ(open_now, channel_value("endpoints"));
	EXPECT_EQ(records + 2, channel_value("tx_records"));
	EXPECT_EQ(bytes + 50, channel_value("rx_bytes"));
	EXPECT_EQ(0, channel_value("rx_lost"));
}

TEST_F(file, node_is_its_owners)
{
	struct stat st;

	ASSERT_EQ(0, stat("/dev/bulk/echo", &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	EXPECT_EQ(-EACCES, open_channel("echo", O_RDWR));
	EXPECT_EQ(-EACCES, open_channel("echo", O_RDONLY));
	EXPECT_EQ(-EACCES, open_channel("echo", O_WRONLY));
}

/* Whole blocks in and out; an empty record ends a reader as a file does. */
TEST_F(file, copy_like_dd)
{
	size_t total = 0, block = 4096;
	char in[4096];
	ssize_t n;
	int i;

	for (i = 0; i < 100; i++) {
		fill(self->buf, block, i);
		ASSERT_EQ(block, write(self->fd, self->buf, block));
	}
	ASSERT_EQ(0, write(self->fd, "", 0));
	for (i = 0; (n = read(self->fd, in, sizeof(in))) > 0; i++) {
		EXPECT_EQ(block, filled(in, n, i));
		total += n;
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(100 * block, total);
}

TEST_HARNESS_MAIN
