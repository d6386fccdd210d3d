/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records by write(2) and read(2), whatever the descriptor is; a split record part by part.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef RW_H
#define RW_H

#include "mechanism.h"

void rw_send(struct transfer *t, uint64_t count);
void rw_recv(struct transfer *t, uint64_t count);

/* A batch is one call. */
void rw_send_batch(struct transfer *t, uint64_t count);
void rw_recv_batch(struct transfer *t, uint64_t count);

#endif /* RW_H */
