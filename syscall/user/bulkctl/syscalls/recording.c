// SPDX-License-Identifier: GPL-2.0
/*
 * A recording: its leader, and an endpoint for each CPU.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../explain.h"
#include "../message.h"
#include "recording.h"

#define CHANNEL		"syscalls"

/* A recording begins at once; this is for a kernel that is busy otherwise. */
#define PATIENCE_MS	10000

/* A descriptor, and with a window one more file, for each CPU. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void open_endpoint(struct channel *ch, const struct options *o)
{
	channel_open(ch, CHANNEL, O_RDWR | O_NONBLOCK, o);
}

void recording_open(struct recording *r, const struct options *o)
{
	r->endpoints = malloc(sizeof(*r->endpoints));
	if (!r->endpoints)
		fail("no memory for an endpoint");
	r->nr = 1;
	open_endpoint(&r->endpoints[0], o);
}

/* Return: 0, or an errno: with a window it is the flush that tells. */
static int send_request(struct channel *ch, const void *request, size_t len)
{
	int ret;

	do {
		ret = bulk_send(ch->bulk, request, len, 0);
	} while (ret && errno == EINTR);
	while (!ret && bulk_flush(ch->bulk)) {
		if (errno != EINTR)
			return errno;
	}
	return ret ? errno : 0;
}

static void __attribute__((noreturn))
no_process(const struct syscalls_options *o)
{
	uint32_t i;

	for (i = 0; i < o->request.nr_pids; i++) {
		if (kill(o->pids[i], 0) && errno == ESRCH)
			fail("there is no process %u", o->pids[i]);
	}
	fail("one of the processes is gone");
}

static void __attribute__((noreturn))
explain_start(const struct syscalls_options *o, int error)
{
	switch (error) {
	case EPERM:
		fail("no permission to record these processes: run as root, or with CAP_PERFMON or CAP_SYS_PTRACE; without, a command of your own: bulkctl syscalls -- COMMAND");
	case ESRCH:
		no_process(o);
	case ENOENT:
		fail("%s is not a cgroup", o->cgroup ? o->cgroup : "this");
	case ENOMEM:
		fail("no memory for the recording: a smaller --ring, or a larger limit of locked memory (ulimit -l)");
	case EINVAL:
		fail("the kernel does not know such a recording: bulkctl is newer than it, or older");
	}
	fail("the recording does not begin: %s", strerror(error));
}

/* The inode number is what the kernel knows a cgroup by. */
static uint64_t cgroup_number(const struct syscalls_options *o)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/sys/fs/cgroup/%s",
		     o->common.sysroot, o->cgroup) >= (int)sizeof(path))
		usage("the path of the cgroup is too long");
	if (stat(path, &st))
		fail("%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		fail("%s is not a cgroup", path);
	return st.st_ino;
}

static void send_start(struct recording *r, const struct syscalls_options *o)
{
	size_t pids = o->request.nr_pids * sizeof(o->pids[0]);
	struct bulk_syscalls_request *request;
	int error;

	request = malloc(sizeof(*request) + pids);
	if (!request)
		fail("no memory for a request");
	*request = o->request;
	memcpy(request->pids, o->pids, pids);
	if (o->follow || o->command)
		request->filter.flags |= BULK_SYSCALLS_DESCENDANTS;
	if (o->cgroup) {
		request->filter.flags |= BULK_SYSCALLS_CGROUP;
		request->filter.cgroup = cgroup_number(o);
	}
	error = send_request(&r->endpoints[0], request, sizeof(*request) + pids);
	free(request);
	if (error)
		explain_start(o, error);
}

/* A record that is not what it must be is of another kernel than the header. */
static void receive_started(struct recording *r)
{
	struct channel *leader = &r->endpoints[0];
	struct pollfd fd = { .fd = bulk_fd(leader->bulk), .events = POLLIN };
	ssize_t len;

	do {
		poll(&fd, 1, PATIENCE_MS);
		len = bulk_recv(leader->bulk, &r->started, sizeof(r->started),
				NULL, NULL);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		fail("the recording does not begin: %s", strerror(errno));
	if (len != sizeof(r->started) ||
	    r->started.head.type != BULK_SYSCALLS_STARTED)
		fail("the recording begins with a record that bulkctl does not know");
}

/* Of those that there may be, most have no directory on most machines. */
static bool is_present(unsigned int cpu, const struct options *o)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%u",
		     o->sysroot, cpu) >= (int)sizeof(path))
		return true;
	return !access(path, F_OK);
}

/* The leader goes on with the CPUs that nobody joins. */
static void join(struct recording *r, unsigned int cpu, const struct options *o)
{
	struct bulk_syscalls_request request = {
		.op = BULK_SYSCALLS_JOIN,
		.recording = r->started.recording,
		.cpu = cpu,
	};
	struct channel *ch = &r->endpoints[r->nr];
	int error;

	open_endpoint(ch, o);
	error = send_request(ch, &request,
			     offsetof(struct bulk_syscalls_request, filter));
	if (!error) {
		r->nr++;
		return;
	}
	warn("CPU %u has no endpoint of its own: %s", cpu, strerror(error));
	channel_close(ch);
}

void recording_start(struct recording *r, const struct syscalls_options *o)
{
	unsigned int cpu;
	size_t bytes;

	send_start(r, o);
	receive_started(r);
	allow_many_files();
	bytes = ((size_t)r->started.cpus + 1) * sizeof(*r->endpoints);
	r->endpoints = realloc(r->endpoints, bytes);
	if (!r->endpoints)
		fail("no memory for %u endpoints", r->started.cpus);
	for (cpu = 0; cpu < r->started.cpus; cpu++) {
		if (is_present(cpu, &o->common))
			join(r, cpu, &o->common);
	}
}

void recording_stop(struct recording *r)
{
	struct bulk_syscalls_request request = { .op = BULK_SYSCALLS_STOP };
	int error;

	error = send_request(&r->endpoints[0], &request,
			     offsetof(struct bulk_syscalls_request, filter));
	if (error)
		warn("the recording does not stop: %s", strerror(error));
}

void recording_close(struct recording *r)
{
	while (r->nr)
		channel_close(&r->endpoints[--r->nr]);
	free(r->endpoints);
}
