/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The channel pages, whose provider pushes records in pages when it is asked to.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PAGES_MODULE_H
#define PAGES_MODULE_H

#include "module.h"
#include "pages.h"
#include "unattended.h"

#define PAGES_MAX_RECORD	(64UL << 10)
#define PAGES_RX_LIMIT		(4 * PAGES_MAX_RECORD)

/* As tests/modules/bulk_pages.c has them. */
enum pages_kind {
	PAGES_OWN,
	PAGES_COMPOUND,
	PAGES_IN_IRQ,
	PAGES_MIXED,
	PAGES_YOURS,
	PAGES_SLAB,
};

struct pages_request {
	__u32 count;
	__u32 len;
	__u64 kind;
	__u64 addr;
};

/* 0, or an errno: -ENOENT without the module. */
static inline int load_pages(const char *params)
{
	/* A test that failed has left it. */
	unload_module("bulk_pages");
	return load_module("bulk_pages", params);
}

/* Ends the channel; the module can still be asked for its pages. */
static inline int end_pages(void)
{
	return set_module_param("bulk_pages", "gone", 1);
}

/* Have records pushed: 0, or what the first push returned. */
static inline int push(int fd, __u32 count, __u32 len, enum pages_kind kind)
{
	struct pages_request req = { .count = count, .len = len, .kind = kind };

	return bulk_send(fd, &req, sizeof(req), 0);
}

/* Have the page at @at pushed, which is no page of the provider's. */
static inline int push_yours(int fd, const void *at)
{
	struct pages_request req = {
		.count = 1, .kind = PAGES_YOURS, .addr = (unsigned long)at,
	};

	return bulk_send(fd, &req, sizeof(req), 0);
}

/* Pages of the provider's that others use, once they are @want or time is up. */
static inline int busy_pages(int want)
{
	time_t end = now() + PATIENCE;
	int busy;

	do
		busy = get_module_param("bulk_pages", "busy");
	while (busy != want && now() < end && !usleep(1000));
	return busy;
}

#endif /* PAGES_MODULE_H */
