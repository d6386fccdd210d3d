/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads: processes that make system calls, always the same ones.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LOADS_H
#define LOADS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct work - what the process of a load and its parent share
 * @calls: to be made
 * @made: so far
 * @ticks: of the time stamp counter, for all of them
 * @started: where that stood before the last one, of load_steps
 */
struct work {
	uint64_t calls;
	uint64_t made;
	uint64_t ticks;
	uint64_t started;
};

/**
 * struct load - a kind of load (loads.c)
 * @name: in tables
 * @warm: calls made before those that count
 * @run: makes work->calls calls, or some more, in the forked process
 */
struct load {
	const char *name;
	unsigned int warm;
	void (*run)(struct work *work);
};

/* One call over and over; a tree of files, as find(1) and cat(1) read it; one call at a time. */
extern const struct load load_getppid, load_files, load_steps;
void load_tree_make(void);
void load_tree_remove(void);

/**
 * struct loading - a load in a process (loading.c)
 * @pid: the process
 * @work: shared with it
 */
struct loading {
	pid_t pid;
	struct work *work;
};

/* A load that makes no call for so long waits for its reader. */
#define PATIENCE_NS	5000000000ULL

void load_init(void);
struct loading load_fork(const struct load *load, uint64_t calls);
void load_go(const struct loading *l);
bool load_wait_for_stop(const struct loading *l);
bool load_has_ended(struct loading *l, uint64_t patience_ns);
void load_free(struct loading *l);

/* Records of so many calls: entries, exits, and the entry of the last call, exit_group(2). */
static inline uint64_t load_records(uint64_t calls)
{
	return 2 * calls + 1;
}

#endif /* LOADS_H */
