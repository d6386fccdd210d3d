// SPDX-License-Identifier: GPL-2.0
/*
 * Signals: a standard one coalesces, a real-time one queues with 32 bits, a full queue is seen.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <signal.h>
#include <sys/resource.h>

#include "lab_file_test.h"
#include "lab_signal.h"

FIXTURE_LAB("signal")

static int set_up(int fd, __u32 bytes, __u32 flags)
{
	struct lab_setup setup = { bytes, SIGNAL_UNIT, 1, flags };

	return ioctl(fd, LAB_SETUP, &setup);
}

static int set_target(int pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", pid);
	return write_text(SIGNAL_PID_FILE, text);
}

static sigset_t blocked(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

/* Its number, or -errno: -EAGAIN where none is pending. */
static int take(const sigset_t *set, siginfo_t *info)
{
	struct timespec now = { 0 };
	int sig = sigtimedwait(set, info, &now);

	return sig < 0 ? -errno : sig;
}

TEST_F(lab, standard_signal_coalesces)
{
	sigset_t set = blocked(SIGUSR1);
	siginfo_t info;

	ASSERT_EQ(0, set_target(getpid()));
	ASSERT_EQ(0, set_up(self->ctl, 16, SIGNAL_STANDARD));
	EXPECT_EQ(5, ioctl(self->ctl, LAB_PRODUCE, 5));
	EXPECT_EQ(SIGUSR1, take(&set, &info));
	EXPECT_EQ(0, info.si_int);
	EXPECT_EQ(-EAGAIN, take(&set, &info));
}

TEST_F(lab, real_time_signal_queues_and_carries_32_bits)
{
	sigset_t set = blocked(SIGNAL_NUMBER);
	siginfo_t info;
	__u32 word[4];
	int i, n;

	ASSERT_EQ(0, set_target(getpid()));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(5, ioctl(self->ctl, LAB_PRODUCE, 5));
	for (n = 0; n < 5; n++) {
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(SIGNAL_NUMBER, take(&set, &info));
			EXPECT_EQ(SI_QUEUE, info.si_code);
			word[i] = info.si_int;
		}
		EXPECT_TRUE(lab_is_record(word, 16, n));
	}
	EXPECT_EQ(-EAGAIN, take(&set, &info));
}

static volatile int handled, handled_sum;

static void handle(int sig, siginfo_t *info, void *context)
{
	handled++;
	handled_sum += info->si_int;
}

TEST_F(lab, handler_is_called)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	sigaction(SIGNAL_NUMBER, &action, NULL);
	ASSERT_EQ(0, set_target(getpid()));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(4, handled);
	EXPECT_EQ(-2, handled_sum);	/* 0, 0, ~0, ~0 */
}

TEST_F(lab, full_queue_is_seen_and_nothing_is_lost)
{
	sigset_t set = blocked(SIGNAL_NUMBER);
	struct rlimit ten = { 10, 10 };
	siginfo_t info;
	__u32 word[4];
	int i, n;

	setrlimit(RLIMIT_SIGPENDING, &ten);
	ASSERT_EQ(0, set_target(getpid()));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(2, ioctl(self->ctl, LAB_PRODUCE, 100));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_PRODUCE, 100));
	for (n = 0; n < 3; n++) {
		for (i = 0; i < 4; i++) {
			if (n == 2 && i == 2)
				EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
			ASSERT_EQ(SIGNAL_NUMBER, take(&set, &info));
			word[i] = info.si_int;
		}
		EXPECT_TRUE(lab_is_record(word, 16, n));
	}
	EXPECT_EQ(-EAGAIN, take(&set, &info));
}

TEST_F(lab, ignored_signals_are_dropped_without_a_word)
{
	sigset_t set;
	siginfo_t info;

	signal(SIGNAL_NUMBER, SIG_IGN);
	ASSERT_EQ(0, set_target(getpid()));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(5, ioctl(self->ctl, LAB_PRODUCE, 5));
	set = blocked(SIGNAL_NUMBER);
	EXPECT_EQ(-EAGAIN, take(&set, &info));
}

TEST_F(lab, receiver_that_is_gone_is_esrch)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(0, set_target(pid));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-ESRCH, set_target(pid));
}

TEST_F(lab, unblocked_signal_ends_the_receiver)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(0, set_target(pid));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	waitpid(pid, &status, 0);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGNAL_NUMBER, WTERMSIG(status));
}

TEST_F(lab, refuses_bad_numbers_and_sizes)
{
	int fd = open(SIGNAL_PID_FILE, O_WRONLY | O_CLOEXEC);

	EXPECT_EQ(-EINVAL, set_target(0));
	EXPECT_EQ(-EINVAL, set_target(-1));
	EXPECT_EQ(-ESRCH, set_target(0x7fffffff));
	EXPECT_EQ(-EINVAL, write_text(SIGNAL_PID_FILE, "me"));
	EXPECT_EQ(-1, write(fd, nowhere(), 4));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(EACCES, nobody_opens(SIGNAL_PID_FILE, O_WRONLY));
	close(fd);
}

TEST_F(lab, queued_signals_outlive_the_module)
{
	sigset_t set = blocked(SIGNAL_NUMBER);
	siginfo_t info;

	ASSERT_EQ(0, set_target(getpid()));
	ASSERT_EQ(0, set_up(self->ctl, 16, 0));
	EXPECT_EQ(-EAGAIN, kmodule_remove("signal"));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("signal"));
	EXPECT_EQ(SIGNAL_NUMBER, take(&set, &info));
	EXPECT_EQ(0, kmodule_insert("signal", ""));
}

TEST_HARNESS_MAIN
