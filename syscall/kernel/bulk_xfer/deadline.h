/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The deadline: a bound on the time that a record waits in a window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_DEADLINE_H
#define _BULK_XFER_DEADLINE_H

struct bulk_channel;
struct bulk_deadline;

void bulk_deadline_init(struct bulk_deadline *dl);
void bulk_deadline_end(struct bulk_deadline *dl);
int bulk_deadline_set(struct bulk_channel *ch, unsigned int us);
void bulk_deadline_update(struct bulk_channel *ch);

#endif /* _BULK_XFER_DEADLINE_H */
