/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The named pipe that the kernel opens, and which end of it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_FIFO_H
#define LAB_FIFO_H

#include "lab.h"

#define LAB_FIFO_PATH	"/tmp/lab_fifo"	/* module parameter "path" */

/* struct lab_setup: the end that LAB_SETUP opens; neither: none. */
#define LAB_FIFO_WRITE	LAB_OWN_FLAGS
#define LAB_FIFO_READ	(LAB_OWN_FLAGS << 1)

#endif /* LAB_FIFO_H */
