// SPDX-License-Identifier: GPL-2.0
/*
 * A command that is recorded from its first call on.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../message.h"
#include "command.h"

/* As a shell has it. */
#define NOT_EXECUTED	127
#define SIGNALLED	128

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/*
 * Looked for here, so that the child calls execve(2) once only. An empty element of
 * PATH is the working directory.
 */
static bool find_program(const char *name, char *path)
{
	const char *at = getenv("PATH"), *end;

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX &&
		       is_program(path);
	for (at = at ? at : _PATH_DEFPATH; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ':');
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - at), at,
			     end > at ? "/" : "", name) < PATH_MAX &&
		    is_program(path))
			return true;
	}
	return false;
}

/* In the child: nothing is written to the pipe if bulkctl ends before. */
static void __attribute__((noreturn))
execute(int held, const char *path, char **argv)
{
	char go;

	if (read(held, &go, 1) != 1)
		_exit(NOT_EXECUTED);
	execv(path, argv);
	dprintf(STDERR_FILENO, "bulkctl: %s: %s\n", path, strerror(errno));
	_exit(NOT_EXECUTED);
}

void command_hold(struct command *c, char **argv)
{
	char path[PATH_MAX];
	int held[2];

	if (!find_program(argv[0], path))
		fail("no program %s", argv[0]);
	if (pipe2(held, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid < 0)
		fail("fork: %s", strerror(errno));
	if (!c->pid) {
		close(held[1]);
		execute(held[0], path, argv);
	}
	close(held[0]);
	c->go = held[1];
}

void command_go(struct command *c)
{
	/* One that was killed meanwhile is told by command_wait(). */
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);

	if (write(c->go, "", 1) != 1 && errno != EPIPE)
		fail("the command can't begin: %s", strerror(errno));
	signal(SIGPIPE, before);
	close(c->go);
}

int command_wait(const struct command *c)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0) {
		if (errno != EINTR)
			fail("waiting for the command: %s", strerror(errno));
	}
	return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
