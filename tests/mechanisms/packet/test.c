// SPDX-License-Identifier: GPL-2.0
/*
 * An own ethertype: to the kernel's handler and back, devices, overflow, bad calls, unloading.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <sys/socket.h>

#include "lab_net.h"
#include "lab_test.h"
#include "lab_packet.h"

FIXTURE_LAB("packet")

#define MANY	3000	/* more than a socket of the default size holds */

static struct sockaddr_ll address(const char *device, int type)
{
	return (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = if_nametoindex(device),
		.sll_halen = 6,
	};
}

/* Type 0: for sending only. */
static int packet_socket(const char *device, int type)
{
	struct sockaddr_ll addr = address(device, type);
	struct timeval limit = { .tv_sec = 60 };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || lab_link_up(device) || bind(fd, (void *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -1;
	return fd;
}

static ssize_t send_frame(int fd, const char *device, int type, const void *buf, size_t len)
{
	struct sockaddr_ll addr = address(device, type);

	return sendto(fd, buf, len, 0, (void *)&addr, sizeof(addr));
}

static unsigned int drops(int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) ? ~0U : stats.tp_drops;
}

TEST_F(lab, handler_takes_frames_in_the_call)
{
	int fd = packet_socket("lo", 0), i;
	char buf[64] = "";

	ASSERT_GE(fd, 0);
	for (i = 1; i <= 10; i++) {
		ASSERT_EQ(64, send_frame(fd, "lo", LAB_PACKET_TO_KERNEL, buf, 64));
		EXPECT_EQ(64 * i, lab_received(self->ctl));
	}
	close(fd);
}

TEST_F(lab, other_types_are_not_its_own)
{
	int fd = packet_socket("lo", 0);
	char buf[64] = "";

	ASSERT_EQ(64, send_frame(fd, "lo", LAB_PACKET_TO_USER, buf, 64));
	ASSERT_EQ(64, send_frame(fd, "lo", ETH_P_LOOPBACK, buf, 64));
	EXPECT_EQ(0, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, kernel_sends)
{
	int fd = packet_socket("lo", LAB_PACKET_TO_USER), i;
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(10, ioctl(self->ctl, LAB_PRODUCE, 10));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(64, recv(fd, buf, 64, 0));
		ASSERT_TRUE(lab_is_record(buf, 64, i));
	}
	EXPECT_EQ(-1, recv(fd, buf, 64, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, there_and_back)
{
	int fd = packet_socket("lo", LAB_PACKET_TO_USER), i;
	char buf[1000];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_PACKET_ECHO));
	for (i = 0; i < 100; i++) {
		lab_prepare(buf, sizeof(buf));
		lab_produce(buf, sizeof(buf), i);
		ASSERT_EQ(1000, send_frame(fd, "lo", LAB_PACKET_TO_KERNEL, buf, 1000));
		memset(buf, 0, sizeof(buf));
		ASSERT_EQ(1000, recv(fd, buf, sizeof(buf), 0));
		ASSERT_TRUE(lab_is_record(buf, 1000, i));
	}
	close(fd);
}

TEST_F(lab, header_can_be_own)
{
	struct { struct ethhdr eth; char payload[64]; } frame = {
		.eth.h_proto = htons(LAB_PACKET_TO_KERNEL),
	};
	struct sockaddr_ll addr = address("lo", 0);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	ASSERT_EQ(0, lab_link_up("lo"));
	EXPECT_EQ((ssize_t)sizeof(frame),
		  sendto(fd, &frame, sizeof(frame), 0, (void *)&addr, sizeof(addr)));
	EXPECT_EQ(64, lab_received(self->ctl));
	EXPECT_EQ(-1, sendto(fd, &frame, 10, 0, (void *)&addr, sizeof(addr)));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

TEST_F(lab, largest_frame)
{
	static char large[65536 + 8];
	int fd = packet_socket("lo", 0);

	EXPECT_EQ(65536, send_frame(fd, "lo", LAB_PACKET_TO_KERNEL, large, 65536));
	EXPECT_EQ(65536, lab_received(self->ctl));
	EXPECT_EQ(-1, send_frame(fd, "lo", LAB_PACKET_TO_KERNEL, large, sizeof(large)));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, lab_set(self->ctl, sizeof(large), 1, 0));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

/* The sender isn't told; the receiver can ask how many. */
TEST_F(lab, overflow_is_counted)
{
	int fd = packet_socket("lo", LAB_PACKET_TO_USER), got;
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(MANY, ioctl(self->ctl, LAB_PRODUCE, MANY));
	for (got = 0; recv(fd, buf, 64, MSG_DONTWAIT) == 64; got++)
		ASSERT_TRUE(lab_is_record(buf, 64, got));
	EXPECT_GT(got, 10);
	EXPECT_LT(got, MANY);
	EXPECT_EQ(MANY - got, drops(fd));
	EXPECT_EQ(0, drops(fd));
	close(fd);
}

TEST_F(lab, every_socket_gets_a_copy)
{
	int first = packet_socket("lo", LAB_PACKET_TO_USER);
	int second = packet_socket("lo", LAB_PACKET_TO_USER);
	char buf[64];

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(64, recv(first, buf, 64, 0));
	EXPECT_EQ(64, recv(second, buf, 64, 0));
	close(first);
	close(second);
}

/* Receive ring: a frame's owner is told in its first word; a full ring drops. */
TEST_F(lab, ring_of_four)
{
	struct tpacket_req req = { 4096, 1, 1024, 4 };
	int fd = packet_socket("lo", LAB_PACKET_TO_USER), version = TPACKET_V2, i;
	char *map;

	ASSERT_EQ(0, setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	ASSERT_EQ(0, setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(6, ioctl(self->ctl, LAB_PRODUCE, 6));
	for (i = 0; i < 4; i++) {
		struct tpacket2_hdr *hdr = (void *)(map + i * 1024);

		ASSERT_TRUE(hdr->tp_status & TP_STATUS_USER);
		EXPECT_EQ(64, hdr->tp_len);
		EXPECT_TRUE(lab_is_record((char *)hdr + hdr->tp_mac, 64, i));
	}
	EXPECT_EQ(2, drops(fd));
	munmap(map, 4096);
	close(fd);
}

TEST_F(lab, ring_has_rules)
{
	struct tpacket_req odd = { 4095, 1, 1024, 4 }, few = { 4096, 1, 1024, 5 };
	int fd = packet_socket("lo", LAB_PACKET_TO_USER);

	EXPECT_EQ(-1, setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &odd, sizeof(odd)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &few, sizeof(few)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

/* The dummy device swallows what is sent; who listens to all sees it leave. */
TEST_F(lab, dummy_device)
{
	int tap = packet_socket("dummy0", ETH_P_ALL), fd = packet_socket("dummy0", 0);
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	char buf[2000] = "";

	ASSERT_GE(fd, 0);
	ASSERT_GE(tap, 0);
	ASSERT_EQ(64, send_frame(fd, "dummy0", LAB_PACKET_TO_KERNEL, buf, 64));
	EXPECT_EQ(0, lab_received(self->ctl));
	do {
		ASSERT_GE(recvfrom(tap, buf, sizeof(buf), 0, (void *)&from, &len), 0);
	} while (from.sll_protocol != htons(LAB_PACKET_TO_KERNEL));
	EXPECT_EQ(PACKET_OUTGOING, from.sll_pkttype);
	EXPECT_EQ(-1, send_frame(fd, "dummy0", LAB_PACKET_TO_KERNEL, buf, 1600));
	EXPECT_EQ(EMSGSIZE, errno);
	close(fd);
	close(tap);
}

TEST_F(lab, device_is_a_parameter)
{
	ASSERT_EQ(0, close(self->ctl));
	ASSERT_EQ(0, kmodule_remove("packet"));
	ASSERT_EQ(0, kmodule_insert("packet", "device=dummy0"));
	self->ctl = lab_open("packet");
	ASSERT_EQ(0, lab_link_up("dummy0"));
	ASSERT_EQ(0, lab_set(self->ctl, 4096, 1, 0));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(EMSGSIZE, errno);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(0, close(self->ctl));
	ASSERT_EQ(0, kmodule_remove("packet"));
	ASSERT_EQ(0, kmodule_insert("packet", "device=nosuch0"));
	self->ctl = lab_open("packet");
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(lab, needs_cap_net_raw)
{
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, socket(AF_PACKET, SOCK_DGRAM, 0));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, seteuid(0));
}

/* Neither a socket nor a frame on its way keeps the module. */
TEST_F(lab, unload_while_frames_come)
{
	int fd = packet_socket("lo", LAB_PACKET_TO_USER), status;
	char buf[64] = "";
	pid_t pid;

	EXPECT_EQ(-EAGAIN, kmodule_remove("packet"));
	ASSERT_EQ(0, close(self->ctl));
	self->ctl = -1;
	pid = fork();
	if (!pid) {
		for (;;)
			if (send_frame(fd, "lo", LAB_PACKET_TO_KERNEL, buf, 64) != 64)
				_exit(1);
	}
	usleep(10000);
	EXPECT_EQ(0, kmodule_remove("packet"));
	EXPECT_EQ(0, kmodule_insert("packet", ""));
	EXPECT_EQ(0, kmodule_remove("packet"));
	EXPECT_EQ(0, kmodule_insert("packet", ""));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	close(fd);
}

TEST_HARNESS_MAIN
