// SPDX-License-Identifier: GPL-2.0
/*
 * Records by page: what is sent, or received, is not copied.
 *
 * BULK_SEG_PIN gives the provider the sender's pages, for as long as it looks
 * at them, and no longer: while the sender waits for room they are not pinned.
 * BULK_SEG_MAP has the pages of a record in the receiver's room (page_room.c).
 * They are mapped before the record is received, so that it waits if they can't
 * be, and are taken away again if another receiver was faster.
 *
 * Pinning and mapping take the mmap lock, and may wait for user space. No lock
 * of the endpoint is held then.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/bulk_xfer.h>
#include <uapi/linux/bulk_xfer.h>

#include "drain.h"
#include "endpoint.h"
#include "page_room.h"
#include "pages.h"
#include "produce.h"
#include "provider.h"
#include "rx.h"
#include "side.h"
#include "transfer.h"
#include "window.h"

/* Pages that are pinned at a time: 512 bytes of pointers. */
#define BULK_PIN_STEP	64

/* --- To the kernel --- */

/**
 * struct bulk_pins - memory of a process that is pinned
 * @bv: the pages; those of a folio that were found in a row are one
 * @nr: how many these are
 */
struct bulk_pins {
	struct bio_vec *bv;
	unsigned int nr;
};

static void bulk_unpin(struct bulk_pins *pins)
{
	struct bio_vec *bv = pins->bv, *end = bv + pins->nr;

	for (; bv < end; bv++)
		unpin_user_page_range_dirty_lock(bv->bv_page,
						 DIV_ROUND_UP(bv->bv_offset + bv->bv_len,
							      PAGE_SIZE),
						 false);
	kvfree(pins->bv);
}

/* How many pages, from the first on, follow each other in its folio. */
static unsigned int bulk_pages_in_row(struct page **pages, unsigned int nr)
{
	struct folio *folio = page_folio(pages[0]);
	unsigned int n;

	nr = min_t(unsigned long, nr, folio_nr_pages(folio) -
				      folio_page_idx(folio, pages[0]));
	for (n = 1; n < nr; n++)
		if (pages[n] != pages[0] + n)
			break;
	return n;
}

/* Return: how many bytes from @addr on are pinned, or an errno. */
static ssize_t bulk_pin_step(struct bulk_pins *pins, unsigned long addr,
			     size_t len)
{
	unsigned int offset = offset_in_page(addr), n, i;
	struct page *pages[BULK_PIN_STEP];
	size_t done = 0, bytes;
	int pinned;

	n = min_t(size_t, DIV_ROUND_UP(offset + len, PAGE_SIZE), BULK_PIN_STEP);
	pinned = pin_user_pages_fast(addr - offset, n, 0, pages);
	if (pinned <= 0)
		return pinned == -EINTR || pinned == -ENOMEM ? pinned : -EFAULT;
	for (i = 0; i < pinned; i += n) {
		n = bulk_pages_in_row(pages + i, pinned - i);
		bytes = min_t(size_t, len - done, n * PAGE_SIZE - offset);
		bvec_set_page(&pins->bv[pins->nr++], pages[i], bytes, offset);
		done += bytes;
		offset = 0;
	}
	return done;
}

/*
 * Not FOLL_LONGTERM: the provider is done with the pages when its operation
 * returns.
 */
static int bulk_pin(struct bulk_pins *pins, unsigned long addr, size_t len)
{
	unsigned int nr = DIV_ROUND_UP(offset_in_page(addr) + len, PAGE_SIZE);
	ssize_t done;

	pins->nr = 0;
	pins->bv = kvmalloc_array(nr, sizeof(*pins->bv), BULK_GFP_ACCOUNT);
	if (!pins->bv)
		return -ENOMEM;
	for (; len; addr += done, len -= done) {
		done = bulk_pin_step(pins, addr, len);
		if (done < 0) {
			bulk_unpin(pins);
			return done;
		}
		cond_resched();
	}
	return 0;
}

/* Return: as bulk_endpoint_send() that doesn't wait. */
static int bulk_pin_send_once(struct bulk_endpoint *ep,
			      const struct bulk_seg *seg)
{
	struct bulk_pins pins;
	struct iov_iter from;
	int ret;

	ret = bulk_pin(&pins, seg->addr, seg->len);
	if (ret)
		return ret;
	iov_iter_bvec(&from, ITER_SOURCE, pins.bv, pins.nr, seg->len);
	ret = bulk_endpoint_send(ep, &from, seg->tag, true);
	bulk_unpin(&pins);
	return ret;
}

/**
 * bulk_pin_send() - hand a record to the provider in its sender's pages
 * @ep: the endpoint, open for writing
 * @seg: the segment; its result goes there
 * @nowait: -EAGAIN instead of waiting for room
 *
 * Context: Process context. Takes the mmap lock.
 * Return: 0; otherwise as bulk_endpoint_send(): -EFAULT also for memory that
 * has no pages to be pinned, -EINTR for a process that is killed.
 */
int bulk_pin_send(struct bulk_endpoint *ep, struct bulk_seg *seg, bool nowait)
{
	int ret, seen;

	if (seg->lost)
		return -EINVAL;
	if (seg->len > ep->channel->max_record)
		return -EMSGSIZE;
	if (!access_ok(u64_to_user_ptr(seg->addr), seg->len))
		return -EFAULT;
	do {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->tx.events);
		ret = bulk_pin_send_once(ep, seg);
		if (ret != -EAGAIN)
			break;
		ret = bulk_wait(ep, &ep->tx, seen, nowait);
	} while (!ret);
	if (!ret)
		seg->res = seg->len;
	return ret;
}

/* --- To user space --- */

/* The next record, with a reference. Return: as bulk_recv_locked(). */
static int bulk_map_peek(struct bulk_endpoint *ep, struct bulk_far **far,
			 struct bulk_meta *meta)
{
	int ret = bulk_rx_get_pages(&ep->records, far, meta);

	if (unlikely(ret == -EBADMSG))
		return bulk_window_spoil(ep, ep->window);
	if (ret != -EAGAIN)
		return ret;
	ret = bulk_recv_error(ep);
	if (ret)
		return ret;
	/* Records that are made on demand are made where they are received. */
	return ep->ops->recv ? -EOPNOTSUPP : -EAGAIN;
}

/* The process has the pages. Return: as bulk_recv_locked(). */
static int bulk_map_claim(struct bulk_endpoint *ep, struct bulk_far *far,
			  struct bulk_meta *meta)
{
	int ret;

	mutex_lock(ep->rx_lock);
	ret = bulk_rx_claim_pages(&ep->records, far, meta);
	if (unlikely(ret == -EBADMSG)) {
		ret = bulk_window_spoil(ep, ep->window);
	} else if (likely(!ret)) {
		if (trace_bulk_recv_enabled() && !bulk_window_is_mapped(ep))
			bulk_trace_received(ep, meta);
		bulk_produce_window(ep, NULL);
	}
	mutex_unlock(ep->rx_lock);
	return ret;
}

static int bulk_map_far(struct bulk_endpoint *ep, struct bulk_seg *seg,
			struct bulk_far *far, struct bulk_meta *meta)
{
	int ret;

	if (far->len > seg->len)
		return -EMSGSIZE;
	ret = bulk_page_room_map(ep, seg->addr, far);
	if (ret)
		return ret;
	ret = bulk_map_claim(ep, far, meta);
	if (unlikely(ret))
		bulk_page_room_unmap(ep, seg->addr, far);
	return ret;
}

static int bulk_map_once(struct bulk_endpoint *ep, struct bulk_seg *seg,
			 struct bulk_meta *meta)
{
	struct bulk_far *far;
	int ret, drained;

	/* The provider may answer a record that was just sent. */
	drained = bulk_drain(ep);
	if (drained == -EBADMSG)
		return -EBADMSG;
	mutex_lock(ep->rx_lock);
	ret = bulk_map_peek(ep, &far, meta);
	mutex_unlock(ep->rx_lock);
	if (ret == -EAGAIN && drained == -ENOMEM)
		return -ENOMEM;
	if (ret)
		return ret;
	ret = bulk_map_far(ep, seg, far, meta);
	bulk_far_put(&ep->records, far);
	return ret;
}

/**
 * bulk_map_recv() - have the pages of the next record in the process
 * @ep: the endpoint, open for reading
 * @seg: the segment; its result goes there
 * @nowait: -EAGAIN instead of waiting for a record
 *
 * Context: Process context. Takes the mmap lock.
 * Return: 0; otherwise the record, if there is one, is still the next one:
 * -EINVAL where there is no room of the endpoint's, -EMSGSIZE when the record
 * is longer than that or than @seg says, -EOPNOTSUPP when it is not in pages,
 * -EBUSY when it is borrowed, or when another thread has just had pages there,
 * otherwise as bulk_endpoint_recv().
 */
int bulk_map_recv(struct bulk_endpoint *ep, struct bulk_seg *seg, bool nowait)
{
	struct bulk_meta meta;
	int ret, seen;

	if (!PAGE_ALIGNED(seg->addr))
		return -EINVAL;
	do {
		/* Pairs with smp_mb__before_atomic() in bulk_side_wake(). */
		seen = atomic_read_acquire(&ep->rx.events);
		meta = (struct bulk_meta){ };
		ret = bulk_map_once(ep, seg, &meta);
		if (likely(!ret))
			break;
		if (ret == -EAGAIN || ret == -ENOMEM)
			ret = bulk_wait_record(ep, ret, seen, nowait);
		else if (ret == BULK_RECV_BEATEN)
			ret = bulk_give_way();
		else
			break;
	} while (!ret);
	if (ret == -EMSGSIZE)
		seg->len = meta.len;
	if (ret)
		return ret;
	bulk_seg_received(seg, &meta);
	return 0;
}
