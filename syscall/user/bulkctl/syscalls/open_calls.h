/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that have been seen, and the call that each of them is in.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_OPEN_CALLS_H
#define SYSCALLS_OPEN_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#define THREAD_NAME	16	/* as /proc/PID/comm, with the NUL */

/**
 * struct thread - one that has been seen
 * @tid: its number, never 0
 * @in_call: an entry was written, and no exit since
 * @nr: of that call
 * @name: that was written last, "" at first
 */
struct thread {
	uint32_t tid;
	bool in_call;
	uint32_t nr;
	char name[THREAD_NAME];
};

/* Return: the thread; NULL: @tid is 0, which many may have, or no memory. */
struct thread *thread_get(uint32_t tid);
/* Its number may be another one's from now on. */
void thread_forget(uint32_t tid);
void thread_forget_all(void);

#endif /* SYSCALLS_OPEN_CALLS_H */
