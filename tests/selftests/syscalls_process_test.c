// SPDX-License-Identifier: GPL-2.0
/*
 * Records of processes: made, named, executing a program, ended; none of its own.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "syscalls.h"

#include <pthread.h>

#define SHELL		"/bin/sh"
#define CODE		7
#define NAME		"flight-recorder"	/* as long as one may be */

struct notes {
	pid_t forked;
	pid_t thread;
};

FIXTURE(process) {
	struct recording r;
	struct bulk_syscalls_request req;
	struct child child;
	struct notes *notes;
};

FIXTURE_SETUP(process)
{
	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	self->notes = share();
	ASSERT_NE(MAP_FAILED, self->notes);
	self->req.filter.flags = BULK_SYSCALLS_DESCENDANTS;
}

FIXTURE_TEARDOWN(process)
{
	end_recording(&self->r);
}

static void record_child(struct __test_metadata *_metadata,
			 struct _test_data_process *self,
			 void (*body)(struct child *c, void *arg), int code)
{
	ASSERT_EQ(0, spawn(&self->child, body, self->notes));
	ASSERT_EQ(0, start_pid(&self->r, &self->req, self->child.pid));
	ASSERT_EQ(code, finish(&self->child));
	ASSERT_NE(NULL, stop(&self->r));
	EXPECT_EQ(0, lost_in_band(&self->r.log));
}

/* The record of a thread behind @rec, which there must be. */
static struct bulk_packed *expect_type(struct __test_metadata *_metadata,
				       struct _test_data_process *self,
				       struct bulk_packed *rec, int type,
				       pid_t pid, pid_t tid)
{
	rec = find_type(&self->r.log, rec, type, tid);
	ASSERT_NE(NULL, rec) {
		TH_LOG("no record of type %d", type);
	}
	EXPECT_EQ(pid, head_of(rec)->pid);
	return rec;
}

static void expect_comm(struct __test_metadata *_metadata,
			struct bulk_packed *rec, const char *name)
{
	struct bulk_syscalls_comm *comm = (void *)rec->data;

	ASSERT_EQ(sizeof(*comm), rec->len);
	EXPECT_STREQ(name, (char *)comm->comm);
}

static void expect_end(struct __test_metadata *_metadata,
		       struct bulk_packed *rec, __u32 code)
{
	struct bulk_syscalls_end *end = (void *)rec->data;

	ASSERT_EQ(sizeof(*end), rec->len);
	EXPECT_EQ(code, end->code);
	EXPECT_EQ(0, end->reserved);
}

static void expect_exec(struct __test_metadata *_metadata,
			struct bulk_packed *rec, pid_t old_tid)
{
	struct bulk_syscalls_exec *exec = (void *)rec->data;

	ASSERT_EQ(sizeof(*exec) + strlen(SHELL), rec->len);
	EXPECT_EQ(old_tid, exec->old_tid);
	ASSERT_EQ(strlen(SHELL), exec->len);
	EXPECT_EQ(0, memcmp(SHELL, exec->path, exec->len));
}

/* The thread @head.tid has made @tid, of @pid. */
static void expect_fork(struct __test_metadata *_metadata,
			struct bulk_packed *rec, pid_t pid, pid_t tid)
{
	struct bulk_syscalls_fork *fork = (void *)rec->data;

	ASSERT_EQ(sizeof(*fork), rec->len);
	EXPECT_EQ(pid, fork->pid);
	EXPECT_EQ(tid, fork->tid);
}

static void fork_and_exec(struct child *c, void *arg)
{
	struct notes *notes = arg;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NAME, NAME);
		execl(SHELL, "sh", "-c", "exit 7", NULL);
		_exit(99);
	}
	notes->forked = pid;
	_exit(ended(pid));
}

TEST_F(process, fork_name_exec_end)
{
	struct bulk_packed *rec = NULL;
	pid_t pid, child;

	record_child(_metadata, self, fork_and_exec, CODE);
	pid = self->child.pid;
	child = self->notes->forked;
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_FORK, pid, pid);
	expect_fork(_metadata, rec, child, child);
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_END, pid, pid);
	expect_end(_metadata, rec, CODE << 8);

	rec = NULL;
	do {
		rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_COMM,
				  child, child);
	} while (strcmp((char *)((struct bulk_syscalls_comm *)rec->data)->comm,
			NAME));
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_EXEC, child,
			  child);
	expect_exec(_metadata, rec, child);
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_END, child,
			  child);
	expect_end(_metadata, rec, CODE << 8);
}

static void die(struct child *c, void *arg)
{
	raise(SIGKILL);
}

TEST_F(process, end_by_a_signal)
{
	struct bulk_packed *rec = NULL;

	record_child(_metadata, self, die, 128 + SIGKILL);
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_END,
			  self->child.pid, self->child.pid);
	expect_end(_metadata, rec, SIGKILL);
}

static void *exec_shell(void *arg)
{
	struct notes *notes = arg;

	notes->thread = gettid();
	execl(SHELL, "sh", "-c", "exit 7", NULL);
	_exit(99);
}

static void exec_from_thread(struct child *c, void *arg)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_shell, arg);
	for (;;)
		pause();
}

/* The thread that executes takes the number of the first one. */
TEST_F(process, exec_by_another_thread)
{
	struct bulk_packed *rec = NULL;
	pid_t pid;

	record_child(_metadata, self, exec_from_thread, CODE);
	pid = self->child.pid;
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_FORK, pid, pid);
	expect_fork(_metadata, rec, pid, self->notes->thread);
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_EXEC, pid, pid);
	expect_exec(_metadata, rec, self->notes->thread);
	rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_END, pid, pid);
	expect_end(_metadata, rec, CODE << 8);
}

static void *wait_in_thread(void *arg)
{
	struct notes *notes = arg;

	prctl(PR_SET_NAME, NAME);
	__atomic_store_n(&notes->thread, gettid(), __ATOMIC_RELEASE);
	pause();
	return NULL;
}

static void have_a_thread(struct child *c, void *arg)
{
	struct notes *notes = arg;
	pthread_t thread;

	prctl(PR_SET_NAME, "first");
	pthread_create(&thread, NULL, wait_in_thread, arg);
	while (!__atomic_load_n(&notes->thread, __ATOMIC_ACQUIRE))
		usleep(1000);
	child_pause(c);
}

/* Each thread that there is has a name when a recording begins, or goes on. */
TEST_F(process, names_of_those_that_there_are)
{
	struct bulk_packed *rec = NULL;
	__u32 pid;
	int i;

	ASSERT_EQ(0, spawn(&self->child, have_a_thread, self->notes));
	step(&self->child);
	pid = self->child.pid;
	ASSERT_EQ(0, start_pid(&self->r, &self->req, pid));
	self->req.op = BULK_SYSCALLS_FILTER;
	ASSERT_EQ(0, ask(self->r.fd, &self->req, &pid));
	ASSERT_NE(NULL, collect(&self->r.log, self->r.fd));
	for (i = 0; i < 2; i++) {
		rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_COMM,
				  pid, pid);
		expect_comm(_metadata, rec, "first");
	}
	rec = NULL;
	for (i = 0; i < 2; i++) {
		rec = expect_type(_metadata, self, rec, BULK_SYSCALLS_COMM,
				  pid, self->notes->thread);
		expect_comm(_metadata, rec, NAME);
	}
	EXPECT_EQ(0, finish(&self->child));
}

static void call_once(struct child *c, void *arg)
{
	raw_call(__NR_getppid, 0, 0, 0, 0, 0, 0);
}

/* All processes are recorded but the one that started the recording. */
TEST_F(process, all_but_itself)
{
	struct bulk_packed *rec;

	self->req.filter.flags = 0;
	self->req.op = BULK_SYSCALLS_START;
	filter_call(&self->req.filter, __NR_getppid);
	ASSERT_EQ(0, spawn(&self->child, call_once, NULL));
	ASSERT_EQ(0, start(&self->r, &self->req, NULL));
	call_once(NULL, NULL);
	ASSERT_EQ(0, finish(&self->child));
	call_once(NULL, NULL);
	ASSERT_NE(NULL, stop(&self->r));
	EXPECT_EQ(1, count_calls(&self->r.log, BULK_SYSCALLS_ENTER,
				 self->child.pid, __NR_getppid));
	EXPECT_EQ(1, count_calls(&self->r.log, BULK_SYSCALLS_EXIT,
				 self->child.pid, __NR_getppid));
	for (rec = NULL; (rec = log_next(&self->r.log, rec));)
		if (head_of(rec)->type != BULK_SYSCALLS_STARTED &&
		    head_of(rec)->type != BULK_SYSCALLS_TOTALS)
			EXPECT_NE(getpid(), head_of(rec)->pid);
}

/* Nor is it when it lists itself. */
TEST_F(process, itself_by_its_pid)
{
	struct bulk_packed *rec;

	ASSERT_EQ(0, start_pid(&self->r, &self->req, getpid()));
	call_once(NULL, NULL);
	ASSERT_NE(NULL, stop(&self->r));
	for (rec = NULL; (rec = log_next(&self->r.log, rec));) {
		EXPECT_NE(BULK_SYSCALLS_ENTER, head_of(rec)->type);
		EXPECT_NE(BULK_SYSCALLS_EXIT, head_of(rec)->type);
	}
}

TEST_HARNESS_MAIN
