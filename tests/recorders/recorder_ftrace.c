// SPDX-License-Identifier: GPL-2.0
/*
 * ftrace: the events raw_syscalls in the ring buffers of an instance, read as pages.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The oldest records are lost when nobody reads; files of the instance tell how
 * many were.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consume.h"
#include "die.h"
#include "gather.h"
#include "recorder.h"
#include "tracefs.h"

#define INSTANCE	TRACEFS "/instances/recorders"
#define PAGE		4096
/* A page as events/header_page describes it. */
#define PAGE_HEAD	16
#define COMMIT_MASK	0xfffffU /* flags are above */
/* An event's head as events/header_event describes it. */
#define TYPE_PADDING	29
#define TYPE_EXTEND	30
#define TYPE_STAMP	31
#define TYPE_BITS	5

static struct {
	unsigned int cpus;
	uint16_t enter;
	uint16_t exit;
	int pipe[MAX_CPUS];
	int epoll;
} ftrace;

static int open_cpu(unsigned int cpu, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%u/%s", cpu, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* Each processor's ring has the reader's page besides those that it is set to. */
static void set_size(size_t bytes)
{
	size_t pages = bytes / ftrace.cpus / PAGE;
	char kib[24];

	snprintf(kib, sizeof(kib), "%zu", (pages - 1) * (PAGE - PAGE_HEAD) / 1024);
	tracefs_write(INSTANCE, "buffer_size_kb", kib);
}

static void set_up(pid_t pid, size_t bytes)
{
	char which[16];

	snprintf(which, sizeof(which), "%d", pid);
	tracefs_write(INSTANCE, "tracing_on", "0");
	set_size(bytes);
	/* What waits by poll(2) is woken by the first record, not by a half-full ring. */
	tracefs_write(INSTANCE, "buffer_percent", "0");
	tracefs_write(INSTANCE, "options/event-fork", "1");
	tracefs_write(INSTANCE, "set_event_pid", which);
	tracefs_write(INSTANCE, "events/raw_syscalls/enable", "1");
	tracefs_write(INSTANCE, "tracing_on", "1");
}

static bool ftrace_start(pid_t pid, size_t bytes)
{
	unsigned int cpu;

	if (!tracefs_is_there())
		return false;
	ftrace.cpus = gather_cpus();
	ftrace.enter = tracefs_event_id("raw_syscalls/sys_enter");
	ftrace.exit = tracefs_event_id("raw_syscalls/sys_exit");
	if (mkdir(INSTANCE, 0700))
		die("%s: %s", INSTANCE, strerror(errno));
	set_up(pid, bytes);
	ftrace.epoll = gather_open();
	for (cpu = 0; cpu < ftrace.cpus; cpu++) {
		ftrace.pipe[cpu] = open_cpu(cpu, "trace_pipe_raw");
		gather_add(ftrace.epoll, ftrace.pipe[cpu]);
	}
	return true;
}

/*
 * Bytes of the event at @at, with its head; 0: nothing follows. Of @data, those
 * that are its record.
 */
static size_t event_at(const uint8_t *at, const uint8_t **data, size_t *len)
{
	uint32_t head[2];
	unsigned int type;

	memcpy(head, at, sizeof(head));
	type = head[0] & ((1U << TYPE_BITS) - 1);
	*len = 0;
	switch (type) {
	case TYPE_PADDING:
		return head[0] >> TYPE_BITS ? head[1] + sizeof(head[0]) : 0;
	case TYPE_EXTEND:
	case TYPE_STAMP:
		return sizeof(head);
	case 0:
		*data = at + sizeof(head);
		*len = head[1] - sizeof(head[1]);
		return sizeof(head) + *len;
	default:
		*data = at + sizeof(head[0]);
		*len = type * sizeof(head[0]);
		return sizeof(head[0]) + *len;
	}
}

static unsigned int take_record(const uint8_t *data, size_t len)
{
	uint16_t type;

	if (len < sizeof(type))
		return 0;
	consume(data, len);
	memcpy(&type, data, sizeof(type));
	return type == ftrace.enter || type == ftrace.exit;
}

static uint64_t take_page(const uint8_t *page)
{
	uint64_t commit, records = 0;
	const uint8_t *at = page + PAGE_HEAD, *data = NULL, *end;
	size_t step, len;

	memcpy(&commit, page + sizeof(uint64_t), sizeof(commit));
	end = at + (commit & COMMIT_MASK);
	if (end > page + PAGE)
		die("ftrace: a page of %" PRIu64 " bytes", commit & COMMIT_MASK);
	while (at < end) {
		step = event_at(at, &data, &len);
		if (!step)
			break;
		records += take_record(data, len);
		at += step;
	}
	return records;
}

static uint64_t ftrace_drain(void)
{
	uint8_t page[PAGE];
	uint64_t records = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < ftrace.cpus; cpu++)
		while (read(ftrace.pipe[cpu], page, sizeof(page)) > PAGE_HEAD)
			records += take_page(page);
	return records;
}

static int ftrace_fd(void)
{
	return ftrace.epoll;
}

/* Lines "NAME: COUNT" of a processor's stats. */
static uint64_t lost_on(unsigned int cpu)
{
	FILE *file = fdopen(open_cpu(cpu, "stats"), "r");
	uint64_t count, lost = 0;
	char line[80];

	if (!file)
		die("ftrace: stats: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "overrun: %" SCNu64, &count) == 1 ||
		    sscanf(line, "commit overrun: %" SCNu64, &count) == 1 ||
		    sscanf(line, "dropped events: %" SCNu64, &count) == 1)
			lost += count;
	fclose(file);
	return lost;
}

static uint64_t ftrace_lost(void)
{
	uint64_t lost = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < ftrace.cpus; cpu++)
		lost += lost_on(cpu);
	return lost;
}

static void ftrace_stop(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < ftrace.cpus; cpu++)
		close(ftrace.pipe[cpu]);
	close(ftrace.epoll);
	tracefs_write(INSTANCE, "events/raw_syscalls/enable", "0");
	if (rmdir(INSTANCE))
		die("%s: %s", INSTANCE, strerror(errno));
}

const struct recorder recorder_ftrace = {
	.name = "ftrace",
	.about = "events raw_syscalls in the ring buffers of tracefs, read as pages",
	.start = ftrace_start,
	.drain = ftrace_drain,
	.fd = ftrace_fd,
	.lost = ftrace_lost,
	.stop = ftrace_stop,
};
