// SPDX-License-Identifier: GPL-2.0
/*
 * A load's process: it stops before its calls, so that a recording begins with the first.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * It is stopped behind the exit of the kill(2) by which it stops itself, and goes
 * on without another call: what is recorded is known to the record.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "loads.h"

static cpu_set_t load_cpu;

static unsigned int last_cpu(const cpu_set_t *cpus)
{
	unsigned int cpu = CPU_SETSIZE - 1;

	while (!CPU_ISSET(cpu, cpus))
		cpu--;
	return cpu;
}

static unsigned int first_cpu(const cpu_set_t *cpus)
{
	unsigned int cpu = 0;

	while (!CPU_ISSET(cpu, cpus))
		cpu++;
	return cpu;
}

static void only(cpu_set_t *cpus, unsigned int cpu)
{
	CPU_ZERO(cpus);
	CPU_SET(cpu, cpus);
}

/**
 * load_init() - give loads a processor, the reader another where there is one
 *
 * SIGCHLD is blocked from then on: load_has_ended() waits for it.
 */
void load_init(void)
{
	cpu_set_t all, reader;
	sigset_t child;

	if (sched_getaffinity(0, sizeof(all), &all))
		die("affinity: %s", strerror(errno));
	only(&load_cpu, first_cpu(&all));
	only(&reader, last_cpu(&all));
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sched_setaffinity(0, sizeof(reader), &reader) || sigprocmask(SIG_BLOCK, &child, NULL))
		die("affinity: %s", strerror(errno));
}

static void run(const struct load *load, struct work *work)
{
	uint64_t calls = work->calls, begun;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    sched_setaffinity(0, sizeof(load_cpu), &load_cpu))
		_exit(1);
	work->calls = load->warm;
	load->run(work);
	work->calls = calls;
	work->made = 0;
	kill(getpid(), SIGSTOP);
	begun = clock_ticks();
	load->run(work);
	work->ticks = clock_ticks() - begun;
	_exit(0);
}

/**
 * load_fork() - make the process of a load
 * @load: its kind
 * @calls: how many it is to make
 *
 * Return: the process, stopped.
 */
struct loading load_fork(const struct load *load, uint64_t calls)
{
	struct loading l = {
		.work = mmap(NULL, sizeof(*l.work), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	};

	if (l.work == MAP_FAILED)
		die("no memory");
	l.work->calls = calls;
	l.pid = fork();
	if (l.pid < 0)
		die("fork: %s", strerror(errno));
	if (!l.pid)
		run(load, l.work);
	if (!load_wait_for_stop(&l))
		die("load %s ended", load->name);
	return l;
}

/**
 * load_wait_for_stop() - wait until the process has stopped itself
 * @l: the load
 *
 * Return: false where it has ended.
 */
bool load_wait_for_stop(const struct loading *l)
{
	int status;

	if (waitpid(l->pid, &status, WUNTRACED) != l->pid)
		die("wait: %s", strerror(errno));
	return WIFSTOPPED(status);
}

void load_go(const struct loading *l)
{
	if (kill(l->pid, SIGCONT))
		die("kill: %s", strerror(errno));
}

/**
 * load_has_ended() - wait for a load's end
 * @l: the load
 * @patience_ns: nanoseconds to wait while it makes no call
 *
 * The parent of a traced process is told of its end when the tracer has been.
 *
 * Return: false where it has not ended, and made no call in that time.
 */
bool load_has_ended(struct loading *l, uint64_t patience_ns)
{
	const struct timespec patience = {
		patience_ns / 1000000000, patience_ns % 1000000000
	};
	uint64_t made;
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	do {
		made = l->work->made;
		if (waitpid(l->pid, &status, WNOHANG) != l->pid)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			die("load failed: status %#x", status);
		return true;
	} while (sigtimedwait(&child, NULL, &patience) == SIGCHLD || made != l->work->made);
	return false;
}

void load_free(struct loading *l)
{
	munmap(l->work, sizeof(*l->work));
}
