// SPDX-License-Identifier: GPL-2.0
/*
 * perf: the tracepoints raw_syscalls by perf_event_open(2), a mapped ring for each processor.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The newest records are lost when a ring is full. A record in the ring tells how
 * many, but only once there is room for it again: read(2) tells before.
 *
 * Who waits is woken when a ring is half full, as perf record has it, or by each
 * record, as perf trace has it, whether somebody waits or not.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "consume.h"
#include "die.h"
#include "gather.h"
#include "recorder_perf.h"
#include "tracefs.h"

#define PAGE	4096
#define EVENTS	2	/* of each processor: entries, exits */

/**
 * struct perf_ring - of one processor
 * @fd: its events
 * @head: the page before the ring
 * @data: the ring
 */
struct perf_ring {
	int fd[EVENTS];
	struct perf_event_mmap_page *head;
	uint8_t *data;
};

static struct {
	unsigned int cpus;
	size_t size;
	bool wakes;
	struct perf_ring rings[MAX_CPUS];
	int epoll;
} perf;

static int open_event(const char *event, pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tracefs_event_id(event),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.read_format = PERF_FORMAT_LOST,
		.inherit = 1,
		.wakeup_events = perf.wakes,
	};
	int fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open: %s: %s", event, strerror(errno));
	return fd;
}

static void ring_open(struct perf_ring *ring, pid_t pid, int cpu)
{
	ring->fd[0] = open_event("raw_syscalls/sys_enter", pid, cpu);
	ring->fd[1] = open_event("raw_syscalls/sys_exit", pid, cpu);
	ring->head = mmap(NULL, PAGE + perf.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring->fd[0], 0);
	if (ring->head == MAP_FAILED)
		die("perf: ring of %zu bytes: %s", perf.size, strerror(errno));
	ring->data = (uint8_t *)ring->head + PAGE;
	if (ioctl(ring->fd[1], PERF_EVENT_IOC_SET_OUTPUT, ring->fd[0]))
		die("perf: one ring for both: %s", strerror(errno));
}

static size_t power_of_two(size_t most)
{
	size_t size = PAGE;

	while (size * 2 <= most)
		size *= 2;
	return size;
}

static bool start(pid_t pid, size_t bytes, bool wakes)
{
	unsigned int cpu;

	if (!tracefs_is_there())
		return false;
	perf.wakes = wakes;
	perf.cpus = gather_cpus();
	perf.size = power_of_two(bytes / perf.cpus);
	perf.epoll = gather_open();
	for (cpu = 0; cpu < perf.cpus; cpu++) {
		ring_open(&perf.rings[cpu], pid, cpu);
		gather_add(perf.epoll, perf.rings[cpu].fd[0]);
	}
	return true;
}

static bool perf_start(pid_t pid, size_t bytes)
{
	return start(pid, bytes, false);
}

static bool perf_start_waking(pid_t pid, size_t bytes)
{
	return start(pid, bytes, true);
}

/* A record that goes round the end of the ring is put together. */
static const void *in_one_piece(const struct perf_ring *ring, uint64_t at, size_t len)
{
	static uint8_t whole[UINT16_MAX + 1];	/* what a head can tell */
	size_t offset = at & (perf.size - 1), first = perf.size - offset;

	if (first >= len)
		return ring->data + offset;
	memcpy(whole, ring->data + offset, first);
	memcpy(whole + first, ring->data, len - first);
	return whole;
}

/* Heads are aligned to their size, so that none goes round the end. */
static uint64_t take_record(const struct perf_ring *ring, uint64_t *at)
{
	const struct perf_event_header *head = in_one_piece(ring, *at, sizeof(*head));
	uint16_t len = head->size;
	bool sample = head->type == PERF_RECORD_SAMPLE;

	if (len < sizeof(*head))
		die("perf: a record of %u bytes", len);
	consume(in_one_piece(ring, *at, len), len);
	*at += len;
	return sample;
}

static uint64_t drain_ring(struct perf_ring *ring)
{
	uint64_t end = __atomic_load_n(&ring->head->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->head->data_tail, records = 0;

	while (at != end)
		records += take_record(ring, &at);
	__atomic_store_n(&ring->head->data_tail, at, __ATOMIC_RELEASE);
	return records;
}

static uint64_t perf_drain(void)
{
	uint64_t records = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < perf.cpus; cpu++)
		records += drain_ring(&perf.rings[cpu]);
	return records;
}

static int perf_fd(void)
{
	return perf.wakes ? perf.epoll : -1;
}

/* Of the process itself: those of descendants are told by the records alone. */
static uint64_t lost_of(int fd)
{
	struct { uint64_t count, lost; } told;

	if (read(fd, &told, sizeof(told)) != sizeof(told))
		die("perf: read: %s", strerror(errno));
	return told.lost;
}

static uint64_t perf_lost(void)
{
	uint64_t lost = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < perf.cpus; cpu++)
		lost += lost_of(perf.rings[cpu].fd[0]) + lost_of(perf.rings[cpu].fd[1]);
	return lost;
}

static void perf_stop(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < perf.cpus; cpu++) {
		munmap(perf.rings[cpu].head, PAGE + perf.size);
		close(perf.rings[cpu].fd[1]);
		close(perf.rings[cpu].fd[0]);
	}
	close(perf.epoll);
}

#define RECORDER(_name, _about, _start) {						\
	.name = _name,									\
	.about = "perf_event_open(2), a mapped ring for each processor, " _about,	\
	.start = _start, .drain = perf_drain, .fd = perf_fd, .lost = perf_lost, .stop = perf_stop }

const struct recorder recorder_perf =
	RECORDER("perf", "which wakes its reader when half full", perf_start);
const struct recorder recorder_perf_waking =
	RECORDER("perf-waking", "which wakes its reader by each record", perf_start_waking);
