/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that a transfer reads.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_INPUT_H
#define BULKCTL_INPUT_H

#include <stddef.h>
#include <sys/stat.h>

struct input {
	const char *name;
	int fd;
	struct stat st;		/* as it was when opened */
};

/* Each ends bulkctl with a message when it fails. "-" is standard input. */
void input_open(struct input *in, const char *name);
size_t input_read(struct input *in, void *buf, size_t size);
void input_close(struct input *in);

/* 0: can't be known beforehand */
off_t input_size(const struct input *in);

#endif /* BULKCTL_INPUT_H */
