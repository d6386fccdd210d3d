/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a received record is made of.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_RECORD_H
#define SYSCALLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bulk_syscalls.h>

/*
 * Is it of a known type, and does all that it says it has lie within @len bytes?
 * The functions below are for records of which this is true.
 */
bool record_valid(const struct bulk_syscalls_head *head, size_t len);

/* The six arguments of an ENTER, or of an EXIT that has some; NULL: none. */
const __u64 *record_args(const struct bulk_syscalls_head *head);

/* The part behind @prev, NULL: the first. Return: NULL at the end. */
const struct bulk_syscalls_part *
record_part(const struct bulk_syscalls_head *head,
	    const struct bulk_syscalls_part *prev);

#endif /* SYSCALLS_RECORD_H */
