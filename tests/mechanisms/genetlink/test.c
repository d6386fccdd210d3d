// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: resolved by name, echo, records, the policy's refusals, privileges.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "lab_test.h"
#include "genetlink.h"

FIXTURE_LAB("genetlink")

struct reply {
	char text[200];
	__u32 calls;
	int errnum;		/* positive */
	int records;
	__u64 last;
};

static struct nl_sock *genl_socket(void)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (!sk || genl_connect(sk))
		return NULL;
	nl_socket_disable_seq_check(sk);
	nl_socket_set_nonblocking(sk);
	return sk;
}

static struct nl_msg *request(int family, int cmd)
{
	struct nl_msg *msg = nlmsg_alloc_size(70000);

	genlmsg_put(msg, 0, 0, family, 0, NLM_F_REQUEST | NLM_F_ACK, cmd, LAB_GENL_VERSION);
	return msg;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[LAB_GENL_ATTRS];
	struct reply *r = arg;

	genlmsg_parse(nlmsg_hdr(msg), 0, attrs, LAB_GENL_ATTRS - 1, NULL);
	if (attrs[LAB_GENL_TEXT])
		nla_strlcpy(r->text, attrs[LAB_GENL_TEXT], sizeof(r->text));
	if (attrs[LAB_GENL_CALLS])
		r->calls = nla_get_u32(attrs[LAB_GENL_CALLS]);
	if (attrs[LAB_GENL_RECORD]) {
		r->records++;
		r->last = lab_seq(nla_data(attrs[LAB_GENL_RECORD]));
	}
	return NL_OK;
}

static int on_sequence(struct nl_msg *msg, void *arg)
{
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct reply *r = arg;

	r->errnum = -err->error;
	return NL_STOP;
}

/* Everything that waits; also the ACK, or the errno in its place. */
static struct reply receive(struct nl_sock *sk)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	struct reply r = { 0 };

	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &r);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, NULL);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &r);
	while (nl_recvmsgs(sk, cb) == 0)
		;
	nl_cb_put(cb);
	return r;
}

static struct reply exchange(struct nl_sock *sk, struct nl_msg *msg)
{
	nl_send(sk, msg);
	nlmsg_free(msg);
	return receive(sk);
}

TEST_F(lab, family_and_group_have_names)
{
	struct nl_sock *sk = genl_socket();

	ASSERT_NE(NULL, sk);
	EXPECT_GT(genl_ctrl_resolve(sk, LAB_GENL_NAME), 0);
	EXPECT_GT(genl_ctrl_resolve_grp(sk, LAB_GENL_NAME, LAB_GENL_GROUP), 0);
	EXPECT_LT(genl_ctrl_resolve(sk, "lab_nobody"), 0);
	EXPECT_LT(genl_ctrl_resolve_grp(sk, LAB_GENL_NAME, "nobody"), 0);
	nl_socket_free(sk);
}

FIXTURE(family) {
	struct nl_sock *sk;
	int id;
	int ctl;
};

FIXTURE_SETUP(family)
{
	kmodule_remove("genetlink");
	ASSERT_EQ(0, kmodule_insert("genetlink", ""));
	self->ctl = lab_open("genetlink");
	self->sk = genl_socket();
	ASSERT_NE(NULL, self->sk);
	self->id = genl_ctrl_resolve(self->sk, LAB_GENL_NAME);
	ASSERT_GT(self->id, 0);
}

FIXTURE_TEARDOWN(family)
{
	nl_socket_free(self->sk);
	close(self->ctl);
	EXPECT_EQ(0, kmodule_remove("genetlink"));
}

TEST_F(family, string_is_echoed)
{
	struct nl_msg *msg = request(self->id, LAB_GENL_CMD_ECHO);
	struct reply r;

	nla_put_string(msg, LAB_GENL_TEXT, "hello");
	r = exchange(self->sk, msg);
	EXPECT_STREQ("hello", r.text);
	EXPECT_EQ(1, r.calls);
	EXPECT_EQ(0, r.errnum);
}

/* What the callback would count, had it been run. */
static __u32 calls_so_far(struct nl_sock *sk, int id)
{
	struct nl_msg *msg = request(id, LAB_GENL_CMD_ECHO);

	nla_put_string(msg, LAB_GENL_TEXT, "count");
	return exchange(sk, msg).calls - 1;
}

TEST_F(family, policy_refuses_before_the_callback_runs)
{
	char text[LAB_GENL_TEXT_MAX + 2];
	struct nl_msg *msg;

	msg = request(self->id, LAB_GENL_CMD_ECHO);
	nla_put(msg, LAB_GENL_TEXT, 3, "abc");
	EXPECT_EQ(EINVAL, exchange(self->sk, msg).errnum);

	msg = request(self->id, LAB_GENL_CMD_ECHO);
	nla_put_u16(msg, LAB_GENL_CALLS, 7);
	EXPECT_EQ(EINVAL, exchange(self->sk, msg).errnum);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	msg = request(self->id, LAB_GENL_CMD_ECHO);
	nla_put_string(msg, LAB_GENL_TEXT, text);
	EXPECT_NE(0, exchange(self->sk, msg).errnum);

	EXPECT_EQ(0, calls_so_far(self->sk, self->id));
}

TEST_F(family, unknown_attribute_is_refused)
{
	struct nl_msg *msg = request(self->id, LAB_GENL_CMD_ECHO);

	nla_put_u32(msg, LAB_GENL_ATTRS + 5, 1);
	EXPECT_EQ(EINVAL, exchange(self->sk, msg).errnum);
	EXPECT_EQ(0, calls_so_far(self->sk, self->id));
}

TEST_F(family, callback_refuses_a_missing_attribute)
{
	EXPECT_EQ(EINVAL, exchange(self->sk, request(self->id, LAB_GENL_CMD_ECHO)).errnum);
	EXPECT_EQ(1, calls_so_far(self->sk, self->id));
}

TEST_F(family, unknown_command_is_eopnotsupp)
{
	EXPECT_EQ(EOPNOTSUPP, exchange(self->sk, request(self->id, 99)).errnum);
}

TEST_F(family, record_is_taken)
{
	struct nl_msg *msg = request(self->id, LAB_GENL_CMD_RECORD);
	static char data[LAB_GENL_UNIT + 1];

	nla_put(msg, LAB_GENL_RECORD, LAB_GENL_UNIT, data);
	EXPECT_EQ(0, exchange(self->sk, msg).errnum);
	EXPECT_EQ(LAB_GENL_UNIT, lab_received(self->ctl));
	msg = request(self->id, LAB_GENL_CMD_RECORD);
	nla_put(msg, LAB_GENL_RECORD, LAB_GENL_UNIT + 1, data);
	EXPECT_EQ(ERANGE, exchange(self->sk, msg).errnum);
	EXPECT_EQ(LAB_GENL_UNIT, lab_received(self->ctl));
}

TEST_F(family, kernel_sends_to_one)
{
	struct reply r;

	EXPECT_EQ(0, exchange(self->sk, request(self->id, LAB_GENL_CMD_JOIN)).errnum);
	ASSERT_EQ(5, ioctl(self->ctl, LAB_PRODUCE, 5));
	r = receive(self->sk);
	EXPECT_EQ(5, r.records);
	EXPECT_EQ(4, r.last);
}

TEST_F(family, kernel_sends_to_a_group)
{
	int group = genl_ctrl_resolve_grp(self->sk, LAB_GENL_NAME, LAB_GENL_GROUP);
	struct nl_sock *other = genl_socket();

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_GENL_MULTICAST));
	ASSERT_EQ(3, ioctl(self->ctl, LAB_PRODUCE, 3));
	ASSERT_EQ(0, nl_socket_add_membership(self->sk, group));
	ASSERT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 2));
	EXPECT_EQ(2, receive(self->sk).records);
	EXPECT_EQ(0, receive(other).records);
	nl_socket_free(other);
}

TEST_F(family, overflow_is_told)
{
	int group = genl_ctrl_resolve_grp(self->sk, LAB_GENL_NAME, LAB_GENL_GROUP);
	struct sockaddr_nl from;
	unsigned char *buf = NULL;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, LAB_GENL_MULTICAST));
	ASSERT_EQ(0, nl_socket_add_membership(self->sk, group));
	ASSERT_EQ(1000, ioctl(self->ctl, LAB_PRODUCE, 1000));
	EXPECT_EQ(-NLE_NOMEM, nl_recv(self->sk, &from, &buf, NULL));
	free(buf);
}

TEST_F(family, command_can_ask_for_privilege)
{
	struct nl_msg *msg = request(self->id, LAB_GENL_CMD_RECORD);

	nla_put_u64(msg, LAB_GENL_RECORD, 0);
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(EPERM, exchange(self->sk, request(self->id, LAB_GENL_CMD_JOIN)).errnum);
	EXPECT_EQ(0, exchange(self->sk, msg).errnum);
	ASSERT_EQ(0, seteuid(0));
}

TEST_F(family, module_goes_while_sockets_are_open)
{
	close(self->ctl);
	ASSERT_EQ(0, kmodule_remove("genetlink"));
	EXPECT_EQ(ENOENT, exchange(self->sk, request(self->id, LAB_GENL_CMD_ECHO)).errnum);
	ASSERT_EQ(0, kmodule_insert("genetlink", ""));
	self->ctl = lab_open("genetlink");
}

TEST_HARNESS_MAIN
