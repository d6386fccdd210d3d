// SPDX-License-Identifier: GPL-2.0
/*
 * A SEND and a RECV through the window, interrupted after every instruction.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "rng.h"
#include "window.h"

#define BEFORE		6	/* records on their way before the call */
#define TAGS		64
#define HANDLER_TAG	20
#define CHILD_TAG	40
#define LONGEST		2048
#define WINDOW		(2 * 4096 + 4 * 16384)
/* Of a string instruction, that many repetitions are one. */
#define REPEATED	200

/* Who received what; a record's tag says who sent it. */
struct log {
	unsigned int nr;
	__u64 tags[TAGS];
	int error;
};

/* What the processes of one round tell the test. */
struct report {
	struct log self, handler, child;
	__u64 self_got, child_got; /* by the RECV that was interrupted */
	unsigned int sent[TAGS];
};

enum on_signal { TRANSFER, FORK_CHILD_FIRST, FORK_PARENT_FIRST };

FIXTURE(step)
{
	struct report *report;
};

FIXTURE_VARIANT(step)
{
	unsigned int op;
	unsigned int len;
	bool empty;	/* no record is there to be received */
};

FIXTURE_VARIANT_ADD(step, send_8) { BULK_OP_SEND, 8 };
FIXTURE_VARIANT_ADD(step, send_200_empty) { BULK_OP_SEND, 200, true };
FIXTURE_VARIANT_ADD(step, send_1500) { BULK_OP_SEND, 1500 };
FIXTURE_VARIANT_ADD(step, recv_8) { BULK_OP_RECV, 8 };
FIXTURE_VARIANT_ADD(step, recv_1500) { BULK_OP_RECV, 1500 };

FIXTURE_SETUP(step)
{
	struct windowed w;
	int ret = open_windowed(&w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	close_windowed(&w);
	self->report = mmap(NULL, sizeof(*self->report), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->report);
}

FIXTURE_TEARDOWN(step)
{
	munmap(self->report, sizeof(*self->report));
}

/* --- The process that is stepped --- */

static struct windowed win;
static struct report *report;
static enum on_signal on_signal;
static unsigned int record_len;
static bool is_child;
static pid_t child;
static int parent_done[2];

static void send_one(struct log *log, __u64 tag)
{
	char out[LONGEST];

	fill(out, record_len, tag);
	if (window_send(&win, out, record_len, tag, 0))
		log->error = 1;
	report->sent[tag]++;
}

/* The tag of what was received, or -1. */
static __u64 recv_one(struct log *log)
{
	char in[LONGEST];
	__u64 tag = 0;
	int ret = window_recv(&win, in, sizeof(in), &tag, BULK_DONTWAIT);

	if (ret == -EAGAIN)
		return -1;
	if (ret != (int)record_len || filled(in, ret, tag) != ret ||
	    log->nr == TAGS) {
		log->error = 2;
		return -1;
	}
	log->tags[log->nr++] = tag;
	return tag;
}

/* As many as are sent, so that there is one for every RECV. */
static void transfer(struct log *log, __u64 tag)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		send_one(log, tag + i);
		if (recv_one(log) == (__u64)-1)
			log->error = 3;
	}
}

static void fork_in_handler(void)
{
	int status;
	char c;

	child = fork();
	is_child = !child;
	if (is_child && on_signal == FORK_PARENT_FIRST) {
		close(parent_done[1]);
		/* The end of file is the parent's end. */
		read(parent_done[0], &c, 1);
	}
	if (child && on_signal == FORK_CHILD_FIRST) {
		waitpid(child, &status, 0);
		report->child.error |= status;
		child = 0;
	}
}

static void handle(int sig)
{
	if (on_signal == TRANSFER)
		transfer(&report->handler, HANDLER_TAG);
	else
		fork_in_handler();
}

/*
 * Have positions in the rings that lie beyond the window, were they taken for
 * offsets: as a child might that reads the ring's size as 0.
 */
static void advance(void)
{
	char out[LONGEST] = { }, in[LONGEST];
	unsigned int i, moved;

	for (moved = 0; moved < 2 * WINDOW; moved += 7 * 1900) {
		for (i = 0; i < 7; i++)
			if (window_send(&win, out, 1900, 0, 0))
				report->self.error = 6;
		/* The first by a system call, the others through the ring. */
		for (i = 0; i < 7; i++)
			if (window_recv(&win, in, sizeof(in), NULL, 0) != 1900)
				report->self.error = 6;
	}
}

static void prepare(bool empty)
{
	unsigned int i;

	pipe(parent_done);
	signal(SIGUSR1, handle);
	munmap(win.window, win.params.window_default);
	win.window = map_window(&win, WINDOW);
	advance();
	for (i = 0; i < BEFORE; i++)
		send_one(&report->self, i);
	for (i = 0; i < (empty ? BEFORE : 1); i++)
		recv_one(&report->self);
	/* And what waits in the ring that is written to. */
	if (!empty)
		send_one(&report->self, BEFORE);
}

/* The child is done with the call that its parent was interrupted in. */
static void end_child(void)
{
	transfer(&report->child, CHILD_TAG);
	_exit(0);
}

static void end_self(void)
{
	int status = 0;

	send_one(&report->self, BEFORE + 2);
	close(parent_done[1]);
	if (child && waitpid(child, &status, 0) == child)
		report->child.error |= status;
	while (recv_one(&report->self) != (__u64)-1)
		;
	_exit(0);
}

static void run_send(void)
{
	char out[LONGEST];
	int ret;

	fill(out, record_len, BEFORE + 1);
	asm volatile("int3");
	ret = window_send(&win, out, record_len, BEFORE + 1, 0);
	if (ret)
		report->self.error = 4;
	/* A child may have sent it anew: how often it came is for the test. */
	report->sent[BEFORE + 1] = 1;
}

static void run_recv(void)
{
	char in[LONGEST];
	__u64 tag;
	int ret;

	asm volatile("int3");
	ret = window_recv(&win, in, sizeof(in), &tag, 0);
	if (ret != (int)record_len || filled(in, ret, tag) != ret)
		report->self.error = 5;
	if (is_child)
		report->child_got = tag;
	else
		report->self_got = tag;
}

static void stepped(struct report *shared, enum on_signal action,
		    unsigned int op, unsigned int len, bool empty)
{
	report = shared;
	on_signal = action;
	record_len = len;
	if (open_windowed(&win, "echo"))
		_exit(1);
	prepare(empty);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	if (op == BULK_OP_SEND)
		run_send();
	else
		run_recv();
	if (is_child)
		end_child();
	end_self();
}

/* --- The test, which steps it --- */

static unsigned long reg(pid_t pid, size_t offset)
{
	return ptrace(PTRACE_PEEKUSER, pid, offset, 0);
}

static unsigned long where(pid_t pid)
{
	return reg(pid, offsetof(struct user_regs_struct, rip));
}

static bool step_once(pid_t pid)
{
	int status;

	return !ptrace(PTRACE_SINGLESTEP, pid, 0, 0) &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGTRAP;
}

/* Stop at @steps instructions of the call, or at its end: how many were made. */
static long walk(pid_t pid, unsigned long function, long steps,
		 unsigned long *last)
{
	unsigned long back, rip;
	long made = 0, repeated = 0;

	while (where(pid) != function)
		if (!step_once(pid))
			return -1;
	back = ptrace(PTRACE_PEEKDATA, pid,
		      reg(pid, offsetof(struct user_regs_struct, rsp)), 0);
	for (;;) {
		rip = where(pid);
		if (rip == back)
			return 0;
		if (made >= steps && (rip != *last || ++repeated > REPEATED))
			break;
		if (!step_once(pid))
			return -1;
		made++;
	}
	*last = rip;
	return made + 1;
}

static pid_t start(struct report *shared, enum on_signal action,
		   unsigned int op, unsigned int len, bool empty)
{
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid)
		stepped(shared, action, op, len, empty);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
	return pid;
}

/* Of each sender, a receiver sees a rising row; @twice may have two senders. */
static void check_log(struct __test_metadata *_metadata, const struct log *log,
		      unsigned int *got, __u64 twice)
{
	__u64 next[TAGS / HANDLER_TAG + 1] = { }, tag;
	unsigned int i;

	ASSERT_EQ(0, log->error);
	for (i = 0; i < log->nr; i++) {
		tag = log->tags[i];
		ASSERT_GT(TAGS, tag);
		got[tag]++;
		if (tag == twice)
			continue;
		ASSERT_LE(next[tag / HANDLER_TAG], tag);
		next[tag / HANDLER_TAG] = tag + 1;
	}
}

/*
 * Each record once; but that a child may have got the very one that its parent
 * got, or sent one anew, depends on how far its parent was when it forked.
 */
static bool check_round(struct __test_metadata *_metadata,
			const struct report *r, unsigned int op, bool forked)
{
	unsigned int got[TAGS] = { }, tag;
	__u64 twice = forked && op == BULK_OP_SEND ? BEFORE + 1 : TAGS;
	bool shared = false;

	check_log(_metadata, &r->self, got, twice);
	check_log(_metadata, &r->handler, got, twice);
	check_log(_metadata, &r->child, got, twice);
	if (op == BULK_OP_RECV) {
		shared = forked && r->child_got == r->self_got;
		got[r->self_got]++;
		if (forked && !shared)
			got[r->child_got]++;
	} else if (forked) {
		shared = got[BEFORE + 1] == 1;
		got[BEFORE + 1] -= !shared;
	}
	for (tag = 0; tag < TAGS; tag++)
		ASSERT_EQ(r->sent[tag], got[tag]) {
			TH_LOG("tag %u", tag);
		}
	return shared;
}

static void interrupt_everywhere(struct __test_metadata *_metadata,
				 struct report *r, enum on_signal action,
				 unsigned int op, unsigned int len, bool empty)
{
	unsigned long function = (unsigned long)find_vdso_call(), last = 0;
	bool was_shared = false, shared, forked = action != TRANSFER;
	/* Where all is checked, some instructions are left out. */
	long stride = rounds(50) == 50 ? 1 : 17;
	long steps = 0, places = 0, next;
	int status;
	pid_t pid;

	for (;; steps = next - 1 + stride, places++) {
		pid = start(r, action, op, len, empty);
		ASSERT_LT(0, pid);
		next = walk(pid, function, steps, &last);
		ASSERT_LE(0, next);
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, SIGUSR1));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status) {
			TH_LOG("after %ld instructions", next - 1);
		}
		shared = check_round(_metadata, r, op, forked);
		/* Done is done: before, or for parent and child alike. */
		ASSERT_LE(was_shared, shared);
		ASSERT_TRUE(places || !shared);
		was_shared = shared;
		if (!next)
			break;
	}
	ASSERT_EQ(forked, shared);
	TH_LOG("%ld places", places);
}

TEST_F(step, handler_transfers)
{
	interrupt_everywhere(_metadata, self->report, TRANSFER, variant->op,
			     variant->len, variant->empty);
}

TEST_F(step, handler_forks_child_first)
{
	interrupt_everywhere(_metadata, self->report, FORK_CHILD_FIRST,
			     variant->op, variant->len, variant->empty);
}

TEST_F(step, handler_forks_parent_first)
{
	interrupt_everywhere(_metadata, self->report, FORK_PARENT_FIRST,
			     variant->op, variant->len, variant->empty);
}

TEST_HARNESS_MAIN
