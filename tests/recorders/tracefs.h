/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of tracefs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACEFS	"/sys/kernel/tracing"

bool tracefs_is_there(void);
uint16_t tracefs_event_id(const char *event);
size_t tracefs_field_offset(const char *event, const char *field);
void tracefs_write(const char *dir, const char *name, const char *text);

#endif /* TRACEFS_H */
