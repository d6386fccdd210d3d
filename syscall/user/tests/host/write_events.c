// SPDX-License-Identifier: MIT
/*
 * Hand-made events in the forms of bulkctl syscalls, for writers.sh to read.
 *
 * write_events FORM PATH [N REALTIME]
 *
 * FORM: json or chrome, which write a file, or ctf, a folder;
 * N: so many calls in place of the events here; REALTIME: ns of its clock at 0
 *
 * Each record ends at the end of readable memory: reading on raises a signal.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bulkctl/syscalls/event.h"

#define ROOM		4096
#define PID		100
#define THREAD		101	/* of PID, beside its first one */
#define OPENAT		257
#define NAMELESS	1999
#define BAD_COMM	"a\"b\\\x1b\xff"
#define BAD_PATH	"/tmp/\n\x01\xc3\x28\xe2\x82\xac\""

struct record {
	union {
		struct bulk_syscalls_head head;
		struct bulk_syscalls_enter enter;
		struct bulk_syscalls_exit exit;
		struct bulk_syscalls_exec exec;
		struct bulk_syscalls_fork fork;
		struct bulk_syscalls_end end;
		struct bulk_syscalls_comm comm;
		struct bulk_syscalls_totals totals;
		uint64_t words[ROOM / 8];
	};
	size_t len;
};

static const struct writer *writer;
static uint64_t now = 5000000000;
static uint32_t lost;
static char *memory;	/* of ROOM bytes, nothing behind it */

/* Stand-ins for what is made from the kernel's tables. */
const struct call *call_find(unsigned int abi, uint32_t nr)
{
	static const struct call openat = { "openat", 4 }, hole = { NULL, 0 };

	if (nr == NAMELESS)
		return &hole;
	return abi == BULK_SYSCALLS_ABI_64 && nr == OPENAT ? &openat : NULL;
}

const char *errno_name(unsigned int number)
{
	return number == ENOENT ? "ENOENT" : NULL;
}

static void event(const struct record *r, const char *comm)
{
	char *at = memory + ROOM - r->len;
	struct event e = {
		.time = now,
		.lost = lost,
		.len = r->len,
		.head = (const void *)at,
		.comm = comm,
	};

	memcpy(at, r->words, r->len);
	writer->event(&e);
	now += 1500;
	lost = 0;
}

static struct record record(unsigned int type, unsigned int tid, size_t len)
{
	return (struct record){
		.head = { .type = type, .cpu = 1, .pid = PID, .tid = tid },
		.len = len,
	};
}

static struct record enter(unsigned int tid, uint32_t nr)
{
	struct record r = record(BULK_SYSCALLS_ENTER, tid, sizeof(r.enter));
	unsigned int i;

	r.enter.nr = nr;
	for (i = 0; i < 6; i++)
		r.enter.args[i] = ~(uint64_t)i;
	return r;
}

static struct record leave(unsigned int tid, uint32_t nr, int64_t result)
{
	struct record r = record(BULK_SYSCALLS_EXIT, tid, sizeof(r.exit));

	r.exit.nr = nr;
	r.exit.result = result;
	r.exit.duration_ns = 1500;
	return r;
}

static void add_args(struct record *r)
{
	r->head.flags |= BULK_SYSCALLS_ARGS;
	memset((char *)r->words + r->len, 0x11, 6 * sizeof(uint64_t));
	r->len += 6 * sizeof(uint64_t);
}

/* says: the length that the part tells, which may be a lie */
static void add_part(struct record *r, unsigned int kind, const void *data,
		     size_t len, uint32_t says)
{
	struct bulk_syscalls_part *part = (void *)((char *)r->words + r->len);
	size_t size = (sizeof(*part) + len + 7) & ~(size_t)7;

	*part = (struct bulk_syscalls_part){ .kind = kind, .arg = 1, .len = says };
	memcpy(part->data, data, len);
	r->len += size;
	if (r->head.type == BULK_SYSCALLS_ENTER)
		r->enter.parts += size;
	else
		r->exit.parts += size;
}

static void add_path(struct record *r, const char *path, unsigned int flags)
{
	struct bulk_syscalls_part *part = (void *)((char *)r->words + r->len);

	add_part(r, BULK_SYSCALLS_PART_PATH, path, strlen(path), strlen(path));
	part->flags = flags;
}

static void calls(void)
{
	static const uint64_t stack[] = { 0x401000, 0x402000 };
	struct record r = enter(PID, OPENAT);

	add_path(&r, "/etc/passwd", 0);
	add_part(&r, BULK_SYSCALLS_PART_STACK, stack, 16, 16);
	event(&r, "cat");
	r = leave(PID, OPENAT, -ENOENT);
	event(&r, "cat");
	r = enter(PID, OPENAT);
	add_path(&r, BAD_PATH, BULK_SYSCALLS_PART_CUT | BULK_SYSCALLS_PART_FAULT);
	event(&r, BAD_COMM);
	r = leave(PID, OPENAT, INT64_MIN);
	r.head.flags = BULK_SYSCALLS_UNTIMED;
	event(&r, BAD_COMM);
	r = leave(PID, NAMELESS, -4095);
	r.head.abi = BULK_SYSCALLS_ABI_X32;
	add_args(&r);
	lost = 3;
	event(&r, "cat");
}

/* The exit of a call is lost, that of the next one and of execve(2) are not. */
static void missing_exits(void)
{
	struct record r = enter(THREAD, OPENAT);

	event(&r, "");
	event(&r, "");
	r = record(BULK_SYSCALLS_EXEC, PID, sizeof(r.exec) + 8);
	r.exec.old_tid = THREAD;
	r.exec.len = 8;
	memcpy(r.exec.path, "/bin/sh", 8);
	r.exec.path[7] = '\t';
	event(&r, "sh");
	r = leave(PID, OPENAT, 0);
	event(&r, "sh");
}

static void others(void)
{
	struct record r = record(BULK_SYSCALLS_FORK, PID, sizeof(r.fork));

	r.fork.pid = 200;
	r.fork.tid = 201;
	event(&r, "sh");
	r = record(BULK_SYSCALLS_COMM, 201, sizeof(r.comm));
	memcpy(r.comm.comm, "0123456789abcdef", 16); /* and no NUL */
	event(&r, "");
	r = enter(201, 60);
	r.head.abi = BULK_SYSCALLS_ABI_32;
	event(&r, "");
	r = record(BULK_SYSCALLS_END, 201, sizeof(r.end));
	r.end.code = 256;
	event(&r, "");
	r = record(BULK_SYSCALLS_TOTALS, 0, sizeof(r.totals) +
		   sizeof(r.totals.losses[0]));
	r.totals.made = UINT64_MAX;
	r.totals.nr_losses = UINT32_MAX;
	r.totals.losses[0].nr = OPENAT;
	r.totals.losses[0].refused = 3;
	lost = 4;
	event(&r, "");
	now -= 1000000;
	r = record(77, 0, sizeof(r.head));
	event(&r, "");
}

/* None of these can come: the reader of records has refused them. */
static void lies(void)
{
	struct record r = enter(PID, OPENAT);

	add_part(&r, BULK_SYSCALLS_PART_PATH, "abcdefgh", 8, UINT32_MAX);
	event(&r, "");
	r = leave(PID, OPENAT, 1);
	add_part(&r, BULK_SYSCALLS_PART_STACK, "abcdefghijkl", 12, 12);
	r.exit.parts = UINT32_MAX;
	event(&r, "");
	r = leave(PID, OPENAT, 1);
	r.head.flags = BULK_SYSCALLS_ARGS;
	event(&r, "");
	r = enter(PID, OPENAT);
	r.len -= 8;
	event(&r, "");
	r = record(BULK_SYSCALLS_EXEC, PID, sizeof(r.exec));
	r.exec.len = UINT32_MAX;
	event(&r, "");
	r = record(BULK_SYSCALLS_TOTALS, 0, sizeof(r.totals) - 8);
	event(&r, "");
	r = record(BULK_SYSCALLS_COMM, 0, 2);
	event(&r, "");
}

static void many(unsigned long nr)
{
	struct record in = enter(PID, OPENAT), out = leave(PID, OPENAT, 3);

	while (nr--) {
		event(&in, "cat");
		event(&out, "cat");
	}
}

static const struct writer *find_writer(const char *name)
{
	static const struct writer *const all[] = {
		&writer_json, &writer_chrome, &writer_ctf,
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!strcmp(all[i]->name, name))
			return all[i];
	}
	errx(2, "no form %s", name);
}

static FILE *open_output(const char *form, const char *path)
{
	FILE *f = strcmp(form, "ctf") ? fopen(path, "w") : NULL;

	if (!f && strcmp(form, "ctf"))
		err(1, "%s", path);
	return f;
}

int main(int argc, char **argv)
{
	struct bulk_syscalls_started started = {
		.recording = 7,
		.realtime_ns = 1000000000,
		.cpus = 2,
		.ring_bytes = BULK_SYSCALLS_RING,
	};
	FILE *out;

	if (argc != 3 && argc != 5)
		errx(2, "usage: write_events FORM PATH [N REALTIME]");
	memory = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory + ROOM, ROOM, PROT_NONE))
		err(1, "mmap");
	if (argc == 5)
		started.realtime_ns = strtoll(argv[4], NULL, 10);
	writer = find_writer(argv[1]);
	out = open_output(argv[1], argv[2]);
	if (writer->begin(out, argv[2], &started))
		err(1, "%s", argv[2]);
	if (argc == 5) {
		many(strtoul(argv[3], NULL, 10));
	} else {
		calls();
		missing_exits();
		others();
		lies();
	}
	if (writer->end())
		err(1, "%s", argv[2]);
	return 0;
}
