// SPDX-License-Identifier: GPL-2.0
/*
 * The heap that the kernel extends: what arrives, what stands in the way, what became of set_fs().
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "lab_file_test.h"
#include "brk.h"

FIXTURE_LAB("brk")

#define PAGE	4096UL

/* The kernel's idea of where the heap ends; the C library has its own. */
static unsigned long heap_end(void)
{
	return syscall(__NR_brk, 0);
}

static unsigned long next_page(void)
{
	return (heap_end() + PAGE - 1) & ~(PAGE - 1);
}

/* Without a signal: write(2) says whether a byte is there. */
static int is_there(unsigned long addr)
{
	int fds[2], ret;

	if (pipe(fds))
		return -1;
	ret = write(fds[1], (void *)addr, 1) == 1;
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static int export_records(int fd, unsigned long count)
{
	int ret = ioctl(fd, BRK_EXPORT, count);

	return ret < 0 ? -errno : ret;
}

TEST_F(lab, record_is_above_the_heap)
{
	unsigned long end = heap_end(), at = next_page();

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_FALSE(is_there(at));
	ASSERT_EQ(1, export_records(self->ctl, 1));
	EXPECT_EQ(at + PAGE, heap_end());
	EXPECT_TRUE(lab_is_record((void *)at, 64, 0));
	EXPECT_EQ(end, syscall(__NR_brk, end));
	EXPECT_FALSE(is_there(at));
	EXPECT_EQ(end, heap_end());
}

TEST_F(lab, many_records_in_one_call)
{
	unsigned long end = heap_end(), at = next_page();
	int i;

	ASSERT_EQ(0, lab_set(self->ctl, 1000, 1, 0));
	ASSERT_EQ(100, export_records(self->ctl, 100));
	EXPECT_EQ(at + 25 * PAGE, heap_end());
	for (i = 0; i < 100; i++)
		EXPECT_TRUE(lab_is_record((char *)at + 1000 * i, 1000, i));
	EXPECT_EQ(end, syscall(__NR_brk, end));
}

/* The survey's "negative effect": malloc(3) takes it for memory that nobody has. */
TEST_F(lab, c_library_takes_it_away)
{
	unsigned long at;

	sbrk(0);
	at = next_page();
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(1, export_records(self->ctl, 1));
	EXPECT_NE(heap_end(), (unsigned long)sbrk(0));
	EXPECT_TRUE(is_there(at));
	sbrk(16);
	EXPECT_FALSE(at + PAGE == heap_end());
}

TEST_F(lab, mapping_in_the_way_is_left_alone)
{
	unsigned long end = heap_end(), at = next_page();
	char *page = mmap((void *)at, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	ASSERT_EQ((void *)at, page);
	page[0] = 'x';
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(-ENOMEM, export_records(self->ctl, 1));
	EXPECT_EQ('x', page[0]);
	EXPECT_EQ(end, heap_end());
	munmap(page, PAGE);
	EXPECT_EQ(1, export_records(self->ctl, 1));
	EXPECT_EQ(end, syscall(__NR_brk, end));
}

TEST_F(lab, limit_of_data_holds)
{
	struct rlimit none = { 0, 0 };
	unsigned long end = heap_end();

	setrlimit(RLIMIT_DATA, &none);
	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	EXPECT_EQ(-ENOSPC, export_records(self->ctl, 1));
	EXPECT_EQ(end, heap_end());
}

static void *wait_forever(void *arg)
{
	pause();
	return NULL;
}

TEST_F(lab, threads_are_refused)
{
	pthread_t thread;

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_forever, NULL));
	EXPECT_EQ(-EBUSY, export_records(self->ctl, 1));
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

/* set_fs(KERNEL_DS) made this work; nothing does now. */
TEST_F(lab, kernel_addresses_are_refused)
{
	EXPECT_EQ(-1, ioctl(self->ctl, BRK_TO_KERNEL, 0));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(lab, refuses_bad_counts)
{
	unsigned long end = heap_end();

	ASSERT_EQ(0, lab_set(self->ctl, 1 << 20, 1, 0));
	EXPECT_EQ(-EINVAL, export_records(self->ctl, 0));
	EXPECT_EQ(-EINVAL, export_records(self->ctl, 5));
	EXPECT_EQ(-EINVAL, export_records(self->ctl, -1UL));
	EXPECT_EQ(end, heap_end());
	EXPECT_EQ(-1, ioctl(self->ctl, _IO('B', 99), 0));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(lab, open_file_keeps_the_module_not_the_data)
{
	unsigned long at = next_page();

	ASSERT_EQ(0, lab_set(self->ctl, 64, 1, 0));
	ASSERT_EQ(1, export_records(self->ctl, 1));
	EXPECT_EQ(-EAGAIN, kmodule_remove("brk"));
	close(self->ctl);
	self->ctl = -1;
	EXPECT_EQ(0, kmodule_remove("brk"));
	EXPECT_TRUE(lab_is_record((void *)at, 64, 0));
	EXPECT_EQ(0, kmodule_insert("brk", ""));
}

TEST_HARNESS_MAIN
