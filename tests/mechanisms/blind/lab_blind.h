/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /dev/lab_blind is told; for both halves.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_BLIND_H
#define LAB_BLIND_H

#include "lab.h"

#define LAB_BLIND_MAX_BYTES	(2U << 20)	/* of a record of the channel: a folio */
#define LAB_BLIND_BYTES		64		/* of a record that is reserved */

/* For the endpoint that was opened last: */
#define LAB_BLIND_RESERVE	_IO('B', 0)	/* reserve and commit arg records; returns ticks that all took */
#define LAB_BLIND_PAGES		_IO('B', 1)	/* push a record of arg bytes in pages */
#define LAB_BLIND_FOLIO		_IO('B', 2)	/* the same, in pages of one folio of 2 MiB */

#endif /* LAB_BLIND_H */
