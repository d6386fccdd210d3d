/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The progress bar.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_PROGRESS_H
#define BULKCTL_PROGRESS_H

#include <stdint.h>

/* Shown only when standard error is a terminal. total 0: not known. */
void progress_show(uint64_t done, uint64_t total);
void progress_clear(void);

#endif /* BULKCTL_PROGRESS_H */
