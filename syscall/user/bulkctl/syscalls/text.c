// SPDX-License-Identifier: GPL-2.0
/*
 * Events as strace -f -tt prints them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "decode.h"
#include "flags.h"
#include "record.h"
#include "tids.h"

#define NS_PER_S	1000000000U

/* Results stand below each other, as far as calls are short; strace's column. */
#define RESULT_COLUMN	40

/**
 * struct thread - a thread that is between entry and exit of a call
 * @tid: which
 * @enter: a copy of the entry's record; NULL: it is in no call that is known
 * @abi: of its last call
 */
struct thread {
	struct tid tid;
	struct bulk_syscalls_head *enter;
	unsigned int abi;
};

static struct {
	FILE *out;
	uint64_t realtime_ns;
	struct tids threads;
	bool is_open;		/* does a call without its result end the text? */
	uint32_t open;		/* which thread's */
	struct line line;	/* the last, as far as there is one */
	time_t second;		/* that @clock tells */
	char clock[16];
} text;

static void write_line(void)
{
	fwrite(text.line.text, 1, text.line.len, text.out);
}

/* Another thing comes between: the result has a line of its own later. */
static void interrupt_call(void)
{
	if (text.is_open)
		fputs(" <unfinished ...>\n", text.out);
	text.is_open = false;
}

static const char *clock_of(time_t second)
{
	struct tm tm;

	if (second != text.second || !*text.clock) {
		localtime_r(&second, &tm);
		strftime(text.clock, sizeof(text.clock), "%H:%M:%S", &tm);
		text.second = second;
	}
	return text.clock;
}

static void begin_line(const struct event *e, uint64_t time)
{
	interrupt_call();
	time += text.realtime_ns;
	text.line.len = 0;
	line_add(&text.line, "[pid %" PRIu32 "] %s.%06u ", e->head->tid,
		 clock_of(time / NS_PER_S),
		 (unsigned int)(time % NS_PER_S / 1000));
}

static void end_line(void)
{
	line_put(&text.line, "\n", 1);
	write_line();
}

static void note_abi(struct thread *t, const struct event *e)
{
	static const char *const names[] = {
		[BULK_SYSCALLS_ABI_64] = "64 bit",
		[BULK_SYSCALLS_ABI_32] = "32 bit",
		[BULK_SYSCALLS_ABI_X32] = "x32",
	};

	if (e->head->abi == t->abi || e->head->abi > BULK_SYSCALLS_ABI_X32)
		return;
	t->abi = e->head->abi;
	interrupt_call();
	fprintf(text.out, "[ Process PID=%" PRIu32 " runs in %s mode. ]\n",
		e->head->tid, names[t->abi]);
}

static void leave_call(struct thread *t)
{
	free(t->enter);
	t->enter = NULL;
}

static void print_enter(const struct event *e)
{
	struct thread *t = tids_get(&text.threads, e->head->tid);

	note_abi(t, e);
	begin_line(e, e->time);
	decode_name(&text.line, e->head);
	line_put(&text.line, "(", 1);
	decode_args(&text.line, e->head);
	write_line();
	leave_call(t);
	t->enter = malloc(e->len);
	if (t->enter)
		memcpy(t->enter, e->head, e->len);
	text.is_open = true;
	text.open = e->head->tid;
}

static bool is_open(const struct event *e)
{
	return text.is_open && text.open == e->head->tid;
}

static uint32_t number_of(const struct bulk_syscalls_head *head)
{
	return ((const struct bulk_syscalls_enter *)head)->nr;
}

/* Spaces as far as the column, and one at least. */
static void pad(void)
{
	size_t len = text.line.len;

	line_add(&text.line, "%*s",
		 len < RESULT_COLUMN ? (int)(RESULT_COLUMN - len) : 1, "");
}

/*
 * The line that a result belongs to: that of its entry if it is the last one, its
 * own with the call's name if not, and all of the call if arguments came with it.
 * Return: what of the line is written already.
 */
static size_t line_of_result(const struct event *e, const struct thread *t)
{
	const struct bulk_syscalls_exit *leave = (const void *)e->head;

	if (record_args(e->head)) {
		begin_line(e, e->time - leave->duration_ns);
		decode_name(&text.line, e->head);
		line_put(&text.line, "(", 1);
		decode_args(&text.line, e->head);
		return 0;
	}
	if (is_open(e) && t->enter && number_of(t->enter) == leave->nr)
		return text.line.len;
	begin_line(e, e->time);
	line_add(&text.line, "<... ");
	decode_name(&text.line, e->head);
	line_add(&text.line, " resumed>");
	return 0;
}

static void write_from(size_t written)
{
	fwrite(text.line.text + written, 1, text.line.len - written, text.out);
	text.is_open = false;
}

static void print_stack(const struct bulk_syscalls_head *head)
{
	const struct bulk_syscalls_part *part = NULL;
	uint64_t address;
	uint32_t at;

	while ((part = record_part(head, part))) {
		if (part->kind != BULK_SYSCALLS_PART_STACK)
			continue;
		for (at = 0; part->len - at >= sizeof(address);
		     at += sizeof(address)) {
			memcpy(&address, part->data + at, sizeof(address));
			fprintf(text.out, " > %#" PRIx64 "\n", address);
		}
	}
}

static void print_exit(const struct event *e)
{
	const struct bulk_syscalls_exit *leave = (const void *)e->head;
	struct thread *t = tids_get(&text.threads, e->head->tid);
	size_t written;

	note_abi(t, e);
	written = line_of_result(e, t);
	line_put(&text.line, ")", 1);
	pad();
	line_put(&text.line, "= ", 2);
	decode_result(&text.line, leave);
	if (!(e->head->flags & BULK_SYSCALLS_UNTIMED))
		line_add(&text.line, " <%" PRIu64 ".%06u>",
			 (uint64_t)(leave->duration_ns / NS_PER_S),
			 (unsigned int)(leave->duration_ns % NS_PER_S / 1000));
	line_put(&text.line, "\n", 1);
	write_from(written);
	if (t->enter && number_of(t->enter) == leave->nr)
		print_stack(t->enter);
	print_stack(e->head);
	leave_call(t);
}

/* A call that a thread never returns from has no result. */
static void abandon_call(const struct event *e, struct thread *t)
{
	size_t written = text.line.len;

	if (!t->enter)
		return;
	if (!is_open(e)) {
		begin_line(e, e->time);
		line_add(&text.line, "<... ");
		decode_name(&text.line, t->enter);
		line_add(&text.line, " resumed>");
		written = 0;
	}
	line_put(&text.line, ")", 1);
	pad();
	line_put(&text.line, "= ?\n", 4);
	write_from(written);
	print_stack(t->enter);
	leave_call(t);
}

static void print_end(const struct event *e)
{
	const struct bulk_syscalls_end *end = (const void *)e->head;
	struct thread *t = tids_get(&text.threads, e->head->tid);

	abandon_call(e, t);
	begin_line(e, e->time);
	if (WIFSIGNALED(end->code)) {
		line_add(&text.line, "+++ killed by ");
		line_signal(&text.line, WTERMSIG(end->code));
		line_add(&text.line, "%s +++",
			 WCOREDUMP(end->code) ? " (core dumped)" : "");
	} else {
		line_add(&text.line, "+++ exited with %d +++",
			 WEXITSTATUS(end->code));
	}
	end_line();
	tids_drop(&text.threads, e->head->tid);
}

static void print_exec(const struct event *e)
{
	const struct bulk_syscalls_exec *exec = (const void *)e->head;
	struct thread *t;

	/* In another pid namespace than bulkctl's, it is not known. */
	if (exec->old_tid && exec->old_tid != e->head->tid) {
		t = tids_find(&text.threads, e->head->tid);
		if (t)
			leave_call(t);
		tids_rename(&text.threads, exec->old_tid, e->head->tid);
		begin_line(e, e->time);
		line_add(&text.line, "+++ superseded by execve in pid %" PRIu32 " +++",
			 exec->old_tid);
		end_line();
	}
	begin_line(e, e->time);
	line_add(&text.line, "--- executes ");
	line_quote(&text.line, exec->path, exec->len);
	line_add(&text.line, " ---");
	end_line();
}

static void print_fork(const struct event *e)
{
	const struct bulk_syscalls_fork *fork = (const void *)e->head;

	begin_line(e, e->time);
	line_add(&text.line, "--- makes %s %" PRIu32 " ---",
		 fork->pid == e->head->pid ? "thread" : "process", fork->tid);
	end_line();
}

static void print_lost(uint32_t lost)
{
	interrupt_call();
	fprintf(text.out, "--- %" PRIu32 " records lost ---\n", lost);
}

static void text_event(const struct event *e)
{
	if (e->lost)
		print_lost(e->lost);
	switch (e->head->type) {
	case BULK_SYSCALLS_ENTER:
		print_enter(e);
		break;
	case BULK_SYSCALLS_EXIT:
		print_exit(e);
		break;
	case BULK_SYSCALLS_EXEC:
		print_exec(e);
		break;
	case BULK_SYSCALLS_FORK:
		print_fork(e);
		break;
	case BULK_SYSCALLS_END:
		print_end(e);
		break;
	}
}

static int text_begin(FILE *out, const char *path,
		      const struct bulk_syscalls_started *started)
{
	(void)path;
	text.out = out;
	text.realtime_ns = started->realtime_ns;
	text.threads.size = sizeof(struct thread);
	return 0;
}

static int text_end(void)
{
	interrupt_call();
	return fflush(text.out) || ferror(text.out) ? -1 : 0;
}

const struct writer writer_text = {
	.name = "text",
	.begin = text_begin,
	.event = text_event,
	.end = text_end,
};
