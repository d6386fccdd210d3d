/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables that tables.py makes when bulkctl is built.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_TABLES_H
#define SYSCALLS_TABLES_H

#include "event.h"

/* Indexed by number, x32's without __X32_SYSCALL_BIT; name NULL: none. */
extern const struct call calls_64[], calls_x32[], calls_32[];
extern const unsigned int nr_calls_64, nr_calls_x32, nr_calls_32;

/* Indexed by errno; NULL: none. */
extern const char *const errno_names[];
extern const unsigned int nr_errno_names;

#endif /* SYSCALLS_TABLES_H */
