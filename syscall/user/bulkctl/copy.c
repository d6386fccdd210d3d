// SPDX-License-Identifier: GPL-2.0
/*
 * bulkctl copy: a file to the kernel and back, through the echo channel.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "channel.h"
#include "clock.h"
#include "input.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "region.h"
#include "report.h"
#include "verbs.h"

struct copy {
	struct channel ch;
	struct input in;
	struct report r;
	char *sent, *got;	/* one piece each */
	struct bulk_region going, coming;
	size_t packed;		/* bytes of the piece that were put into @going */
	size_t gone;		/* bytes of @going that were sent */
	size_t away;		/* bytes of regions that are to come back */
	XXH64_state_t *sent_sum, *got_sum;
};

/*
 * Each record is received before the next is sent: a batch of any size then
 * stays below the channel's rx_limit, which would block a sender for good.
 */
static void add_record(struct bulk_seg *segs, const struct copy *c, size_t at,
		       size_t len, uint64_t tag)
{
	segs[0] = bulk_seg_send(c->sent + at, len, tag);
	segs[1] = bulk_seg_recv(c->got + at, len);
}

static void check_batch(struct copy *c, const struct bulk_seg *segs,
			unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i += 2) {
		c->r.lost += segs[i + 1].lost;
		if (segs[i + 1].res != (__s32)segs[i].len ||
		    segs[i + 1].tag != segs[i].tag)
			fail("record %" PRIu64 " of %u bytes came back as %" PRIu64 " of %d bytes",
			     (uint64_t)segs[i].tag, segs[i].len,
			     (uint64_t)segs[i + 1].tag, segs[i + 1].res);
	}
}

static void copy_segments(struct copy *c, size_t len)
{
	unsigned int batch = 2 * batch_records(c->r.record_size), nr = 0;
	struct bulk_seg segs[2 * BATCH_RECORDS];
	size_t at, part;

	for (at = 0; at < len; at += part) {
		part = len - at;
		if (part > c->r.record_size)
			part = c->r.record_size;
		add_record(segs + nr, c, at, part, c->r.records++);
		nr += 2;
		if (nr < batch && at + part < len)
			continue;
		channel_run(&c->ch, segs, nr);
		check_batch(c, segs, nr);
		nr = 0;
	}
}

/* Sends of @len bytes what can be sent without waiting. */
static void send_ready(struct copy *c, size_t len, uint64_t tag)
{
	uint32_t size = c->r.record_size;
	size_t n;

	if (c->gone == c->going.used) {
		c->packed += region_fill(&c->going, c->sent + c->packed,
					 len - c->packed, size,
					 tag + c->packed / size);
		c->gone = 0;
	}
	if (c->gone == c->going.used)
		return;
	n = channel_send_ready(&c->ch, (char *)c->going.buf + c->gone,
			       c->going.used - c->gone);
	c->gone += n;
	c->away += n;
}

/*
 * The same for records that are small. Sending never waits, so that rx_limit may
 * be anything; receiving does, for what was sent. Where nothing waits is room for
 * a record, hence there always is one of the two to do.
 */
static void copy_regions(struct copy *c, size_t len)
{
	struct expected e = { .to = c->got, .len = len, .how = "came back",
			      .size = c->r.record_size, .tag = c->r.records };
	size_t n;

	c->packed = 0;
	while (e.len) {
		send_ready(c, len, c->r.records);
		if (!c->away)
			continue;
		n = channel_recv_region(&c->ch, c->coming.buf, c->coming.room);
		region_take(c->coming.buf, n, &e);
		c->away -= n;
	}
	c->r.records = e.tag;
	c->r.lost += e.lost;
}

static void copy_piece(struct copy *c, size_t len)
{
	if (in_regions(c->r.record_size))
		copy_regions(c, len);
	else
		copy_segments(c, len);
}

static void copy_all(struct copy *c)
{
	size_t bytes = piece_bytes(c->r.record_size), len;
	uint64_t start;

	c->sent = piece_alloc(bytes);
	c->got = piece_alloc(bytes);
	c->going = region_new();
	c->coming = region_new();
	while ((len = input_read(&c->in, c->sent, bytes))) {
		start = now_ns();
		copy_piece(c, len);
		c->r.ns += now_ns() - start;
		c->r.bytes += len;
		XXH64_update(c->sent_sum, c->sent, len);
		XXH64_update(c->got_sum, c->got, len);
		output_write(c->got, len);
		progress_show(c->r.bytes, input_size(&c->in));
	}
	c->r.calls = c->ch.calls;
	free(c->sent);
	free(c->got);
	free(c->going.buf);
	free(c->coming.buf);
}

static void judge(struct copy *c)
{
	c->r.checksum = XXH64_digest(c->sent_sum);
	c->r.verdict = VERIFIED;
	if (XXH64_digest(c->got_sum) != c->r.checksum || c->r.lost)
		c->r.verdict = DIFFERENT;
	XXH64_freeState(c->sent_sum);
	XXH64_freeState(c->got_sum);
}

int verb_copy(const struct options *o, char **args)
{
	struct copy c = { .r = { .verb = "copy", .file = args[0] } };

	input_open(&c.in, args[0]);
	channel_open(&c.ch, "echo", O_RDWR, o);
	c.r.channel = c.ch.name;
	c.r.record_size = channel_record_size(&c.ch, o);
	c.r.window = bulk_window(c.ch.bulk);
	c.sent_sum = checksum_new();
	c.got_sum = checksum_new();
	output_open(args[1], &c.in.st);
	output_reserve(input_size(&c.in));
	copy_all(&c);
	input_close(&c.in);
	judge(&c);
	if (c.r.verdict == VERIFIED)
		output_finish();
	else
		output_abandon();
	channel_close(&c.ch);
	return report_print(&c.r, o);
}
