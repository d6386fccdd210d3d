// SPDX-License-Identifier: GPL-2.0
/*
 * The program that the kernel starts: takes a record, makes one, or shows how it was started.
 *
 * upcall_helper take HEX | read | make BYTES:NUMBER
 * upcall_helper exit=N | kill=N | tell=FILE | wait=FILE
 *
 * What it took is added to the checksum in the file that LAB_SUM names. Its
 * exit code, a bit for each thing that can go wrong, is all that its caller
 * learns.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mechanism.h"
#include "upcall.h"

#define NO_SUM		2
#define NO_DATA		3
#define NO_OUTPUT	4
#define BAD_USE		5
#define LATE		6

#define WAIT_MS		60000

static unsigned char buf[LAB_MAX_BYTES];

static int add_to_sum(size_t len)
{
	const char *path = getenv("LAB_SUM");
	int fd = path ? open(path, O_RDWR) : -1;
	struct transfer t;

	if (fd < 0)
		return NO_SUM;
	t.sum = mmap(NULL, sizeof(*t.sum), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (t.sum == MAP_FAILED)
		return NO_SUM;
	lab_consume(&t, buf, len);
	return 0;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static int take(const char *hex)
{
	size_t len;

	for (len = 0; hex[0] && hex[1] && len < sizeof(buf); hex += 2)
		buf[len++] = digit(hex[0]) << 4 | digit(hex[1]);
	return *hex || !len ? NO_DATA : add_to_sum(len);
}

static int read_input(void)
{
	size_t len = 0;
	ssize_t ret;

	while ((ret = read(0, buf + len, sizeof(buf) - len)) > 0)
		len += ret;
	return ret < 0 || !len ? NO_DATA : add_to_sum(len);
}

static int make(const char *what)
{
	unsigned long long number;
	size_t len;

	if (sscanf(what, "%zu:%llu", &len, &number) != 2 || len > sizeof(buf) || len < 16)
		return BAD_USE;
	lab_prepare(buf, len);
	lab_produce(buf, len, number);
	return write(1, buf, len) == (ssize_t)len ? 0 : NO_OUTPUT;
}

/* Who and where it is, for the test. */
static int tell(const char *path)
{
	const char *word = getenv("LAB_WORD");
	FILE *f = fopen(path, "we");

	if (!f)
		return NO_OUTPUT;
	fprintf(f, "uid %d HOME %s LAB_WORD %s\n", getuid(), getenv("HOME"),
		word ? word : "none");
	return fclose(f) ? NO_OUTPUT : 0;
}

/* Until the file is gone, but not for ever: a test that is killed leaves it. */
static int wait_for(const char *path)
{
	int ms;

	for (ms = 0; ms < WAIT_MS; ms++) {
		if (access(path, F_OK))
			return 0;
		usleep(1000);
	}
	return LATE;
}

static const char *value(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) ? NULL : arg + len;
}

int main(int argc, char **argv)
{
	const char *v;

	if (argc == 3 && !strcmp(argv[1], "take"))
		return take(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "read"))
		return read_input();
	if (argc == 3 && !strcmp(argv[1], "make"))
		return make(argv[2]);
	if (argc != 2)
		return BAD_USE;
	v = value(argv[1], "exit=");
	if (v)
		return atoi(v);
	v = value(argv[1], "kill=");
	if (v)
		return raise(atoi(v));
	v = value(argv[1], "tell=");
	if (v)
		return tell(v);
	v = value(argv[1], "wait=");
	return v ? wait_for(v) : BAD_USE;
}
