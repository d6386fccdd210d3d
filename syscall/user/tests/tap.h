/* SPDX-License-Identifier: MIT */
/*
 * Tests that print TAP, each in a process of its own.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum result {
	PASS,
	FAIL,
	SKIP,	/* after skip() */
};

struct test {
	const char *name;
	enum result (*run)(void);
};

/* That which runs. */
static const struct test *tap_test __attribute__((unused));

/* In a process of its own: says where, and what was false. */
#define CHECK(what)							\
	do {								\
		if (!(what)) {						\
			fprintf(stderr, "# %s:%d: %s\n", __FILE__,	\
				__LINE__, #what);			\
			return FAIL;					\
		}							\
	} while (0)

static enum result tap_run_one(const struct test *t, char *why, size_t size)
{
	int fds[2], status, child;
	ssize_t len;

	fflush(stdout);
	if (pipe(fds))
		return FAIL;
	child = fork();
	if (!child) {
		dup2(fds[1], STDOUT_FILENO);
		tap_test = t;
		status = t->run();
		fflush(stdout);
		_exit(status);
	}
	close(fds[1]);
	len = read(fds[0], why, size - 1);
	why[len > 0 ? len : 0] = '\0';
	close(fds[0]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return FAIL;
	if (!WIFEXITED(status))
		fprintf(stderr, "# %s: signal %d\n", t->name, WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAIL;
}

static inline enum result skip(const char *why)
{
	fputs(why, stdout);
	return SKIP;
}

/* Return: the exit code. */
static inline int tap_run(const struct test *tests, unsigned int nr)
{
	unsigned int i, failed = 0;
	enum result result;
	char why[128];

	printf("TAP version 13\n1..%u\n", nr);
	for (i = 0; i < nr; i++) {
		result = tap_run_one(&tests[i], why, sizeof(why));
		failed += result == FAIL;
		printf("%sok %u - %s%s%s\n", result == FAIL ? "not " : "",
		       i + 1, tests[i].name, result == SKIP ? " # SKIP " : "",
		       result == SKIP ? why : "");
	}
	return failed > 0;
}

#define TAP_RUN(tests)	tap_run(tests, sizeof(tests) / sizeof((tests)[0]))

#endif /* TAP_H */
