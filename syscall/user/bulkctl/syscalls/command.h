/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command that is recorded from its first call on.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_COMMAND_H
#define SYSCALLS_COMMAND_H

#include <sys/types.h>

/**
 * struct command - a child
 * @pid: its process; 0: there is none
 * @go: where it is let go by
 */
struct command {
	pid_t pid;
	int go;
};

/* Forks, and has the child wait; ends bulkctl where there is no such command. */
void command_hold(struct command *c, char **argv);
/* Lets it execute its program. */
void command_go(struct command *c);
/* Waits for its end. Return: its exit code, 128 and the signal that killed it. */
int command_wait(const struct command *c);

#endif /* SYSCALLS_COMMAND_H */
