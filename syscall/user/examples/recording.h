/* SPDX-License-Identifier: MIT */
/*
 * A recording of system calls, of a command or of a process, for as long as it
 * runs. The last record is a BULK_SYSCALLS_TOTALS.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <bulk.h>
#include <err.h>
#include <fcntl.h>
#include <linux/bulk_syscalls.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct recording {
	struct bulk *endpoint;
	int pidfd;		/* of the process; -1: it is a command */
};

/* A thread: sends the STOP when all children and the process have ended. */
static void *recording_stop(void *recording)
{
	const struct bulk_syscalls_request stop = { .op = BULK_SYSCALLS_STOP };
	const struct recording *r = recording;
	struct pollfd process = { .fd = r->pidfd, .events = POLLIN };

	while (wait(NULL) > 0)
		;
	if (r->pidfd >= 0)
		poll(&process, 1, -1);
	if (bulk_send(r->endpoint, &stop, sizeof(stop), 0))
		err(1, "the end of the recording");
	return NULL;
}

/*
 * The policy is to block, because with any other an intruder makes so many
 * calls that those which matter are lost. Hazard: the recorded threads wait for
 * the reader, which must not wait for them, as when they read its output.
 *
 * The endpoint has no window, so that a SEND fails if its request does.
 */
static void recording_start(struct recording *r, pid_t pid)
{
	struct bulk_syscalls_request *start;
	size_t size = sizeof(*start) + sizeof(start->pids[0]);
	pthread_t stopper;

	r->endpoint = bulk_open_window("syscalls", O_RDWR, 0);
	start = calloc(1, size);
	if (!r->endpoint || !start)
		err(1, "/dev/bulk/syscalls");
	start->op = BULK_SYSCALLS_START;
	start->policy = BULK_SYSCALLS_BLOCK;
	start->filter.flags = BULK_SYSCALLS_PIDS | BULK_SYSCALLS_DESCENDANTS;
	start->nr_pids = 1;
	start->pids[0] = pid;
	if (bulk_send(r->endpoint, start, size, 0))
		err(1, "process %d can't be recorded", pid);
	free(start);
	errno = pthread_create(&stopper, NULL, recording_stop, r);
	if (errno)
		err(1, "pthread_create");
}

/* Held until the recording runs. Without one, the pipe ends with no byte. */
static _Noreturn void recording_execute(char **command, int go)
{
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(127);
	execvp(*command, command);
	warn("%s", *command);
	_exit(127);
}

static inline void record_command(struct recording *r, char **command)
{
	int go[2];
	pid_t pid;

	/* Orphans become children here, for which wait() waits, too. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || pipe2(go, O_CLOEXEC))
		err(1, "%s", *command);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(go[1]);
		recording_execute(command, go[0]);
	}
	r->pidfd = -1;
	recording_start(r, pid);
	if (write(go[1], "", 1) != 1)
		err(1, "%s", *command);
	close(go[0]);
	close(go[1]);
}

static inline void record_process(struct recording *r, pid_t pid)
{
	r->pidfd = pidfd_open(pid, 0);
	if (r->pidfd < 0)
		err(1, "process %d", pid);
	recording_start(r, pid);
}

#endif /* RECORDING_H */
