/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results as JSON lines.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef ROW_H
#define ROW_H

#include "measure.h"

/* What is measured once for all record sizes. */
struct aside {
	struct wakes wakes;
	struct stall stall;
};

void row_print(const struct mechanism *m, uint32_t bytes, const struct figures *f,
	       const struct aside *aside, bool counted);
void row_print_least(const struct mechanism *m);
int row_list(void);
int row_about(void);

#endif /* ROW_H */
