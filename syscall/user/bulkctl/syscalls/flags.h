/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of the values and flags that calls are given.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_FLAGS_H
#define SYSCALLS_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "line.h"

/* A flag or a value, and its name; a table ends with a name that is NULL. */
struct name {
	uint64_t value;
	const char *name;
};

/**
 * struct flags - how an argument is made of names
 * @values: what the bits in @mask are one of; NULL: no such part
 * @bits: flags, those of several bits before those that they contain
 * @mask: of @values
 */
struct flags {
	const struct name *values;
	const struct name *bits;
	uint64_t mask;
};

extern const struct flags flags_open, flags_access, flags_at, flags_prot,
	flags_map, flags_advice, flags_clone, flags_futex, flags_domain,
	flags_socket, flags_shutdown, flags_fcntl, flags_epoll, flags_whence,
	flags_wait, flags_sigmask, flags_clock, flags_fd;

/* As "O_WRONLY|O_CREAT"; what has no name in hexadecimal. */
void line_flags(struct line *l, const struct flags *f, uint64_t value);
/* As "SIGTERM", "SIGRT_3". */
void line_signal(struct line *l, uint64_t number);

#endif /* SYSCALLS_FLAGS_H */
