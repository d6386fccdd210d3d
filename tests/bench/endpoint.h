/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoints of the channels sink and source.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "mechanism.h"

void endpoint_open(struct transfer *t);
struct totals endpoint_totals(struct transfer *t);

#endif /* ENDPOINT_H */
