// SPDX-License-Identifier: GPL-2.0
/*
 * Events in the Trace Event Format, which Perfetto and chrome://tracing load.
 *
 * A call is a B and an E, so that one which has not returned is seen as well.
 * Where the entry was lost or never recorded, the exit is an X with a duration.
 * The slices of a thread must nest: an exit that is missing would put all later
 * calls inside of that one, therefore the next event of its thread ends it.
 *
 * The form is the array, because its end may be missing.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <string.h>

#include "../json.h"
#include "json_call.h"
#include "open_calls.h"

#define NS_PER_US	1000

static FILE *out;
static bool any;	/* written so far: a comma precedes the next */

static void put_us(const char *name, uint64_t ns)
{
	fprintf(out, ",\"%s\":%" PRIu64 ".%03u", name, ns / NS_PER_US,
		(unsigned int)(ns % NS_PER_US));
}

/* Begins an object, which its caller closes. */
static void put_start(char phase, uint64_t time, uint32_t pid, uint32_t tid)
{
	fprintf(out, "%s\n{\"ph\":\"%c\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32,
		any ? "," : "", phase, pid, tid);
	any = true;
	put_us("ts", time);
}

static void put_name(const struct call_view *v)
{
	fputs(",\"cat\":\"syscall\",\"name\":", out);
	if (v->call)
		json_string(out, v->call->name);
	else
		fprintf(out, "\"syscall_%" PRIu32 "\"", v->nr);
}

static void put_metadata(const char *what, const struct event *e,
			 const char *name)
{
	put_start('M', e->time, e->head->pid, e->head->tid);
	fprintf(out, ",\"name\":\"%s\",\"args\":{\"name\":", what);
	json_string(out, name);
	fputs("}}", out);
}

static void name_thread(struct thread *t, const struct event *e)
{
	char buf[COMM_ROOM];
	const char *name = event_comm(e, buf);

	if (!t || !*name || !strncmp(t->name, name, sizeof(t->name) - 1))
		return;
	snprintf(t->name, sizeof(t->name), "%s", name);
	put_metadata("thread_name", e, t->name);
	if (e->head->tid == e->head->pid)
		put_metadata("process_name", e, t->name);
}

/* Ends the call of a thread whose exit has not been seen. */
static void end_lost(struct thread *t, uint32_t pid, uint64_t time)
{
	if (!t || !t->in_call)
		return;
	t->in_call = false;
	put_start('E', time, pid, t->tid);
	fputs(",\"args\":{\"exit\":\"not recorded\"}}", out);
}

static void put_enter(const struct event *e, const struct call_view *v,
		      struct thread *t)
{
	if (!t)
		return; /* the exit tells all */
	end_lost(t, e->head->pid, e->time);
	t->in_call = true;
	t->nr = v->nr;
	put_start('B', e->time, e->head->pid, e->head->tid);
	put_name(v);
	fputs(",\"args\":{", out);
	json_call_args(out, v, "");
	fputs("}}", out);
}

static void put_whole(const struct event *e, const struct call_view *v,
		      struct thread *t)
{
	uint64_t duration = v->timed ? v->exit->duration_ns : 0;

	if (duration > e->time)
		duration = e->time;
	end_lost(t, e->head->pid, e->time - duration);
	put_start('X', e->time - duration, e->head->pid, e->head->tid);
	put_us("dur", duration);
	put_name(v);
}

static void put_exit(const struct event *e, const struct call_view *v,
		     struct thread *t)
{
	if (t && t->in_call && t->nr == v->nr) {
		t->in_call = false;
		put_start('E', e->time, e->head->pid, e->head->tid);
	} else {
		put_whole(e, v, t);
	}
	fputs(",\"args\":{", out);
	json_call_result(out, v);
	json_call_args(out, v, ",");
	fputs("}}", out);
}

/* scope: 't' for the thread, 'p' for its process, 'g' for all */
static void put_instant(const struct event *e, const char *name, char scope)
{
	put_start('i', e->time, e->head->pid, e->head->tid);
	fprintf(out, ",\"s\":\"%c\",\"name\":\"%s\",\"args\":{", scope, name);
}

static void put_lost(const struct event *e)
{
	if (!e->lost)
		return;
	put_instant(e, "lost", 'g');
	fprintf(out, "\"records\":%" PRIu32 ",\"cpu\":%u}}", e->lost,
		e->head->cpu);
}

/* The execve(2) of a thread that takes its leader's number goes on there. */
static void move_call(const struct event *e, uint32_t old_tid, struct thread *t)
{
	struct thread *old = thread_get(old_tid);
	struct call_view v = { .abi = e->head->abi };

	if (!old || !t || old == t)
		return;
	end_lost(t, e->head->pid, e->time);
	if (old->in_call) {
		v.nr = old->nr;
		v.call = named_call(v.abi, v.nr);
		end_lost(old, e->head->pid, e->time);
		t->in_call = true;
		t->nr = v.nr;
		put_start('B', e->time, e->head->pid, t->tid);
		put_name(&v);
		fputc('}', out);
	}
	thread_forget(old_tid);
}

static void put_exec(const struct event *e, struct thread *t)
{
	const struct bulk_syscalls_exec *exec;
	const uint8_t *path;
	size_t len;

	exec = event_as(e, BULK_SYSCALLS_EXEC, sizeof(*exec));
	if (!exec)
		return;
	move_call(e, exec->old_tid, t);
	path = exec_path(e, exec, &len);
	put_instant(e, "exec", 'p');
	fputs("\"path\":", out);
	json_bytes(out, path, len);
	fputs("}}", out);
}

static void put_fork(const struct event *e)
{
	const struct bulk_syscalls_fork *fork;

	fork = event_as(e, BULK_SYSCALLS_FORK, sizeof(*fork));
	if (!fork)
		return;
	put_instant(e, "fork", 't');
	fprintf(out, "\"pid\":%u,\"tid\":%u}}", fork->pid, fork->tid);
}

static void put_end(const struct event *e, struct thread *t)
{
	const struct bulk_syscalls_end *end;

	end = event_as(e, BULK_SYSCALLS_END, sizeof(*end));
	if (!end)
		return;
	end_lost(t, e->head->pid, e->time);
	put_instant(e, "end", 't');
	fprintf(out, "\"code\":%u}}", end->code);
	thread_forget(e->head->tid);
}

static void chrome_event(const struct event *e)
{
	struct call_view v;
	struct thread *t;

	if (!event_has_head(e))
		return;
	put_lost(e);
	t = thread_get(e->head->tid);
	name_thread(t, e);
	if (call_view(&v, e) && v.exit)
		put_exit(e, &v, t);
	else if (v.args)
		put_enter(e, &v, t);
	put_exec(e, t);
	put_fork(e);
	put_end(e, t);
}

static int chrome_begin(FILE *f, const char *path,
			const struct bulk_syscalls_started *started)
{
	(void)path;
	(void)started;
	out = f;
	any = false;
	fputc('[', out);
	return 0;
}

static int chrome_end(void)
{
	thread_forget_all();
	fputs("\n]\n", out);
	return json_end(out);
}

const struct writer writer_chrome = {
	.name = "chrome",
	.begin = chrome_begin,
	.event = chrome_event,
	.end = chrome_end,
};
