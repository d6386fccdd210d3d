// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: both ways, groups, acknowledgements, a window, overflow, a dump, bad messages.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sys/socket.h>

#include "lab_test.h"
#include "lab_netlink.h"

#define SENT	1000	/* several times what a socket has room for */

FIXTURE_LAB("netlink")

struct message {
	struct nlmsghdr nlh;
	char payload[1024];
};

static int netlink_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, LAB_NETLINK);

	return fd < 0 || bind(fd, (void *)&addr, sizeof(addr)) ? -1 : fd;
}

static ssize_t send_message(int fd, int type, int flags, size_t len)
{
	struct message msg = { 0 };

	msg.nlh.nlmsg_len = NLMSG_LENGTH(len);
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	msg.nlh.nlmsg_seq = 42;
	return send(fd, &msg, msg.nlh.nlmsg_len, 0);
}

static ssize_t receive(int fd, struct message *msg)
{
	return recv(fd, msg, sizeof(*msg), MSG_DONTWAIT);
}

/* The errno of an answer, 0 of an ACK; 1 when there is none. */
static int answer(int fd)
{
	struct message msg;
	struct nlmsgerr *err = NLMSG_DATA(&msg.nlh);

	if (receive(fd, &msg) < (ssize_t)NLMSG_LENGTH(sizeof(*err)) ||
	    msg.nlh.nlmsg_type != NLMSG_ERROR || msg.nlh.nlmsg_seq != 42)
		return 1;
	return err->error;
}

static int member(int fd, int group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

TEST_F(lab, kernel_takes_messages)
{
	int fd = netlink_socket();

	ASSERT_GE(fd, 0);
	EXPECT_GT(send_message(fd, LAB_NL_RECORD, 0, 100), 0);
	EXPECT_EQ(100, lab_received(self->ctl));
	EXPECT_EQ(1, answer(fd));
	close(fd);
}

TEST_F(lab, acks_one_by_one)
{
	int fd = netlink_socket(), i;

	for (i = 0; i < 10; i++) {
		ASSERT_GT(send_message(fd, LAB_NL_RECORD, NLM_F_ACK, 64), 0);
		EXPECT_EQ(0, answer(fd));
	}
	EXPECT_EQ(1, answer(fd));
	EXPECT_EQ(640, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, one_ack_for_a_window)
{
	int fd = netlink_socket(), i;

	for (i = 1; i <= 32; i++)
		ASSERT_GT(send_message(fd, LAB_NL_RECORD, i % 16 ? 0 : NLM_F_ACK, 64), 0);
	EXPECT_EQ(0, answer(fd));
	EXPECT_EQ(0, answer(fd));
	EXPECT_EQ(1, answer(fd));
	close(fd);
}

TEST_F(lab, kernel_sends_to_one)
{
	int fd = netlink_socket(), other = netlink_socket();
	struct message msg;
	int i;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_GT(send_message(fd, LAB_NL_JOIN, 0, 0), 0);
	ASSERT_EQ(10, ioctl(self->ctl, LAB_PRODUCE, 10));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(NLMSG_LENGTH(64), receive(fd, &msg));
		EXPECT_TRUE(lab_is_record(NLMSG_DATA(&msg.nlh), 64, i));
	}
	EXPECT_EQ(-1, receive(other, &msg));
	EXPECT_EQ(EAGAIN, errno);
	close(fd);
	close(other);
}

TEST_F(lab, nobody_there_is_refused)
{
	int fd = netlink_socket();

	ASSERT_GT(send_message(fd, LAB_NL_JOIN, 0, 0), 0);
	close(fd);
	EXPECT_EQ(0, ioctl(self->ctl, LAB_PRODUCE, 1));
}

TEST_F(lab, groups_choose_who_gets_it)
{
	int first = netlink_socket(), second = netlink_socket(), none = netlink_socket();
	struct message msg;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_NL_MULTICAST));
	ASSERT_EQ(0, member(first, LAB_NETLINK_GROUP));
	ASSERT_EQ(0, member(second, LAB_NETLINK_GROUP));
	ASSERT_EQ(0, member(none, LAB_NETLINK_GROUP + 1));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(NLMSG_LENGTH(64), receive(first, &msg));
	EXPECT_EQ(NLMSG_LENGTH(64), receive(second, &msg));
	EXPECT_EQ(-1, receive(none, &msg));
	EXPECT_EQ(-1, member(first, 1000));
	EXPECT_EQ(EINVAL, errno);
	close(first);
	close(second);
	close(none);
}

TEST_F(lab, groups_are_for_the_privileged)
{
	int fd = netlink_socket();

	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, member(fd, LAB_NETLINK_GROUP));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, seteuid(0));
	close(fd);
}

/* Unicast: the sender is told, and sends again; the receiver gets ENOBUFS for nothing. */
TEST_F(lab, full_socket_stops_the_sender)
{
	int fd = netlink_socket();
	struct message msg;
	int sent, i;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_GT(send_message(fd, LAB_NL_JOIN, 0, 0), 0);
	sent = ioctl(self->ctl, LAB_PRODUCE, 100000);
	ASSERT_GT(sent, 10);
	ASSERT_LT(sent, 100000);
	EXPECT_EQ(-1, receive(fd, &msg));
	EXPECT_EQ(ENOBUFS, errno);
	for (i = 0; i < sent; i++) {
		ASSERT_EQ(NLMSG_LENGTH(64), receive(fd, &msg));
		EXPECT_TRUE(lab_is_record(NLMSG_DATA(&msg.nlh), 64, i));
	}
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(NLMSG_LENGTH(64), receive(fd, &msg));
	EXPECT_EQ(sent, lab_seq(NLMSG_DATA(&msg.nlh)));
	close(fd);
}

/* Messages of a dump; the state that the last of them tells. */
static int dump(int fd, struct lab_nl_state *state)
{
	static char buf[65536];
	int messages = 0;
	struct nlmsghdr *nlh;
	int len;

	if (send_message(fd, LAB_NL_STATE, NLM_F_DUMP, 0) < 0)
		return -1;
	for (;;) {
		len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0)
			return -1;
		for (nlh = (void *)buf; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type == NLMSG_DONE)
				return messages;
			memcpy(state, NLMSG_DATA(nlh), sizeof(*state));
			if (nlh->nlmsg_type != LAB_NL_STATE || state->index != messages++)
				return -1;
		}
	}
}

TEST_F(lab, overflow_is_told_and_a_dump_resynchronises)
{
	int fd = netlink_socket(), got = 0;
	struct lab_nl_state state;
	struct message msg;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_NL_MULTICAST));
	ASSERT_EQ(0, member(fd, LAB_NETLINK_GROUP));
	ASSERT_EQ(SENT, ioctl(self->ctl, LAB_PRODUCE, SENT));
	ASSERT_EQ(-1, receive(fd, &msg));
	ASSERT_EQ(ENOBUFS, errno);
	while (receive(fd, &msg) > 0)
		EXPECT_EQ(got++, lab_seq(NLMSG_DATA(&msg.nlh)));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LT(got, SENT);
	ASSERT_EQ(LAB_NETLINK_STATES, dump(fd, &state));
	EXPECT_EQ(SENT, state.sent);
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	ASSERT_EQ(NLMSG_LENGTH(64), receive(fd, &msg));
	EXPECT_EQ(state.sent, lab_seq(NLMSG_DATA(&msg.nlh)));
	close(fd);
}

TEST_F(lab, several_messages_in_one_call)
{
	int fd = netlink_socket(), i;
	char buf[4 * NLMSG_SPACE(64)] = "";

	for (i = 0; i < 4; i++) {
		struct nlmsghdr *nlh = (void *)(buf + i * NLMSG_SPACE(64));

		*nlh = (struct nlmsghdr){ NLMSG_LENGTH(64), LAB_NL_RECORD, NLM_F_REQUEST, 0, 0 };
	}
	EXPECT_EQ((ssize_t)sizeof(buf), send(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(256, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, bad_messages_are_answered)
{
	int fd = netlink_socket();

	ASSERT_GT(send_message(fd, LAB_NL_RECORD, 0, 0), 0);
	EXPECT_EQ(-EINVAL, answer(fd));
	ASSERT_GT(send_message(fd, LAB_NL_STATE + 1, 0, 8), 0);
	EXPECT_EQ(-EOPNOTSUPP, answer(fd));
	ASSERT_GT(send_message(fd, LAB_NL_STATE, 0, 0), 0);
	EXPECT_EQ(-EOPNOTSUPP, answer(fd));
	EXPECT_EQ(0, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, torn_messages_are_ignored)
{
	struct nlmsghdr nlh = { 1000, LAB_NL_RECORD, NLM_F_REQUEST | NLM_F_ACK, 42, 0 };
	int fd = netlink_socket();

	EXPECT_EQ((ssize_t)sizeof(nlh), send(fd, &nlh, sizeof(nlh), 0));
	EXPECT_EQ(3, send(fd, &nlh, 3, 0));
	EXPECT_EQ(1, answer(fd));
	EXPECT_EQ(0, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, unit_has_a_limit)
{
	EXPECT_EQ(-1, lab_set(self->ctl, 2 * LAB_NETLINK_UNIT, 1, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(lab, socket_keeps_the_module)
{
	int fd = netlink_socket();

	ASSERT_EQ(0, close(self->ctl));
	self->ctl = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("netlink"));
	close(fd);
}

TEST_HARNESS_MAIN
