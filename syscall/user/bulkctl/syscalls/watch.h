/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes whose end is waited for.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_WATCH_H
#define SYSCALLS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct watch - processes
 * @epfd: readable when one of them has ended
 * @alive: how many are thought to run
 * @any: was there ever one?
 */
struct watch {
	int epfd;
	unsigned int alive;
	bool any;
};

void watch_open(struct watch *w);
/* Return: 0, or an errno: ESRCH, EINVAL (it is a thread), EMFILE, ... */
int watch_add(struct watch *w, uint32_t pid);
/* Forgets those that have ended. */
void watch_reap(struct watch *w);

/* Were there some, and have all ended? */
static inline bool watch_over(const struct watch *w)
{
	return w->any && !w->alive;
}

#endif /* SYSCALLS_WATCH_H */
