/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoint at which BPF programs send a record, or take what there is.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lab_bpf

#if !defined(LAB_BPF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LAB_BPF_TRACE_H

#include <linux/tracepoint.h>
#include <linux/version.h>

/* Later kernels give the name this ending by themselves. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
DECLARE_TRACE(lab_bpf_tp,
	TP_PROTO(const void *record, u64 seq),
	TP_ARGS(record, seq)
);
#else
DECLARE_TRACE(lab_bpf,
	TP_PROTO(const void *record, u64 seq),
	TP_ARGS(record, seq)
);
#endif

#endif /* LAB_BPF_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH bpf-ringbuf
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
