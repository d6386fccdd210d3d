// SPDX-License-Identifier: GPL-2.0
/*
 * The log in a mapped ring, read in place, under a lock that the kernel takes as well.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A record is lost when the ring is full, and also when the reader is kept from
 * running while it has the lock.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "die.h"
#include "form.h"
#include "recorder.h"

static struct {
	struct log_shared *shared;
	size_t len;
	struct form_stream stream;
} map;

static size_t map_bytes(void)
{
	struct log_shared *first = mmap(NULL, LOG_DATA, PROT_READ, MAP_SHARED, form_ctl, 0);
	size_t bytes;

	if (first == MAP_FAILED)
		die("map of the log: %s", strerror(errno));
	bytes = LOG_DATA + first->size;
	munmap(first, LOG_DATA);
	return bytes;
}

static bool map_start(pid_t pid, size_t bytes)
{
	if (!form_start(LOG_SHARED, pid, bytes))
		return false;
	map.stream.have = 0;
	map.len = map_bytes();
	map.shared = mmap(NULL, map.len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  form_ctl, 0);
	if (map.shared == MAP_FAILED)
		die("map of %zu bytes of the log: %s", map.len, strerror(errno));
	return true;
}

/* The kernel has it for a moment only, and cannot be preempted then. */
static void map_lock(void)
{
	while (__atomic_exchange_n(&map.shared->lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void map_unlock(void)
{
	__atomic_store_n(&map.shared->lock, 0, __ATOMIC_RELEASE);
}

/* The kernel leaves what is between tail and head alone: no lock is needed to read it. */
static uint64_t take(uint64_t tail, uint64_t head)
{
	const uint8_t *data = (const uint8_t *)map.shared + LOG_DATA;
	size_t size = map.len - LOG_DATA, at = tail % size, len = head - tail;
	size_t first = len < size - at ? len : size - at;

	return form_take(&map.stream, data + at, first) +
	       form_take(&map.stream, data, len - first);
}

static uint64_t map_drain(void)
{
	uint64_t head, tail, taken;

	map_lock();
	head = map.shared->head;
	tail = map.shared->tail;
	map_unlock();
	if (head == tail)
		return 0;
	taken = take(tail, head);
	map_lock();
	map.shared->tail = head;
	map_unlock();
	return taken;
}

static int map_fd(void)
{
	return form_ctl;
}

static void map_stop(void)
{
	munmap(map.shared, map.len);
	form_stop();
}

const struct recorder recorder_mmap = {
	.name = "mmap",
	.about = "a mapped ring under a lock that kernel and reader share",
	.start = map_start,
	.drain = map_drain,
	.fd = map_fd,
	.lost = form_lost,
	.stop = map_stop,
};
