// SPDX-License-Identifier: GPL-2.0
/*
 * The vDSO: clock_gettime() and time() agree with the system calls, and make none if they can.
 *
 * That none is made is shown by a filter that refuses them: what still gives
 * the time has not asked the kernel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "kselftest_harness.h"
#include "vDSO/parse_vdso.h"
#include "vDSO/parse_vdso.c"

typedef int (*clock_gettime_fn)(clockid_t clock, struct timespec *ts);
typedef time_t (*time_fn)(time_t *t);
typedef long (*getcpu_fn)(unsigned int *cpu, unsigned int *node, void *unused);

FIXTURE(vdso) {
	clock_gettime_fn clock_gettime;
	time_fn time;
	getcpu_fn getcpu;
};

FIXTURE_SETUP(vdso)
{
	unsigned long image = getauxval(AT_SYSINFO_EHDR);

	ASSERT_NE(0, image);
	vdso_init_from_sysinfo_ehdr(image);
	self->clock_gettime = (clock_gettime_fn)vdso_sym("LINUX_2.6", "__vdso_clock_gettime");
	self->time = (time_fn)vdso_sym("LINUX_2.6", "__vdso_time");
	self->getcpu = (getcpu_fn)vdso_sym("LINUX_2.6", "__vdso_getcpu");
	ASSERT_NE(NULL, self->clock_gettime);
	ASSERT_NE(NULL, self->time);
	ASSERT_NE(NULL, self->getcpu);
}

FIXTURE_TEARDOWN(vdso)
{
}

static int later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* The kernel's word, past the C library, which would ask the vDSO. */
static struct timespec ask_kernel(clockid_t clock)
{
	struct timespec ts = { 0 };

	syscall(__NR_clock_gettime, clock, &ts);
	return ts;
}

/* From now on system calls for the time are refused. */
static int refuse_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_time, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST_F(vdso, clocks_agree_with_the_system_call)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI,
		CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID,
	};
	struct timespec before, ts, after;
	unsigned int i;

	for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		before = ask_kernel(clocks[i]);
		ASSERT_EQ(0, self->clock_gettime(clocks[i], &ts));
		after = ask_kernel(clocks[i]);
		EXPECT_FALSE(later(&before, &ts));
		EXPECT_FALSE(later(&ts, &after));
	}
}

TEST_F(vdso, time_agrees_with_the_system_call)
{
	time_t stored = 0, before = syscall(__NR_time, NULL), now = self->time(&stored);

	EXPECT_GE(now, before);
	EXPECT_EQ(now, stored);
	EXPECT_LE(now, syscall(__NR_time, NULL));
}

TEST_F(vdso, no_system_call_is_made)
{
	struct timespec ts = { 0 };

	ASSERT_EQ(0, refuse_calls());
	ASSERT_EQ(-1, syscall(__NR_clock_gettime, CLOCK_REALTIME_COARSE, &ts));
	ASSERT_EQ(EDOM, errno);
	EXPECT_EQ(0, self->clock_gettime(CLOCK_REALTIME_COARSE, &ts));
	EXPECT_GT(ts.tv_sec, 0);
	EXPECT_GT(self->time(NULL), 0);
}

/* What the page doesn't have is asked for all the same. */
TEST_F(vdso, other_clocks_fall_back_to_it)
{
	struct timespec ts;

	EXPECT_EQ(0, self->clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	ASSERT_EQ(0, refuse_calls());
	EXPECT_EQ(-EDOM, self->clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
}

/* The fine clocks are read in user space where the processor's counter is the clock source. */
TEST_F(vdso, fine_clocks_depend_on_the_clock_source)
{
	char source[16] = "";
	struct timespec ts;
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	ASSERT_NE(NULL, f);
	ASSERT_EQ(1, fscanf(f, "%15s", source));
	fclose(f);
	ASSERT_EQ(0, refuse_calls());
	EXPECT_EQ(strcmp(source, "tsc") ? -EDOM : 0, self->clock_gettime(CLOCK_MONOTONIC, &ts));
}

TEST_F(vdso, unknown_clock_is_einval)
{
	struct timespec ts;

	EXPECT_EQ(-EINVAL, self->clock_gettime(99, &ts));
	EXPECT_EQ(-EINVAL, self->clock_gettime(-1, &ts));
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

static int faults_at_write(volatile char *addr)
{
	int sig;

	signal(SIGSEGV, on_fault);
	sig = sigsetjmp(fault, 1);
	if (!sig)
		*addr = 0;
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

/* Unlike a system call, it touches the caller's memory as the caller. */
TEST_F(vdso, bad_pointer_is_a_signal_not_an_errno)
{
	int sig;

	signal(SIGSEGV, on_fault);
	sig = sigsetjmp(fault, 1);
	if (!sig)
		self->clock_gettime(CLOCK_REALTIME_COARSE, (struct timespec *)8);
	EXPECT_EQ(SIGSEGV, sig);
}

TEST_F(vdso, neither_code_nor_data_can_be_written)
{
	char line[256], mode[8];
	unsigned long start;
	int seen = 0;
	FILE *f = fopen("/proc/self/maps", "re");

	EXPECT_EQ(SIGSEGV, faults_at_write((char *)getauxval(AT_SYSINFO_EHDR)));
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "[vvar]") && !strstr(line, "[vdso]"))
			continue;
		ASSERT_EQ(2, sscanf(line, "%lx-%*x %7s", &start, mode));
		EXPECT_STREQ(strstr(line, "[vdso]") ? "r-xp" : "r--p", mode);
		EXPECT_EQ(SIGSEGV, faults_at_write((char *)start));
		seen++;
	}
	EXPECT_GE(seen, 2);
	fclose(f);
}

/* Unlike the fixed page, it is a shared object at a place of the kernel's choice. */
TEST_F(vdso, it_is_a_shared_object)
{
	const Elf64_Ehdr *elf = (void *)getauxval(AT_SYSINFO_EHDR);

	EXPECT_EQ(0, memcmp(elf->e_ident, ELFMAG, SELFMAG));
	EXPECT_EQ(ET_DYN, elf->e_type);
	EXPECT_EQ(NULL, vdso_sym("LINUX_2.6", "__vdso_none"));
	EXPECT_EQ(NULL, vdso_sym("LINUX_9.9", "__vdso_time"));
}

TEST_F(vdso, getcpu_needs_no_call)
{
	unsigned int cpu = 99, node = 99;

	EXPECT_EQ(0, self->getcpu(&cpu, &node, NULL));
	EXPECT_LT(cpu, 99);
	EXPECT_EQ(0, node);
}

TEST_HARNESS_MAIN
