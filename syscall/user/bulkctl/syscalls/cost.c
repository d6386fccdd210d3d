// SPDX-License-Identifier: GPL-2.0
/*
 * What a recording received, what it lost, and what it took.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../message.h"
#include "cost.h"
#include "decode.h"

/* Calls that the losses are told of. */
#define MOST_TOLD	5

static uint64_t loss_of(const struct bulk_syscalls_loss *loss)
{
	return loss->overwritten + loss->refused + loss->killed;
}

static struct bulk_syscalls_loss *
entry_of(struct cost *c, const struct bulk_syscalls_loss *loss)
{
	struct bulk_syscalls_loss *entry;
	unsigned int i;

	for (i = 0; i < c->nr_losses; i++) {
		entry = &c->losses[i];
		if (entry->nr == loss->nr && entry->abi == loss->abi)
			return entry;
	}
	entry = realloc(c->losses, (c->nr_losses + 1) * sizeof(*entry));
	if (!entry)
		fail("no memory for the losses");
	c->losses = entry;
	entry += c->nr_losses++;
	*entry = (struct bulk_syscalls_loss){ .nr = loss->nr,
					      .abi = loss->abi };
	return entry;
}

static void add_totals(struct cost *c, const struct bulk_syscalls_totals *t)
{
	struct bulk_syscalls_loss *entry;
	__u32 i;

	c->totals++;
	c->made += t->made;
	c->lost += t->lost;
	if (t->unseen > c->unseen)
		c->unseen = t->unseen; /* the same on all endpoints, but for its time */
	for (i = 0; i < t->nr_losses; i++) {
		entry = entry_of(c, &t->losses[i]);
		entry->overwritten += t->losses[i].overwritten;
		entry->refused += t->losses[i].refused;
		entry->killed += t->losses[i].killed;
	}
}

void cost_event(struct cost *c, const struct event *e)
{
	c->told += e->lost;
	if (e->head->type == BULK_SYSCALLS_TOTALS) {
		add_totals(c, (const void *)e->head);
		return;
	}
	c->records++;
	c->bytes += e->len;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = loss_of(a), y = loss_of(b);

	return x < y ? 1 : x > y ? -1 : 0;
}

static void add_name(struct line *l, const struct bulk_syscalls_loss *loss)
{
	struct bulk_syscalls_enter call = {
		.head = { .type = BULK_SYSCALLS_ENTER, .abi = loss->abi },
		.nr = loss->nr,
	};

	if (loss->nr == BULK_SYSCALLS_NO_CALL)
		line_add(l, "no call");
	else if (loss->nr == BULK_SYSCALLS_OTHERS)
		line_add(l, "others");
	else
		decode_name(l, &call.head);
}

static void print_losses(struct cost *c)
{
	struct bulk_syscalls_loss all = { .nr = 0 };
	static struct line line;
	unsigned int i;

	line.len = 0;
	qsort(c->losses, c->nr_losses, sizeof(*c->losses), compare);
	for (i = 0; i < c->nr_losses; i++) {
		all.overwritten += c->losses[i].overwritten;
		all.refused += c->losses[i].refused;
		all.killed += c->losses[i].killed;
		if (i >= MOST_TOLD)
			continue;
		line_add(&line, "%s", i ? ", " : "");
		add_name(&line, &c->losses[i]);
		line_add(&line, " %" PRIu64, loss_of(&c->losses[i]));
	}
	warn("lost: %" PRIu64 " overwritten, %" PRIu64 " refused, %" PRIu64 " killed; most of %.*s",
	     (uint64_t)all.overwritten, (uint64_t)all.refused,
	     (uint64_t)all.killed, (int)line.len, line.text);
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

void cost_print(struct cost *c)
{
	/* A record may be lost behind the last one that was received. */
	uint64_t lost = c->lost > c->told ? c->lost : c->told;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	warn("%" PRIu64 " records received, %" PRIu64 " bytes, %" PRIu64 " lost; %.3f s of CPU time",
	     c->records, c->bytes, lost,
	     seconds(usage.ru_utime) + seconds(usage.ru_stime));
	if (c->nr_losses)
		print_losses(c);
	if (c->totals && c->made > c->records + c->skipped + lost)
		warn("%" PRIu64 " records are not accounted for",
		     c->made - c->records - c->skipped - lost);
	if (c->skipped)
		warn("%" PRIu64 " records skipped: malformed, or unknown to bulkctl",
		     c->skipped);
	if (c->unseen)
		warn("%" PRIu64 " threads not recorded for want of memory",
		     c->unseen);
}
