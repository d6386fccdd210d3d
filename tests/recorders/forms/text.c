// SPDX-License-Identifier: GPL-2.0
/*
 * Records as lines of text.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/sprintf.h>

#include "log.h"

/**
 * log_text() - a record as a line
 * @line: where to, LOG_LINE bytes
 * @r: the record
 *
 * Return: bytes of the line, without NUL.
 */
size_t log_text(char *line, const union log_any *r)
{
	const struct bulk_syscalls_head *head = &r->head.call;
	const __u64 *args = r->enter.call.args;

	if (head->type == BULK_SYSCALLS_ENTER)
		return scnprintf(line, LOG_LINE,
				 "%llu %u/%u enter %u(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx)\n",
				 r->head.time, head->pid, head->tid, r->enter.call.nr, args[0],
				 args[1], args[2], args[3], args[4], args[5]);
	return scnprintf(line, LOG_LINE, "%llu %u/%u exit %u = %lld after %llu ns\n",
			 r->head.time, head->pid, head->tid, r->exit.call.nr,
			 r->exit.call.result, r->exit.call.duration_ns);
}
