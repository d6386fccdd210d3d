/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernel's UDP socket is, and how it is told not to echo.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_UDP_H
#define LAB_UDP_H

#include <linux/in.h>

#include "lab.h"

#define LAB_UDP_PORT	5555		/* of 127.0.0.1: other machines don't reach it */
#define LAB_UDP_UNIT	65504		/* 65507 at most; parts are multiples of 8 */
#define LAB_UDP_ROOM	200000		/* what every socket's buffer has */

/* struct lab_setup: datagrams wait for LAB_CONSUME instead of being echoed. */
#define LAB_UDP_HOLD	LAB_OWN_FLAGS

#endif /* LAB_UDP_H */
