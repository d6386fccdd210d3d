// SPDX-License-Identifier: GPL-2.0
/*
 * A family of generic netlink: an echo of strings, and records both ways.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u, one to many. Synchronous: to
 * the kernel yes, which takes a message in the sender's call; to the user no, it
 * is queued. Loss: what the receiver's buffer has no room for; the receiver gets
 * ENOBUFS. Unit: 65531 bytes of an attribute; split at 16 KiB here. Privilege:
 * each command's choice. Choose it instead of a netlink protocol of one's own:
 * found by name, checked by a policy, extended by attributes.
 */
#include <net/genetlink.h>

#include "lab_kernel.h"
#include "genetlink.h"

static struct genl_family genl_family;
static long genl_produce(struct lab_side *side, unsigned long count);
static long genl_setup(struct lab_side *side);

static const struct lab_ops genl_lab_ops = {
	.setup = genl_setup,
	.produce = genl_produce,
};

LAB_CONTROL("genetlink", &genl_lab_ops)

static u32 genl_peer;
static u32 genl_calls;

static const struct nla_policy genl_policy[LAB_GENL_ATTRS] = {
	[LAB_GENL_TEXT] = { .type = NLA_NUL_STRING, .len = LAB_GENL_TEXT_MAX },
	[LAB_GENL_CALLS] = { .type = NLA_U32 },
	[LAB_GENL_RECORD] = { .type = NLA_BINARY, .len = LAB_GENL_UNIT },
};

static int genl_send_part(const void *part, size_t len)
{
	bool multicast = lab.setup.flags & LAB_GENL_MULTICAST;
	struct sk_buff *skb;
	void *header;

	/* Port 0 is the kernel's own. */
	if (!multicast && !genl_peer)
		return -ENOTCONN;
	skb = genlmsg_new(nla_total_size(len), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, lab.seq, &genl_family, 0, LAB_GENL_CMD_RECORD);
	if (!header || nla_put(skb, LAB_GENL_RECORD, len, part)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	if (multicast)
		return genlmsg_multicast(&genl_family, skb, 0, 0, GFP_KERNEL);
	return genlmsg_unicast(&init_net, skb, genl_peer);
}

/* A multicast is sent whether or not somebody has room for it, or listens. */
static int genl_send_record(void)
{
	u8 *record = lab_next(&lab);
	u32 off, len;
	int ret;

	for (off = 0; off < lab.setup.bytes; off += len) {
		len = min(lab.setup.bytes - off, lab.setup.unit);
		ret = genl_send_part(record + off, len);
		if (ret && !(lab.setup.flags & LAB_GENL_MULTICAST))
			return ret;
	}
	return 0;
}

static long genl_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;

	for (n = 0; n < count && !lab_killed(n); n++) {
		if (genl_send_record()) {
			lab.seq--;
			break;
		}
	}
	return n;
}

static long genl_setup(struct lab_side *side)
{
	return side->setup.unit > LAB_GENL_UNIT ? -EINVAL : 0;
}

static int genl_echo(struct sk_buff *in, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	genl_calls++;
	if (GENL_REQ_ATTR_CHECK(info, LAB_GENL_TEXT))
		return -EINVAL;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &genl_family, 0, LAB_GENL_CMD_ECHO);
	if (!header || nla_put_u32(skb, LAB_GENL_CALLS, genl_calls) ||
	    nla_put_string(skb, LAB_GENL_TEXT, nla_data(info->attrs[LAB_GENL_TEXT]))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static int genl_record(struct sk_buff *in, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[LAB_GENL_RECORD];
	u64 entered;

	if (!attr)
		return -EINVAL;
	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	lab_consume(&lab, nla_data(attr), nla_len(attr));
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return 0;
}

static int genl_join(struct sk_buff *in, struct genl_info *info)
{
	genl_peer = info->snd_portid;
	return 0;
}

static const struct genl_small_ops genl_ops[] = {
	{ .cmd = LAB_GENL_CMD_ECHO, .doit = genl_echo },
	{ .cmd = LAB_GENL_CMD_RECORD, .doit = genl_record },
	{ .cmd = LAB_GENL_CMD_JOIN, .doit = genl_join, .flags = GENL_ADMIN_PERM },
};

static const struct genl_multicast_group genl_groups[] = {
	{ .name = LAB_GENL_GROUP },
};

static struct genl_family genl_family = {
	.name = LAB_GENL_NAME,
	.version = LAB_GENL_VERSION,
	.maxattr = LAB_GENL_ATTRS - 1,
	.parallel_ops = true,
	.policy = genl_policy,
	.module = THIS_MODULE,
	.small_ops = genl_ops,
	.n_small_ops = ARRAY_SIZE(genl_ops),
	.mcgrps = genl_groups,
	.n_mcgrps = ARRAY_SIZE(genl_groups),
};

static int __init genl_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	ret = genl_register_family(&genl_family);
	if (ret)
		lab_control_exit();
	return ret;
}
module_init(genl_init);

static void __exit genl_exit(void)
{
	genl_unregister_family(&genl_family);
	lab_control_exit();
}
module_exit(genl_exit);

MODULE_DESCRIPTION("Laboratory: generic netlink");
MODULE_LICENSE("GPL");
