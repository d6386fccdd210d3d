/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of the channel syscalls made by hand, in queues as bulkctl has them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_RECORDS_H
#define SYSCALLS_RECORDS_H

#include <bulk.h>

#include "bulkctl/syscalls/merge.h"
#include "tap.h"

#define CPUS		3
#define PID		100

static struct queue queues[CPUS];
static struct queue *heap[CPUS];
static struct merge merge = { .queues = queues, .nr = CPUS, .heap = heap };

/* Has room for the longest record that a test makes. */
union record {
	struct bulk_syscalls_head head;
	struct bulk_syscalls_enter enter;
	struct bulk_syscalls_exit leave;
	struct bulk_syscalls_exec exec;
	struct bulk_syscalls_fork fork;
	struct bulk_syscalls_end end;
	struct bulk_syscalls_comm comm;
	struct bulk_syscalls_totals totals;
	uint64_t words[256];
};

/* As if received on @cpu, behind what is there. */
static inline void put(unsigned int cpu, uint64_t time, uint32_t lost,
		       const void *data, size_t len)
{
	struct bulk_packed head = { .len = len, .lost = lost, .tag = time };
	size_t room;
	char *at = queue_room(&queues[cpu], &room);

	if (!at || BULK_PACKED_SIZE(len) > room)
		abort();
	memset(at, 0, BULK_PACKED_SIZE(len));
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	queue_filled(&queues[cpu], BULK_PACKED_SIZE(len));
}

static inline struct bulk_syscalls_head head_of(unsigned int type, uint32_t tid)
{
	return (struct bulk_syscalls_head){ .type = type, .pid = PID,
					    .tid = tid };
}

static inline int number_of(const char *name)
{
	return call_number(BULK_SYSCALLS_ABI_64, name);
}

/* The entry of a call, to which parts may be added. */
static inline union record enter_of(uint32_t tid, const char *name,
				    const uint64_t *args)
{
	union record r = { .enter = { .nr = number_of(name) } };

	r.head = head_of(BULK_SYSCALLS_ENTER, tid);
	memcpy(r.enter.args, args, sizeof(r.enter.args));
	return r;
}

static inline void put_enter(unsigned int cpu, uint64_t time,
			     const union record *r)
{
	put(cpu, time, 0, r, sizeof(r->enter) + r->enter.parts);
}

static inline void add_part(union record *r, unsigned int kind,
			    unsigned int flags, unsigned int arg,
			    const void *data, size_t len)
{
	struct bulk_syscalls_part part = { .kind = kind, .flags = flags,
					   .arg = arg, .len = len };
	char *at = (char *)(&r->enter + 1) + r->enter.parts;

	memcpy(at, &part, sizeof(part));
	memcpy(at + sizeof(part), data, len);
	r->enter.parts += (sizeof(part) + len + 7) / 8 * 8;
}

static inline void enter(unsigned int cpu, uint64_t time, uint32_t tid,
			 const char *name, const uint64_t *args)
{
	union record r = enter_of(tid, name, args);

	put_enter(cpu, time, &r);
}

static inline void leave(unsigned int cpu, uint64_t time, uint32_t tid,
			 const char *name, int64_t result, uint64_t ns)
{
	struct bulk_syscalls_exit e = {
		.head = head_of(BULK_SYSCALLS_EXIT, tid),
		.nr = number_of(name),
		.result = result,
		.duration_ns = ns,
	};

	put(cpu, time, 0, &e, sizeof(e));
}

#endif /* SYSCALLS_RECORDS_H */
