// SPDX-License-Identifier: GPL-2.0
/*
 * strace: a process that stops the recorded one at each entry and exit, by ptrace(2).
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * It writes lines of text to a pipe, and waits when that is full. So does the
 * process that it traces: nothing is lost.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "consume.h"
#include "die.h"
#include "recorder.h"

#define STRACE	"/usr/bin/strace"

/**
 * struct strace - the tracing process
 * @pid: the process
 * @pipe: where its lines come out
 * @line: those that are read
 * @used: bytes in @line: the beginning of a line
 */
static struct {
	pid_t pid;
	int pipe;
	char line[64 << 10];
	size_t used;
} strace;

static void execute(pid_t pid, int out)
{
	char to[32], which[16];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(to, sizeof(to), "/proc/self/fd/%d", out);
	snprintf(which, sizeof(which), "%d", pid);
	execl(STRACE, STRACE, "-f", "-qq", "-o", to, "-p", which, NULL);
	_exit(127);
}

static pid_t tracer_of(pid_t pid)
{
	char path[32], line[64];
	pid_t tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	fclose(file);
	return tracer;
}

/* A process that is stopped stays so until its tracer has let it go on. */
static void wait_until_attached(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (tracer_of(pid) != strace.pid) {
		if (waitpid(strace.pid, NULL, WNOHANG))
			die("strace did not attach");
		nanosleep(&pause, NULL);
	}
}

static bool strace_start(pid_t pid, size_t bytes)
{
	int ends[2];

	if (access(STRACE, X_OK)) {
		recorder_why = "strace is not installed";
		return false;
	}
	if (pipe(ends) || fcntl(ends[0], F_SETPIPE_SZ, bytes) < 0 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) || fcntl(ends[0], F_SETFD, FD_CLOEXEC))
		die("pipe: %s", strerror(errno));
	strace.pid = fork();
	if (strace.pid < 0)
		die("fork: %s", strerror(errno));
	if (!strace.pid)
		execute(pid, ends[1]);
	close(ends[1]);
	strace.pipe = ends[0];
	strace.used = 0;
	wait_until_attached(pid);
	return true;
}

static bool contains(const char *line, size_t len, const char *text)
{
	return memmem(line, len, text, strlen(text));
}

/*
 * "PID  name(...) = result" is entry and exit. Each is alone where another
 * thread came between, and where there is no exit; "PID  --- SIGCONT" and
 * "PID  +++ exited" are no calls.
 */
static unsigned int records_of(const char *line, size_t len)
{
	const char *end = line + len;

	consume(line, len);
	while (line < end && isdigit(*line))
		line++;
	while (line < end && *line == ' ')
		line++;
	len = end - line;
	if (!len || *line == '-' || *line == '+')
		return 0;
	if (*line == '<' || contains(line, len, "<unfinished ...>") ||
	    (len > 3 && !memcmp(end - 3, "= ?", 3)))
		return 1;
	return 2;
}

static uint64_t take_lines(void)
{
	char *line = strace.line, *end = line + strace.used, *newline;
	uint64_t records = 0;

	while ((newline = memchr(line, '\n', end - line))) {
		records += records_of(line, newline - line);
		line = newline + 1;
	}
	strace.used = end - line;
	memmove(strace.line, line, strace.used);
	return records;
}

static uint64_t strace_drain(void)
{
	uint64_t records = 0;
	ssize_t len;

	for (;;) {
		len = read(strace.pipe, strace.line + strace.used,
			   sizeof(strace.line) - strace.used);
		if (len <= 0)
			return records;
		strace.used += len;
		records += take_lines();
	}
}

static int strace_fd(void)
{
	return strace.pipe;
}

static uint64_t strace_lost(void)
{
	return 0;
}

static void strace_stop(void)
{
	kill(strace.pid, SIGTERM);
	close(strace.pipe);
	waitpid(strace.pid, NULL, 0);
}

const struct recorder recorder_strace = {
	.name = "strace",
	.about = "ptrace(2): a tracing process, which stops the other at each entry and exit",
	.start = strace_start,
	.drain = strace_drain,
	.fd = strace_fd,
	.lost = strace_lost,
	.stop = strace_stop,
};
