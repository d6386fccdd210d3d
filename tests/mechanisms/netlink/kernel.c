// SPDX-License-Identifier: GPL-2.0
/*
 * A netlink protocol of its own: records both ways, multicast, acknowledgements, a dump.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u, one to many. Synchronous: to
 * the kernel yes, which takes a message in the sender's call; to the user no, it
 * is queued. Loss: what the receiver's buffer has no room for; the receiver gets
 * ENOBUFS, not how many. Unit: what a socket buffer holds; split at 16 KiB
 * here. Privilege: the kernel half's choice, CAP_NET_ADMIN for groups. Choose
 * it for events and configuration of many objects; a family of generic netlink
 * saves the protocol number.
 */
#include <linux/netlink.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "lab_kernel.h"
#include "lab_netlink.h"

static long netlink_setup(struct lab_side *side);
static long netlink_produce(struct lab_side *side, unsigned long count);

static const struct lab_ops netlink_ops = {
	.setup = netlink_setup,
	.produce = netlink_produce,
};

LAB_CONTROL("netlink", &netlink_ops)

static struct sock *netlink_sock;
static u32 peer;

/* Part of a record: -EAGAIN or -ENOBUFS when the receiver has no room. */
static int netlink_send_part(const void *part, size_t len)
{
	bool multicast = lab.setup.flags & LAB_NL_MULTICAST;
	struct nlmsghdr *nlh;
	struct sk_buff *skb;

	/* Port 0 is the kernel's own: the message would come back here, within this call. */
	if (!multicast && !peer)
		return -ENOTCONN;
	skb = nlmsg_new(len, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	nlh = nlmsg_put(skb, 0, lab.seq, LAB_NL_RECORD, len, 0);
	memcpy(nlmsg_data(nlh), part, len);
	if (multicast)
		return nlmsg_multicast(netlink_sock, skb, 0, LAB_NETLINK_GROUP, GFP_KERNEL);
	return nlmsg_unicast(netlink_sock, skb, peer);
}

/* A multicast is sent whether or not somebody has room for it, or listens. */
static int netlink_send_record(void)
{
	u32 off, len;
	u8 *record;
	int ret;

	record = lab_next(&lab);
	for (off = 0; off < lab.setup.bytes; off += len) {
		len = min(lab.setup.bytes - off, lab.setup.unit);
		ret = netlink_send_part(record + off, len);
		if (ret && !(lab.setup.flags & LAB_NL_MULTICAST))
			return ret;
	}
	return 0;
}

static long netlink_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;

	for (n = 0; n < count && !lab_killed(n); n++) {
		if (netlink_send_record()) {
			lab.seq--;
			break;
		}
	}
	return n;
}

static long netlink_setup(struct lab_side *side)
{
	return side->setup.unit > LAB_NETLINK_UNIT ? -EINVAL : 0;
}

static int netlink_put_state(struct sk_buff *skb, struct netlink_callback *cb, u64 index)
{
	struct lab_nl_state *state;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, LAB_NL_STATE,
			sizeof(*state), NLM_F_MULTI);
	if (!nlh)
		return -EMSGSIZE;
	state = nlmsg_data(nlh);
	state->index = index;
	state->sent = lab.seq;
	nlmsg_end(skb, nlh);
	return 0;
}

/* Called again, with a fresh buffer, until it adds nothing. */
static int netlink_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	while (cb->args[0] < LAB_NETLINK_STATES && !netlink_put_state(skb, cb, cb->args[0]))
		cb->args[0]++;
	return skb->len;
}

static int netlink_start_dump(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	struct netlink_dump_control c = { .dump = netlink_dump, .module = THIS_MODULE };

	if (!(nlh->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	return netlink_dump_start(netlink_sock, skb, nlh, &c);
}

static int netlink_take(const struct nlmsghdr *nlh)
{
	if (!nlmsg_len(nlh))
		return -EINVAL;
	lab_consume(&lab, nlmsg_data(nlh), nlmsg_len(nlh));
	return 0;
}

/* An errno is answered to the sender; 0 only when it asked for NLM_F_ACK. */
static int netlink_message(struct sk_buff *skb, struct nlmsghdr *nlh,
			   struct netlink_ext_ack *extack)
{
	switch (nlh->nlmsg_type) {
	case LAB_NL_RECORD:
		return netlink_take(nlh);
	case LAB_NL_JOIN:
		peer = NETLINK_CB(skb).portid;
		return 0;
	case LAB_NL_STATE:
		return netlink_start_dump(skb, nlh);
	default:
		NL_SET_ERR_MSG(extack, "no such message");
		return -EOPNOTSUPP;
	}
}

/* Runs in the sender's call. */
static void netlink_input(struct sk_buff *skb)
{
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	netlink_rcv_skb(skb, netlink_message);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
}

static int __init netlink_init(void)
{
	struct netlink_kernel_cfg cfg = { .groups = 2, .input = netlink_input };
	int ret = lab_control_init();

	if (ret)
		return ret;
	netlink_sock = netlink_kernel_create(&init_net, LAB_NETLINK, &cfg);
	if (netlink_sock)
		return 0;
	lab_control_exit();
	return -ENOMEM;
}
module_init(netlink_init);

static void __exit netlink_exit(void)
{
	netlink_kernel_release(netlink_sock);
	lab_control_exit();
}
module_exit(netlink_exit);

MODULE_DESCRIPTION("Laboratory: netlink");
MODULE_LICENSE("GPL");
