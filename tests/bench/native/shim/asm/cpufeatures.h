/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one feature of a processor that matters: see alternative.h.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#define X86_FEATURE_ERMS	0
