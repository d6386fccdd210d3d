// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of each thread. Their numbers are handed out in sequence, so that
 * they spread by themselves.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdlib.h>

#include "../message.h"
#include "tids.h"

/* Return: the pointer to the entry of @number, or to the end of its bucket. */
static struct tid **place(struct tids *t, uint32_t number)
{
	struct tid **at = &t->buckets[number % TIDS_BUCKETS];

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

void *tids_find(const struct tids *t, uint32_t number)
{
	struct tid *at = t->buckets[number % TIDS_BUCKETS];

	while (at && at->number != number)
		at = at->next;
	return at;
}

void *tids_get(struct tids *t, uint32_t number)
{
	struct tid **at = place(t, number);

	if (*at)
		return *at;
	*at = calloc(1, t->size);
	if (!*at)
		fail("no memory for another thread");
	(*at)->number = number;
	return *at;
}

static struct tid *unlink_tid(struct tids *t, uint32_t number)
{
	struct tid **at = place(t, number), *found = *at;

	if (found)
		*at = found->next;
	return found;
}

void tids_drop(struct tids *t, uint32_t number)
{
	free(unlink_tid(t, number));
}

void tids_rename(struct tids *t, uint32_t from, uint32_t to)
{
	struct tid *found = from == to ? NULL : unlink_tid(t, from);

	if (!found)
		return;
	tids_drop(t, to);
	found->number = to;
	found->next = NULL;
	*place(t, to) = found;
}

void tids_clear(struct tids *t)
{
	struct tid *at;
	size_t i;

	for (i = 0; i < TIDS_BUCKETS; i++) {
		while ((at = t->buckets[i])) {
			t->buckets[i] = at->next;
			free(at);
		}
	}
}
