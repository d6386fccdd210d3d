// SPDX-License-Identifier: GPL-2.0
/*
 * Events in the Common Trace Format, version 1.8: a folder with "metadata", which
 * declares in TSDL what is in "stream".
 *
 * The declaration of an event and the function that puts it are neighbours here,
 * because nothing else keeps the two alike.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctf_packet.h"
#include "parts.h"

#define NS_PER_S	1000000000
#define LOST		0	/* id of an event; those of others are types */

/* All that a byte can count, of the paths of a call. */
#define MAX_PATHS	UINT8_MAX

static const char call_fields[] =
	"\t\tabi_t abi;\n"
	"\t\tuint32_t nr;\n"
	"\t\tstring name;\n"
	"\t\tuint8_t _nr_args;\n"
	"\t\thex64_t args[_nr_args];\n"
	"\t\tuint8_t _nr_paths;\n"
	"\t\tstruct path paths[_nr_paths];\n"
	"\t\tuint32_t _stack_depth;\n"
	"\t\thex64_t stack[_stack_depth];\n";

static void put_paths(struct parts p)
{
	const struct bulk_syscalls_part *part;
	struct parts again = p;
	unsigned int nr = 0;

	while (nr < MAX_PATHS && part_next(&p, BULK_SYSCALLS_PART_PATH))
		nr++;
	ctf_u8(nr);
	while (nr--) {
		part = part_next(&again, BULK_SYSCALLS_PART_PATH);
		ctf_u16(part->arg);
		ctf_u8(!!(part->flags & BULK_SYSCALLS_PART_CUT));
		ctf_u8(!!(part->flags & BULK_SYSCALLS_PART_FAULT));
		ctf_text(part->data, part->len);
	}
}

static void put_stack(struct parts p)
{
	const struct bulk_syscalls_part *part;
	uint32_t i, nr;

	part = part_next(&p, BULK_SYSCALLS_PART_STACK);
	nr = part ? part->len / sizeof(uint64_t) : 0;
	ctf_u32(nr);
	for (i = 0; i < nr; i++)
		ctf_u64(((const uint64_t *)part->data)[i]);
}

static void put_call(const struct call_view *v)
{
	unsigned int i;

	ctf_u8(v->abi);
	ctf_u32(v->nr);
	ctf_string(v->call ? v->call->name : NULL);
	ctf_u8(v->nr_args);
	for (i = 0; i < v->nr_args; i++)
		ctf_u64(v->args[i]);
	put_paths(v->parts);
	put_stack(v->parts);
}

static const char exit_fields[] =
	"\t\tint64_t result;\n"
	"\t\tstring error;\n"
	"\t\tuint8_t timed;\n"
	"\t\tuint64_t duration_ns;\n";

static void put_result(const struct call_view *v)
{
	ctf_u64(v->exit->result);
	ctf_string(result_errno(v->exit->result));
	ctf_u8(v->timed);
	ctf_u64(v->timed ? v->exit->duration_ns : 0);
}

static const char exec_fields[] =
	"\t\tuint32_t old_tid;\n"
	"\t\tstring path;\n";

static void put_exec(const struct event *e,
		     const struct bulk_syscalls_exec *exec)
{
	const uint8_t *path;
	size_t len;

	path = exec_path(e, exec, &len);
	ctf_u32(exec->old_tid);
	ctf_text(path, len);
}

static const char fork_fields[] =
	"\t\tuint32_t child_pid;\n"
	"\t\tuint32_t child_tid;\n";

static void put_fork(const struct bulk_syscalls_fork *fork)
{
	ctf_u32(fork->pid);
	ctf_u32(fork->tid);
}

static const char end_fields[] = "\t\tuint32_t code;\n";
static const char comm_fields[] = "\t\tstring comm;\n";
static const char lost_fields[] = "\t\tuint32_t records;\n";

static const char head[] =
	"struct { uint16_t id; clock_t timestamp; }";
static const char context[] =
	"struct { uint32_t cpu_id; uint32_t pid; uint32_t tid; string procname; }";

static void put_head(const struct event *e, unsigned int id, uint64_t time)
{
	char name[COMM_ROOM];

	ctf_u16(id);
	ctf_u64(time);
	ctf_u32(e->head->cpu);
	ctf_u32(e->head->pid);
	ctf_u32(e->head->tid);
	ctf_string(event_comm(e, name));
}

static void put_lost(const struct event *e)
{
	if (!e->lost)
		return;
	put_head(e, LOST, ctf_event_start(e->time, e->lost));
	ctf_u32(e->lost);
}

static void call_event(const struct event *e)
{
	struct call_view v;

	if (!call_view(&v, e))
		return;
	put_head(e, e->head->type, ctf_event_start(e->time, 0));
	put_call(&v);
	if (v.exit)
		put_result(&v);
}

static void other_event(const struct event *e)
{
	const struct bulk_syscalls_exec *exec;
	const struct bulk_syscalls_fork *fork;
	const struct bulk_syscalls_end *end;
	const struct bulk_syscalls_comm *comm;
	char name[COMM_ROOM];

	exec = event_as(e, BULK_SYSCALLS_EXEC, sizeof(*exec));
	fork = event_as(e, BULK_SYSCALLS_FORK, sizeof(*fork));
	end = event_as(e, BULK_SYSCALLS_END, sizeof(*end));
	comm = event_as(e, BULK_SYSCALLS_COMM, sizeof(*comm));
	if (!exec && !fork && !end && !comm)
		return;
	put_head(e, e->head->type, ctf_event_start(e->time, 0));
	if (exec)
		put_exec(e, exec);
	else if (fork)
		put_fork(fork);
	else if (end)
		ctf_u32(end->code);
	else
		ctf_string(event_comm(e, name));
}

static void ctf_event(const struct event *e)
{
	if (!event_has_head(e))
		return;
	put_lost(e);
	call_event(e);
	other_event(e);
}

/* An offset's nanoseconds are not negative, also where its seconds are. */
static void declare_clock(FILE *f, int64_t offset_ns)
{
	int64_t seconds = offset_ns / NS_PER_S, ns = offset_ns % NS_PER_S;

	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	fprintf(f, "clock {\n"
		"\tname = monotonic;\n"
		"\tdescription = \"CLOCK_MONOTONIC, offset to CLOCK_REALTIME\";\n"
		"\tfreq = %d;\n"
		"\toffset_s = %" PRId64 ";\n"
		"\toffset = %" PRId64 ";\n"
		"\tabsolute = true;\n"
		"};\n\n", NS_PER_S, seconds, ns);
}

static void declare_types(FILE *f)
{
	static const char integer[] =
		"typealias integer { size = %d; align = 8; signed = %s;%s } := %s;\n";

	fprintf(f, integer, 8, "false", "", "uint8_t");
	fprintf(f, integer, 16, "false", "", "uint16_t");
	fprintf(f, integer, 32, "false", "", "uint32_t");
	fprintf(f, integer, 64, "false", "", "uint64_t");
	fprintf(f, integer, 64, "true", "", "int64_t");
	fprintf(f, integer, 64, "false", " base = 16;", "hex64_t");
	fprintf(f, integer, 64, "false", " map = clock.monotonic.value;",
		"clock_t");
	fprintf(f, "typealias enum : uint8_t { ABI_64 = %d, ABI_32 = %d,"
		" ABI_X32 = %d } := abi_t;\n",
		BULK_SYSCALLS_ABI_64, BULK_SYSCALLS_ABI_32,
		BULK_SYSCALLS_ABI_X32);
	fputs("struct path {\n\tuint16_t arg;\n\tuint8_t cut;\n\tuint8_t fault;\n"
	      "\tstring path;\n};\n\n", f);
}

static void declare_event(FILE *f, const char *name, int id,
			  const char *fields, const char *more)
{
	fprintf(f, "event {\n\tname = \"%s\";\n\tid = %d;\n\tstream_id = 0;\n"
		"\tfields := struct {\n%s%s\t};\n};\n\n", name, id, fields, more);
}

static void declare(FILE *f, const struct bulk_syscalls_started *started)
{
	fputs("/* CTF 1.8 */\n\n", f);
	declare_clock(f, started->realtime_ns);
	declare_types(f);
	fprintf(f, "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n"
		"\tpacket.header := %s;\n};\n\n"
		"env {\n\tdomain = \"kernel\";\n\ttracer_name = \"bulkctl\";\n};\n\n"
		"stream {\n\tid = 0;\n\tpacket.context := %s;\n"
		"\tevent.header := %s;\n\tevent.context := %s;\n};\n\n",
		ctf_packet_header, ctf_packet_context, head, context);
	declare_event(f, "lost", LOST, lost_fields, "");
	declare_event(f, "syscall_entry", BULK_SYSCALLS_ENTER, call_fields, "");
	declare_event(f, "syscall_exit", BULK_SYSCALLS_EXIT, call_fields,
		      exit_fields);
	declare_event(f, "exec", BULK_SYSCALLS_EXEC, exec_fields, "");
	declare_event(f, "fork", BULK_SYSCALLS_FORK, fork_fields, "");
	declare_event(f, "end", BULK_SYSCALLS_END, end_fields, "");
	declare_event(f, "comm", BULK_SYSCALLS_COMM, comm_fields, "");
}

static int write_metadata(const char *path,
			  const struct bulk_syscalls_started *started)
{
	FILE *f = fopen(path, "wxe");
	bool bad;

	if (!f)
		return -1;
	declare(f, started);
	bad = ferror(f);
	if (!fclose(f) && !bad)
		return 0;
	unlink(path);
	return -1;
}

/* A folder that exists will do, so long as it has no trace. */
static int ctf_begin(FILE *out, const char *path,
		     const struct bulk_syscalls_started *started)
{
	char metadata[PATH_MAX], stream[PATH_MAX];

	(void)out;
	if (snprintf(metadata, PATH_MAX, "%s/metadata", path) >= PATH_MAX ||
	    snprintf(stream, PATH_MAX, "%s/stream", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdir(path, 0777) && errno != EEXIST)
		return -1;
	if (write_metadata(metadata, started))
		return -1;
	if (!ctf_stream_open(stream))
		return 0;
	unlink(metadata);
	return -1;
}

const struct writer writer_ctf = {
	.name = "ctf",
	.begin = ctf_begin,
	.event = ctf_event,
	.end = ctf_stream_close,
};
