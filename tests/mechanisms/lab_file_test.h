/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests of files share: where no memory is, files as they are, another user.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_FILE_TEST_H
#define LAB_FILE_TEST_H

#include "lab_test.h"

/* The compiler would know that nothing is there. */
static inline void *nowhere(void)
{
	void *ptr = (void *)8;

	__asm__("" : "+r" (ptr));
	return ptr;
}

static inline int is_text(const char *path, const char *want)
{
	char text[128] = "";

	return read_text(path, text, sizeof(text)) >= 0 && !strcmp(text, want);
}

/* 0, or the errno that nobody gets for opening it like this. */
static inline int nobody_opens(const char *path, int how)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setuid(65534))
			_exit(255);
		_exit(open(path, how) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* Does a read give @nr numbered records of 64 bytes from @seq on, and a write take them? */
static inline int batch_goes_both_ways(int fd, int ctl, unsigned int nr, __u64 seq)
{
	ssize_t len = nr * 64;
	__u64 before = lab_received(ctl);
	char buf[1024];
	unsigned int i;

	/* Room for half a record more, which stays empty. */
	if (read(fd, buf, len + 32) != len)
		return 0;
	for (i = 0; i < nr; i++)
		if (!lab_is_record(buf + i * 64, 64, seq + i))
			return 0;
	return write(fd, buf, len) == len && lab_received(ctl) == before + len;
}

#endif /* LAB_FILE_TEST_H */
