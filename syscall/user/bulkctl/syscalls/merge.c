// SPDX-License-Identifier: GPL-2.0
/*
 * Records of all CPUs in one order: a heap of queues, that with the oldest record
 * on top.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "merge.h"

/* All in the heap have a record; of two of the same time, the lower CPU goes first. */
static bool before(const struct queue *a, const struct queue *b)
{
	if (a->next.time != b->next.time)
		return a->next.time < b->next.time;
	return a < b;
}

static void sift_down(struct queue **heap, unsigned int nr, unsigned int i)
{
	struct queue *q = heap[i];
	unsigned int child;

	while ((child = 2 * i + 1) < nr) {
		if (child + 1 < nr && before(heap[child + 1], heap[child]))
			child++;
		if (!before(heap[child], q))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = q;
}

static unsigned int build(struct merge *m)
{
	unsigned int i, nr = 0;

	for (i = 0; i < m->nr; i++) {
		if (queue_peek(&m->queues[i]))
			m->heap[nr++] = &m->queues[i];
	}
	for (i = nr / 2; i-- > 0;)
		sift_down(m->heap, nr, i);
	return nr;
}

void merge_until(struct merge *m, uint64_t until,
		 void (*take)(const struct event *e, void *arg), void *arg)
{
	unsigned int nr = build(m);

	while (nr && m->heap[0]->next.time < until) {
		take(&m->heap[0]->next, arg);
		queue_pop(m->heap[0]);
		if (!queue_peek(m->heap[0]))
			m->heap[0] = m->heap[--nr];
		if (nr)
			sift_down(m->heap, nr, 0);
	}
}

bool merge_waits(struct merge *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++) {
		if (queue_peek(&m->queues[i]))
			return true;
	}
	return false;
}
