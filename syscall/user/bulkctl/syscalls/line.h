/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line of text that is being put together.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_LINE_H
#define SYSCALLS_LINE_H

#include <stddef.h>

/*
 * Of what is printed in one go. Six arguments that are strings, each byte of them
 * an octal escape, are 6 * 4 * BULK_SYSCALLS_MAX_PATH bytes.
 */
#define LINE_BYTES	8192

/**
 * struct line - what has been put together so far
 * @text: it; no NUL
 * @len: bytes of it; what is too long is cut
 */
struct line {
	char text[LINE_BYTES];
	size_t len;
};

void line_add(struct line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void line_put(struct line *l, const void *text, size_t len);
/* The bytes as a string of C, quoted. */
void line_quote(struct line *l, const void *data, size_t len);

#endif /* SYSCALLS_LINE_H */
