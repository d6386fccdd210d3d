/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bulkctl syscalls has received, and the forms that it is written in.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_EVENT_H
#define SYSCALLS_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/bulk_syscalls.h>

/**
 * struct event - a received record, in the order of time
 * @time: nanoseconds of CLOCK_MONOTONIC
 * @lost: records lost just before this one, on its CPU
 * @len: bytes at @head
 * @head: the record: its length is that of its type at least, and its parts lie
 *	within it; @head->type may be one that is not known yet
 * @comm: name of the thread, "" when it is not known
 */
struct event {
	uint64_t time;
	uint32_t lost;
	uint32_t len;
	const struct bulk_syscalls_head *head;
	const char *comm;
};

/**
 * struct writer - a form that events are written in
 * @name: of the form, in messages
 * @begin: before the first event; @started tells of the recording and its clocks
 * @event: each event, those that tell of losses included
 * @end: after the last. Returns 0, or -1 with errno
 *
 * All write to @out, but for those that need a folder: these take @path.
 */
struct writer {
	const char *name;
	int (*begin)(FILE *out, const char *path,
		     const struct bulk_syscalls_started *started);
	void (*event)(const struct event *e);
	int (*end)(void);
};

extern const struct writer writer_text;		/* as strace -f */
extern const struct writer writer_summary;	/* as strace -c */
extern const struct writer writer_json;		/* an object a line */
extern const struct writer writer_chrome;	/* Trace Event Format, for Perfetto */
extern const struct writer writer_ctf;		/* Common Trace Format 1.8, a folder */

/* Tables made at build time from the kernel's own (tables.py). */

/**
 * struct call - a system call
 * @name: without "sys_"; NULL: none has this number
 * @nr_args: how many arguments it has
 */
struct call {
	const char *name;
	unsigned int nr_args;
};

/* NULL for a number that the tables do not have; x32 bit and all. */
const struct call *call_find(unsigned int abi, uint32_t nr);
/* "ENOENT"; NULL for a number that is none. */
const char *errno_name(unsigned int number);
/* The bit numbers of a call by its name, for -e: -1: there is none. */
int call_number(unsigned int abi, const char *name);

#endif /* SYSCALLS_EVENT_H */
