// SPDX-License-Identifier: GPL-2.0
/*
 * Frames with an ethertype of their own: a handler in the kernel, AF_PACKET in user space.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k (handled within the sender's call on
 * the loopback device), k2u (queued). Synchronous: to the kernel there yes,
 * else no. Loss: what the receiver's socket or ring has no room for; it can
 * ask how many (PACKET_STATISTICS), the sender never learns of it. Unit: a
 * frame, 64 KiB on the loopback device, 1500 bytes on most. Privilege:
 * CAP_NET_RAW. Choose it for a protocol below IP, on a wire; within one
 * machine only if both ends exist already.
 *
 * The handler runs in a softirq: no sleeping, a spinlock for what it shares.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/sched/signal.h>
#include <linux/skbuff.h>

#include "lab_kernel.h"
#include "lab_packet.h"

static char device[IFNAMSIZ] = LAB_PACKET_DEVICE;
module_param_string(device, device, sizeof(device), 0444);
MODULE_PARM_DESC(device, "the network device to send through");

static long packet_setup(struct lab_side *side);
static long packet_produce(struct lab_side *side, unsigned long count);

static const struct lab_ops packet_ops = {
	.setup = packet_setup,
	.produce = packet_produce,
};

LAB_CONTROL("packet", &packet_ops)

static DEFINE_SPINLOCK(arrival_lock);	/* two CPUs may receive at a time */

/* Sends a socket buffer that has the payload; it is gone then. */
static int packet_transmit(struct net_device *dev, struct sk_buff *skb)
{
	int ret;

	skb->dev = dev;
	skb->protocol = htons(LAB_PACKET_TO_USER);
	skb_reset_network_header(skb);
	if (dev_hard_header(skb, dev, LAB_PACKET_TO_USER, NULL, NULL, skb->len) < 0) {
		kfree_skb(skb);
		return -EINVAL;
	}
	ret = dev_queue_xmit(skb);
	return ret > 0 ? net_xmit_errno(ret) : ret;
}

static struct sk_buff *packet_alloc(struct net_device *dev, u32 len, gfp_t gfp)
{
	struct sk_buff *skb = alloc_skb(LL_RESERVED_SPACE(dev) + len + dev->needed_tailroom, gfp);

	if (skb)
		skb_reserve(skb, LL_RESERVED_SPACE(dev));
	return skb;
}

static void packet_echo(struct net_device *dev, const struct sk_buff *skb)
{
	struct sk_buff *answer = packet_alloc(dev, skb->len, GFP_ATOMIC);

	if (!answer)
		return;
	if (skb_copy_bits(skb, 0, skb_put(answer, skb->len), skb->len))
		kfree_skb(answer);
	else
		packet_transmit(dev, answer);
}

/* Every piece of a frame; a large one may not be in one piece. */
static void packet_checksum(struct sk_buff *skb)
{
	struct skb_seq_state state;
	unsigned int len, off = 0;
	const u8 *piece;

	skb_prepare_seq_read(skb, 0, skb->len, &state);
	while ((len = skb_seq_read(off, &piece, &state))) {
		lab_consume(&lab, piece, len);
		off += len;
	}
}

/* In a softirq; the link-layer header is off already. */
static int packet_receive(struct sk_buff *skb, struct net_device *dev,
			  struct packet_type *type, struct net_device *orig_dev)
{
	u64 entered;

	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		return NET_RX_DROP;
	spin_lock(&arrival_lock);
	entered = lab_enter(&lab);
	packet_checksum(skb);
	lab_leave(&lab, entered);
	spin_unlock(&arrival_lock);
	if (READ_ONCE(lab.setup.flags) & LAB_PACKET_ECHO)
		packet_echo(dev, skb);
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

/* Of any device: none is held, so that each can go. */
static struct packet_type packet_handler = {
	.type = cpu_to_be16(LAB_PACKET_TO_KERNEL),
	.func = packet_receive,
};

static int packet_send_part(struct net_device *dev, const void *part, u32 len)
{
	struct sk_buff *skb;

	if (len > dev->mtu)
		return -EMSGSIZE;
	skb = packet_alloc(dev, len, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	skb_put_data(skb, part, len);
	return packet_transmit(dev, skb);
}

static int packet_send_record(struct lab_side *side, struct net_device *dev)
{
	u8 *record = lab_next(side);
	u32 off, len;
	int ret;

	for (off = 0; off < side->setup.bytes; off += len) {
		len = min(side->setup.bytes - off, side->setup.unit);
		ret = packet_send_part(dev, record + off, len);
		if (ret)
			return ret;
	}
	return 0;
}

static long packet_produce(struct lab_side *side, unsigned long count)
{
	struct net_device *dev = dev_get_by_name(&init_net, device);
	unsigned long n;
	int ret = 0;

	if (!dev)
		return -ENODEV;
	for (n = 0; n < count && !ret; n++)
		ret = signal_pending(current) ? -EINTR : packet_send_record(side, dev);
	dev_put(dev);
	return ret ?: count;
}

static long packet_setup(struct lab_side *side)
{
	return side->setup.unit > LAB_PACKET_UNIT ? -EINVAL : 0;
}

static int __init lab_packet_init(void)
{
	int ret = lab_control_init();

	if (!ret)
		dev_add_pack(&packet_handler);
	return ret;
}
module_init(lab_packet_init);

static void __exit lab_packet_exit(void)
{
	/* Waits until no softirq is in packet_receive(). */
	dev_remove_pack(&packet_handler);
	lab_control_exit();
}
module_exit(lab_packet_exit);

MODULE_DESCRIPTION("Laboratory: ethertype handler");
MODULE_LICENSE("GPL");
