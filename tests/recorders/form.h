/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common part of all ways to read the log of lab_log.ko.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forms/lab_log.h"

#define FORM_PIECE	65536U	/* bytes that are taken at once */

/**
 * struct form_stream - records in pieces that may end within one
 * @part: of a record
 * @have: bytes there
 */
struct form_stream {
	uint8_t part[sizeof(struct log_enter)];
	size_t have;
};

extern int form_ctl;				/* the open device */
extern uint8_t form_piece[FORM_PIECE];		/* for records of any way */

/* For tests: is called for each record. */
extern void (*form_look)(const struct log_head *record);

bool form_open(void);
void form_record(enum log_buffer buffer, pid_t pid, size_t bytes);
bool form_start(enum log_buffer buffer, pid_t pid, size_t bytes);
uint64_t form_take(struct form_stream *s, const void *data, size_t len);
uint64_t form_take_all(struct form_stream *s, int fd);
uint64_t form_lost(void);
void form_stop(void);

#endif /* FORM_H */
