/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The laboratory's own netlink protocol.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_NETLINK_H
#define LAB_NETLINK_H

#include <linux/netlink.h>

#include "lab.h"

#define LAB_NETLINK		30	/* a protocol number that nobody has */
#define LAB_NETLINK_GROUP	1	/* multicast; group 2 gets nothing */
#define LAB_NETLINK_UNIT	16384	/* payload of a message */
#define LAB_NETLINK_STATES	200	/* messages of a dump */

/* Message types. */
enum {
	LAB_NL_RECORD = NLMSG_MIN_TYPE,	/* a record, or a part of one; both ways */
	LAB_NL_JOIN,			/* to the kernel: send me the unicast ones */
	LAB_NL_STATE,			/* with NLM_F_DUMP: struct lab_nl_state each */
};

/* What somebody who lost records needs to go on. */
struct lab_nl_state {
	__u64	index;
	__u64	sent;		/* records that the kernel has sent so far */
};

/* struct lab_setup: multicast instead of unicast. */
#define LAB_NL_MULTICAST	LAB_OWN_FLAGS

#endif /* LAB_NETLINK_H */
