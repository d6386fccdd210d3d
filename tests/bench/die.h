/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One error line, and the end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef DIE_H
#define DIE_H

#include <stdio.h>
#include <stdlib.h>

#define die(fmt, ...) do { \
	fprintf(stderr, "error: " fmt "\n", ##__VA_ARGS__); \
	exit(1); \
} while (0)

#endif /* DIE_H */
