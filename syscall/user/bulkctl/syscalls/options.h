/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line of bulkctl syscalls.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_OPTIONS_H
#define SYSCALLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bulk_syscalls.h>

#include "../options.h"

/**
 * struct syscalls_options - what is recorded, and what becomes of it
 * @common: what every verb understands
 * @request: the START that is sent, but for its pids and cgroup
 * @pids: as many as @request.nr_pids
 * @cgroup: below /sys/fs/cgroup; NULL: not given
 * @command: NULL-terminated; NULL: not given
 * @output: a file; NULL: standard output
 * @last_ns: a flight recorder, of which so many nanoseconds are kept; 0: none
 * @follow: the descendants, too
 * @summary: instead of the calls
 * @dump: what the flight recorder has already, at once
 * @help: was asked for, and printed
 */
struct syscalls_options {
	struct options common;
	struct bulk_syscalls_request request;
	uint32_t pids[BULK_SYSCALLS_MAX_PIDS];
	const char *cgroup;
	char **command;
	const char *output;
	uint64_t last_ns;
	bool follow;
	bool summary;
	bool dump;
	bool help;
};

/* @argv[0] is the verb. Exits with 2 when the command line makes no sense. */
void syscalls_options_parse(struct syscalls_options *o,
			    const struct options *common, int argc,
			    char **argv);

#endif /* SYSCALLS_OPTIONS_H */
