/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that a transfer writes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_OUTPUT_H
#define BULKCTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * There is one output. "-" is standard output, NULL is none: writing to it
 * then does nothing. Each ends bulkctl with a message when it fails.
 */
void output_open(const char *name, const struct stat *not_this);
void output_reserve(uint64_t bytes);
void output_write(const void *buf, size_t len);
void output_finish(void);

/* True when data go to standard output, and figures therefore can't. */
bool output_is_stdout(void);

/* Undoes a half-written file; also done on SIGINT, SIGTERM, SIGHUP, SIGXFSZ. */
void output_abandon(void);

#endif /* BULKCTL_OUTPUT_H */
