/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests of mappings share: a write that may fault, and what smaps tells.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <setjmp.h>
#include <signal.h>

#include "bulk_test.h"

static sigjmp_buf fault_jump;

static inline void on_fault(int sig)
{
	siglongjmp(fault_jump, sig);
}

/* The signal that writing a byte at @at, as it is, gives; 0 for none. */
static inline int write_fault(void *at)
{
	char *byte = at;
	int sig;

	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);
	sig = sigsetjmp(fault_jump, 1);
	if (!sig)
		__atomic_store_n(byte, __atomic_load_n(byte, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

/* The line of smaps that begins with @key, of the mapping that starts at @at. */
static inline bool smaps_line(const void *at, const char *key, char *line,
			      size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false, found = false;
	char start[32];

	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	while (f && !found && fgets(line, size, f)) {
		here |= !strncmp(line, start, strlen(start));
		found = here && !strncmp(line, key, strlen(key));
	}
	if (f)
		fclose(f);
	return found;
}

#endif /* MAPPING_H */
