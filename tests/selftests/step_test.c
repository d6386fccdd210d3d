// SPDX-License-Identifier: GPL-2.0
/*
 * Each operation through the window, interrupted after every instruction.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "region.h"
#include "rng.h"

#define BEFORE		6	/* records on their way before the call */
#define TAGS		64
#define HANDLER_TAG	20
#define CHILD_TAG	40
#define LONGEST		4096
#define BATCH		3	/* segments of a call, at most */
#define RING		16384
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
	/* By the RECVs that were interrupted. */
	__u64 self_got[BATCH], child_got[BATCH];
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
	unsigned int more; /* segments in the same call, or records of a region */
	bool packed;
};

FIXTURE_VARIANT_ADD(step, send_8) { BULK_OP_SEND, 8 };
FIXTURE_VARIANT_ADD(step, send_200_empty) { BULK_OP_SEND, 200, true };
FIXTURE_VARIANT_ADD(step, send_1500) { BULK_OP_SEND, 1500 };
FIXTURE_VARIANT_ADD(step, send_40_three) { BULK_OP_SEND, 40, .more = 2 };
FIXTURE_VARIANT_ADD(step, recv_1) { BULK_OP_RECV, 1 };
FIXTURE_VARIANT_ADD(step, recv_8) { BULK_OP_RECV, 8 };
FIXTURE_VARIANT_ADD(step, recv_1500) { BULK_OP_RECV, 1500 };
/* Where the processor is good at it, by a string instruction. */
FIXTURE_VARIANT_ADD(step, recv_3000) { BULK_OP_RECV, 3000 };
FIXTURE_VARIANT_ADD(step, recv_100_three) { BULK_OP_RECV, 100, .more = 2 };
FIXTURE_VARIANT_ADD(step, send_region) {
	BULK_OP_SEND, 40, .more = 2, .packed = true
};

FIXTURE_VARIANT_ADD(step, recv_region) {
	BULK_OP_RECV, 100, .more = 2, .packed = true
};

FIXTURE_VARIANT_ADD(step, reserve) { BULK_OP_RESERVE, 40 };
FIXTURE_VARIANT_ADD(step, commit) { BULK_OP_COMMIT, 40, .more = 2 };
FIXTURE_VARIANT_ADD(step, borrow) { BULK_OP_BORROW, 40, .more = 2 };
FIXTURE_VARIANT_ADD(step, give_back) { BULK_OP_RETURN, 40, .more = 2 };

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
static unsigned int record_len, batch, ring;
static bool is_child, in_place;
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

	/* Neither the handler nor a child gets borrowed records. */
	if (ret == -EAGAIN || (ret == -EBUSY && in_place))
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
		if (recv_one(log) == (__u64)-1 && !in_place)
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
	int i, moved, len = ring / 9;

	for (moved = 0; moved < 9 * (int)ring; moved += 7 * len) {
		for (i = 0; i < 7; i++)
			if (window_send(&win, out, len, 0, 0))
				report->self.error = 6;
		/* The first by a system call, the others through the ring. */
		for (i = 0; i < 7; i++)
			if (window_recv(&win, in, sizeof(in), NULL, 0) != len)
				report->self.error = 6;
	}
}

static void prepare(bool empty)
{
	unsigned int i;

	pipe(parent_done);
	signal(SIGUSR1, handle);
	munmap(win.window, win.params.window_default);
	win.window = map_window(&win, 2 * 4096 + 4 * ring);
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

	send_one(&report->self, BEFORE + batch + 1);
	close(parent_done[1]);
	if (child && waitpid(child, &status, 0) == child)
		report->child.error |= status;
	while (recv_one(&report->self) != (__u64)-1)
		;
	_exit(0);
}

static void run_send(void)
{
	char out[BATCH][LONGEST];
	struct bulk_seg segs[BATCH];
	unsigned int i;
	long ret;

	for (i = 0; i < batch; i++) {
		fill(out[i], record_len, BEFORE + 1 + i);
		segs[i] = seg_send(out[i], record_len, BEFORE + 1 + i);
	}
	asm volatile("int3");
	ret = win.call(win.fd, segs, batch, 0, win.window);
	if (ret != batch)
		report->self.error = 4;
	/* A child may have sent it anew: how often it came is for the test. */
	for (i = 0; i < batch; i++)
		report->sent[BEFORE + 1 + i] = 1;
}

static void run_recv(void)
{
	char in[BATCH][LONGEST];
	struct bulk_seg segs[BATCH];
	__u64 *got;
	unsigned int i;
	long ret;

	for (i = 0; i < batch; i++)
		segs[i] = seg_recv(in[i], LONGEST);
	asm volatile("int3");
	ret = win.call(win.fd, segs, batch, 0, win.window);
	if (ret != batch)
		report->self.error = 5;
	got = is_child ? report->child_got : report->self_got;
	for (i = 0; i < batch; i++) {
		got[i] = segs[i].tag;
		if (segs[i].res != (int)record_len ||
		    filled(in[i], record_len, got[i]) != (int)record_len)
			report->self.error = 5;
	}
}

/* One segment; a child has no window for what is in place, and does without. */
static bool run_one(struct bulk_seg *seg)
{
	long ret = win.call(win.fd, seg, 1, 0, win.window);

	return ret == 1 || (is_child && in_place && ret == -EOPNOTSUPP);
}

static void add_records(struct region *r)
{
	unsigned int i;

	for (i = 0; i < batch; i++)
		region_add(r, record_len, BEFORE + 1 + i);
}

static void run_send_region(void)
{
	char out[BATCH * LONGEST] __attribute__((aligned(8)));
	struct region r = { .at = out };
	struct bulk_seg seg;
	unsigned int i;

	add_records(&r);
	seg = seg_send_region(out, r.used);
	asm volatile("int3");
	if (!run_one(&seg) || seg.res != (int)r.used || seg.tag != batch)
		report->self.error = 4;
	for (i = 0; i < batch; i++)
		report->sent[BEFORE + 1 + i] = 1;
}

static void reserve_and_commit(bool steps_commit)
{
	struct bulk_seg seg = seg_op(BULK_OP_RESERVE, 0, batch * LONGEST, 0);
	struct region r = { };
	unsigned int i;

	if (!steps_commit)
		asm volatile("int3");
	if (!run_one(&seg))
		report->self.error = 4;
	/* The memory of a child is its own, or a page of zeroes. */
	r.at = (char *)(unsigned long)seg.addr;
	if (!is_child || steps_commit)
		add_records(&r);
	seg = seg_op(BULK_OP_COMMIT, 0, r.used, BULK_SEG_DISCARD);
	if (steps_commit)
		asm volatile("int3");
	if (!run_one(&seg) ||
	    (!is_child && (seg.res != (int)r.used || seg.tag != batch)))
		report->self.error = 4;
	for (i = 0; i < batch; i++)
		report->sent[BEFORE + 1 + i] = 1;
}

static void got_region(char *at, size_t len, unsigned int *n)
{
	__u64 *got = is_child ? report->child_got : report->self_got;
	struct bulk_packed *rec;
	size_t pos;

	for (pos = 0; pos < len; pos += BULK_PACKED_SIZE(rec->len)) {
		rec = region_at(at, len, pos);
		if (!rec || *n == batch || rec->len != record_len ||
		    filled(rec->data, record_len, rec->tag) != record_len) {
			report->self.error = 5;
			return;
		}
		got[(*n)++] = rec->tag;
	}
}

/* In more than one call, where a handler or a child has left fewer. */
static void run_recv_region(void)
{
	char in[BATCH * LONGEST] __attribute__((aligned(8)));
	struct bulk_seg seg;
	unsigned int n = 0;

	seg = seg_recv_region(in, batch * BULK_PACKED_SIZE(record_len));
	asm volatile("int3");
	do {
		if (!run_one(&seg)) {
			report->self.error = 5;
			return;
		}
		got_region(in, seg.res, &n);
		seg = seg_recv_region(in, (batch - n) *
					  BULK_PACKED_SIZE(record_len));
	} while (n < batch);
}

static void borrow_and_return(bool steps_return)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0,
				     batch * BULK_PACKED_SIZE(record_len), 0);
	unsigned int n = 0;

	if (!steps_return)
		asm volatile("int3");
	if (!run_one(&seg))
		report->self.error = 5;
	if (!is_child)
		got_region((char *)(unsigned long)seg.addr, seg.res, &n);
	/* As many records as there are: what the test looks for is a tag for each. */
	for (; n && n < batch; n++)
		report->self_got[n] = TAGS - 1;
	seg = seg_op(BULK_OP_RETURN, 0, seg.len, BULK_SEG_DISCARD);
	if (steps_return)
		asm volatile("int3");
	if (!run_one(&seg))
		report->self.error = 5;
}

static void run_op(const struct _fixture_variant_step *v)
{
	switch (v->op) {
	case BULK_OP_SEND:
		return v->packed ? run_send_region() : run_send();
	case BULK_OP_RECV:
		return v->packed ? run_recv_region() : run_recv();
	case BULK_OP_RESERVE:
	case BULK_OP_COMMIT:
		return reserve_and_commit(v->op == BULK_OP_COMMIT);
	default:
		return borrow_and_return(v->op == BULK_OP_RETURN);
	}
}

static bool is_in_place(const struct _fixture_variant_step *v)
{
	return v->op > BULK_OP_RECV;
}

static bool receives(const struct _fixture_variant_step *v)
{
	return v->op == BULK_OP_RECV || v->op == BULK_OP_BORROW ||
	       v->op == BULK_OP_RETURN;
}

static void stepped(struct report *shared, enum on_signal action,
		    const struct _fixture_variant_step *v)
{
	report = shared;
	on_signal = action;
	record_len = v->len;
	batch = 1 + v->more;
	in_place = is_in_place(v);
	/* A record of the ring is at most an eighth of it. */
	ring = record_len < RING / 9 ? RING : 2 * RING;
	if (open_windowed(&win, "echo"))
		_exit(1);
	prepare(v->empty);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	run_op(v);
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
		   const struct _fixture_variant_step *v)
{
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid)
		stepped(shared, action, v);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
	return pid;
}

/* Is it of the call that is interrupted? */
static bool in_call(__u64 tag, const struct _fixture_variant_step *v)
{
	return tag > BEFORE && tag <= BEFORE + 1 + v->more;
}

/* Of each sender, a receiver sees a rising row; @twice may have two senders. */
static void check_log(struct __test_metadata *_metadata, const struct log *log,
		      unsigned int *got, const struct _fixture_variant_step *twice)
{
	__u64 next[TAGS / HANDLER_TAG + 1] = { }, tag;
	unsigned int i;

	ASSERT_EQ(0, log->error);
	for (i = 0; i < log->nr; i++) {
		tag = log->tags[i];
		ASSERT_GT(TAGS, tag);
		got[tag]++;
		if (twice && in_call(tag, twice))
			continue;
		ASSERT_LE(next[tag / HANDLER_TAG], tag);
		next[tag / HANDLER_TAG] = tag + 1;
	}
}

/* Records of the call that a parent has sent, but not its child, too. */
static unsigned int sent_once(const struct _fixture_variant_step *v, unsigned int *got)
{
	unsigned int i, once = 0;
	unsigned int *of_call = got + BEFORE + 1;

	for (i = 0; i <= v->more; i++) {
		once += of_call[i] == 1;
		of_call[i] -= of_call[i] == 2;
	}
	return once;
}

/* Records that parent and child both have; the others are counted. */
static unsigned int got_both(const struct _fixture_variant_step *v,
			     const struct report *r, unsigned int *got,
			     bool forked)
{
	unsigned int i, both = 0;
	bool same;

	for (i = 0; i <= v->more; i++) {
		same = forked && r->child_got[i] == r->self_got[i];
		both += same;
		got[r->self_got[i]]++;
		if (forked && !same)
			got[r->child_got[i]]++;
	}
	return both;
}

/*
 * Each record once; but that a child may have got the very one that its parent
 * got, or sent one anew, depends on how far its parent was when it forked.
 * Returns for how many segments of the call they share what came of it.
 */
static unsigned int check_round(struct __test_metadata *_metadata,
				const struct report *r,
				const struct _fixture_variant_step *v, bool forked)
{
	const struct _fixture_variant_step *twice = NULL;
	unsigned int got[TAGS] = { }, tag, shared = 0;

	if (forked && v->op == BULK_OP_SEND)
		twice = v;
	check_log(_metadata, &r->self, got, twice);
	check_log(_metadata, &r->handler, got, twice);
	check_log(_metadata, &r->child, got, twice);
	if (receives(v))
		shared = got_both(v, r, got, forked && !is_in_place(v));
	else if (forked)
		shared = sent_once(v, got);
	/* None that is in place is the child's as well. */
	if (is_in_place(v))
		shared = 0;
	for (tag = 0; tag < TAGS - 1; tag++)
		ASSERT_EQ(r->sent[tag], got[tag]) {
			TH_LOG("tag %u", tag);
		}
	return shared;
}

static void interrupt_everywhere(struct __test_metadata *_metadata,
				 struct report *r, enum on_signal action,
				 const struct _fixture_variant_step *v)
{
	unsigned long function = (unsigned long)find_vdso_call(), last = 0;
	unsigned int was_shared = 0, shared;
	bool forked = action != TRANSFER;
	/* Only a soak interrupts at every instruction. */
	long stride = rounds(1, 5, 1399);
	long steps = 0, places = 0, next;
	int status;
	pid_t pid;

	for (;; steps = next - 1 + stride, places++) {
		pid = start(r, action, v);
		ASSERT_LT(0, pid);
		next = walk(pid, function, steps, &last);
		ASSERT_LE(0, next);
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, SIGUSR1));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status) {
			TH_LOG("after %ld instructions", next - 1);
		}
		shared = check_round(_metadata, r, v, forked);
		/* Done is done: before, or for parent and child alike. */
		ASSERT_LE(was_shared, shared);
		ASSERT_TRUE(places || !shared);
		was_shared = shared;
		if (!next)
			break;
	}
	ASSERT_EQ(forked && !is_in_place(v) ? 1 + v->more : 0, shared);
	TH_LOG("%ld places", places);
}

TEST_F(step, handler_transfers)
{
	interrupt_everywhere(_metadata, self->report, TRANSFER, variant);
}

TEST_F(step, handler_forks_child_first)
{
	interrupt_everywhere(_metadata, self->report, FORK_CHILD_FIRST,
			     variant);
}

TEST_F(step, handler_forks_parent_first)
{
	interrupt_everywhere(_metadata, self->report, FORK_PARENT_FIRST,
			     variant);
}

TEST_HARNESS_MAIN
