/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Touching memory that may not be there: the signal that it gives.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef TOUCH_H
#define TOUCH_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

static sigjmp_buf touch_jump;

static inline void on_touch(int sig)
{
	siglongjmp(touch_jump, sig);
}

static inline int touch(void *at, bool write)
{
	char *byte = at, value;
	int sig;

	signal(SIGBUS, on_touch);
	signal(SIGSEGV, on_touch);
	sig = sigsetjmp(touch_jump, 1);
	if (!sig) {
		value = __atomic_load_n(byte, __ATOMIC_RELAXED);
		if (write)
			__atomic_store_n(byte, value, __ATOMIC_RELAXED);
	}
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

/* The signal that reading the byte at @at gives; 0 for none. */
static inline int read_fault(void *at)
{
	return touch(at, false);
}

/* The signal that writing a byte at @at, as it is, gives; 0 for none. */
static inline int write_fault(void *at)
{
	return touch(at, true);
}

#endif /* TOUCH_H */
