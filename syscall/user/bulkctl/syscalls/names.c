// SPDX-License-Identifier: GPL-2.0
/*
 * Values as the names that they have.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <inttypes.h>
#include <string.h>

#include "flags.h"

/* The kernel's first; libc keeps some to itself. */
#define FIRST_RT_SIGNAL	32
#define LAST_RT_SIGNAL	64

static const char *name_of(const struct name *names, uint64_t value)
{
	for (; names && names->name; names++) {
		if (names->value == value)
			return names->name;
	}
	return NULL;
}

static void add_name(struct line *l, size_t start, const char *name)
{
	line_add(l, "%s%s", l->len > start ? "|" : "", name);
}

/* Return: those that have no name. */
static uint64_t add_bits(struct line *l, size_t start, const struct name *bits,
			 uint64_t value)
{
	for (; bits && bits->name; bits++) {
		if ((value & bits->value) != bits->value)
			continue;
		add_name(l, start, bits->name);
		value &= ~bits->value;
	}
	return value;
}

/*
 * A value that is one of names is named also if it is 0, unless other flags say
 * all there is to say: where its mask is 0, that is for 0 alone.
 */
static uint64_t add_value(struct line *l, const struct flags *f, uint64_t value)
{
	const char *name;

	if (!f->values || (!f->mask && value))
		return value;
	name = name_of(f->values, value & f->mask);
	if (!name)
		return value;
	line_add(l, "%s", name);
	return value & ~f->mask;
}

void line_flags(struct line *l, const struct flags *f, uint64_t value)
{
	size_t start = l->len;

	value = add_value(l, f, value);
	value = add_bits(l, start, f->bits, value);
	if (value || l->len == start)
		line_add(l, "%s%#" PRIx64, l->len > start ? "|" : "", value);
}

void line_signal(struct line *l, uint64_t number)
{
	const char *name = NULL;

	if (number < FIRST_RT_SIGNAL)
		name = sigabbrev_np(number);
	if (name)
		line_add(l, "SIG%s", name);
	else if (number >= FIRST_RT_SIGNAL && number <= LAST_RT_SIGNAL)
		line_add(l, "SIGRT_%u", (unsigned int)number - FIRST_RT_SIGNAL);
	else
		line_add(l, "%" PRIu64, number);
}
