// SPDX-License-Identifier: GPL-2.0
/*
 * The log in a relay channel, read from a file for each CPU.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The newest records of a CPU are lost when its buffer is full, the device tells
 * how many. poll(2) tells of full sub-buffers only; a drain takes all.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "form.h"
#include "gather.h"
#include "recorder.h"

static struct {
	unsigned int cpus;
	int epoll;
	int fds[MAX_CPUS];
	struct form_stream streams[MAX_CPUS];
} relay;

/* A CPU that is not online has none. */
static void open_cpu(unsigned int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), LOG_RELAY_FOLDER "/cpu%u", cpu);
	relay.streams[cpu].have = 0;
	relay.fds[cpu] = open(path, O_RDONLY | O_CLOEXEC);
	if (relay.fds[cpu] >= 0)
		gather_add(relay.epoll, relay.fds[cpu]);
	else if (errno != ENOENT)
		die("%s: %s", path, strerror(errno));
}

static bool relay_start(pid_t pid, size_t bytes)
{
	unsigned int cpu;

	if (!form_start(LOG_RELAY, pid, bytes))
		return false;
	relay.cpus = gather_cpus();
	relay.epoll = gather_open();
	for (cpu = 0; cpu < relay.cpus; cpu++)
		open_cpu(cpu);
	return true;
}

static uint64_t relay_drain(void)
{
	uint64_t taken = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < relay.cpus; cpu++)
		if (relay.fds[cpu] >= 0)
			taken += form_take_all(&relay.streams[cpu], relay.fds[cpu]);
	return taken;
}

static int relay_fd(void)
{
	return relay.epoll;
}

static void relay_stop(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < relay.cpus; cpu++)
		if (relay.fds[cpu] >= 0)
			close(relay.fds[cpu]);
	close(relay.epoll);
	form_stop();
}

const struct recorder recorder_relay = {
	.name = "relay",
	.about = "a relay channel: buffers of the CPUs, read from debugfs",
	.start = relay_start,
	.drain = relay_drain,
	.fd = relay_fd,
	.lost = form_lost,
	.stop = relay_stop,
};
