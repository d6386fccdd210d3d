// SPDX-License-Identifier: GPL-2.0
/*
 * Strings in JSON.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>

#include "json.h"

/* Return: length of the UTF-8 character at s, 0: none begins and ends in left bytes. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len > left)
		return 0;
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, and what is above U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* Return: how many bytes of s it took. */
static size_t put_char(FILE *f, const char *s, size_t left)
{
	unsigned char c = *s;
	size_t len = utf8_length((const unsigned char *)s, left);

	if (!len) {
		fputs("\\ufffd", f);
		return 1;
	}
	if (c < 0x20 || c == 0x7f)
		fprintf(f, "\\u%04x", c);
	else if (c == '"' || c == '\\')
		fprintf(f, "\\%c", c);
	else
		fwrite(s, 1, len, f);
	return len;
}

void json_bytes(FILE *f, const void *bytes, size_t len)
{
	const char *s = bytes;
	size_t at = 0;

	fputc('"', f);
	while (at < len)
		at += put_char(f, s + at, len - at);
	fputc('"', f);
}

void json_string(FILE *f, const char *s)
{
	if (s)
		json_bytes(f, s, strlen(s));
	else
		fputs("null", f);
}
