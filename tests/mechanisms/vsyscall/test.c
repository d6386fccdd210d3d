// SPDX-License-Identifier: GPL-2.0
/*
 * The fixed page: its calls give what the system calls give, and all else is refused; or it is off.
 *
 * What to expect is what /proc/self/maps says: where there is no such page,
 * the calls must end in SIGSEGV, and that is all there is to test.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "kselftest_harness.h"

#define PAGE		0xffffffffff600000UL
#define GETTIMEOFDAY	(PAGE + 0x000)
#define TIME		(PAGE + 0x400)
#define GETCPU		(PAGE + 0x800)

typedef long (*call3)(void *a, void *b, void *c);

/* Permissions of the page, or NULL where there is none. */
static const char *page_mode(void)
{
	static char line[256], mode[8];
	FILE *f = fopen("/proc/self/maps", "re");
	const char *ret = NULL;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "[vsyscall]") && sscanf(line, "%*s %7s", mode) == 1)
			ret = mode;
	if (f)
		fclose(f);
	return ret;
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* 0, or SIGSEGV; *ret is what the call returned. */
static int call(unsigned long addr, void *a, void *b, void *c, long *ret)
{
	int sig;

	signal(SIGSEGV, on_fault);
	sig = sigsetjmp(fault, 1);
	if (!sig)
		*ret = ((call3)addr)(a, b, c);
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

static int load(unsigned long addr)
{
	int sig;

	signal(SIGSEGV, on_fault);
	sig = sigsetjmp(fault, 1);
	if (!sig)
		(void)*(volatile char *)addr;
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

TEST(time_through_the_page_or_refused)
{
	time_t stored = 0, before = syscall(__NR_time, NULL);
	long ret = 0;
	int sig = call(TIME, &stored, NULL, NULL, &ret);

	if (!page_mode()) {
		EXPECT_EQ(SIGSEGV, sig);
		return;
	}
	ASSERT_EQ(0, sig);
	EXPECT_GE(ret, before);
	EXPECT_LE(ret, syscall(__NR_time, NULL));
	EXPECT_EQ(ret, stored);
}

TEST(gettimeofday_through_the_page_or_refused)
{
	struct timeval old, now = { 0 };
	long ret = -1;
	int sig;

	syscall(__NR_gettimeofday, &old, NULL);
	sig = call(GETTIMEOFDAY, &now, NULL, NULL, &ret);
	if (!page_mode()) {
		EXPECT_EQ(SIGSEGV, sig);
		return;
	}
	ASSERT_EQ(0, sig);
	EXPECT_EQ(0, ret);
	EXPECT_FALSE(timercmp(&now, &old, <));
	syscall(__NR_gettimeofday, &old, NULL);
	EXPECT_FALSE(timercmp(&now, &old, >));
}

TEST(getcpu_through_the_page_or_refused)
{
	unsigned int cpu = 99, node = 99, want = sched_getcpu();
	cpu_set_t here;
	long ret = -1;
	int sig;

	CPU_ZERO(&here);
	CPU_SET(want, &here);
	sched_setaffinity(0, sizeof(here), &here);
	sig = call(GETCPU, &cpu, &node, NULL, &ret);
	if (!page_mode()) {
		EXPECT_EQ(SIGSEGV, sig);
		return;
	}
	ASSERT_EQ(0, sig);
	EXPECT_EQ(want, cpu);
	EXPECT_EQ(0, node);
}

TEST(bad_pointer_is_a_signal_not_an_errno)
{
	long ret = 0;

	EXPECT_EQ(SIGSEGV, call(TIME, (void *)8, NULL, NULL, &ret));
	EXPECT_EQ(SIGSEGV, call(GETTIMEOFDAY, (void *)PAGE, NULL, NULL, &ret));
}

TEST(only_the_three_entries_are_emulated)
{
	long ret = 0;

	EXPECT_EQ(SIGSEGV, call(TIME + 1, NULL, NULL, NULL, &ret));
	EXPECT_EQ(SIGSEGV, call(PAGE + 0xc00, NULL, NULL, NULL, &ret));
	EXPECT_EQ(SIGSEGV, call(PAGE + 0x1000, NULL, NULL, NULL, &ret));
}

TEST(page_can_be_executed_but_not_read)
{
	const char *mode = page_mode();

	if (mode && mode[0] == 'r') {
		EXPECT_EQ(0, load(PAGE));
		return;
	}
	EXPECT_EQ(SIGSEGV, load(PAGE));
	if (mode)
		EXPECT_STREQ("--xp", mode);
}

TEST_HARNESS_MAIN
