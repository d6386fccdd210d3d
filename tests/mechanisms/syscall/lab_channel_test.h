/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the channel /dev/bulk/lab share: an endpoint, its window, what has arrived.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_CHANNEL_TEST_H
#define LAB_CHANNEL_TEST_H

#include <xxhash.h>

#include "bulk_xfer.h"
#include "lab_channel.h"
#include "lab_test.h"
#include "lib/internal.h"

#define CHANNEL	"/dev/bulk/lab"
#define RECORD	64
#define RECORDS	200

/* An endpoint and, where it was asked for, its window. */
struct end {
	bulk_vdso_call call;
	struct bulk_params params;
	void *window;
	int fd;
};

static inline struct end open_end(void)
{
	return (struct end){ .fd = open(CHANNEL, O_RDWR | O_CLOEXEC) };
}

static inline struct end open_window(void)
{
	struct end end = open_end();

	end.call = bulk_vdso_find();
	if (end.call && !bulk_query(end.call, &end.params))
		end.window = bulk_map(end.fd, &end.params, end.params.window_default);
	return end;
}

static inline void close_end(struct end *end)
{
	if (end->window)
		munmap(end->window, end->params.window_default);
	if (end->fd >= 0)
		close(end->fd);
}

static inline long run(const struct end *end, struct bulk_seg *segs, unsigned int nr)
{
	if (end->window)
		return end->call(end->fd, segs, nr, BULK_DONTWAIT, end->window);
	return bulk_xfer(end->fd, segs, nr, BULK_DONTWAIT);
}

/* The kernel half's total must be that of the first @records. */
static inline int took(int ctl, int records)
{
	char *all = malloc(records * RECORD);
	struct lab_totals totals;
	__u64 sum;
	int i;

	lab_prepare(all, records * RECORD);
	for (i = 0; i < records; i++)
		lab_produce(all + i * RECORD, RECORD, i);
	sum = XXH64(all, records * RECORD, 0);
	free(all);
	return !ioctl(ctl, LAB_TOTALS, &totals) && totals.bytes == (__u64)records * RECORD &&
	       totals.checksum == sum;
}

static inline int took_all(int ctl)
{
	return took(ctl, RECORDS);
}

#endif /* LAB_CHANNEL_TEST_H */
