// SPDX-License-Identifier: GPL-2.0
/*
 * A SEND through the window that a signal interrupts, at every instruction, and
 * that may never be resumed: others use the window all the same.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A trap is written over one instruction after the other of the vDSO, whose
 * boundaries a copy of it tells that is stepped through: of the original, a step
 * has the kernel end the section that the test is about.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "window.h"

#define PLACES		1024
#define BATCH		3
#define LONGEST		4096
#define OTHERS		3	/* records of those who are not interrupted */
#define DEADLINE	(kernel_checks_itself() ? 120 : 30)	/* seconds */
#define TRAP_FLAG	0x100

/* Tags: of the interrupted call from 0 on, of the handler, of others. */
#define HANDLER_TAG	(BATCH)
#define OTHER_TAG	(BATCH + 1)
#define TAGS		(OTHER_TAG + OTHERS)

enum action { SENDS, LEAVES, EXITS, FORKS };

/* Words between the tracer of a process and its threads. */
struct shared {
	int stopped;
	int done;
	int result;
};

static struct windowed win;
static struct bulk_seg segs[BATCH];
static char out[LONGEST];
static unsigned int len, batch;
static enum action action;
static unsigned long vdso, vdso_end, copy;
static unsigned long places[PLACES], place;
static unsigned int nr_places;
static unsigned char byte;
static bool stepping;
static int handler_sent, child_status;
static bool is_child;
static sigjmp_buf away;
static int mem = -1;

static bool poke(unsigned long where, unsigned char value)
{
	return pwrite(mem, &value, 1, where) == 1;
}

static bool set_trap(unsigned long where)
{
	place = where;
	byte = *(unsigned char *)where;
	return poke(where, 0xcc);
}

static void note_place(unsigned long where)
{
	unsigned int i;

	if (where < copy || where >= copy + vdso_end - vdso)
		return;
	where += vdso - copy;
	for (i = 0; i < nr_places; i++)
		if (places[i] == where)
			return;
	if (nr_places < PLACES)
		places[nr_places++] = where;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	if (stepping) {
		note_place(*rip);
		return;
	}
	poke(place, byte);
	/* Unless the kernel has moved it, the instruction is still to run. */
	if (*rip == (greg_t)place + 1)
		*rip = place;
	handler_sent = window_send(&win, "from the handler", 16, HANDLER_TAG,
				   BULK_NO_SYSCALL);
	if (action == FORKS) {
		is_child = !fork();
		if (!is_child)
			wait(&child_status);
	}
	if (action == LEAVES)
		siglongjmp(away, 1);
	if (action == EXITS)
		pthread_exit(NULL);
}

static void set_flags(unsigned long set, unsigned long clear)
{
	asm volatile("sub $128, %%rsp\n\tpushfq\n\tor %0, (%%rsp)\n\t"
		     "and %1, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp"
		     : : "r" (set), "r" (~clear) : "memory", "cc");
}

static long call(vdso_bulk_xfer function)
{
	unsigned int i;

	for (i = 0; i < batch; i++)
		segs[i] = seg_send(out, len, i);
	return function(win.fd, segs, batch, 0, win.window);
}

static bool find_vdso(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[256];
	bool found = false;

	while (!found && fgets(line, sizeof(line), maps))
		found = strstr(line, "[vdso]") &&
			sscanf(line, "%lx-%lx", &vdso, &vdso_end) == 2;
	fclose(maps);
	return found;
}

/* Instructions that the call runs through, each once. */
static bool find_places(void)
{
	size_t size = vdso_end - vdso;
	vdso_bulk_xfer stepped;
	long ret;

	copy = (unsigned long)mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if ((void *)copy == MAP_FAILED)
		return false;
	memcpy((void *)copy, (void *)vdso, size);
	stepped = (vdso_bulk_xfer)((unsigned long)win.call - vdso + copy);
	nr_places = 0;
	stepping = true;
	set_flags(TRAP_FLAG, 0);
	ret = call(stepped);
	set_flags(0, TRAP_FLAG);
	stepping = false;
	munmap((void *)copy, size);
	return ret == batch && nr_places > 20 && nr_places < PLACES;
}

/* Takes back all records: how often each came. */
static bool count_records(unsigned int *came)
{
	char in[LONGEST];
	__u64 tag;
	int ret;

	memset(came, 0, TAGS * sizeof(*came));
	for (;;) {
		ret = window_recv(&win, in, sizeof(in), &tag, BULK_DONTWAIT);
		if (ret == -EAGAIN)
			return true;
		if (ret < 0 || tag >= TAGS)
			return false;
		came[tag]++;
	}
}

static int send_others(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < OTHERS; i++)
		ret = window_send(&win, "others", 6, OTHER_TAG + i,
				  BULK_NO_SYSCALL);
	return ret;
}

FIXTURE(section)
{
	struct sigaction before;
};

FIXTURE_VARIANT(section)
{
	unsigned int len, batch;
};

FIXTURE_VARIANT_ADD(section, one_of_2) { 2, 1 };
FIXTURE_VARIANT_ADD(section, one_of_40) { 40, 1 };
FIXTURE_VARIANT_ADD(section, one_of_100) { 100, 1 };
FIXTURE_VARIANT_ADD(section, one_of_1500) { 1500, 1 };
FIXTURE_VARIANT_ADD(section, one_of_3000) { 3000, 1 };
FIXTURE_VARIANT_ADD(section, row_of_5) { 5, BATCH };
FIXTURE_VARIANT_ADD(section, row_of_300) { 300, BATCH };

FIXTURE_SETUP(section)
{
	struct sigaction trap = { .sa_sigaction = on_trap,
				  .sa_flags = SA_SIGINFO };
	unsigned int came[TAGS];
	int ret = open_windowed(&win, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	len = variant->len;
	batch = variant->batch;
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, mem);
	ASSERT_TRUE(find_vdso());
	ASSERT_EQ(0, sigaction(SIGTRAP, &trap, &self->before));
	ASSERT_TRUE(find_places());
	ASSERT_TRUE(count_records(came));
}

FIXTURE_TEARDOWN(section)
{
	sigaction(SIGTRAP, &self->before, NULL);
	close(mem);
	close_windowed(&win);
}

/*
 * Of each record of the call, @least to @most are there; of the others, one.
 * Returns how often the former came.
 */
static unsigned int check_records(struct __test_metadata *_metadata,
				  unsigned int least, unsigned int most)
{
	unsigned int came[TAGS] = { }, i;

	EXPECT_TRUE(count_records(came));
	for (i = 0; i < batch; i++) {
		ASSERT_LE(least, came[i]);
		ASSERT_GE(most, came[i]);
		ASSERT_EQ(came[0], came[i]);
	}
	for (i = HANDLER_TAG + (handler_sent < 0); i < TAGS; i++)
		ASSERT_EQ(1, came[i]) {
			TH_LOG("tag %u, interrupted at vDSO + %lx", i,
			       place - vdso);
		}
	return came[0];
}

static unsigned int stride(void)
{
	return rounds(1, 1, 7);
}

TEST_F(section, handler_sends)
{
	unsigned int i;

	action = SENDS;
	for (i = 0; i < nr_places; i += stride()) {
		handler_sent = -1;
		ASSERT_TRUE(set_trap(places[i]));
		ASSERT_EQ(batch, call(win.call));
		ASSERT_EQ(0, handler_sent) {
			TH_LOG("interrupted at vDSO + %lx", place - vdso);
		}
		ASSERT_EQ(0, send_others());
		check_records(_metadata, 1, 1);
	}
	TH_LOG("%u places", nr_places);
}

TEST_F(section, handler_leaves)
{
	unsigned int i;

	action = LEAVES;
	for (i = 0; i < nr_places; i += stride()) {
		handler_sent = -1;
		ASSERT_TRUE(set_trap(places[i]));
		if (!sigsetjmp(away, 1))
			call(win.call);
		ASSERT_EQ(0, handler_sent) {
			TH_LOG("interrupted at vDSO + %lx", place - vdso);
		}
		ASSERT_EQ(0, send_others());
		check_records(_metadata, 0, 1);
	}
}

/* The child goes on in the same frame, and may send what its parent does. */
TEST_F(section, handler_forks)
{
	long ret;
	unsigned int i, twice = 0;

	action = FORKS;
	for (i = 0; i < nr_places; i += stride()) {
		handler_sent = -1;
		ASSERT_TRUE(set_trap(places[i]));
		ret = call(win.call);
		if (is_child)
			_exit(ret == batch ? 0 : 1);
		ASSERT_EQ(batch, ret);
		ASSERT_EQ(0, handler_sent);
		ASSERT_EQ(0, child_status) {
			TH_LOG("interrupted at vDSO + %lx", place - vdso);
		}
		ASSERT_EQ(0, send_others());
		twice += check_records(_metadata, 1, 2) == 2;
	}
	/* Before the end of the section it does, and after it does not. */
	EXPECT_LT(0, twice);
	EXPECT_GT((nr_places + stride() - 1) / stride(), twice);
}

static void *run_call(void *arg)
{
	call(win.call);
	return NULL;
}

TEST_F(section, thread_exits)
{
	pthread_t thread;
	unsigned int i;

	action = EXITS;
	for (i = 0; i < nr_places; i += stride()) {
		handler_sent = -1;
		ASSERT_TRUE(set_trap(places[i]));
		ASSERT_EQ(0, pthread_create(&thread, NULL, run_call, NULL));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_EQ(0, handler_sent) {
			TH_LOG("interrupted at vDSO + %lx", place - vdso);
		}
		ASSERT_EQ(0, send_others());
		check_records(_metadata, 0, 1);
	}
}

/* --- A process whose first thread a debugger stops --- */

static void *run_others(void *arg)
{
	struct shared *shared = arg;

	while (!__atomic_load_n(&shared->stopped, __ATOMIC_ACQUIRE))
		usleep(100);
	shared->result = send_others();
	__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void run_traced(struct shared *shared, unsigned long where)
{
	unsigned int came[TAGS], i;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (open_windowed(&win, "echo"))
		_exit(1);
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (pthread_create(&thread, NULL, run_others, shared) ||
	    !set_trap(where) || ptrace(PTRACE_TRACEME, 0, 0, 0) ||
	    call(win.call) != batch || pthread_join(thread, NULL) ||
	    !count_records(came))
		_exit(2);
	for (i = 0; i < batch; i++)
		if (came[i] != 1)
			_exit(3);
	for (i = 0; i < OTHERS; i++)
		if (came[OTHER_TAG + i] != 1)
			_exit(4);
	_exit(0);
}

/* As a debugger goes on behind a breakpoint. */
static bool resume(pid_t pid, unsigned long where, unsigned char was)
{
	struct user_regs_struct regs;
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, where, 0);
	if (errno || ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return false;
	word = (word & ~0xffL) | was;
	if (regs.rip == where + 1)
		regs.rip = where;
	return !ptrace(PTRACE_POKETEXT, pid, where, word) &&
	       !ptrace(PTRACE_SETREGS, pid, 0, &regs) &&
	       !ptrace(PTRACE_CONT, pid, 0, 0);
}

static bool wait_done(const struct shared *shared)
{
	int i;

	for (i = 0; i < DEADLINE * 1000; i++, usleep(1000))
		if (__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE))
			return true;
	return false;
}

TEST_F(section, debugger_stops_the_thread)
{
	struct shared *shared = mmap(NULL, sizeof(*shared),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int i;
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, shared);
	for (i = 0; i < nr_places; i += stride()) {
		*shared = (struct shared){ };
		pid = fork();
		if (!pid)
			run_traced(shared, places[i]);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status)) {
			TH_LOG("status %x", status);
		}
		__atomic_store_n(&shared->stopped, 1, __ATOMIC_RELEASE);
		ASSERT_TRUE(wait_done(shared));
		EXPECT_EQ(0, shared->result) {
			TH_LOG("stopped at vDSO + %lx", places[i] - vdso);
		}
		ASSERT_TRUE(resume(pid, places[i],
				   *(unsigned char *)places[i]));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
	munmap(shared, sizeof(*shared));
}

TEST_HARNESS_MAIN
