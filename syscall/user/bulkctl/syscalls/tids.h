/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of each thread, found by its number.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_TIDS_H
#define SYSCALLS_TIDS_H

#include <stddef.h>
#include <stdint.h>

/* An entry begins with this; the rest is its user's, zeroes at first. */
struct tid {
	struct tid *next;
	uint32_t number;
};

#define TIDS_BUCKETS	1024

/**
 * struct tids - entries of threads
 * @size: bytes of an entry
 */
struct tids {
	size_t size;
	struct tid *buckets[TIDS_BUCKETS];
};

/* NULL: there is none. */
void *tids_find(const struct tids *t, uint32_t number);
/* Makes one where there is none; ends bulkctl where there is no memory. */
void *tids_get(struct tids *t, uint32_t number);
void tids_drop(struct tids *t, uint32_t number);
/* The entry of @from, if there is one, becomes that of @to. */
void tids_rename(struct tids *t, uint32_t from, uint32_t to);
void tids_clear(struct tids *t);

#endif /* SYSCALLS_TIDS_H */
