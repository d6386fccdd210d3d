/* SPDX-License-Identifier: MIT */
/*
 * The profile of watch.c: a file of lines, each the path of a program, or that
 * and a sequence of calls which it makes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <err.h>
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profile {
	const char *path;
	FILE *file;
	bool learning;
	void *lines;		/* a tree, see tsearch(3) */
};

static int profile_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *profile_add(struct profile *p, const char *line)
{
	char **node, *copy = strdup(line);

	node = copy ? tsearch(copy, &p->lines, profile_compare) : NULL;
	if (!node)
		err(1, "memory");
	return *node;
}

/*
 * With "a+", a learned line goes to the end, at once: a signal loses none.
 * Hazard: without "e", the command could write to its own profile.
 */
static void profile_open(struct profile *p)
{
	char *line = NULL;
	size_t size = 0;

	p->file = fopen(p->path, p->learning ? "a+e" : "re");
	if (!p->file)
		err(1, "%s", p->path);
	setlinebuf(p->file);
	while (getline(&line, &size, p->file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		profile_add(p, line);
	}
	free(line);
}

/* Return: the line as it is kept here; NULL: it is foreign. */
static const char *profile_find(struct profile *p, const char *line)
{
	char **node = tfind(line, &p->lines, profile_compare);

	if (node)
		return *node;
	if (!p->learning)
		return NULL;
	fprintf(p->file, "%s\n", line);
	return profile_add(p, line);
}

struct profile_search {
	const char *name;
	size_t len;
	const char *found;
};

static void profile_match(const void *node, VISIT visit, void *search)
{
	const char *line = *(char *const *)node, *slash = strrchr(line, '/');
	struct profile_search *s = search;

	(void)visit;
	if (!strchr(line, ' ') &&
	    !strncmp(slash ? slash + 1 : line, s->name, s->len))
		s->found = line;
}

/* Return: a program whose file has this name, up to @len bytes; or NULL. */
static const char *profile_named(struct profile *p, const char *name,
				 size_t len)
{
	struct profile_search s = { name, len, NULL };

	twalk_r(p->lines, profile_match, &s);
	return s.found;
}

static void profile_close(struct profile *p)
{
	bool failed = ferror(p->file);

	if (fclose(p->file) || failed)
		err(1, "%s", p->path);
}

#endif /* PROFILE_H */
