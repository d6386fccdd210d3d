// SPDX-License-Identifier: GPL-2.0
/*
 * Records as real-time signals of 32 bits each, taken from a signalfd, up to 64 a call.
 *
 * The kernel sends to one thread, whose number the program writes into a file.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Direction: k2u only. Not synchronous. Loss: none of real-time
 * signals, of which RLIMIT_SIGPENDING wait, then the sender gets EAGAIN; of a
 * standard signal all but one, and nobody learns of it. Unit: 32 bits.
 * Privilege: the kernel's choice. Choose it to interrupt a program, not for
 * data.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "die.h"
#include "lab_signal.h"
#include "mechanism.h"

#define AT_ONCE		64		/* signals a call */
#define ROUND_BYTES	(16U << 10)	/* 4096 signals */

static _Atomic bool sleeper_known;
static _Thread_local bool known;

static void tell_kernel(void)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", gettid());
	int fd = open(SIGNAL_PID_FILE, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != len)
		die(SIGNAL_PID_FILE ": %s", strerror(errno));
	close(fd);
	known = true;
}

/* All signals of a batch must find room in the queue. */
static void queue_room(struct transfer *t)
{
	struct rlimit limit;
	rlim_t want;

	if ((uint64_t)t->batch * t->bytes > ROUND_BYTES)
		t->batch = t->bytes < ROUND_BYTES ? ROUND_BYTES / t->bytes : 1;
	want = (rlim_t)t->batch * t->bytes / SIGNAL_UNIT + 16;
	if (getrlimit(RLIMIT_SIGPENDING, &limit))
		die("RLIMIT_SIGPENDING: %s", strerror(errno));
	if (limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want;
	if (limit.rlim_max < want)
		limit.rlim_max = want;
	if (setrlimit(RLIMIT_SIGPENDING, &limit))
		die("RLIMIT_SIGPENDING of %lu: %s", (unsigned long)want, strerror(errno));
}

static void open_fd(struct transfer *t)
{
	sigset_t set;

	queue_room(t);
	sigemptyset(&set);
	sigaddset(&set, SIGNAL_NUMBER);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (t->fd < 0)
		die("signalfd: %s", strerror(errno));
}

static void signal_open(struct transfer *t)
{
	open_fd(t);
	control_open(t, "signal");
	atomic_store(&sleeper_known, false);
	tell_kernel();
}

/* How many words were there, at most @nr. */
static unsigned int read_words(struct transfer *t, uint32_t *to, unsigned int nr)
{
	struct signalfd_siginfo infos[AT_ONCE];
	ssize_t ret;
	int i;

	ret = read(t->fd, infos, (nr < AT_ONCE ? nr : AT_ONCE) * sizeof(infos[0]));
	if (ret < 0 && errno == EAGAIN)
		return 0;
	if (ret < 0)
		die("signalfd: %s", strerror(errno));
	t->calls++;
	for (i = 0; i < ret / (ssize_t)sizeof(infos[0]); i++)
		to[i] = infos[i].ssi_int;
	return i;
}

static void recv_batch(struct transfer *t, uint32_t nr)
{
	uint32_t words = nr * (t->bytes / SIGNAL_UNIT), got;
	uint32_t *in = (uint32_t *)t->in;

	for (got = 0; got < words;)
		got += read_words(t, in + got, words - got);
	lab_consume(t, in, (size_t)nr * t->bytes);
}

/* It is the sleeping thread that the kernel must know. */
static void signal_recv(struct transfer *t, uint64_t count)
{
	if (!known) {
		tell_kernel();
		atomic_store(&sleeper_known, true);
	}
	recv_batch(t, count);
}

static void signal_poke(struct transfer *t)
{
	while (!atomic_load(&sleeper_known))
		usleep(100);
	control_produce(t, 1);
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	uint32_t words = t->bytes / SIGNAL_UNIT, got = 0, nr;

	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	if (count > t->batch)
		count = t->batch;
	while (got < words * count && (nr = read_words(t, (uint32_t *)t->in + got,
						       words * count - got)))
		got += nr;
	lab_consume(t, t->in, (size_t)got / words * t->bytes);
	return got / words;
}

static const struct about about = {
	.starts = "kernel",
	.synchronous = "no",
	.loss = "standard: all but one; real-time: none",
	.backpressure = "EAGAIN to the sender",
	.notification = "handler, sigwaitinfo, signalfd with poll",
	.unit = "32 bits",
	.privilege = "the kernel's choice",
	.abi = "POSIX",
	.use = "interrupt a program, not data",
};

static const struct mechanism to_user = {
	.name = "signal", .dir = K2U, .about = &about, .batch = MAX_BATCH,
	.unit = SIGNAL_UNIT, .max_bytes = ROUND_BYTES, .copies = 2,
	.open = signal_open, .send = control_produce, .recv = signal_recv,
	.blocks = true, .poke = signal_poke, .offer = control_offer, .drain = drain,
};

const struct mechanism *const mechanisms[] = { &to_user, NULL };
