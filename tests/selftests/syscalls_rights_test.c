// SPDX-License-Identifier: GPL-2.0
/*
 * Whom the channel syscalls lets record whom: EPERM, and what needs no right.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A user's process has no rights. Its exit code is the answer that it got.
 */
#include "syscalls.h"

#include <linux/capability.h>

#define BROKEN		99	/* exit code that is no errno of START */

struct target {
	__u32 pid; /* of the process to record */
	__u64 recording;
};

/* The change clears both flags of the process. */
static void become_nobody(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY) || prctl(PR_SET_DUMPABLE, 1) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(BROKEN);
}

/* A START's answer, as an exit code. */
static int start_code(__u32 flags, __u32 pid)
{
	struct bulk_syscalls_request req = {
		.op = BULK_SYSCALLS_START,
		.ring_bytes = BULK_SYSCALLS_RING_MIN,
		.nr_pids = !!(flags & BULK_SYSCALLS_PIDS),
		.filter.flags = flags,
		.filter.uid = flags & BULK_SYSCALLS_UID ? NOBODY : 0,
	};
	struct recording r = { };

	return -start(&r, &req, &pid);
}

static void just_wait(struct child *c, void *arg)
{
	child_pause(c);
}

static int own_child(struct target *t)
{
	struct child c;

	become_nobody();
	return spawn(&c, just_wait, NULL) ? BROKEN :
	       start_code(BULK_SYSCALLS_PIDS, c.pid);
}

static void fork_once(struct child *c, void *arg)
{
	__u32 *pid = arg;
	pid_t forked = fork();

	if (!forked) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	*pid = forked;
	child_pause(c);
}

static int grandchild(struct target *t)
{
	__u32 *pid = share();
	struct child c;

	become_nobody();
	if (spawn(&c, fork_once, pid))
		return BROKEN;
	step(&c);
	return start_code(BULK_SYSCALLS_PIDS, *pid);
}

/* The parent of its parent. */
static int somebody_elses(struct target *t)
{
	become_nobody();
	return start_code(BULK_SYSCALLS_PIDS, t->pid);
}

static int all_processes(struct target *t)
{
	become_nobody();
	return start_code(0, 0);
}

static int all_of_its_own(struct target *t)
{
	become_nobody();
	return start_code(BULK_SYSCALLS_UID, 0);
}

static void not_dumpable(struct child *c, void *arg)
{
	prctl(PR_SET_DUMPABLE, 0);
	child_pause(c);
}

/* In /proc there is nothing to see of it any more: it tells by its pipe. */
static int child_with_secrets(struct target *t)
{
	struct child c;
	char byte;

	become_nobody();
	if (spawn(&c, not_dumpable, NULL))
		return BROKEN;
	resume(&c);
	if (read(c.ready[0], &byte, 1) != 1)
		return BROKEN;
	return start_code(BULK_SYSCALLS_PIDS, c.pid);
}

/* As a program is that changes the user. */
static int child_of_another_user(struct target *t)
{
	struct child c;

	if (spawn(&c, just_wait, NULL))
		return BROKEN;
	become_nobody();
	return start_code(BULK_SYSCALLS_PIDS, c.pid);
}

/* Of two that it lists, one is not its own. */
static int one_of_two(struct target *t)
{
	struct bulk_syscalls_request req = {
		.op = BULK_SYSCALLS_START,
		.nr_pids = 2,
		.filter.flags = BULK_SYSCALLS_PIDS,
	};
	struct recording r = { };
	struct child c;

	become_nobody();
	if (spawn(&c, just_wait, NULL))
		return BROKEN;
	return -start(&r, &req, (__u32[]){ c.pid, t->pid });
}

/* A FILTER gives nothing that a START would not. */
static int wider_filter(struct target *t)
{
	struct bulk_syscalls_request req = { };
	struct recording r = { };
	struct child c;
	int ret;

	become_nobody();
	if (spawn(&c, just_wait, NULL) || start_pid(&r, &req, c.pid))
		return BROKEN;
	req.op = BULK_SYSCALLS_FILTER;
	ret = ask(r.fd, &req, &t->pid);
	if (ret != -EPERM)
		return -ret;
	req.filter.flags = 0;
	req.nr_pids = 0;
	return -ask(r.fd, &req, &t->pid);
}

/* The asker may do all, but did not start the recording. */
static int join_of_another(struct target *t)
{
	int fd = open_channel("syscalls", O_RDWR);

	return fd < 0 ? -fd :
	       -ask_short(fd, BULK_SYSCALLS_JOIN, t->recording, 0);
}

/* One capability is kept, and is enough. */
static int keep_one(int cap, struct target *t)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { };

	data[cap / 32].permitted = 1U << cap % 32;
	data[cap / 32].effective = 1U << cap % 32;
	if (prctl(PR_SET_KEEPCAPS, 1))
		return BROKEN;
	become_nobody();
	if (syscall(__NR_capset, &head, data))
		return BROKEN;
	return start_code(0, 0) ?: start_code(BULK_SYSCALLS_PIDS, t->pid);
}

static int with_perfmon(struct target *t)
{
	return keep_one(CAP_PERFMON, t);
}

static int with_sys_ptrace(struct target *t)
{
	return keep_one(CAP_SYS_PTRACE, t);
}

FIXTURE(rights) {
	struct recording r; /* of the test's own, to be joined */
	struct child sibling; /* of the process that asks */
};

FIXTURE_VARIANT(rights) {
	int (*ask)(struct target *t);
	int error;
};

FIXTURE_VARIANT_ADD(rights, own_child) {
	.ask = own_child,
};

FIXTURE_VARIANT_ADD(rights, grandchild) {
	.ask = grandchild,
};

FIXTURE_VARIANT_ADD(rights, with_perfmon) {
	.ask = with_perfmon,
};

FIXTURE_VARIANT_ADD(rights, with_sys_ptrace) {
	.ask = with_sys_ptrace,
};

FIXTURE_VARIANT_ADD(rights, somebody_elses) {
	.ask = somebody_elses,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, all_processes) {
	.ask = all_processes,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, all_of_its_own) {
	.ask = all_of_its_own,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, child_with_secrets) {
	.ask = child_with_secrets,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, child_of_another_user) {
	.ask = child_of_another_user,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, one_of_two) {
	.ask = one_of_two,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, wider_filter) {
	.ask = wider_filter,
	.error = EPERM,
};

FIXTURE_VARIANT_ADD(rights, join_of_another) {
	.ask = join_of_another,
	.error = EPERM,
};

static void be_nobody(struct child *c, void *arg)
{
	become_nobody();
	child_pause(c);
}

FIXTURE_SETUP(rights)
{
	struct bulk_syscalls_request req = { };

	if (access("/dev/bulk/syscalls", F_OK))
		SKIP(return, "no /dev/bulk/syscalls");
	ASSERT_EQ(0, spawn(&self->sibling, be_nobody, NULL));
	step(&self->sibling);
	ASSERT_EQ(0, start_pid(&self->r, &req, self->sibling.pid));
}

FIXTURE_TEARDOWN(rights)
{
	kill(self->sibling.pid, SIGKILL);
	waitpid(self->sibling.pid, NULL, 0);
	end_recording(&self->r);
}

/* @pid is that of the process to record, where it is none of the asker's own. */
static void check_answer(struct __test_metadata *_metadata,
			 struct _test_data_rights *self,
			 const struct _fixture_variant_rights *variant,
			 pid_t pid)
{
	struct target t = { pid, self->r.started.recording };
	pid_t asker = fork();

	if (!asker) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(variant->ask(&t));
	}
	EXPECT_EQ(variant->error, ended(asker));
}

TEST_F(rights, against_root)
{
	check_answer(_metadata, self, variant, getpid());
}

/* To be of the same user is not enough: it must be a descendant. */
TEST_F(rights, against_the_same_user)
{
	check_answer(_metadata, self, variant, self->sibling.pid);
}

TEST(node_is_everybodys)
{
	struct stat st;

	if (stat("/dev/bulk/syscalls", &st))
		SKIP(return, "no /dev/bulk/syscalls");
	EXPECT_EQ(0666, st.st_mode & 0777);
}

TEST_HARNESS_MAIN
