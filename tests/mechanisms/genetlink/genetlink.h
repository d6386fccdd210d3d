/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The laboratory's family of generic netlink.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_GENETLINK_H
#define LAB_GENETLINK_H

#include "lab.h"

#define LAB_GENL_NAME		"lab_records"
#define LAB_GENL_GROUP		"records"
#define LAB_GENL_VERSION	1
#define LAB_GENL_UNIT		16384	/* of an attribute; its length has 16 bits */
#define LAB_GENL_TEXT_MAX	100

enum {
	LAB_GENL_CMD_UNSPEC,
	LAB_GENL_CMD_ECHO,	/* TEXT comes back, with CALLS */
	LAB_GENL_CMD_RECORD,	/* RECORD; both ways */
	LAB_GENL_CMD_JOIN,	/* send me the unicast ones */
};

enum {
	LAB_GENL_UNSPEC,
	LAB_GENL_TEXT,		/* string */
	LAB_GENL_CALLS,		/* u32: times that ECHO ran */
	LAB_GENL_RECORD,	/* binary */
	LAB_GENL_ATTRS
};

/* struct lab_setup: multicast instead of unicast. */
#define LAB_GENL_MULTICAST	LAB_OWN_FLAGS

#endif /* LAB_GENETLINK_H */
