// SPDX-License-Identifier: GPL-2.0
/*
 * What a provider returns: every errno reaches the caller, a mistake ends at the border.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "puppet.h"

#define LAST_ERRNO	EHWPOISON

/* As the module has it. */
enum misuse {
	COMMIT_TWICE = 1, ABORT_COMMITTED, COMMIT_ABORTED, ABORT_TWICE, FORGET,
};

FIXTURE(provider)
{
	struct windowed w;
	char buf[64];
};

FIXTURE_VARIANT(provider)
{
	const char *params;
};

/* What fills the window: an operation of its own, or the one of a RECV. */
FIXTURE_VARIANT_ADD(provider, give) { .params = "give=1", };
FIXTURE_VARIANT_ADD(provider, recv) { .params = "", };
/* And what is in the window it gets as a batch. */
FIXTURE_VARIANT_ADD(provider, batch) { .params = "give=1 batch=1", };

FIXTURE_SETUP(provider)
{
	int ret;

	ret = open_puppet(&self->w, variant->params);
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no module bulk_puppet, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(provider)
{
	close_windowed(&self->w);
	unload_module("bulk_puppet");
}

static void answer(struct __test_metadata *_metadata, const char *param,
		   int value)
{
	ASSERT_EQ(0, set_puppet(param, value));
}

static int send_one(struct windowed *w)
{
	return bulk_send(w->fd, "x", 1, 0);
}

/* Past the ring's vDSO function nothing has been seen of the provider yet. */
static int send_by_window(struct windowed *w)
{
	return window_send(w, "x", 1, 0, 0);
}

static int flush(struct windowed *w)
{
	return bulk_xfer(w->fd, NULL, 0, BULK_FLUSH | BULK_DONTWAIT);
}

static int recv_one(struct _test_data_provider *self)
{
	return bulk_recv(self->w.fd, self->buf, sizeof(self->buf), NULL);
}

static void take_all(struct __test_metadata *_metadata,
		     struct _test_data_provider *self)
{
	int ret;

	do
		ret = recv_one(self);
	while (ret >= 0);
	ASSERT_EQ(-EAGAIN, ret);
}

/* The endpoint is as good as new: a record goes and comes back. */
static void expect_unharmed(struct __test_metadata *_metadata,
			    struct _test_data_provider *self)
{
	answer(_metadata, "send", 0);
	answer(_metadata, "recv", -EAGAIN);
	answer(_metadata, "told", 8);
	answer(_metadata, "give_told", 8);
	answer(_metadata, "gives_up", 0);
	answer(_metadata, "misuse", 0);
	answer(_metadata, "poll", POLLOUT);
	EXPECT_EQ(0, flush(&self->w));
	take_all(_metadata, self);
	EXPECT_EQ(0, send_by_window(&self->w));
	EXPECT_EQ(1, recv_one(self));
	EXPECT_EQ(0, send_one(&self->w));
	EXPECT_EQ(1, recv_one(self));
}

/* Tells what comes from now on. */
static int open_log(struct __test_metadata *_metadata)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, log);
	lseek(log, 0, SEEK_END);
	return log;
}

/* Lines of the kernel's log, since @fd was opened, that name the channel. */
static int count_told(int fd)
{
	char line[1024];
	int told = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return told;
		line[n] = 0;
		told += !!strstr(line, "the provider of channel puppet");
	}
}

TEST_F(provider, every_errno_of_a_send)
{
	int error;

	for (error = 1; error <= LAST_ERRNO; error++) {
		answer(_metadata, "send", -error);
		EXPECT_EQ(-error, send_one(&self->w));
		/* That one would wait. */
		if (error == EAGAIN)
			continue;
		EXPECT_EQ(-1, write(self->w.fd, "x", 1));
		EXPECT_EQ(error, errno);
	}
	expect_unharmed(_metadata, self);
}

TEST_F(provider, every_errno_of_a_flush)
{
	bool later;
	int error;

	for (error = 1; error <= LAST_ERRNO; error++) {
		later = error == EAGAIN || error == ENOMEM;
		answer(_metadata, "send", -error);
		EXPECT_EQ(0, send_by_window(&self->w));
		EXPECT_EQ(-error, flush(&self->w));
		EXPECT_EQ(later ? -error : 0, flush(&self->w));
		answer(_metadata, "send", 0);
		EXPECT_EQ(0, flush(&self->w));
		EXPECT_EQ(later ? 1 : -EAGAIN, recv_one(self));
	}
	EXPECT_EQ(LAST_ERRNO - 2, figure(self->w.fd, "tx-refused"));
	expect_unharmed(_metadata, self);
}

/* All but the record that is refused, and what comes after it. */
TEST_F(provider, refuses_one_of_many)
{
	int i;

	answer(_metadata, "send", -ENOSPC);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	EXPECT_EQ(-ENOSPC, flush(&self->w));
	EXPECT_EQ(5, figure(self->w.fd, "tx-refused"));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	answer(_metadata, "send", -EAGAIN);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	EXPECT_EQ(-EAGAIN, flush(&self->w));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	answer(_metadata, "send", 0);
	EXPECT_EQ(0, flush(&self->w));
	EXPECT_EQ(5, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(5, figure(self->w.fd, "tx-bytes"));
	EXPECT_EQ(5, figure(self->w.fd, "tx-refused"));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(1, recv_one(self));
	expect_unharmed(_metadata, self);
}

/* Neither taken nor refused, whatever it returns: the records wait, and it is told. */
TEST_F(provider, looks_at_no_record)
{
	static const int answers[] = { 0, 1, -EIO };
	int log = open_log(_metadata);
	size_t i;

	if (!strstr(variant->params, "batch"))
		return;
	answer(_metadata, "looks", 0);
	EXPECT_EQ(0, send_by_window(&self->w));
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		answer(_metadata, "send", answers[i]);
		EXPECT_EQ(-EAGAIN, flush(&self->w));
	}
	EXPECT_EQ(1, count_told(log));
	close(log);
	EXPECT_EQ(0, figure(self->w.fd, "tx-refused"));
	answer(_metadata, "looks", 1);
	answer(_metadata, "send", 0);
	EXPECT_EQ(0, flush(&self->w));
	EXPECT_EQ(1, recv_one(self));
	expect_unharmed(_metadata, self);
}

TEST_F(provider, every_errno_of_a_recv)
{
	int error;

	answer(_metadata, "told", 100);
	for (error = 1; error <= LAST_ERRNO; error++) {
		answer(_metadata, "recv", -error);
		EXPECT_EQ(-error, recv_one(self));
		EXPECT_EQ(-error, window_recv(&self->w, self->buf, 64, NULL,
					      BULK_DONTWAIT));
		if (error == EAGAIN)
			continue;
		EXPECT_EQ(-1, read(self->w.fd, self->buf, 64));
		EXPECT_EQ(error, errno);
	}
	expect_unharmed(_metadata, self);
}

/* A number that is no errno says nothing: EIO. */
TEST_F(provider, returns_nonsense)
{
	static const int nonsense[] = { 1, 8, INT_MAX, -512, -4096, INT_MIN };
	int log = open_log(_metadata);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		answer(_metadata, "send", nonsense[i]);
		EXPECT_EQ(-EIO, send_one(&self->w));
		EXPECT_EQ(0, send_by_window(&self->w));
		EXPECT_EQ(-EIO, flush(&self->w));
		answer(_metadata, "recv", nonsense[i]);
		EXPECT_EQ(-EIO, recv_one(self));
		expect_unharmed(_metadata, self);
	}
	EXPECT_EQ(1, count_told(log));
}

TEST_F(provider, opens_with_nonsense)
{
	answer(_metadata, "open", 1);
	EXPECT_EQ(-EIO, open_channel("puppet", O_RDWR));
	answer(_metadata, "open", -ENXIO);
	EXPECT_EQ(-ENXIO, open_channel("puppet", O_RDWR));
	expect_unharmed(_metadata, self);
}

/* It has copied eight bytes. */
TEST_F(provider, tells_another_length)
{
	static const int lengths[] = { 0, 7, 9, 65, 4097, 1 << 20, -1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		answer(_metadata, "told", lengths[i]);
		answer(_metadata, "recv", 0);
		EXPECT_EQ(-EIO, recv_one(self));
		expect_unharmed(_metadata, self);
	}
}

/* The window is filled after a RECV: what is wrong there is told to the next. */
TEST_F(provider, tells_another_length_ahead)
{
	static const int lengths[] = { 1 << 20, INT_MAX, -1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		answer(_metadata, "give_told", lengths[i]);
		answer(_metadata, "recv", 0);
		EXPECT_EQ(8, recv_one(self));
		answer(_metadata, "recv", -EAGAIN);
		EXPECT_EQ(-EIO, recv_one(self));
		expect_unharmed(_metadata, self);
	}
}

TEST_F(provider, asks_for_room_that_is_there)
{
	answer(_metadata, "recv", -EMSGSIZE);
	EXPECT_EQ(-EIO, recv_one(self));
	answer(_metadata, "told", 4097);
	EXPECT_EQ(-EIO, recv_one(self));
	expect_unharmed(_metadata, self);
}

TEST_F(provider, finds_the_description_empty)
{
	answer(_metadata, "recv", 0);
	EXPECT_EQ(8, recv_one(self));
	EXPECT_EQ(8, window_recv(&self->w, self->buf, 64, NULL, 0));
	EXPECT_EQ(0, get_module_param("bulk_puppet", "dirty"));
}

static void check_misuse(struct __test_metadata *_metadata,
			 struct _test_data_provider *self, int misuse, bool comes)
{
	int i;

	answer(_metadata, "misuse", misuse);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_one(&self->w));
	for (i = 0; i < 3 && comes; i++)
		EXPECT_EQ(1, recv_one(self));
	EXPECT_EQ(-EAGAIN, recv_one(self));
	EXPECT_EQ(0, figure(self->w.fd, "rx-queued"));
	EXPECT_EQ(0, figure(self->w.fd, "rx-queued-bytes"));
	expect_unharmed(_metadata, self);
}

/* A record is committed or aborted once: more than that has no effect. */
TEST_F(provider, ends_a_record_twice)
{
	int log = open_log(_metadata);

	check_misuse(_metadata, self, COMMIT_TWICE, true);
	EXPECT_EQ(1, count_told(log));
	check_misuse(_metadata, self, ABORT_COMMITTED, true);
	check_misuse(_metadata, self, COMMIT_ABORTED, false);
	check_misuse(_metadata, self, ABORT_TWICE, false);
	EXPECT_EQ(0, count_told(log));
}

/* The record that is queued is not the one that is still reserved. */
TEST_F(provider, ends_a_record_twice_of_two)
{
	answer(_metadata, "holds", 1);
	check_misuse(_metadata, self, COMMIT_TWICE, true);
	check_misuse(_metadata, self, ABORT_COMMITTED, true);
}

/* It holds up those behind it, until its provider is gone. */
TEST_F(provider, forgets_a_record)
{
	int log = open_log(_metadata);

	answer(_metadata, "misuse", FORGET);
	EXPECT_EQ(0, send_one(&self->w));
	EXPECT_EQ(-EAGAIN, recv_one(self));
	EXPECT_EQ(1, figure(self->w.fd, "rx-reserved"));
	answer(_metadata, "misuse", 0);
	EXPECT_EQ(0, send_one(&self->w));
	EXPECT_EQ(-EAGAIN, recv_one(self));
	EXPECT_EQ(1, figure(self->w.fd, "rx-reserved"));
	EXPECT_EQ(0, count_told(log));
	ASSERT_EQ(0, unload_module("bulk_puppet"));
	EXPECT_EQ(1, count_told(log));
	EXPECT_EQ(0, figure(self->w.fd, "rx-reserved"));
	EXPECT_EQ(1, recv_one(self));
	EXPECT_EQ(-ENODEV, recv_one(self));
}

TEST_F(provider, pushes_after_the_release)
{
	int log = open_log(_metadata);

	answer(_metadata, "late", 1);
	ASSERT_EQ(0, unload_module("bulk_puppet"));
	EXPECT_EQ(0, figure(self->w.fd, "rx-queued"));
	EXPECT_EQ(-ENODEV, recv_one(self));
	EXPECT_EQ(1, count_told(log));
}

/* An errno, where events are asked for, has a bit for almost each of them. */
TEST_F(provider, polls_nonsense)
{
	struct pollfd pfd = { .fd = self->w.fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	int log = open_log(_metadata);

	answer(_metadata, "poll", -EINVAL);
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLERR, pfd.revents);
	EXPECT_EQ(1, count_told(log));
	expect_unharmed(_metadata, self);
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
}

/* Only a kernel that counts can see it. */
TEST_F(provider, returns_with_preemption_disabled)
{
	int log = open_log(_metadata);
	struct pollfd pfd = { .fd = self->w.fd, .events = POLLIN };

	if (!kernel_checks_itself())
		SKIP(return, "the kernel doesn't look");
	answer(_metadata, "leaves", 1);
	EXPECT_EQ(0, send_one(&self->w));
	EXPECT_EQ(0, send_by_window(&self->w));
	EXPECT_EQ(1, write(self->w.fd, "x", 1));
	EXPECT_EQ(0, flush(&self->w));
	EXPECT_EQ(-EAGAIN, recv_one(self));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	answer(_metadata, "recv", 0);
	EXPECT_EQ(8, recv_one(self));
	answer(_metadata, "leaves", 0);
	EXPECT_EQ(1, count_told(log));
	expect_unharmed(_metadata, self);
}

/* Its abort makes room: a reason to try again, though not for ever. */
TEST_F(provider, gives_up_a_reservation)
{
	int status;
	pid_t pid;

	answer(_metadata, "gives_up", 1);
	EXPECT_EQ(-EAGAIN, send_one(&self->w));
	EXPECT_EQ(0, send_by_window(&self->w));
	EXPECT_EQ(-EAGAIN, flush(&self->w));
	pid = fork();
	if (!pid) {
		if (write(self->w.fd, "x", 1) < 0)
			pause();
		_exit(KSFT_FAIL);
	}
	usleep(100000);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	answer(_metadata, "gives_up", 0);
	EXPECT_EQ(0, flush(&self->w));
	EXPECT_EQ(1, recv_one(self));
	expect_unharmed(_metadata, self);
}

TEST_HARNESS_MAIN
