// SPDX-License-Identifier: GPL-2.0
/*
 * The log by generic netlink: messages of many records to a group that this listens to.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Messages are lost for which the receive buffer has no room. The socket asks
 * that the kernel half be told, which counts their records. poll(2) tells of
 * full messages only; a drain takes all.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "die.h"
#include "form.h"
#include "recorder.h"

#define HEADERS	(NLMSG_HDRLEN + GENL_HDRLEN)

static struct {
	struct nl_sock *sk;
	int fd;
	size_t bytes;
	struct form_stream stream;
} genl;

static void set_option(int level, int option, int value)
{
	if (setsockopt(genl.fd, level, option, &value, sizeof(value)))
		die("genetlink: option %d: %s", option, strerror(errno));
}

/* The kernel doubles the size that it is given, and counts its own overhead in. */
static void socket_open(size_t bytes)
{
	int group;

	genl.sk = nl_socket_alloc();
	if (!genl.sk || genl_connect(genl.sk))
		die("genetlink: no socket");
	genl.fd = nl_socket_get_fd(genl.sk);
	genl.bytes = bytes;
	genl.stream.have = 0;
	group = genl_ctrl_resolve_grp(genl.sk, LOG_FAMILY, LOG_GROUP);
	if (group < 0 || nl_socket_add_membership(genl.sk, group))
		die("genetlink: group " LOG_GROUP);
	set_option(SOL_SOCKET, SO_RCVBUFFORCE, bytes / 2);
	set_option(SOL_NETLINK, NETLINK_BROADCAST_ERROR, 1);
	set_option(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
}

static bool genl_start(pid_t pid, size_t bytes)
{
	if (!form_open())
		return false;
	socket_open(bytes);
	form_record(LOG_MESSAGES, pid, bytes);
	return true;
}

static uint64_t take_message(const uint8_t *message, size_t len)
{
	const struct nlattr *attr = (const void *)(message + HEADERS);

	if (len < HEADERS + NLA_HDRLEN || attr->nla_type != LOG_ATTR_RECORDS ||
	    attr->nla_len < NLA_HDRLEN || HEADERS + attr->nla_len > len)
		die("genetlink: message of %zu bytes without records", len);
	return form_take(&genl.stream, (const uint8_t *)attr + NLA_HDRLEN,
			 attr->nla_len - NLA_HDRLEN);
}

/* Not more than the buffer holds, lest a fast sender keep it here. */
static uint64_t receive(void)
{
	uint64_t taken = 0;
	size_t bytes;
	ssize_t n;

	for (bytes = 0; bytes < genl.bytes; bytes += n) {
		n = recv(genl.fd, form_piece, FORM_PIECE, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			die("genetlink: recv: %s", strerror(errno));
		taken += take_message(form_piece, n);
	}
	return taken;
}

/* The message that is being filled comes once there is room for it. */
static uint64_t genl_drain(void)
{
	uint64_t taken = receive();

	if (ioctl(form_ctl, LOG_FLUSH))
		die(LOG_DEVICE ": flush: %s", strerror(errno));
	return taken + receive();
}

static int genl_fd(void)
{
	return genl.fd;
}

static void genl_stop(void)
{
	nl_socket_free(genl.sk);
	form_stop();
}

const struct recorder recorder_genetlink = {
	.name = "genetlink",
	.about = "generic netlink: multicast messages of many records",
	.start = genl_start,
	.drain = genl_drain,
	.fd = genl_fd,
	.lost = form_lost,
	.stop = genl_stop,
};
