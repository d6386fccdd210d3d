// SPDX-License-Identifier: GPL-2.0
/*
 * Init of a guest that only counts the instructions of system calls, a signal and a page fault.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

/* The fewest of so many is without a timer interrupt, and without the refill of a free list. */
#define TIMES		1000
#define PAGE		4096

static int zero_fd, null_fd;
static char buffer[PAGE];
static volatile char *untouched;

static long nothing(void)
{
	return 0;
}

static long getppid_call(void)
{
	return syscall(SYS_getppid);
}

static long read_zero(void)
{
	return syscall(SYS_read, zero_fd, buffer, sizeof(buffer));
}

static long read_null(void)
{
	return syscall(SYS_read, null_fd, buffer, sizeof(buffer));
}

static long write_zero(void)
{
	return syscall(SYS_write, zero_fd, buffer, sizeof(buffer));
}

static long write_null(void)
{
	return syscall(SYS_write, null_fd, buffer, sizeof(buffer));
}

/* Two calls whose way through the dispatch a further call would change. */
static long epoll_pwait2_call(void)
{
	return syscall(SYS_epoll_pwait2, -1, NULL, 0, NULL, NULL, 0);
}

static long fsopen_call(void)
{
	return syscall(SYS_fsopen, NULL, ~0U);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* With its handler, and the return from there. */
static long signal_self(void)
{
	return syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
}

static long first_touch(void)
{
	*untouched = 1;
	untouched += PAGE;
	return 1;
}

static void verdict(FILE *results, const char *what)
{
	fprintf(results, "VERDICT: %s\n", what);
	fclose(results);
	reboot(RB_AUTOBOOT);
	exit(1);
}

static uint64_t fewest(FILE *results, const char *name, long (*operation)(void), long expected)
{
	uint64_t start, ticks, best = UINT64_MAX;
	long got;
	int i;

	for (i = 0; i < TIMES; i++) {
		start = clock_ticks();
		got = operation();
		ticks = clock_ticks() - start;
		if (got != expected) {
			fprintf(results, "%s returned %ld\n", name, got);
			verdict(results, "fail");
		}
		if (ticks < best)
			best = ticks;
	}
	return best;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void count_all(FILE *results)
{
	static const struct {
		const char *name;
		long (*operation)(void);
		long expected;
	} all[] = {
		{ "getppid", getppid_call, 0 },
		{ "signal", signal_self, 0 },
		{ "read_zero", read_zero, PAGE },
		{ "read_null", read_null, 0 },
		{ "write_zero", write_zero, PAGE },
		{ "write_null", write_null, PAGE },
		{ "epoll_pwait2", epoll_pwait2_call, -1 },
		{ "fsopen", fsopen_call, -1 },
		{ "fault", first_touch, 1 },
	};
	uint64_t around = fewest(results, "nothing", nothing, 0);
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fprintf(results, "%s %lu\n", all[i].name,
			fewest(results, all[i].name, all[i].operation, all[i].expected) - around);
}

int main(void)
{
	FILE *results = fopen("/dev/ttyS1", "w");
	long before;

	if (!results)
		return 1;
	zero_fd = open("/dev/zero", O_RDWR);
	null_fd = open("/dev/null", O_RDWR);
	untouched = mmap(NULL, TIMES * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (untouched == MAP_FAILED)
		verdict(results, "fail (mmap)");
	if (!clock_counts_insns())
		verdict(results, "fail (a tick is no instruction)");
	signal(SIGUSR1, on_signal);
	before = minor_faults();
	count_all(results);
	if (minor_faults() - before < TIMES)
		verdict(results, "fail (a touch was no fault)");
	verdict(results, "pass");
}
