// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that the kernel starts: arguments, environment, exit code, whom it waits for.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <xxhash.h>

#include "lab_file_test.h"
#include "upcall.h"

#define TOLD	"/tmp/lab_upcall_told"
#define GATE	"/tmp/lab_upcall_gate"

FIXTURE_LAB("upcall")

/* The status, or -errno. */
static int run(int fd, const char *path, const char *arg, __u32 wait)
{
	struct upcall_run call = { .env = "LAB_WORD=saga", .wait = wait };
	int ret;

	snprintf(call.path, sizeof(call.path), "%s", path);
	snprintf(call.arg, sizeof(call.arg), "%s", arg);
	ret = ioctl(fd, UPCALL_RUN, &call);
	return ret < 0 ? -errno : ret;
}

static int help(int fd, const char *arg)
{
	return run(fd, UPCALL_HELPER, arg, UPCALL_END);
}

TEST_F(lab, exit_code_comes_back)
{
	EXPECT_EQ(0, help(self->ctl, "exit=0"));
	EXPECT_EQ(7 << 8, help(self->ctl, "exit=7"));
	EXPECT_EQ(255 << 8, help(self->ctl, "exit=-1"));
	EXPECT_EQ(9, help(self->ctl, "kill=9"));
}

TEST_F(lab, argument_and_environment_arrive)
{
	unlink(TOLD);
	EXPECT_EQ(0, help(self->ctl, "tell=" TOLD));
	EXPECT_TRUE(is_text(TOLD, "uid 0 HOME / LAB_WORD saga\n"));
	unlink(TOLD);
}

/* Whoever makes the kernel do it, the program is root's. */
TEST_F(lab, program_is_root_whoever_asks)
{
	pid_t pid = fork();
	int status;

	unlink(TOLD);
	if (!pid) {
		if (setuid(65534))
			_exit(9);
		_exit(help(self->ctl, "tell=" TOLD));
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_TRUE(is_text(TOLD, "uid 0 HOME / LAB_WORD saga\n"));
	unlink(TOLD);
}

TEST_F(lab, missing_program_is_told_to_who_waits)
{
	EXPECT_EQ(-ENOENT, run(self->ctl, "/none", "", UPCALL_END));
	EXPECT_EQ(-EACCES, run(self->ctl, "/etc/passwd", "", UPCALL_END));
	EXPECT_EQ(-EACCES, run(self->ctl, "/tmp", "", UPCALL_END));
}

/* A process that ends still has the module's files. */
static int remove_later(void)
{
	int ret;

	while ((ret = kmodule_remove("upcall")) == -EAGAIN)
		usleep(1000);
	return ret;
}

TEST_F(lab, who_does_not_wait_learns_nothing)
{
	int i;

	EXPECT_EQ(-ENOENT, run(self->ctl, "/none", "", UPCALL_EXEC));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, run(self->ctl, "/none", "", UPCALL_NO_WAIT));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, remove_later());
	EXPECT_EQ(0, kmodule_insert("upcall", ""));
}

TEST_F(lab, start_can_be_waited_for_without_the_end)
{
	close(open(GATE, O_CREAT | O_WRONLY, 0600));
	EXPECT_EQ(0, run(self->ctl, UPCALL_HELPER, "wait=" GATE, UPCALL_EXEC));
	/* It runs, and its files are the module's. */
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(-EAGAIN, kmodule_remove("upcall"));
	unlink(GATE);
	EXPECT_EQ(0, remove_later());
	EXPECT_EQ(0, kmodule_insert("upcall", ""));
}

static XXH64_state_t *map_sum(void)
{
	int fd = open(UPCALL_SUM, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	XXH64_state_t *sum = MAP_FAILED;

	if (!ftruncate(fd, sizeof(*sum)))
		sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (sum != MAP_FAILED)
		XXH64_reset(sum, 0);
	return sum;
}

static __u64 sum_of_record_0(void)
{
	char record[4096];

	lab_prepare(record, sizeof(record));
	lab_produce(record, sizeof(record), 0);
	return XXH64(record, sizeof(record), 0);
}

TEST_F(lab, records_by_argument_and_standard_input)
{
	XXH64_state_t *sum = map_sum();

	ASSERT_NE(MAP_FAILED, sum);
	ASSERT_EQ(0, lab_set(self->ctl, 4096, 1, 0));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(sum_of_record_0(), XXH64_digest(sum));
	XXH64_reset(sum, 0);
	ASSERT_EQ(0, lab_set(self->ctl, 4096, 1, UPCALL_STDIN));
	EXPECT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(sum_of_record_0(), XXH64_digest(sum));
	unlink(UPCALL_SUM);
}

TEST_F(lab, records_by_standard_output)
{
	struct lab_totals totals = { 0 };

	ASSERT_EQ(0, lab_set(self->ctl, 4096, 1, 0));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_CONSUME, 1));
	EXPECT_EQ(0, ioctl(self->ctl, LAB_TOTALS, &totals));
	EXPECT_EQ(4096, totals.bytes);
	EXPECT_EQ(sum_of_record_0(), totals.checksum);
}

/* All that the kernel learns is that the helper's exit code was not 0. */
TEST_F(lab, helper_that_fails_is_eio)
{
	unlink(UPCALL_SUM);
	ASSERT_EQ(0, lab_set(self->ctl, 4096, 1, 0));
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(EIO, errno);
}

TEST_F(lab, an_argument_is_at_most_128_kib)
{
	struct lab_setup setup = { 1 << 20, UPCALL_UNIT, 1, 0 };

	ASSERT_EQ(0, ioctl(self->ctl, LAB_SETUP, &setup));
	setup.unit += 8;
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_SETUP, &setup));
	EXPECT_EQ(EMSGSIZE, errno);
}

TEST_F(lab, refuses_bad_calls)
{
	struct upcall_run call = { .path = UPCALL_HELPER, .wait = UPCALL_END };

	memset(call.arg, 'x', sizeof(call.arg));
	EXPECT_EQ(-1, ioctl(self->ctl, UPCALL_RUN, &call));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EINVAL, run(self->ctl, UPCALL_HELPER, "exit=0", 3));
	EXPECT_EQ(-1, ioctl(self->ctl, UPCALL_RUN, nowhere()));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, _IO('U', 99), 0));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_HARNESS_MAIN
