// SPDX-License-Identifier: GPL-2.0
/*
 * Events as JSON, an object a line.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>

#include "../json.h"
#include "json_call.h"

static FILE *out;

static const char *type_name(unsigned int type)
{
	static const char *const names[] = {
		[BULK_SYSCALLS_ENTER] = "enter",
		[BULK_SYSCALLS_EXIT] = "exit",
		[BULK_SYSCALLS_EXEC] = "exec",
		[BULK_SYSCALLS_FORK] = "fork",
		[BULK_SYSCALLS_END] = "end",
		[BULK_SYSCALLS_COMM] = "comm",
		[BULK_SYSCALLS_TOTALS] = "totals",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

static void put_call(const struct event *e)
{
	struct call_view v;

	if (!call_view(&v, e))
		return;
	fputs(",\"abi\":", out);
	json_string(out, abi_name(v.abi));
	fprintf(out, ",\"nr\":%" PRIu32 ",\"call\":", v.nr);
	json_string(out, v.call ? v.call->name : NULL);
	json_call_args(out, &v, ",");
	if (!v.exit)
		return;
	fputc(',', out);
	json_call_result(out, &v);
	fputs(",\"duration_ns\":", out);
	if (v.timed)
		fprintf(out, "%" PRIu64, (uint64_t)v.exit->duration_ns);
	else
		fputs("null", out);
}

static void put_exec(const struct event *e)
{
	const struct bulk_syscalls_exec *exec;
	const uint8_t *path;
	size_t len;

	exec = event_as(e, BULK_SYSCALLS_EXEC, sizeof(*exec));
	if (!exec)
		return;
	path = exec_path(e, exec, &len);
	fprintf(out, ",\"old_tid\":%u,\"path\":", exec->old_tid);
	json_bytes(out, path, len);
}

static void put_fork(const struct event *e)
{
	const struct bulk_syscalls_fork *fork;

	fork = event_as(e, BULK_SYSCALLS_FORK, sizeof(*fork));
	if (fork)
		fprintf(out, ",\"child_pid\":%u,\"child_tid\":%u", fork->pid,
			fork->tid);
}

static void put_end(const struct event *e)
{
	const struct bulk_syscalls_end *end;

	end = event_as(e, BULK_SYSCALLS_END, sizeof(*end));
	if (end)
		fprintf(out, ",\"code\":%u", end->code);
}

static void put_loss(const struct bulk_syscalls_loss *loss)
{
	const struct call *call = NULL;

	if (loss->nr == BULK_SYSCALLS_NO_CALL) {
		fputs("{\"nr\":null,\"call\":null", out);
	} else if (loss->nr == BULK_SYSCALLS_OTHERS) {
		fputs("{\"nr\":null,\"call\":\"others\"", out);
	} else {
		call = named_call(loss->abi, loss->nr);
		fprintf(out, "{\"nr\":%u,\"call\":", loss->nr);
		json_string(out, call ? call->name : NULL);
	}
	fputs(",\"abi\":", out);
	json_string(out, abi_name(loss->abi));
	fprintf(out, ",\"overwritten\":%" PRIu64 ",\"refused\":%" PRIu64
		",\"killed\":%" PRIu64 "}", (uint64_t)loss->overwritten,
		(uint64_t)loss->refused, (uint64_t)loss->killed);
}

static void put_totals(const struct event *e)
{
	const struct bulk_syscalls_totals *t;
	size_t nr, i;

	t = event_as(e, BULK_SYSCALLS_TOTALS, sizeof(*t));
	if (!t)
		return;
	nr = (e->len - sizeof(*t)) / sizeof(t->losses[0]);
	if (nr > t->nr_losses)
		nr = t->nr_losses;
	fprintf(out, ",\"made\":%" PRIu64 ",\"all_lost\":%" PRIu64
		",\"unseen\":%" PRIu64 ",\"losses\":[", (uint64_t)t->made,
		(uint64_t)t->lost, (uint64_t)t->unseen);
	for (i = 0; i < nr; i++) {
		if (i)
			fputc(',', out);
		put_loss(&t->losses[i]);
	}
	fputc(']', out);
}

static void put_head(const struct event *e)
{
	char name[COMM_ROOM];

	fprintf(out, "{\"time\":%" PRIu64 ",\"lost\":%" PRIu32
		",\"cpu\":%u,\"pid\":%u,\"tid\":%u,\"comm\":", e->time,
		e->lost, e->head->cpu, e->head->pid, e->head->tid);
	json_string(out, event_comm(e, name));
	fputs(",\"type\":", out);
	json_string(out, type_name(e->head->type));
}

static void json_event(const struct event *e)
{
	if (!event_has_head(e) || e->head->type == BULK_SYSCALLS_STARTED)
		return; /* the latter is what begin has written */
	put_head(e);
	put_call(e);
	put_exec(e);
	put_fork(e);
	put_end(e);
	put_totals(e);
	fputs("}\n", out);
}

static int json_begin(FILE *f, const char *path,
		      const struct bulk_syscalls_started *started)
{
	(void)path;
	out = f;
	fprintf(out, "{\"type\":\"started\",\"recording\":%" PRIu64
		",\"realtime_ns\":%" PRId64 ",\"cpus\":%u,\"ring_bytes\":%u}\n",
		(uint64_t)started->recording, (int64_t)started->realtime_ns,
		started->cpus, started->ring_bytes);
	return 0;
}

static int json_finish(void)
{
	return json_end(out);
}

const struct writer writer_json = {
	.name = "json",
	.begin = json_begin,
	.event = json_event,
	.end = json_finish,
};
