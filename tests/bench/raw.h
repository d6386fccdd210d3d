/* SPDX-License-Identifier: GPL-2.0 */
/*
 * read(2) and write(2) as bare as bulk_xfer() is: no libc, no errno.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef RAW_H
#define RAW_H

#include <asm/unistd.h>
#include <stddef.h>

static inline long raw_call3(long nr, long a, const void *b, size_t c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a" (ret)
			 : "0" (nr), "D" (a), "S" (b), "d" (c)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long raw_write(int fd, const void *buf, size_t len)
{
	return raw_call3(__NR_write, fd, buf, len);
}

static inline long raw_read(int fd, void *buf, size_t len)
{
	return raw_call3(__NR_read, fd, buf, len);
}

#endif /* RAW_H */
