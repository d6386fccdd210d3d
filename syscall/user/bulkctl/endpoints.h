/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures of open endpoints, found through /proc.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_ENDPOINTS_H
#define BULKCTL_ENDPOINTS_H

#include <stdint.h>

#include "sysfs.h"

enum endpoint_value {
	TX_RECORDS,
	TX_BYTES,
	RX_RECORDS,
	RX_BYTES,
	RX_LOST,
	RX_QUEUED,
	RX_QUEUED_BYTES,
	RX_RESERVED,
	WINDOW,
	WINDOW_ERRORS,
	TX_REFUSED,
	ENDPOINT_ID,	/* the same for all that share it */
	ENDPOINT_VALUES,
};

struct endpoint {
	unsigned int pid;
	unsigned int fd;
	char comm[64];
	char channel[CHANNEL_NAME_MAX];
	uint64_t values[ENDPOINT_VALUES];
};

/*
 * Calls visit for each open endpoint of each process; one that processes share
 * is visited for each of them. Return: processes that it may not look into.
 */
unsigned int endpoints_scan(const char *sysroot,
			    void (*visit)(const struct endpoint *e, void *arg),
			    void *arg);

#endif /* BULKCTL_ENDPOINTS_H */
