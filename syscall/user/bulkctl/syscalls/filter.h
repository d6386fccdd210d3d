/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of system calls by name.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_FILTER_H
#define SYSCALLS_FILTER_H

#include <linux/bulk_syscalls.h>

/*
 * Has @f choose the calls of @set, which is as strace -e has it: names and classes
 * with commas between, a '!' before them for all the others. Exits with 2 where it
 * names a call that there is not.
 */
void filter_calls(struct bulk_syscalls_filter *f, const char *set);

#endif /* SYSCALLS_FILTER_H */
