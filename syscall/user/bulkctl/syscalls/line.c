// SPDX-License-Identifier: GPL-2.0
/*
 * A line of text that is being put together.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "line.h"

void line_add(struct line *l, const char *fmt, ...)
{
	size_t room = LINE_BYTES - l->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(l->text + l->len, room, fmt, args);
	va_end(args);
	if (len > 0)
		l->len += (size_t)len < room ? (size_t)len : room - 1;
}

void line_put(struct line *l, const void *text, size_t len)
{
	if (len > LINE_BYTES - l->len)
		len = LINE_BYTES - l->len;
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* A digit behind an octal escape would belong to it, unless it has all three. */
static void quote_byte(struct line *l, unsigned char c, unsigned char behind)
{
	static const char special[] = "\n\t\r\v\f\"\\";
	static const char letters[] = "ntrvf\"\\";
	const char *at = c ? strchr(special, c) : NULL;

	if (at)
		line_add(l, "\\%c", letters[at - special]);
	else
		line_add(l, isdigit(behind) ? "\\%03o" : "\\%o", c);
}

void line_quote(struct line *l, const void *data, size_t len)
{
	const unsigned char *at = data;
	size_t i, plain;

	line_put(l, "\"", 1);
	for (i = 0; i < len; i++) {
		for (plain = i; plain < len && is_plain(at[plain]); plain++)
			;
		line_put(l, at + i, plain - i);
		i = plain;
		if (i < len)
			quote_byte(l, at[i], i + 1 < len ? at[i + 1] : '\0');
	}
	line_put(l, "\"", 1);
}
