/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A way to record system calls, as the measuring program sees it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct recorder - a way to have the system calls of a process recorded
 * @name: in tables
 * @about: what it is, one line
 * @start: record @pid and its descendants into at most @bytes of buffers; die() on failure; return false when it cannot be had here, with a reason in recorder_why
 * @drain: take what is there without sleeping; returns how many records (entries and exits counted one by one) were taken, every byte of them read (XXH64 as elsewhere, or a sum)
 * @fd: descriptor that poll(2) can wait on for something to drain, or -1
 * @lost: records lost so far as the mechanism tells, or UINT64_MAX where it does not tell
 * @stop: ends it, frees all
 */
struct recorder {
	const char *name;
	const char *about;
	bool (*start)(pid_t pid, size_t bytes);
	uint64_t (*drain)(void);
	int (*fd)(void);
	uint64_t (*lost)(void);
	void (*stop)(void);
};
extern const char *recorder_why;
extern const struct recorder recorder_bulk, recorder_strace, recorder_ftrace, recorder_perf, recorder_bpf;
extern const struct recorder recorder_procfs, recorder_chardev, recorder_fs, recorder_own_syscall, recorder_mmap, recorder_relay, recorder_genetlink;

#endif /* RECORDER_H */
