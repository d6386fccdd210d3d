/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of one endpoint that wait to be merged.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_QUEUE_H
#define SYSCALLS_QUEUE_H

#include <stdbool.h>

#include "event.h"

/* Of a chunk, and room that the longest record fits into, its head and all. */
#define QUEUE_CHUNK	(256U << 10)
#define QUEUE_LEAST	(32U << 10)

struct chunk;

/**
 * struct queue - records in the order in which they were received
 * @first: what is taken from
 * @last: what is added to
 * @next: the record that queue_peek() has found
 * @after: where that one ends, from the start of @first
 * @peeked: is there one in @next?
 * @lost: records lost before @next that no event has told of
 * @skipped: malformed records, and those of unknown type, so far
 */
struct queue {
	struct chunk *first;
	struct chunk *last;
	struct event next;
	size_t after;
	bool peeked;
	uint32_t lost;
	uint64_t skipped;
};

/* Where at least QUEUE_LEAST bytes of a region can be received; NULL: no memory. */
void *queue_room(struct queue *q, size_t *room);
/* A region of @len bytes has been received there. */
void queue_filled(struct queue *q, size_t len);

/* The first well-formed record, valid until queue_pop(); NULL: there is none. */
const struct event *queue_peek(struct queue *q);
void queue_pop(struct queue *q);

void queue_free(struct queue *q);

#endif /* SYSCALLS_QUEUE_H */
