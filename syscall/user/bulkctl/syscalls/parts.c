// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a record of the channel syscalls, read within its length.
 *
 * A record is a copy that nobody writes to: a length that was checked stays so.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>

#include "parts.h"

#define MAX_ARGS	6	/* of struct bulk_syscalls_enter */
#define MAX_ERRNO	4095	/* of the kernel's <linux/err.h> */

const void *event_as(const struct event *e, unsigned int type, size_t size)
{
	return e->head->type == type && e->len >= size ? e->head : NULL;
}

static void set_parts(struct call_view *v, const struct event *e, size_t at,
		      size_t len)
{
	v->parts.at = (const uint8_t *)e->head + at;
	v->parts.left = len < e->len - at ? len : e->len - at;
}

static bool view_enter(struct call_view *v, const struct event *e)
{
	const struct bulk_syscalls_enter *enter;

	enter = event_as(e, BULK_SYSCALLS_ENTER, sizeof(*enter));
	if (!enter)
		return false;
	v->nr = enter->nr;
	v->args = (const uint64_t *)enter->args;
	set_parts(v, e, sizeof(*enter), enter->parts);
	return true;
}

static bool view_exit(struct call_view *v, const struct event *e)
{
	const struct bulk_syscalls_exit *exit;
	size_t size = sizeof(*exit);

	exit = event_as(e, BULK_SYSCALLS_EXIT, size);
	if (!exit)
		return false;
	if (exit->head.flags & BULK_SYSCALLS_ARGS)
		size += MAX_ARGS * sizeof(exit->args[0]);
	if (e->len < size)
		return false;
	v->nr = exit->nr;
	v->exit = exit;
	v->timed = !(exit->head.flags & BULK_SYSCALLS_UNTIMED);
	if (size > sizeof(*exit))
		v->args = (const uint64_t *)exit->args;
	set_parts(v, e, size, exit->parts);
	return true;
}

const struct call *named_call(unsigned int abi, uint32_t nr)
{
	const struct call *call = call_find(abi, nr);

	return call && call->name ? call : NULL;
}

bool call_view(struct call_view *v, const struct event *e)
{
	*v = (struct call_view){ .abi = e->head->abi };
	if (!view_enter(v, e) && !view_exit(v, e))
		return false;
	v->call = named_call(v->abi, v->nr);
	if (v->args)
		v->nr_args = v->call && v->call->nr_args < MAX_ARGS ?
			     v->call->nr_args : MAX_ARGS;
	return true;
}

static const struct bulk_syscalls_part *any_part(struct parts *p)
{
	const struct bulk_syscalls_part *part = (const void *)p->at;
	size_t size;

	if (p->left < sizeof(*part) || part->len > p->left - sizeof(*part))
		return NULL;
	size = (sizeof(*part) + part->len + 7) & ~(size_t)7;
	if (size > p->left)
		size = p->left;
	p->at += size;
	p->left -= size;
	return part;
}

const struct bulk_syscalls_part *part_next(struct parts *p, unsigned int kind)
{
	const struct bulk_syscalls_part *part;

	do {
		part = any_part(p);
	} while (part && part->kind != kind);
	return part;
}

const uint8_t *exec_path(const struct event *e,
			 const struct bulk_syscalls_exec *exec, size_t *len)
{
	size_t room = e->len - sizeof(*exec);

	*len = exec->len < room ? exec->len : room;
	return exec->path;
}

const char *event_comm(const struct event *e, char name[COMM_ROOM])
{
	const struct bulk_syscalls_comm *c;

	c = event_as(e, BULK_SYSCALLS_COMM, sizeof(*c));
	if (!c)
		return e->comm;
	memcpy(name, c->comm, sizeof(c->comm));
	name[sizeof(c->comm)] = '\0';
	return name;
}

const char *result_errno(int64_t result)
{
	if (result >= 0 || result < -MAX_ERRNO)
		return NULL;
	return errno_name(-result);
}

const char *abi_name(unsigned int abi)
{
	static const char *const names[] = {
		[BULK_SYSCALLS_ABI_64] = "64",
		[BULK_SYSCALLS_ABI_32] = "32",
		[BULK_SYSCALLS_ABI_X32] = "x32",
	};

	return abi < sizeof(names) / sizeof(names[0]) ? names[abi] : NULL;
}
