// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that have been seen, and the call that each of them is in.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <search.h>
#include <stdlib.h>

#include "open_calls.h"

static void *threads;	/* of tsearch(3) */

static int by_tid(const void *a, const void *b)
{
	uint32_t x = ((const struct thread *)a)->tid;
	uint32_t y = ((const struct thread *)b)->tid;

	return (x > y) - (x < y);
}

struct thread *thread_get(uint32_t tid)
{
	struct thread *t, **found;

	if (!tid)
		return NULL;
	found = tfind(&(struct thread){ .tid = tid }, &threads, by_tid);
	if (found)
		return *found;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->tid = tid;
	if (tsearch(t, &threads, by_tid))
		return t;
	free(t);
	return NULL;
}

void thread_forget(uint32_t tid)
{
	struct thread **found, *t;

	found = tfind(&(struct thread){ .tid = tid }, &threads, by_tid);
	if (!found)
		return;
	t = *found;
	tdelete(t, &threads, by_tid);
	free(t);
}

void thread_forget_all(void)
{
	tdestroy(threads, free);
	threads = NULL;
}
