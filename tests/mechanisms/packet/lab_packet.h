/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The laboratory's ethertypes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_PACKET_H
#define LAB_PACKET_H

#include "lab.h"

/* The two that IEEE 802 leaves for experiments: own frames don't come back. */
#define LAB_PACKET_TO_KERNEL	0x88b5
#define LAB_PACKET_TO_USER	0x88b6

#define LAB_PACKET_DEVICE	"lo"	/* module parameter "device" */
#define LAB_PACKET_UNIT		65536	/* MTU of the loopback device */

/* struct lab_setup: every frame is answered with its payload. */
#define LAB_PACKET_ECHO		LAB_OWN_FLAGS

#endif /* LAB_PACKET_H */
