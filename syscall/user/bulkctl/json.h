/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strings in JSON.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_JSON_H
#define BULKCTL_JSON_H

#include <stdio.h>

/* Quoted; a byte that is no UTF-8 becomes U+FFFD, and NUL is \u0000. */
void json_bytes(FILE *f, const void *bytes, size_t len);
/* The same of a string; NULL is null. */
void json_string(FILE *f, const char *s);

#endif /* BULKCTL_JSON_H */
