/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of bulk_xfer(2): the life of an endpoint and its records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bulk_xfer

#if !defined(_TRACE_BULK_XFER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_BULK_XFER_H

#include <linux/tracepoint.h>

TRACE_EVENT(bulk_open,
	    TP_PROTO(const char *channel, u64 endpoint),
	    TP_ARGS(channel, endpoint),
	    TP_STRUCT__entry(__string(channel, channel)
			     __field(u64, endpoint)),
	    TP_fast_assign(__assign_str(channel);
			   __entry->endpoint = endpoint;),
	    TP_printk("channel=%s endpoint=%llu",
		      __get_str(channel), __entry->endpoint)
);

TRACE_EVENT(bulk_send,
	    TP_PROTO(const char *channel, u64 endpoint, size_t len, u64 tag),
	    TP_ARGS(channel, endpoint, len, tag),
	    TP_STRUCT__entry(__string(channel, channel)
			     __field(u64, endpoint)
			     __field(size_t, len)
			     __field(u64, tag)),
	    TP_fast_assign(__assign_str(channel);
			   __entry->endpoint = endpoint;
			   __entry->len = len;
			   __entry->tag = tag;),
	    TP_printk("channel=%s endpoint=%llu len=%zu tag=%#llx",
		      __get_str(channel), __entry->endpoint, __entry->len,
		      __entry->tag)
);

TRACE_EVENT(bulk_recv,
	    TP_PROTO(const char *channel, u64 endpoint, size_t len, u64 tag,
		     u32 lost),
	    TP_ARGS(channel, endpoint, len, tag, lost),
	    TP_STRUCT__entry(__string(channel, channel)
			     __field(u64, endpoint)
			     __field(size_t, len)
			     __field(u64, tag)
			     __field(u32, lost)),
	    TP_fast_assign(__assign_str(channel);
			   __entry->endpoint = endpoint;
			   __entry->len = len;
			   __entry->tag = tag;
			   __entry->lost = lost;),
	    TP_printk("channel=%s endpoint=%llu len=%zu tag=%#llx lost=%u",
		      __get_str(channel), __entry->endpoint, __entry->len,
		      __entry->tag, __entry->lost)
);

TRACE_EVENT(bulk_drop,
	    TP_PROTO(const char *channel, u64 endpoint, unsigned int records),
	    TP_ARGS(channel, endpoint, records),
	    TP_STRUCT__entry(__string(channel, channel)
			     __field(u64, endpoint)
			     __field(unsigned int, records)),
	    TP_fast_assign(__assign_str(channel);
			   __entry->endpoint = endpoint;
			   __entry->records = records;),
	    TP_printk("channel=%s endpoint=%llu records=%u",
		      __get_str(channel), __entry->endpoint, __entry->records)
);

TRACE_EVENT(bulk_release,
	    TP_PROTO(const char *channel, u64 endpoint, u64 sent, u64 received,
		     u64 lost),
	    TP_ARGS(channel, endpoint, sent, received, lost),
	    TP_STRUCT__entry(__string(channel, channel)
			     __field(u64, endpoint)
			     __field(u64, sent)
			     __field(u64, received)
			     __field(u64, lost)),
	    TP_fast_assign(__assign_str(channel);
			   __entry->endpoint = endpoint;
			   __entry->sent = sent;
			   __entry->received = received;
			   __entry->lost = lost;),
	    TP_printk("channel=%s endpoint=%llu sent=%llu received=%llu lost=%llu",
		      __get_str(channel), __entry->endpoint, __entry->sent,
		      __entry->received, __entry->lost)
);

#endif /* _TRACE_BULK_XFER_H */

#include <trace/define_trace.h>
