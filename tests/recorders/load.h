/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes whose system calls tests have recorded, and what was recorded of them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LOAD_H
#define LOAD_H

#include <pthread.h>
#include <sched.h>

#include "lab_test.h"
#include "form.h"

#define LOAD_STATUS	3	/* that it ends with */
#define LOAD_LINES	16384	/* records that are kept */

/**
 * struct load - a process that waits in read(2) to be let go
 * @pid: the process
 * @go: a byte sent there lets it go
 */
struct load {
	pid_t pid;
	int go;
};

/* All calls of the process from here on are those of @work, and the one that ends it. */
static inline struct load load_new(void (*work)(int count), int count)
{
	struct load load;
	int pipes[2];
	char byte;

	if (pipe(pipes))
		return (struct load){ .pid = -1 };
	load.pid = fork();
	if (!load.pid) {
		close(pipes[1]);
		if (read(pipes[0], &byte, 1) == 1)
			work(count);
		_exit(LOAD_STATUS);
	}
	close(pipes[0]);
	load.go = pipes[1];
	lab_await_call(load.pid, __NR_read);
	return load;
}

static inline void load_go(struct load *load)
{
	if (write(load->go, "", 1) != 1)
		perror("write");
	close(load->go);
}

/* Did it end as it should? */
static inline int load_ended(const struct load *load)
{
	int status = lab_wait_for(load->pid);

	return WIFEXITED(status) && WEXITSTATUS(status) == LOAD_STATUS;
}

static inline int load_run(struct load *load)
{
	load_go(load);
	return load_ended(load);
}

static inline void make_calls(int count)
{
	while (count--)
		syscall(__NR_getppid);
}

/* Exit of read(2), both records of each call, entry of exit_group(2). */
static inline __u64 made_by_calls(int count)
{
	return 2 * count + 2;
}

/* Records as they come. */
static union line {
	struct log_head head;
	struct log_enter enter;
	struct log_exit exit;
} lines[LOAD_LINES];
static int nr_lines;

static inline void remember(const struct log_head *record)
{
	if (nr_lines < LOAD_LINES)
		memcpy(&lines[nr_lines++], record, log_length(record));
}

static inline void remember_anew(void)
{
	nr_lines = 0;
	form_look = remember;
}

static inline int is_enter(const union line *line, __u32 nr)
{
	return line->head.call.type == BULK_SYSCALLS_ENTER && line->enter.call.nr == nr;
}

static inline int is_exit(const union line *line, __u32 nr, __s64 result)
{
	return line->head.call.type == BULK_SYSCALLS_EXIT && line->exit.call.nr == nr &&
	       line->exit.call.result == result;
}

#endif /* LOAD_H */
