// SPDX-License-Identifier: GPL-2.0
/*
 * UDP: the kernel echoes, takes and sends; overflow is counted; bad input; unloading.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "lab_net.h"
#include "lab_test.h"
#include "lab_udp.h"

FIXTURE_LAB("udp")

#define MANY	3000	/* more than a socket of the default size holds */

static struct sockaddr_in kernel_address(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(LAB_UDP_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int udp_socket(void)
{
	struct sockaddr_in addr = kernel_address();
	struct timeval limit = { .tv_sec = 60 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || lab_link_up("lo") || connect(fd, (void *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -1;
	return fd;
}

/* The kernel keeps what comes until LAB_CONSUME, and sends to this socket. */
static int join(int ctl, int fd, __u32 bytes)
{
	if (lab_set(ctl, bytes, 1, LAB_UDP_HOLD) || send(fd, "", 0, 0))
		return -1;
	return ioctl(ctl, LAB_CONSUME, 1) == 1 ? 0 : -1;
}

static __u64 kernel_lost(int ctl)
{
	struct lab_totals totals = { 0 };

	return ioctl(ctl, LAB_TOTALS, &totals) ? ~0ULL : totals.lost;
}

static __u32 drops(int fd)
{
	__u32 info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) ? ~0U : info[SK_MEMINFO_DROPS];
}

TEST_F(lab, kernel_echoes)
{
	int fd = udp_socket(), i;
	char buf[64];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(11, send(fd, "hello world", 11, 0));
	ASSERT_EQ(11, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "hello world", 11));
	for (i = 0; i < 100; i++) {
		lab_prepare(buf, sizeof(buf));
		lab_produce(buf, sizeof(buf), i);
		ASSERT_EQ(64, send(fd, buf, 64, 0));
		memset(buf, 0, sizeof(buf));
		ASSERT_EQ(64, recv(fd, buf, 64, 0));
		ASSERT_TRUE(lab_is_record(buf, 64, i));
	}
	EXPECT_EQ(11 + 6400, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, echo_keeps_boundaries_and_empty_ones)
{
	int fd = udp_socket();
	char buf[64];

	ASSERT_EQ(3, send(fd, "abc", 3, 0));
	ASSERT_EQ(0, send(fd, "", 0, 0));
	ASSERT_EQ(2, send(fd, "de", 2, 0));
	EXPECT_EQ(3, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(2, recv(fd, buf, sizeof(buf), 0));
	close(fd);
}

TEST_F(lab, echo_goes_to_who_sent)
{
	int first = udp_socket(), second = udp_socket();
	char buf[8];

	ASSERT_EQ(1, send(first, "1", 1, 0));
	ASSERT_EQ(1, send(second, "2", 1, 0));
	EXPECT_EQ(1, recv(first, buf, sizeof(buf), 0));
	EXPECT_EQ('1', buf[0]);
	EXPECT_EQ(1, recv(second, buf, sizeof(buf), 0));
	EXPECT_EQ('2', buf[0]);
	close(first);
	close(second);
}

TEST_F(lab, largest_datagram)
{
	static char large[65508], back[65508];
	int fd = udp_socket();

	memset(large, 'x', sizeof(large));
	ASSERT_EQ(65507, send(fd, large, 65507, 0));
	EXPECT_EQ(65507, recv(fd, back, sizeof(back), 0));
	EXPECT_EQ(0, memcmp(large, back, 65507));
	EXPECT_EQ(-1, send(fd, large, 65508, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	close(fd);
}

TEST_F(lab, short_buffer_loses_the_rest_and_is_told)
{
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = udp_socket();
	char buf[64];

	ASSERT_EQ(0, join(self->ctl, fd, 64));
	ASSERT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 2));
	iov = (struct iovec){ buf, 8 };
	EXPECT_EQ(8, recvmsg(fd, &msg, 0));
	EXPECT_TRUE(msg.msg_flags & MSG_TRUNC);
	EXPECT_EQ(64, recv(fd, buf, 64, 0));
	EXPECT_TRUE(lab_is_record(buf, 64, 1));
	close(fd);
}

TEST_F(lab, kernel_keeps_what_it_is_to_hold)
{
	int fd = udp_socket(), i;
	char buf[64] = "";

	ASSERT_EQ(0, join(self->ctl, fd, 64));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(64, send(fd, buf, 64, 0));
	EXPECT_EQ(0, lab_received(self->ctl));
	EXPECT_EQ(7, ioctl(self->ctl, LAB_CONSUME, 7));
	EXPECT_EQ(7 * 64, lab_received(self->ctl));
	EXPECT_EQ(3, ioctl(self->ctl, LAB_CONSUME, 7));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(-1, recv(fd, buf, 64, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	close(fd);
}

/* The sender is never refused; the kernel knows how many it has lost. */
TEST_F(lab, overflow_in_the_kernel_is_counted)
{
	int fd = udp_socket(), i, got;
	char buf[64] = "";

	ASSERT_EQ(0, join(self->ctl, fd, 64));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(64, send(fd, buf, 64, 0));
	got = ioctl(self->ctl, LAB_CONSUME, MANY);
	EXPECT_GT(got, 10);
	EXPECT_LT(got, MANY);
	EXPECT_EQ(MANY - got, kernel_lost(self->ctl));
	EXPECT_EQ(got * 64, lab_received(self->ctl));
	close(fd);
}

/* The kernel isn't refused either; the receiver can ask for the number at once. */
TEST_F(lab, overflow_in_user_space_is_counted)
{
	int fd = udp_socket(), got;
	char buf[64];

	ASSERT_EQ(0, join(self->ctl, fd, 64));
	ASSERT_EQ(MANY, ioctl(self->ctl, LAB_PRODUCE, MANY));
	for (got = 0; recv(fd, buf, 64, MSG_DONTWAIT) == 64; got++)
		ASSERT_TRUE(lab_is_record(buf, 64, got));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LT(got, MANY);
	EXPECT_EQ(MANY - got, drops(fd));
	close(fd);
}

/* SO_RXQ_OVFL: with the first one after the gap. */
TEST_F(lab, overflow_is_told_with_the_next_datagram)
{
	char buf[64], control[CMSG_SPACE(sizeof(__u32))];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	int fd = udp_socket(), on = 1, got;
	struct cmsghdr *cmsg;

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)));
	ASSERT_EQ(0, join(self->ctl, fd, 64));
	ASSERT_EQ(MANY, ioctl(self->ctl, LAB_PRODUCE, MANY));
	for (got = 0; recv(fd, buf, 64, MSG_DONTWAIT) == 64; )
		got++;
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	msg.msg_controllen = sizeof(control);
	ASSERT_EQ(64, recvmsg(fd, &msg, 0));
	EXPECT_EQ(MANY, lab_seq(buf));
	cmsg = CMSG_FIRSTHDR(&msg);
	ASSERT_NE(NULL, cmsg);
	EXPECT_EQ(SO_RXQ_OVFL, cmsg->cmsg_type);
	EXPECT_EQ(MANY - got, *(__u32 *)CMSG_DATA(cmsg));
	close(fd);
}

TEST_F(lab, needs_no_privilege)
{
	int fd = udp_socket();
	char buf[8];

	close(fd);
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, lab_open("udp"));
	EXPECT_EQ(EACCES, errno);
	fd = udp_socket();
	EXPECT_EQ(2, send(fd, "ab", 2, 0));
	EXPECT_EQ(2, recv(fd, buf, sizeof(buf), 0));
	ASSERT_EQ(0, seteuid(0));
	close(fd);
}

TEST_F(lab, port_is_taken)
{
	struct sockaddr_in addr = kernel_address();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ASSERT_EQ(0, lab_link_up("lo"));
	EXPECT_EQ(-1, bind(fd, (void *)&addr, sizeof(addr)));
	EXPECT_EQ(EADDRINUSE, errno);
	close(fd);
}

TEST_F(lab, refuses_bad_calls)
{
	EXPECT_EQ(-1, lab_set(self->ctl, 65536, 1, LAB_UDP_HOLD));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, lab_set(self->ctl, 64, 1, LAB_UDP_HOLD));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(0, ioctl(self->ctl, LAB_CONSUME, 0));
}

/* A peer's socket keeps nothing: the next datagram is answered by ICMP. */
TEST_F(lab, unload_while_a_peer_is_there)
{
	int fd = udp_socket();
	char buf[8];

	EXPECT_EQ(-EAGAIN, kmodule_remove("udp"));
	ASSERT_EQ(0, close(self->ctl));
	self->ctl = -1;
	ASSERT_EQ(1, send(fd, "a", 1, 0));
	ASSERT_EQ(1, recv(fd, buf, sizeof(buf), 0));
	ASSERT_EQ(0, kmodule_remove("udp"));
	ASSERT_EQ(1, send(fd, "b", 1, 0));
	EXPECT_EQ(-1, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(ECONNREFUSED, errno);
	ASSERT_EQ(0, kmodule_insert("udp", ""));
	ASSERT_EQ(1, send(fd, "c", 1, 0));
	EXPECT_EQ(1, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ('c', buf[0]);
	close(fd);
}

/* Answers are still being made when the module goes. */
TEST_F(lab, unload_with_work_queued)
{
	int fd = udp_socket(), i;
	char buf[64] = "";

	ASSERT_EQ(0, close(self->ctl));
	self->ctl = -1;
	for (i = 0; i < 200; i++)
		ASSERT_EQ(64, send(fd, buf, 64, 0));
	ASSERT_EQ(0, kmodule_remove("udp"));
	ASSERT_EQ(0, kmodule_insert("udp", ""));
	close(fd);
}

TEST_HARNESS_MAIN
