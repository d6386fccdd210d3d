// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to each record once all are in order.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>

#include "delivery.h"

struct name_of_thread {
	struct tid tid;
	char comm[sizeof(((struct bulk_syscalls_comm *)0)->comm)];
};

static const char *comm_of(const struct delivery *d, uint32_t tid)
{
	const struct name_of_thread *name = tids_find(&d->names, tid);

	return name ? name->comm : "";
}

static void set_comm(struct delivery *d, uint32_t tid, const void *comm)
{
	struct name_of_thread *name = tids_get(&d->names, tid);

	memmove(name->comm, comm, sizeof(name->comm));
}

/* A thread that is made has the name of the one that makes it. */
static void note_fork(struct delivery *d, const struct bulk_syscalls_fork *fork)
{
	const struct name_of_thread *name = tids_find(&d->names, fork->head.tid);

	if (name)
		set_comm(d, fork->tid, name->comm);
	/* One that is gone, or that there is no descriptor for, is not waited for. */
	if (d->watch && fork->pid && fork->pid != fork->head.pid)
		watch_add(d->watch, fork->pid);
}

static void note_before(struct delivery *d, const struct event *e)
{
	switch (e->head->type) {
	case BULK_SYSCALLS_COMM:
		set_comm(d, e->head->tid,
			 ((const struct bulk_syscalls_comm *)e->head)->comm);
		break;
	case BULK_SYSCALLS_FORK:
		note_fork(d, (const void *)e->head);
		break;
	case BULK_SYSCALLS_EXEC:
		tids_rename(&d->names,
			    ((const struct bulk_syscalls_exec *)e->head)->old_tid,
			    e->head->tid);
		break;
	}
}

static bool is_exit_of(const struct bulk_syscalls_head *head, const char *name)
{
	const struct bulk_syscalls_exit *e = (const void *)head;
	const struct call *call;

	if (head->type != BULK_SYSCALLS_EXIT)
		return false;
	call = call_find(head->abi, e->nr);
	return call && !strcmp(call->name, name);
}

/* A read(2) holds the command back: all that it does before is bulkctl's. */
static bool is_held(struct delivery *d, const struct event *e)
{
	bool call = e->head->type == BULK_SYSCALLS_ENTER ||
		    e->head->type == BULK_SYSCALLS_EXIT;

	if (!d->held || !call || e->head->tid != d->held || e->lost)
		return false;
	if (e->time < d->let_go)
		return true;
	d->held = 0;
	return is_exit_of(e->head, "read");
}

void deliver(const struct event *e, void *arg)
{
	struct delivery *d = arg;
	struct event named = *e;

	cost_event(&d->cost, e);
	note_before(d, e);
	if (!is_held(d, e) && e->time >= d->since) {
		named.comm = comm_of(d, e->head->tid);
		d->writer->event(&named);
	}
	if (e->head->type == BULK_SYSCALLS_END)
		tids_drop(&d->names, e->head->tid);
}

void delivery_init(struct delivery *d, const struct writer *writer)
{
	*d = (struct delivery){
		.writer = writer,
		.names = { .size = sizeof(struct name_of_thread) },
	};
}
