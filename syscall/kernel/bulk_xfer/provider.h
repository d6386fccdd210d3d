/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The provider of an endpoint: what the core asks it, and what it may do wrong.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_PROVIDER_H
#define _BULK_XFER_PROVIDER_H

#include <linux/bulk_xfer.h>
#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/poll.h>
#include <linux/preempt.h>

int bulk_provider_wrong(struct bulk_endpoint *ep, const char *what, long value);
int bulk_provider_error(struct bulk_endpoint *ep, int ret);
void bulk_provider_release(struct bulk_endpoint *ep);
__poll_t bulk_provider_events(struct bulk_endpoint *ep);
void bulk_provider_unbalanced(struct bulk_endpoint *ep, int before);
void bulk_trace_received(struct bulk_endpoint *ep,
			 const struct bulk_meta *meta);

/*
 * Around an operation that runs under a lock of the endpoint's: a kernel that
 * looks for sleepers in atomic context sees one that leaves the context atomic.
 */
static inline int bulk_provider_enter(void)
{
	return IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) ? preempt_count() : 0;
}

static inline void bulk_provider_leave(struct bulk_endpoint *ep, int before)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) &&
	    unlikely(preempt_count() != before))
		bulk_provider_unbalanced(ep, before);
}

#endif /* _BULK_XFER_PROVIDER_H */
