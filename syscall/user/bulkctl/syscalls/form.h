/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The form that a recording is written in, and the file that it goes to.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_FORM_H
#define SYSCALLS_FORM_H

#include "event.h"
#include "options.h"

/**
 * struct form - where events go
 * @writer: how
 * @out: the file; NULL: the writer makes a folder
 * @path: its name
 */
struct form {
	const struct writer *writer;
	FILE *out;
	const char *path;
};

/* All of these end bulkctl with a message when they can't do it. */
void form_open(struct form *f, const struct syscalls_options *o);
void form_begin(struct form *f, const struct bulk_syscalls_started *started);
/* Others are to see now all that was written. */
void form_flush(const struct form *f);
void form_close(struct form *f);

#endif /* SYSCALLS_FORM_H */
