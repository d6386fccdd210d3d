// SPDX-License-Identifier: MIT
/*
 * Records by page: sent from where they lie, received where their pages are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bulk_xfer.h>

#include "internal.h"

/*
 * Bytes from which on a record's pages are pinned. Pinning takes fewer instructions
 * than a copy from 13 KiB on ("SEND breaks even" of ./build.sh bench --icount
 * --only syscall, tcg-icount), but a processor copies by more than the 8 bytes an
 * instruction that are counted there.
 */
#define PIN_LEAST	(32 * 1024)

int bulk_send_pages(struct bulk *b, const void *buf, size_t len, uint64_t tag)
{
	struct bulk_seg seg;
	long ret;

	if (len < PIN_LEAST || len > UINT32_MAX)
		return bulk_send(b, buf, len, tag);
	seg = bulk_seg_send_pages(buf, len, tag);
	ret = bulk_run_anyhow(b, &seg, 1, 0);
	/* Memory of a device can't be pinned, but be read. */
	if (ret == -EFAULT)
		return bulk_send(b, buf, len, tag);
	return ret < 0 ? bulk_failed(ret) : 0;
}

static size_t whole_pages(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bulk_room(size) + page - 1) / page * page;
}

/* NULL where there can't be a room. */
static void *map_room(const struct bulk *b, size_t size)
{
	void *room = mmap(NULL, size, PROT_READ, MAP_SHARED, b->fd,
			  BULK_OFF_PAGES);

	return room == MAP_FAILED ? NULL : room;
}

struct bulk_pages *bulk_pages_open(struct bulk *b, size_t size)
{
	struct bulk_pages *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->b = b;
	p->owner = getpid();
	p->size = whole_pages(size);
	if (b->has_call)
		p->room = map_room(b, p->size);
	return p;
}

/* A forked child has none, and something else may be there now. */
static bool has_room(const struct bulk_pages *p)
{
	return p->room && p->owner == getpid();
}

void bulk_pages_close(struct bulk_pages *p)
{
	if (!p)
		return;
	if (has_room(p))
		munmap(p->room, p->size);
	free(p->copy);
	free(p);
}

static long recv_mapped(struct bulk_pages *p, struct bulk_seg *seg)
{
	if (!has_room(p))
		return -EOPNOTSUPP;
	*seg = bulk_seg_recv_pages(p->room, bulk_room(p->size));
	return bulk_run(p->b, seg, 1, 0);
}

/* At least twice as much: longer and longer records take few attempts. */
static long grow_copy(struct bulk_pages *p, size_t need)
{
	size_t twice = p->copy_size ? 2 * p->copy_size : whole_pages(1);

	p->copy_size = bulk_room(need > twice ? need : twice);
	free(p->copy);
	p->copy = malloc(p->copy_size);
	if (p->copy)
		return 0;
	p->copy_size = 0;
	return -ENOMEM;
}

/* Where the call is missing, nothing tells how long the record is. */
static long recv_copy(struct bulk_pages *p, struct bulk_seg *seg, bool plain)
{
	long ret = p->copy ? 0 : grow_copy(p, 0);

	while (!ret) {
		*seg = bulk_seg_recv(p->copy, p->copy_size);
		ret = bulk_recv_seg(p->b, seg, plain);
		if (ret == -EMSGSIZE && p->copy_size < INT32_MAX)
			ret = grow_copy(p, seg->len);
	}
	return ret;
}

const void *bulk_recv_pages(struct bulk_pages *p, size_t *len, uint64_t *tag,
			    uint32_t *lost)
{
	const void *at = p->room;
	struct bulk_seg seg;
	long ret = recv_mapped(p, &seg);

	if (ret == -EOPNOTSUPP || bulk_is_withheld(ret)) {
		ret = recv_copy(p, &seg, !tag && !lost);
		at = p->copy;
	}
	if (ret == -EMSGSIZE)
		*len = seg.len;
	if (ret < 0) {
		bulk_failed(ret);
		return NULL;
	}
	*len = seg.res;
	if (tag)
		*tag = seg.tag;
	if (lost)
		*lost = seg.lost;
	return at;
}
