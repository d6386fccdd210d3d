/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network device of the machine itself, for mechanisms that send through one; user side.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_NET_H
#define LAB_NET_H

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The loopback device is down until somebody wants it. 0 or -1 with errno. */
static inline int lab_link_up(const char *name)
{
	struct ifreq req = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = -1;

	if (fd < 0)
		return -1;
	strncpy(req.ifr_name, name, sizeof(req.ifr_name) - 1);
	if (!ioctl(fd, SIOCGIFFLAGS, &req)) {
		ret = 0;
		if (!(req.ifr_flags & IFF_UP)) {
			req.ifr_flags |= IFF_UP;
			ret = ioctl(fd, SIOCSIFFLAGS, &req);
		}
	}
	close(fd);
	return ret;
}

#endif /* LAB_NET_H */
