// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl syscalls: the system calls of processes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../clock.h"
#include "../message.h"
#include "../progress.h"
#include "../verbs.h"
#include "capture.h"
#include "command.h"

/* Processes that were named must be there; what they start later may be gone. */
static void watch_pids(struct watch *w, const struct syscalls_options *o)
{
	uint32_t i;
	int error;

	for (i = 0; i < o->request.nr_pids; i++) {
		error = watch_add(w, o->pids[i]);
		if (error == ESRCH)
			fail("there is no process %u", o->pids[i]);
		if (error == EINVAL)
			fail("%u is a thread: name its process", o->pids[i]);
		if (error)
			fail("process %u: %s", o->pids[i], strerror(error));
	}
}

/* The command goes on with what bulkctl was given. */
static void hold_command(struct command *child, struct syscalls_options *o)
{
	command_hold(child, o->command);
	o->request.filter.flags |= BULK_SYSCALLS_PIDS;
	o->request.nr_pids = 1;
	o->pids[0] = child->pid;
}

static void begin(struct capture *c, struct command *child,
		  struct syscalls_options *o)
{
	sigset_t set;

	recording_open(c->recording, &o->common);
	if (o->command)
		hold_command(child, o);
	capture_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	form_open(&c->form, o);
	delivery_init(&c->to, c->form.writer);
	watch_open(&c->watch);
	watch_pids(&c->watch, o);
	c->to.held = child->pid;
	if ((o->follow || o->command) && !o->last_ns)
		c->to.watch = &c->watch;
	recording_start(c->recording, o);
	form_begin(&c->form, &c->recording->started);
	capture_open(c, !o->last_ns);
}

static void record(struct capture *c, const struct syscalls_options *o)
{
	if (o->last_ns)
		capture_flight(c, o->last_ns, o->dump);
	else
		capture_live(c, o->output);
	capture_end(c);
	form_close(&c->form);
	progress_clear();
	cost_print(&c->to.cost);
}

/* A signal that ends bulkctl ends the command, too; a second Ctrl-C no longer waits for it. */
static int finish_command(const struct capture *c, const struct command *child)
{
	sigset_t set;

	capture_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (c->signal)
		kill(child->pid, c->signal);
	return command_wait(child);
}

int verb_syscalls(const struct options *common, int argc, char **argv)
{
	static struct syscalls_options o;
	struct recording recording = { .nr = 0 };
	struct capture c = { .recording = &recording };
	struct command child = { .pid = 0 };
	int ret = EXIT_GOOD;

	syscalls_options_parse(&o, common, argc, argv);
	if (o.help)
		return EXIT_GOOD;
	begin(&c, &child, &o);
	if (child.pid) {
		c.to.let_go = now_ns();
		command_go(&child);
	}
	record(&c, &o);
	if (child.pid)
		ret = finish_command(&c, &child);
	if (c.gone)
		ret = EXIT_FAILED;
	capture_close(&c);
	recording_close(&recording);
	return ret;
}
