/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results as JSON lines.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef ROW_H
#define ROW_H

#include "measure.h"

void row_begin(void);
void row_print_cost(const struct recorder *r, const struct load *load, const struct cost *cost);
void row_print_loss(const struct recorder *r, size_t bytes, const struct recorded *rec);
void row_print_delay(const struct recorder *r, const struct delay *delay);

#endif /* ROW_H */
