// SPDX-License-Identifier: GPL-2.0
/*
 * The records of one endpoint that wait to be merged.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdlib.h>

#include <bulk.h>

#include "queue.h"
#include "record.h"

struct chunk {
	struct chunk *next;
	size_t at;		/* what was taken */
	size_t used;		/* what was received */
	uint64_t data[QUEUE_CHUNK / sizeof(uint64_t)];
};

static struct chunk *chunk_add(struct queue *q)
{
	struct chunk *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	c->next = NULL;
	c->at = 0;
	c->used = 0;
	if (q->last)
		q->last->next = c;
	else
		q->first = c;
	q->last = c;
	return c;
}

void *queue_room(struct queue *q, size_t *room)
{
	struct chunk *c = q->last;

	if (!c || QUEUE_CHUNK - c->used < QUEUE_LEAST)
		c = chunk_add(q);
	if (!c)
		return NULL;
	*room = QUEUE_CHUNK - c->used;
	return (char *)c->data + c->used;
}

void queue_filled(struct queue *q, size_t len)
{
	q->last->used += len;
}

/* Leaves the last one, for what is received next. */
static bool next_chunk(struct queue *q)
{
	struct chunk *c = q->first;

	if (!c)
		return false;
	if (!c->next) {
		c->at = 0;
		c->used = 0;
		return false;
	}
	q->first = c->next;
	free(c);
	return true;
}

static uint32_t add_lost(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

/* Return: false at the end of the chunk, or where what follows is no record. */
static bool parse_one(struct queue *q)
{
	struct bulk_cursor at = { (char *)q->first->data + q->first->at,
				  q->first->used - q->first->at };
	struct event *e = &q->next;
	uint32_t lost;
	size_t len;

	e->head = bulk_region_next(&at, &len, &e->time, &lost);
	if (!e->head) {
		q->skipped += at.left > 0;
		return false;
	}
	q->after = q->first->used - at.left;
	q->lost = add_lost(q->lost, lost);
	q->peeked = len <= UINT32_MAX && record_valid(e->head, len);
	e->len = len;
	if (!q->peeked) {
		q->skipped++;
		q->first->at = q->after;
	}
	return true;
}

/* Losses before a record that is skipped are told with the next one. */
const struct event *queue_peek(struct queue *q)
{
	while (!q->peeked) {
		if ((!q->first || !parse_one(q)) && !next_chunk(q))
			return NULL;
	}
	q->next.lost = q->lost;
	q->next.comm = "";
	return &q->next;
}

void queue_pop(struct queue *q)
{
	q->first->at = q->after;
	q->lost = 0;
	q->peeked = false;
}

void queue_free(struct queue *q)
{
	struct chunk *c;

	while ((c = q->first)) {
		q->first = c->next;
		free(c);
	}
	*q = (struct queue){ .skipped = q->skipped };
}
