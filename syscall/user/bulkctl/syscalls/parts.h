/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is in a record of the channel syscalls, read within its length.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_PARTS_H
#define SYSCALLS_PARTS_H

#include <stdbool.h>

#include "event.h"

/* A place in the parts of a record, and the bytes from there on. */
struct parts {
	const uint8_t *at;
	size_t left;
};

/**
 * struct call_view - what an entry and an exit have in common
 * @abi: BULK_SYSCALLS_ABI_*
 * @nr: number of the call
 * @call: what the tables say of it; NULL: nothing
 * @exit: the record, if it is an exit; NULL: it is an entry
 * @timed: of an exit, whether its @exit->duration_ns is known
 * @args: arguments, in the record; NULL: it has none
 * @nr_args: how many of them the call has
 * @parts: its paths and its stack
 */
struct call_view {
	unsigned int abi;
	uint32_t nr;
	const struct call *call;
	const struct bulk_syscalls_exit *exit;
	bool timed;
	const uint64_t *args;
	unsigned int nr_args;
	struct parts parts;
};

/* Nothing of an event without may be read. */
static inline bool event_has_head(const struct event *e)
{
	return e->len >= sizeof(*e->head);
}

/* Return: false: @e is neither an entry nor an exit, or too short for one. */
bool call_view(struct call_view *v, const struct event *e);

/* Return: a call that has a name, else NULL. */
const struct call *named_call(unsigned int abi, uint32_t nr);

/* Return: the next part of this kind; NULL: no more that are whole. */
const struct bulk_syscalls_part *part_next(struct parts *p, unsigned int kind);

/* Return: the record, if it is of this type and has so many bytes, else NULL. */
const void *event_as(const struct event *e, unsigned int type, size_t size);

/* Return: the path of an exec, of *len bytes. */
const uint8_t *exec_path(const struct event *e,
			 const struct bulk_syscalls_exec *exec, size_t *len);

/* Return: the name of the event's thread, in @name unless it is @e->comm. */
#define COMM_ROOM	(sizeof(((struct bulk_syscalls_comm *)0)->comm) + 1)
const char *event_comm(const struct event *e, char name[COMM_ROOM]);

/* Return: "ENOENT"; NULL: the result is no error, or one without a name. */
const char *result_errno(int64_t result);

/* Return: "64", "32", "x32"; NULL: none of these. */
const char *abi_name(unsigned int abi);

#endif /* SYSCALLS_PARTS_H */
