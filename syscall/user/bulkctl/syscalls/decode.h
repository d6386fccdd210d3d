/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls as text.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_DECODE_H
#define SYSCALLS_DECODE_H

#include "event.h"
#include "line.h"

/* "openat", "syscall_0x76c": of an ENTER or EXIT. */
void decode_name(struct line *l, const struct bulk_syscalls_head *head);
/* "AT_FDCWD, "/etc/passwd", O_RDONLY": of a record that has arguments. */
void decode_args(struct line *l, const struct bulk_syscalls_head *head);
/* "-1 ENOENT (No such file or directory)" */
void decode_result(struct line *l, const struct bulk_syscalls_exit *e);

#endif /* SYSCALLS_DECODE_H */
