/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What lab_upcall can be asked for, and what it and its helper have agreed on.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_UPCALL_H
#define LAB_UPCALL_H

#include "../lab.h"

#define UPCALL_HELPER	"/lab/lib/upcall_helper"
#define UPCALL_SUM	"/tmp/lab_upcall_sum"	/* checksum of what helpers took */

/* Largest part as an argument: two digits a byte, 128 KiB with its end. */
#define UPCALL_UNIT	65528

/* In lab_setup.flags: records by standard input instead of arguments. */
#define UPCALL_STDIN	LAB_OWN_FLAGS

/**
 * struct upcall_run - start a program
 * @path: of the program
 * @arg: its first and only argument
 * @env: the environment's last variable, NAME=VALUE
 * @wait: UPCALL_NO_WAIT: not at all, _EXEC: until it runs, _END: until it ends
 */
struct upcall_run {
	char	path[64];
	char	arg[64];
	char	env[64];
	__u32	wait;
};

#define UPCALL_NO_WAIT	0
#define UPCALL_EXEC	1
#define UPCALL_END	2

/* Returns the program's status as wait(2) has it, with UPCALL_END. */
#define UPCALL_RUN	_IOW('U', 0, struct upcall_run)

#endif /* LAB_UPCALL_H */
