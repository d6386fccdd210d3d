// SPDX-License-Identifier: GPL-2.0
/*
 * What a received record is made of.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>

#include "record.h"

#define NR_ARGS		6
#define PART_ALIGN	8

/* Where the parts of a call's record are, relative to its head. */
struct parts {
	size_t start;
	size_t bytes;
};

static struct parts parts_of(const struct bulk_syscalls_head *head)
{
	const struct bulk_syscalls_enter *enter = (const void *)head;
	const struct bulk_syscalls_exit *leave = (const void *)head;
	struct parts p = { 0, 0 };

	if (head->type == BULK_SYSCALLS_ENTER) {
		p.start = sizeof(*enter);
		p.bytes = enter->parts;
	}
	if (head->type == BULK_SYSCALLS_EXIT) {
		p.start = sizeof(*leave);
		if (head->flags & BULK_SYSCALLS_ARGS)
			p.start += NR_ARGS * sizeof(leave->args[0]);
		p.bytes = leave->parts;
	}
	return p;
}

/* Return: the part @at bytes into @p, NULL: it does not lie within it. */
static const struct bulk_syscalls_part *
part_at(const struct bulk_syscalls_head *head, struct parts p, size_t at)
{
	const struct bulk_syscalls_part *part;

	if (at > p.bytes || p.bytes - at < sizeof(*part))
		return NULL;
	part = (const void *)((const char *)head + p.start + at);
	return part->len <= p.bytes - at - sizeof(*part) ? part : NULL;
}

static size_t part_size(const struct bulk_syscalls_part *part)
{
	size_t size = sizeof(*part) + part->len;

	return (size + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
}

static bool parts_valid(const struct bulk_syscalls_head *head, size_t len)
{
	struct parts p = parts_of(head);
	const struct bulk_syscalls_part *part;
	size_t at = 0;

	if (p.start > len || p.bytes > len - p.start)
		return false;
	while (at < p.bytes) {
		part = part_at(head, p, at);
		if (!part)
			return false;
		at += part_size(part);
	}
	return true;
}

static bool exec_valid(const struct bulk_syscalls_head *head, size_t len)
{
	const struct bulk_syscalls_exec *exec = (const void *)head;

	return exec->len <= len - sizeof(*exec);
}

static bool totals_valid(const struct bulk_syscalls_head *head, size_t len)
{
	const struct bulk_syscalls_totals *totals = (const void *)head;

	return totals->nr_losses <=
	       (len - sizeof(*totals)) / sizeof(totals->losses[0]);
}

static bool comm_valid(const struct bulk_syscalls_head *head, size_t len)
{
	const struct bulk_syscalls_comm *comm = (const void *)head;

	(void)len;
	return memchr(comm->comm, '\0', sizeof(comm->comm));
}

static const struct kind {
	size_t least;
	bool (*valid)(const struct bulk_syscalls_head *head, size_t len);
} kinds[] = {
	[BULK_SYSCALLS_STARTED] = { sizeof(struct bulk_syscalls_started), NULL },
	[BULK_SYSCALLS_ENTER] = { sizeof(struct bulk_syscalls_enter), parts_valid },
	[BULK_SYSCALLS_EXIT] = { sizeof(struct bulk_syscalls_exit), parts_valid },
	[BULK_SYSCALLS_EXEC] = { sizeof(struct bulk_syscalls_exec), exec_valid },
	[BULK_SYSCALLS_FORK] = { sizeof(struct bulk_syscalls_fork), NULL },
	[BULK_SYSCALLS_END] = { sizeof(struct bulk_syscalls_end), NULL },
	[BULK_SYSCALLS_COMM] = { sizeof(struct bulk_syscalls_comm), comm_valid },
	[BULK_SYSCALLS_TOTALS] = { sizeof(struct bulk_syscalls_totals), totals_valid },
};

bool record_valid(const struct bulk_syscalls_head *head, size_t len)
{
	const struct kind *k;

	if (len < sizeof(*head) ||
	    head->type >= sizeof(kinds) / sizeof(kinds[0]))
		return false;
	k = &kinds[head->type];
	return k->least && len >= k->least && (!k->valid || k->valid(head, len));
}

const __u64 *record_args(const struct bulk_syscalls_head *head)
{
	if (head->type == BULK_SYSCALLS_ENTER)
		return ((const struct bulk_syscalls_enter *)head)->args;
	if (head->type == BULK_SYSCALLS_EXIT &&
	    (head->flags & BULK_SYSCALLS_ARGS))
		return ((const struct bulk_syscalls_exit *)head)->args;
	return NULL;
}

const struct bulk_syscalls_part *
record_part(const struct bulk_syscalls_head *head,
	    const struct bulk_syscalls_part *prev)
{
	struct parts p = parts_of(head);
	size_t at = 0;

	if (prev)
		at = (const char *)prev - (const char *)head - p.start +
		     part_size(prev);
	return part_at(head, p, at);
}
