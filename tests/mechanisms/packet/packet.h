/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets of the packet mechanism's rows.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PACKET_H
#define PACKET_H

#include <linux/if_packet.h>

#include "mechanism.h"

extern const struct about packet_about;
extern const struct mechanism packet_ring_to_kernel;
extern const struct mechanism packet_ring_to_user;

/* Where frames of that type go on the device. */
struct sockaddr_ll packet_address(int type);
void packet_open(struct transfer *t);
uint64_t packet_drops(int fd);

#endif /* PACKET_H */
