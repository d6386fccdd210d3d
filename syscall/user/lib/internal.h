/* SPDX-License-Identifier: MIT */
/*
 * What the files of libbulk share with each other.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_INTERNAL_H
#define BULK_INTERNAL_H

#include <stdbool.h>

#include "bulk.h"

/* Never written after bulk_open(), so threads share it without a lock. */
struct bulk {
	int fd;
	bool has_call; /* false: read(2) and write(2) instead */
};

bool bulk_is_endpoint(int fd);
long bulk_run(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	      unsigned int flags);
long bulk_fallback(int fd, struct bulk_seg *segs, unsigned int nr,
		   unsigned int flags);
ssize_t bulk_fallback_recv(int fd, void *buf, size_t room);

#endif /* BULK_INTERNAL_H */
