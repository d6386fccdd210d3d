/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The byte streams that the source channel cuts its records from.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_STREAM_H
#define BULKCTL_STREAM_H

#include <stddef.h>
#include <stdint.h>

void stream_fill(uint64_t seed, uint64_t offset, void *buf, size_t len);

/* Return: index of the first byte that is not the stream's, len if none. */
size_t stream_compare(uint64_t seed, uint64_t offset, const void *buf,
		      size_t len);

#endif /* BULKCTL_STREAM_H */
