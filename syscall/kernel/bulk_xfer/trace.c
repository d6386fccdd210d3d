// SPDX-License-Identifier: GPL-2.0
/*
 * The trace events of bulk_xfer(2), instantiated once.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#define CREATE_TRACE_POINTS
#include <trace/events/bulk_xfer.h>
