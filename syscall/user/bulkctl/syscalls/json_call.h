/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Members of an object of JSON that tell of a system call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_JSON_CALL_H
#define SYSCALLS_JSON_CALL_H

#include "parts.h"

/* "args":[...], and "paths", "stack" where it has any; nothing without all. */
void json_call_args(FILE *f, const struct call_view *v, const char *before);

/* "result":N,"errno":"ENOENT" of an exit. */
void json_call_result(FILE *f, const struct call_view *v);

/* Return: 0; -1 with errno: not all that was written has arrived. */
int json_end(FILE *f);

#endif /* SYSCALLS_JSON_CALL_H */
