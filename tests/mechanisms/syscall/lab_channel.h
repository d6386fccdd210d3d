/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /dev/lab_syscall is told besides LAB_*: how the channel behaves while one side stalls, and where
 * records are made.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_CHANNEL_H
#define LAB_CHANNEL_H

#include "lab.h"

/* struct lab_setup: the provider takes nothing until LAB_CHANNEL_RESUME. */
#define LAB_CHANNEL_STALLED	LAB_OWN_FLAGS

/* With LAB_QUEUED: LAB_PRODUCE makes records and queues them, rather than a RECV making its own. */
#define LAB_CHANNEL_PUSHED	(LAB_OWN_FLAGS << 1)

/* The same, with records in pages; with the second flag, too, these belong to folios of 2 MiB. */
#define LAB_CHANNEL_PAGES	(LAB_OWN_FLAGS << 2)
#define LAB_CHANNEL_FOLIOS	(LAB_OWN_FLAGS << 3)

#define LAB_CHANNEL_RESUME	_IO('B', 0)

#endif /* LAB_CHANNEL_H */
