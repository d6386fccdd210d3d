// SPDX-License-Identifier: GPL-2.0
/*
 * A UDP socket of the kernel on port 5555 that echoes, keeps or sends datagrams.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user or kernel. Directions: u2k, k2u; both queued in the receiver's
 * socket. Synchronous: no. Loss: what the receiver's buffer has no room for;
 * the sender never learns of it, the receiver can ask how many (SO_RXQ_OVFL,
 * SO_MEMINFO; here also LAB_TOTALS). Unit: 65507 bytes. Privilege: none, so
 * that whoever can reach the port is heard: bind it to the loopback address
 * and check what comes. Choose it when the peer may be on another machine.
 *
 * The socket's callback runs in a softirq, where nothing may sleep: the answer
 * is sent from a work item. A datagram is read where it lies, without
 * copying it out of the socket buffer.
 */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/udp.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/udp.h>

#include "lab_kernel.h"
#include "lab_udp.h"

#define WAIT_JIFFIES	(HZ / 10)	/* for a datagram that may be on its way */
#define SLEEP_JIFFIES	(10 * HZ)	/* with LAB_QUEUED */

static long udp_setup(struct lab_side *side);
static long udp_produce(struct lab_side *side, unsigned long count);
static long udp_consume(struct lab_side *side, unsigned long count);

static const struct lab_ops udp_ops = {
	.setup = udp_setup,
	.produce = udp_produce,
	.consume = udp_consume,
};

LAB_CONTROL("udp", &udp_ops)

static struct socket *udp_socket;
static struct sockaddr_in peer;		/* who sent last */
static void (*default_data_ready)(struct sock *sk);
static u32 drops_before;

static void udp_count_drops(void)
{
	lab.lost = (u32)sk_drops_read(udp_socket->sk) - drops_before;
}

static int udp_send(const void *part, size_t len)
{
	struct msghdr msg = { .msg_name = &peer, .msg_namelen = sizeof(peer) };
	struct kvec iov = { .iov_base = (void *)part, .iov_len = len };

	return kernel_sendmsg(udp_socket, &msg, &iov, 1, len);
}

/* Every piece of a datagram; a large one is not in one piece. */
static void udp_checksum(struct sk_buff *skb)
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

/* Bytes of a datagram that was taken, or an errno; -EAGAIN: none there. */
static int udp_take(int flags, bool echo)
{
	struct sk_buff *skb;
	int ret;

	skb = skb_recv_udp(udp_socket->sk, flags, &ret);
	if (!skb)
		return ret;
	ret = -EBADMSG;
	if (udp_lib_checksum_complete(skb) || (echo && skb_linearize(skb)))
		goto out;
	udp_checksum(skb);
	peer.sin_family = AF_INET;
	peer.sin_addr.s_addr = ip_hdr(skb)->saddr;
	peer.sin_port = udp_hdr(skb)->source;
	if (echo)
		udp_send(skb->data, skb->len);
	ret = skb->len;
out:
	consume_skb(skb);
	return ret;
}

/* Several datagrams may have come since the work was queued. */
static void udp_echo(struct work_struct *work)
{
	mutex_lock(&lab_control_lock);
	while (!(lab.setup.flags & LAB_UDP_HOLD) && udp_take(MSG_DONTWAIT, true) != -EAGAIN)
		cond_resched();
	mutex_unlock(&lab_control_lock);
}

static DECLARE_WORK(echo_work, udp_echo);

/* In a softirq. */
static void udp_data_ready(struct sock *sk)
{
	default_data_ready(sk);
	if (!(READ_ONCE(lab.setup.flags) & LAB_UDP_HOLD))
		schedule_work(&echo_work);
}

/* Returns how many parts it took before it waited in vain. */
static long udp_consume(struct lab_side *side, unsigned long count)
{
	unsigned long parts = count * DIV_ROUND_UP(side->setup.bytes, side->setup.unit), n;
	int ret = 0;

	for (n = 0; n < parts && ret >= 0; n++)
		ret = udp_take(0, false);
	udp_count_drops();
	if (ret >= 0)
		return count;
	return ret == -EAGAIN ? (n - 1) / (parts / count) : ret;
}

static int udp_send_record(struct lab_side *side)
{
	u8 *record = lab_next(side);
	u32 off, len;
	int ret;

	for (off = 0; off < side->setup.bytes; off += len) {
		len = min(side->setup.bytes - off, side->setup.unit);
		ret = udp_send(record + off, len);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static long udp_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;
	int ret = 0;

	if (!peer.sin_port)
		return -ENOTCONN;
	for (n = 0; n < count && !ret; n++)
		ret = signal_pending(current) ? -EINTR : udp_send_record(side);
	return ret ?: count;
}

static void udp_discard(void)
{
	int err;

	for (;;) {
		struct sk_buff *skb = skb_recv_udp(udp_socket->sk, MSG_DONTWAIT, &err);

		if (!skb)
			return;
		consume_skb(skb);
	}
}

/* Large records get room for a batch. */
static long udp_setup(struct lab_side *side)
{
	struct sock *sk = udp_socket->sk;
	u64 room = 2ULL * side->setup.batch * side->setup.bytes;

	if (side->setup.unit > LAB_UDP_UNIT || room > 32 << 20)
		return -EINVAL;
	sock_set_rcvbuf(sk, max_t(int, room, LAB_UDP_ROOM / 2));
	sk->sk_rcvtimeo = side->setup.flags & LAB_QUEUED ? SLEEP_JIFFIES : WAIT_JIFFIES;
	udp_discard();
	drops_before = sk_drops_read(sk);
	peer = (struct sockaddr_in){ 0 };
	return 0;
}

static void udp_set_callback(void (*callback)(struct sock *sk))
{
	struct sock *sk = udp_socket->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = callback;
	write_unlock_bh(&sk->sk_callback_lock);
}

static int udp_bind(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(LAB_UDP_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int ret;

	ret = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &udp_socket);
	if (ret)
		return ret;
	/* The address comes up with the loopback device, maybe later. */
	ip_sock_set_freebind(udp_socket->sk);
	ret = kernel_bind(udp_socket, (struct sockaddr_unsized *)&addr, sizeof(addr));
	if (ret)
		sock_release(udp_socket);
	return ret;
}

static int __init lab_udp_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	ret = udp_bind();
	if (ret) {
		lab_control_exit();
		return ret;
	}
	default_data_ready = udp_socket->sk->sk_data_ready;
	udp_set_callback(udp_data_ready);
	return 0;
}
module_init(lab_udp_init);

static void __exit lab_udp_exit(void)
{
	udp_set_callback(default_data_ready);
	/* A softirq may still be in udp_data_ready(). */
	synchronize_net();
	cancel_work_sync(&echo_work);
	sock_release(udp_socket);
	lab_control_exit();
}
module_exit(lab_udp_exit);

MODULE_DESCRIPTION("Laboratory: UDP socket");
MODULE_LICENSE("GPL");
