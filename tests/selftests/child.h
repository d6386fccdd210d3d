/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children that go on one step at a time.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef CHILD_H
#define CHILD_H

#include "bulk_test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Memory that is shared with children that are made later. */
static inline void *share(void)
{
	return mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A child that goes on whenever it is told to. */
struct child {
	pid_t pid;
	int go[2];
	int ready[2];
};

/* In the child: wait to be told. */
static inline void child_pause(struct child *c)
{
	char byte = 0;

	if (write(c->ready[1], &byte, 1) != 1 || read(c->go[0], &byte, 1) != 1)
		_exit(KSFT_FAIL);
}

static inline void wait_paused(struct child *c)
{
	char byte;

	if (read(c->ready[0], &byte, 1) == 1)
		wait_blocked(c->pid, __NR_read);
}

/* A child that waits, and does @body() when it is told to: 0, or an errno. */
static inline int spawn(struct child *c,
			void (*body)(struct child *c, void *arg), void *arg)
{
	pid_t parent = getpid();

	if (pipe2(c->go, O_CLOEXEC) || pipe2(c->ready, O_CLOEXEC))
		return -errno;
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (!c->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(KSFT_FAIL);
		close(c->go[1]);
		close(c->ready[0]);
		child_pause(c);
		body(c, arg);
		_exit(0);
	}
	close(c->go[0]);
	close(c->ready[1]);
	wait_paused(c);
	return 0;
}

static inline void resume(struct child *c)
{
	if (write(c->go[1], "", 1) != 1)
		c->pid = -1;
}

/* Have it go on until it waits again. */
static inline void step(struct child *c)
{
	resume(c);
	wait_paused(c);
}

/* How a child ended: its exit code, or 128 and the signal; -1: not ours. */
static inline int ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

static inline int finish(struct child *c)
{
	resume(c);
	return ended(c->pid);
}

#endif /* CHILD_H */
