// SPDX-License-Identifier: GPL-2.0
/*
 * The surveys' forms of the log: all have the same records, count what they lose, and end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sys/mount.h>

#include "load.h"
#include "recorder.h"

#define CALLS	1000
#define ROOM	(1U << 20)		/* all of them fit */
#define FEW	BULK_SYSCALLS_RING_MIN	/* these don't */

const char *recorder_why = "";
uint64_t consumed_sum;

FIXTURE(form) {
	const struct recorder *rec;
};

FIXTURE_VARIANT(form) {
	const struct recorder *rec;
};

FIXTURE_VARIANT_ADD(form, procfs) { .rec = &recorder_procfs };
FIXTURE_VARIANT_ADD(form, chardev) { .rec = &recorder_chardev };
FIXTURE_VARIANT_ADD(form, fs) { .rec = &recorder_fs };
FIXTURE_VARIANT_ADD(form, own_syscall) { .rec = &recorder_own_syscall };
FIXTURE_VARIANT_ADD(form, mmap) { .rec = &recorder_mmap };
FIXTURE_VARIANT_ADD(form, relay) { .rec = &recorder_relay };
FIXTURE_VARIANT_ADD(form, genetlink) { .rec = &recorder_genetlink };

/* A test that failed may have left it. */
static void clean_up(void)
{
	umount2("/sagafs", MNT_DETACH);
	kmodule_remove_soon("log");
}

FIXTURE_SETUP(form)
{
	self->rec = variant->rec;
	clean_up();
	remember_anew();
}

FIXTURE_TEARDOWN(form)
{
	clean_up();
}

static __u64 drain_all(const struct recorder *rec)
{
	__u64 taken, all = 0;

	while ((taken = rec->drain()))
		all += taken;
	return all;
}

/* On one CPU, because a buffer for each does not tell the order of several. */
static void make_known_calls(int count)
{
	make_calls(count);
	syscall(__NR_lseek, 1000, 7, SEEK_CUR);
}

static struct load load_on_one_cpu(void (*work)(int count), int count)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	return load_new(work, count);
}

TEST_F(form, calls_come_whole_and_in_order)
{
	struct load load = load_on_one_cpu(make_known_calls, CALLS);
	const union line *line = lines;
	int i;

	ASSERT_LT(0, load.pid);
	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_TRUE(load_run(&load));
	EXPECT_EQ(made_by_calls(CALLS + 1), drain_all(self->rec));
	EXPECT_EQ(0, self->rec->lost());
	self->rec->stop();
	ASSERT_EQ(made_by_calls(CALLS + 1), nr_lines);

	ASSERT_TRUE(is_exit(line, __NR_read, 1));
	EXPECT_EQ(BULK_SYSCALLS_UNTIMED, line->head.call.flags);
	EXPECT_EQ(0, line++->exit.call.duration_ns);
	for (i = 0; i < CALLS; i++, line += 2) {
		ASSERT_TRUE(is_enter(line, __NR_getppid));
		ASSERT_TRUE(is_exit(line + 1, __NR_getppid, getpid()));
	}
	ASSERT_TRUE(is_enter(line, __NR_lseek));
	EXPECT_EQ(1000, line->enter.call.args[0]);
	EXPECT_EQ(7, line->enter.call.args[1]);
	EXPECT_EQ(SEEK_CUR, line++->enter.call.args[2]);
	ASSERT_TRUE(is_exit(line++, __NR_lseek, -EBADF));
	ASSERT_TRUE(is_enter(line, __NR_exit_group));
	EXPECT_EQ(LOAD_STATUS, line->enter.call.args[0]);
}

TEST_F(form, times_and_threads_are_told)
{
	struct load load = load_on_one_cpu(make_calls, CALLS);
	const union line *line;

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_TRUE(load_run(&load));
	drain_all(self->rec);
	self->rec->stop();
	ASSERT_EQ(made_by_calls(CALLS), nr_lines);
	for (line = lines; line < lines + nr_lines; line++) {
		ASSERT_EQ(load.pid, line->head.call.pid);
		ASSERT_EQ(load.pid, line->head.call.tid);
		ASSERT_EQ(0, line->head.call.cpu);
		ASSERT_EQ(BULK_SYSCALLS_ABI_64, line->head.call.abi);
		if (line > lines)
			ASSERT_LE(line[-1].head.time, line->head.time);
		if (line > lines && line->head.call.type == BULK_SYSCALLS_EXIT)
			ASSERT_EQ(line->exit.call.duration_ns,
				  line->head.time - line[-1].head.time);
	}
}

static void *call_in_thread(void *arg)
{
	make_calls(*(int *)arg);
	return NULL;
}

static void make_descendants(int count)
{
	pthread_t thread;

	if (!fork()) {
		make_calls(2 * count);
		_exit(0);
	}
	if (!pthread_create(&thread, NULL, call_in_thread, &count))
		pthread_join(thread, NULL);
	wait(NULL);
}

/* Entries of getppid(2), of another process than @pid, or of another thread there. */
static int entries(__u32 pid, int in_thread)
{
	const struct bulk_syscalls_head *head;
	int i, n = 0;

	for (i = 0; i < nr_lines; i++) {
		head = &lines[i].head.call;
		if (is_enter(&lines[i], __NR_getppid) &&
		    (in_thread ? head->pid == pid && head->tid != pid : head->pid != pid))
			n++;
	}
	return n;
}

TEST_F(form, descendants_are_recorded)
{
	struct load load = load_new(make_descendants, 10);

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_TRUE(load_run(&load));
	EXPECT_LT(0, drain_all(self->rec));
	EXPECT_EQ(0, self->rec->lost());
	self->rec->stop();
	EXPECT_EQ(20, entries(load.pid, 0));
	EXPECT_EQ(10, entries(load.pid, 1));
}

/* One that waits to be let go, and one that waits for it. */
static void *wait_in_thread(void *go)
{
	char byte;

	if (read(*(int *)go, &byte, 1) == 1)
		make_calls(10);
	return NULL;
}

static struct load load_with_thread(void)
{
	struct load load;
	pthread_t thread;
	int pipes[2];

	if (pipe(pipes))
		return (struct load){ .pid = -1 };
	load.pid = fork();
	if (!load.pid) {
		close(pipes[1]);
		if (!pthread_create(&thread, NULL, wait_in_thread, &pipes[0]))
			pthread_join(thread, NULL);
		_exit(LOAD_STATUS);
	}
	close(pipes[0]);
	load.go = pipes[1];
	lab_await_call(load.pid, __NR_futex);
	return load;
}

TEST_F(form, threads_that_are_there_are_recorded)
{
	struct load load = load_with_thread();

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_TRUE(load_run(&load));
	EXPECT_LT(0, drain_all(self->rec));
	self->rec->stop();
	EXPECT_EQ(10, entries(load.pid, 1));
}

TEST_F(form, others_are_not_recorded)
{
	struct load load = load_new(make_calls, 0), other = load_new(make_calls, CALLS);

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_TRUE(load_run(&other));
	make_calls(CALLS);
	EXPECT_EQ(0, drain_all(self->rec));
	EXPECT_TRUE(load_run(&load));
	EXPECT_EQ(made_by_calls(0), drain_all(self->rec));
	self->rec->stop();
}

/* Nobody reads until all are made. */
TEST_F(form, what_is_lost_is_counted)
{
	struct load load = load_on_one_cpu(make_calls, CALLS);
	__u64 seen;

	ASSERT_TRUE(self->rec->start(load.pid, FEW));
	EXPECT_TRUE(load_run(&load));
	seen = drain_all(self->rec);
	EXPECT_LT(0, seen);
	EXPECT_GE(FEW / sizeof(struct log_exit), seen);
	EXPECT_EQ(made_by_calls(CALLS), seen + self->rec->lost());
	EXPECT_TRUE(is_exit(&lines[0], __NR_read, 1));
	self->rec->stop();
}

/* And the buffer is of use again, once it is read. */
TEST_F(form, loss_ends_with_reading)
{
	struct load load = load_new(make_calls, CALLS), next = load_new(make_calls, 10);

	ASSERT_TRUE(self->rec->start(load.pid, FEW));
	EXPECT_TRUE(load_run(&load));
	drain_all(self->rec);
	self->rec->stop();
	ASSERT_TRUE(self->rec->start(next.pid, FEW));
	EXPECT_TRUE(load_run(&next));
	EXPECT_EQ(made_by_calls(10), drain_all(self->rec));
	EXPECT_EQ(0, self->rec->lost());
	self->rec->stop();
}

/* A buffer that records go round many times, and a reader beside their maker. */
TEST_F(form, reader_and_maker_lose_nothing_uncounted)
{
	struct load load = load_new(make_calls, 10 * CALLS);
	__u64 seen = 0;
	int status = 0;

	form_look = NULL;
	ASSERT_TRUE(self->rec->start(load.pid, FEW));
	load_go(&load);
	while (!waitpid(load.pid, &status, WNOHANG))
		seen += self->rec->drain();
	EXPECT_EQ(LOAD_STATUS, WEXITSTATUS(status));
	seen += drain_all(self->rec);
	EXPECT_EQ(made_by_calls(10 * CALLS), seen + self->rec->lost());
	self->rec->stop();
}

TEST_F(form, poll_tells_of_records)
{
	struct load load = load_new(make_calls, CALLS);
	struct pollfd pfd = { .events = POLLIN };

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	pfd.fd = self->rec->fd();
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	load_go(&load);
	EXPECT_EQ(1, poll(&pfd, 1, LAB_DEADLINE * 1000));
	EXPECT_LT(0, self->rec->drain());
	EXPECT_TRUE(load_ended(&load));
	drain_all(self->rec);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	self->rec->stop();
}

TEST_F(form, nothing_is_recorded_after_the_end)
{
	struct load load = load_new(make_calls, CALLS), idle = load_new(make_calls, 0);

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	self->rec->stop();
	/* The probes went with the module. */
	EXPECT_EQ(-ENOENT, kmodule_remove("log"));
	EXPECT_TRUE(load_run(&load));
	ASSERT_TRUE(self->rec->start(idle.pid, ROOM));
	EXPECT_EQ(0, drain_all(self->rec));
	EXPECT_EQ(0, self->rec->lost());
	self->rec->stop();
	EXPECT_TRUE(load_run(&idle));
}

TEST_F(form, module_stays_while_it_records)
{
	struct load load = load_new(make_calls, CALLS);

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_EQ(-EAGAIN, kmodule_remove("log"));
	EXPECT_TRUE(load_run(&load));
	EXPECT_EQ(made_by_calls(CALLS), drain_all(self->rec));
	self->rec->stop();
	EXPECT_EQ(-ENOENT, kmodule_remove("log"));
}

TEST_F(form, one_records_at_a_time)
{
	struct load load = load_new(make_calls, 0);

	ASSERT_TRUE(self->rec->start(load.pid, ROOM));
	EXPECT_EQ(-1, open(LOG_DEVICE, O_RDWR));
	EXPECT_EQ(EBUSY, errno);
	self->rec->stop();
	EXPECT_TRUE(load_run(&load));
}

/* Its process goes on, and the module can go. */
TEST_F(form, killed_recorder_leaves_nothing)
{
	struct load load = load_new(make_calls, CALLS);
	pid_t recorder = fork();

	if (!recorder) {
		self->rec->start(load.pid, FEW);
		for (;;)
			pause();
	}
	lab_await_call(recorder, __NR_pause);
	ASSERT_EQ(0, kill(recorder, SIGKILL));
	EXPECT_EQ(SIGKILL, lab_wait_for(recorder));
	EXPECT_TRUE(load_run(&load));
	umount2("/sagafs", MNT_DETACH);
	EXPECT_EQ(0, kmodule_remove_soon("log"));
}

TEST_HARNESS_MAIN
