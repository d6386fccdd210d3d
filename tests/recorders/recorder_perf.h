/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The second way in which perf wakes its reader.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef RECORDER_PERF_H
#define RECORDER_PERF_H

#include "recorder.h"

extern const struct recorder recorder_perf_waking;

#endif /* RECORDER_PERF_H */
