// SPDX-License-Identifier: GPL-2.0
/*
 * What bulk_xfer(2) refuses: descriptors, flags, operations, fields, sizes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <sys/socket.h>

#define X32_SYSCALL_BIT	0x40000000
#define NO_SUCH_CALL	"Function not implemented"
#define WAITING		"the record that waits"
#define WAITING_TAG	0xfedcba9876543210ULL

/* An echo endpoint with one record, which must outlive every refused call. */
FIXTURE(refused) {
	int fd;
	int moved; /* records that the test itself sent and received */
	char buf[64];
};

FIXTURE_SETUP(refused)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, bulk_send(self->fd, WAITING, sizeof(WAITING),
			       WAITING_TAG));
}

FIXTURE_TEARDOWN(refused)
{
	__u64 tag;

	EXPECT_EQ(self->moved + 1, figure(self->fd, "tx-records"));
	EXPECT_EQ(self->moved, figure(self->fd, "rx-records"));
	EXPECT_EQ(1, figure(self->fd, "rx-queued"));
	EXPECT_EQ(sizeof(WAITING), bulk_recv(self->fd, self->buf,
					     sizeof(self->buf), &tag));
	EXPECT_STREQ(WAITING, self->buf);
	EXPECT_EQ(WAITING_TAG, tag);
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->buf, 64, NULL));
	close(self->fd);
}

static void put_back(struct __test_metadata *_metadata,
		     struct _test_data_refused *self)
{
	ASSERT_EQ(0, bulk_send(self->fd, WAITING, sizeof(WAITING),
			       WAITING_TAG));
	self->moved++;
}

/* Both directions of a descriptor answer @err and write no result. */
static void check_fd(struct __test_metadata *_metadata, int fd, long err)
{
	char byte = 0;
	struct bulk_seg segs[] = { seg_send(&byte, 1, 0), seg_recv(&byte, 1) };

	EXPECT_EQ(err, bulk_xfer(fd, &segs[0], 1, BULK_DONTWAIT));
	EXPECT_EQ(err, bulk_xfer(fd, &segs[1], 1, BULK_DONTWAIT));
	EXPECT_EQ(err, bulk_xfer(fd, NULL, 0, 0));
	EXPECT_EQ(SEG_UNTOUCHED, segs[0].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[1].res);
}

/* The segment alone fails with @err, and so does the call. */
static void check_seg(struct __test_metadata *_metadata, int fd,
		      struct bulk_seg seg, int err)
{
	EXPECT_EQ(err, bulk_xfer(fd, &seg, 1, BULK_DONTWAIT)) {
		TH_LOG("op %u flags %#x lost %#x len %u", seg.op, seg.flags,
		       seg.lost, seg.len);
	}
	EXPECT_EQ(err, seg.res);
}

TEST_F(refused, closed_fd)
{
	int fd = dup(self->fd);

	close(fd);
	check_fd(_metadata, fd, -EBADF);
	check_fd(_metadata, -1, -EBADF);
	check_fd(_metadata, INT_MAX, -EBADF);
}

TEST_F(refused, path_fd)
{
	int fd = open_channel("echo", O_PATH);

	ASSERT_LE(0, fd);
	check_fd(_metadata, fd, -EBADF);
	close(fd);
}

TEST_F(refused, send_on_read_only_fd)
{
	int fd = open_channel("echo", O_RDONLY);

	ASSERT_LE(0, fd);
	check_seg(_metadata, fd, seg_send("x", 1, 0), -EBADF);
	EXPECT_EQ(0, figure(fd, "tx-records"));
	EXPECT_EQ(-EAGAIN, bulk_recv(fd, self->buf, 64, NULL));
	close(fd);
}

TEST_F(refused, recv_on_write_only_fd)
{
	int fd = open_channel("echo", O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bulk_send(fd, "x", 1, 0));
	check_seg(_metadata, fd, seg_recv(self->buf, 64), -EBADF);
	EXPECT_EQ(0, figure(fd, "rx-records"));
	EXPECT_EQ(1, figure(fd, "rx-queued"));
	close(fd);
}

TEST_F(refused, regular_file)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	struct stat st;

	ASSERT_LE(0, fd);
	check_fd(_metadata, fd, -EINVAL);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_size);
	close(fd);
}

TEST_F(refused, pipe_fd)
{
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	check_fd(_metadata, fds[0], -EINVAL);
	check_fd(_metadata, fds[1], -EINVAL);
	close(fds[0]);
	close(fds[1]);
}

TEST_F(refused, socket_fd)
{
	int fds[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	check_fd(_metadata, fds[0], -EINVAL);
	close(fds[0]);
	close(fds[1]);
}

TEST_F(refused, other_character_device)
{
	int fd = open("/dev/null", O_RDWR);

	ASSERT_LE(0, fd);
	check_fd(_metadata, fd, -EINVAL);
	close(fd);
}

TEST_F(refused, directory)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	ASSERT_LE(0, fd);
	check_fd(_metadata, fd, -EINVAL);
	close(fd);
}

TEST_F(refused, unknown_call_flags)
{
	struct bulk_seg seg = seg_recv(self->buf, 64);
	unsigned int bit;

	for (bit = 4; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, 1, 1U << bit))
			TH_LOG("bit %u", bit);
		EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, 1,
					     1U << bit | BULK_DONTWAIT))
			TH_LOG("bit %u", bit);
	}
	EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, 1, ~0U));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
}

TEST_F(refused, no_syscall_flag)
{
	struct bulk_seg seg = seg_recv(self->buf, 64);

	EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, 1, BULK_NO_SYSCALL));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
}

TEST_F(refused, unknown_ops)
{
	static const __u16 ops[] = { 0, 7, 8, 0x100, 0x101, 0x102, 0x8000, 65535 };
	struct bulk_seg seg = seg_recv(self->buf, 64);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		seg.op = ops[i];
		check_seg(_metadata, self->fd, seg, -EINVAL);
	}
}

TEST_F(refused, seg_flags)
{
	struct bulk_seg send = seg_send("x", 1, 0);
	struct bulk_seg recv = seg_recv(self->buf, 64);
	unsigned int bit;

	for (bit = 1; bit < 16; bit++) {
		send.flags = 1U << bit;
		recv.flags = 1U << bit;
		if (send.flags != BULK_SEG_PIN)
			check_seg(_metadata, self->fd, send, -EINVAL);
		if (recv.flags != BULK_SEG_MAP)
			check_seg(_metadata, self->fd, recv, -EINVAL);
	}
}

TEST_F(refused, send_with_lost)
{
	struct bulk_seg seg = seg_send("x", 1, 0);
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		seg.lost = 1U << bit;
		check_seg(_metadata, self->fd, seg, -EINVAL);
	}
}

TEST_F(refused, too_many_segments)
{
	struct bulk_seg seg = seg_recv(self->buf, 64);

	EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, BULK_MAX_SEGS + 1, 0));
	EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, INT_MAX, 0));
	EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, 1U << 31, 0));
	EXPECT_EQ(-EINVAL, bulk_xfer(self->fd, &seg, UINT_MAX, 0));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
}

TEST_F(refused, send_longer_than_max_record)
{
	char *buf = malloc(MAX_RECORD + 1);

	ASSERT_NE(NULL, buf);
	memset(buf, 1, MAX_RECORD + 1);
	check_seg(_metadata, self->fd, seg_send(buf, MAX_RECORD + 1, 0),
		  -EMSGSIZE);
	check_seg(_metadata, self->fd, seg_send(buf, 1U << 31, 0), -EMSGSIZE);
	check_seg(_metadata, self->fd, seg_send(buf, UINT_MAX, 0), -EMSGSIZE);
	free(buf);
}

TEST_F(refused, recv_with_too_little_room)
{
	struct bulk_seg seg;
	size_t room;

	for (room = 0; room < sizeof(WAITING); room++) {
		memset(self->buf, 'b', sizeof(self->buf));
		seg = seg_recv(self->buf, room);
		seg.tag = 1;
		EXPECT_EQ(-EMSGSIZE, bulk_xfer(self->fd, &seg, 1, 0));
		EXPECT_EQ(-EMSGSIZE, seg.res);
		EXPECT_EQ(sizeof(WAITING), seg.len);
		EXPECT_EQ(1, seg.tag);
		EXPECT_EQ('b', self->buf[0]);
	}
	/* The length that was told is the length that does. */
	ASSERT_EQ(1, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(sizeof(WAITING), seg.res);
	EXPECT_EQ(WAITING_TAG, seg.tag);
	EXPECT_STREQ(WAITING, self->buf);
	put_back(_metadata, self);
}

TEST_F(refused, short_room_keeps_order)
{
	char second[8];
	struct bulk_seg segs[] = {
		seg_recv(self->buf, 1),
		seg_recv(second, sizeof(second)),
	};

	ASSERT_EQ(0, bulk_send(self->fd, "second", 7, 2));
	EXPECT_EQ(-EMSGSIZE, bulk_xfer(self->fd, segs, 2, 0));
	EXPECT_EQ(SEG_UNTOUCHED, segs[1].res);

	segs[0].len = sizeof(self->buf);
	ASSERT_EQ(2, bulk_xfer(self->fd, segs, 2, 0));
	EXPECT_EQ(WAITING_TAG, segs[0].tag);
	EXPECT_STREQ(WAITING, self->buf);
	EXPECT_EQ(2, segs[1].tag);
	EXPECT_STREQ("second", second);
	self->moved++;
	put_back(_metadata, self);
}

/* The segments before the refused one count, those after it are not looked at. */
TEST_F(refused, error_after_progress)
{
	struct bulk_seg segs[] = {
		seg_send("first", 6, 1),
		seg_send("second", 7, 2),
		seg_send("third", 6, 3),
	};
	__u64 tag;

	segs[1].flags = 1U << 15;
	EXPECT_EQ(1, bulk_xfer(self->fd, segs, 3, BULK_DONTWAIT));
	EXPECT_EQ(6, segs[0].res);
	EXPECT_EQ(-EINVAL, segs[1].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[2].res);
	EXPECT_EQ(2, figure(self->fd, "rx-queued"));

	ASSERT_EQ(sizeof(WAITING), bulk_recv(self->fd, self->buf, 64, &tag));
	ASSERT_EQ(6, bulk_recv(self->fd, self->buf, 64, &tag));
	EXPECT_EQ(1, tag);
	self->moved++;
	put_back(_metadata, self);
}

TEST_F(refused, x32_number)
{
	struct bulk_seg seg = seg_recv(self->buf, sizeof(self->buf));

	EXPECT_EQ(-1, syscall(__NR_bulk_xfer | X32_SYSCALL_BIT, self->fd, &seg,
			      1, BULK_DONTWAIT));
	EXPECT_STREQ(NO_SUCH_CALL, strerror(errno));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
}

static long int80(long nr, long a, long b, long c, long d)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/* Without 32-bit callers in the kernel, the instruction itself is refused. */
static bool has_int80(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		int80(20, 0, 0, 0, 0); /* getpid */
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status);
}

TEST_F(refused, int80_number)
{
	struct bulk_seg *seg = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
				    -1, 0);

	ASSERT_NE(MAP_FAILED, seg);
	if (!has_int80())
		SKIP(return, "no int $0x80 in this kernel");
	*seg = seg_recv(seg + 1, 64);
	EXPECT_STREQ(NO_SUCH_CALL, strerror(-int80(__NR_bulk_xfer, self->fd,
						   (long)seg, 1,
						   BULK_DONTWAIT)));
	EXPECT_EQ(SEG_UNTOUCHED, seg->res);
}

TEST_HARNESS_MAIN
