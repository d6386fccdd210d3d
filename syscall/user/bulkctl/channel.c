// SPDX-License-Identifier: GPL-2.0
/*
 * An open channel, and the loop that runs segments on it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "explain.h"
#include "message.h"
#include "sysfs.h"

#define DEFAULT_RECORD_SIZE	(64U << 10)

const char *channel_name(const char *arg)
{
	const char *slash = strrchr(arg, '/');

	return slash ? slash + 1 : arg;
}

void channel_open(struct channel *ch, const char *arg, int flags,
		  const struct options *o)
{
	char path[PATH_MAX];
	bool is_path = strchr(arg, '/');

	*ch = (struct channel){
		.name = channel_name(arg),
		.sysroot = o->sysroot,
	};
	if (!*ch->name)
		usage("'%s' is not the name of a channel", arg);
	if (snprintf(path, sizeof(path), "%s%s%s", is_path ? "" : o->sysroot,
		     is_path ? "" : "/dev/bulk/", arg) >= (int)sizeof(path))
		usage("the name of the channel is too long");
	ch->bulk = bulk_open_window(path, flags, given(o, OPT_WINDOW) ?
				    o->window : BULK_WINDOW_DEFAULT);
	if (!ch->bulk)
		explain_open(ch, path, flags);
	sysfs_number(o->sysroot, ch->name, "max_record", &ch->max_record);
}

void channel_close(struct channel *ch)
{
	bulk_close(ch->bulk);
}

uint32_t channel_record_size(const struct channel *ch,
			     const struct options *o)
{
	uint32_t size = o->record_size;

	if (!size && ch->max_record && ch->max_record < DEFAULT_RECORD_SIZE)
		return ch->max_record;
	if (!size)
		return DEFAULT_RECORD_SIZE;
	if (ch->max_record && size > ch->max_record)
		fail("record size %u is above the limit of channel %s: %llu (its max_record)",
		     size, ch->name, (unsigned long long)ch->max_record);
	return size;
}

/* One system call for certain, where the vDSO function might make several. */
static long enter_kernel(struct channel *ch, struct bulk_seg *segs,
			 unsigned int nr, unsigned int flags)
{
	long n;

	ch->calls++;
	if (!bulk_window(ch->bulk))
		return bulk_call(ch->bulk, segs, nr, flags);
	n = bulk_xfer(bulk_fd(ch->bulk), segs, nr, flags);
	if (n >= 0)
		return n;
	errno = -n;
	return -1;
}

/*
 * What the window can do alone it does first, and what is left is one system
 * call: only thus can they be counted from here.
 */
static long run(struct channel *ch, struct bulk_seg *segs, unsigned int nr,
		unsigned int flags)
{
	long alone, n;

	alone = bulk_call(ch->bulk, segs, nr, flags | BULK_NO_SYSCALL);
	if (alone == nr || (alone < 0 && errno != EAGAIN))
		return alone;
	if (alone < 0)
		alone = 0;
	n = enter_kernel(ch, segs + alone, nr - alone, flags);
	if (n < 0)
		return alone ? alone : n;
	return alone + n;
}

void channel_run(struct channel *ch, struct bulk_seg *segs, unsigned int nr)
{
	unsigned int done = 0;

	while (done < nr) {
		long n = run(ch, segs + done, nr - done, 0);

		if (n < 0 && errno != EINTR)
			explain_transfer(ch, &segs[done]);
		if (n > 0)
			done += n;
	}
}

/* The window takes records before the provider does: has it taken all? */
void channel_flush(struct channel *ch)
{
	int ret;

	do {
		ret = bulk_flush(ch->bulk);
		ch->calls++;
	} while (ret && errno == EINTR);
	if (ret)
		explain_flush(ch);
}

/* Waits for the first segment only. Return: how many completed. */
unsigned int channel_run_ready(struct channel *ch, struct bulk_seg *segs,
			       unsigned int nr)
{
	long n;

	channel_run(ch, segs, 1);
	if (nr == 1)
		return 1;
	n = run(ch, segs + 1, nr - 1, BULK_DONTWAIT);
	return n > 0 ? 1 + n : 1;
}

void channel_send_region(struct channel *ch, const void *region, size_t len)
{
	struct bulk_seg seg;
	size_t sent;

	for (sent = 0; sent < len; sent += seg.res) {
		seg = bulk_seg_send_region((const char *)region + sent,
					   len - sent);
		channel_run(ch, &seg, 1);
	}
}

size_t channel_send_ready(struct channel *ch, const void *region, size_t len)
{
	struct bulk_seg seg = bulk_seg_send_region(region, len);

	if (run(ch, &seg, 1, BULK_DONTWAIT) > 0)
		return seg.res;
	if (errno != EAGAIN && errno != EINTR)
		explain_transfer(ch, &seg);
	return 0;
}

size_t channel_recv_region(struct channel *ch, void *buf, size_t room)
{
	struct bulk_seg seg = bulk_seg_recv_region(buf, room);

	while (run(ch, &seg, 1, 0) < 0) {
		if (errno == EINTR)
			continue;
		/* Of a record that waits, only a RECV of one tells the length. */
		if (errno == EMSGSIZE) {
			seg = bulk_seg_recv(NULL, 0);
			channel_run(ch, &seg, 1);
		}
		explain_transfer(ch, &seg);
	}
	return seg.res;
}

void *piece_alloc(size_t bytes)
{
	void *piece = malloc(bytes);

	if (!piece)
		fail("no memory for %zu bytes: take smaller records with -r",
		     bytes);
	memset(piece, 0x55, bytes);
	return piece;
}
