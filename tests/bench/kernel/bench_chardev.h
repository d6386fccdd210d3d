/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /dev/bench_chardev and its measuring program agree on.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BENCH_CHARDEV_H
#define BENCH_CHARDEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The stream that a read(2) goes on with: bulk_source_word() of this seed. */
#define BENCH_CHARDEV_SEED	7

/**
 * struct bench_chardev_totals - what one open file was written
 * @bytes: bytes written
 * @checksum: XXH64, seed 0, of these bytes
 */
struct bench_chardev_totals {
	__u64	bytes;
	__u64	checksum;
};

#define BENCH_CHARDEV_TOTALS	_IOR('B', 1, struct bench_chardev_totals)

#endif /* BENCH_CHARDEV_H */
