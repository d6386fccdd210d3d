// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the baseline: what the laboratory calls a record, and that a changed byte is seen.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_test.h"

#include <string.h>
#include <xxhash.h>

TEST(record_has_its_number_twice)
{
	unsigned char buf[64];
	__u64 last;

	lab_prepare(buf, sizeof(buf));
	lab_produce(buf, sizeof(buf), 5);
	EXPECT_EQ(5, lab_seq(buf));
	memcpy(&last, buf + sizeof(buf) - sizeof(last), sizeof(last));
	EXPECT_EQ(~5ULL, last);
	EXPECT_EQ(LAB_PATTERN, buf[8]);
}

TEST(every_byte_counts)
{
	unsigned char a[64], b[64];
	size_t i;

	lab_prepare(a, sizeof(a));
	lab_produce(a, sizeof(a), 7);
	for (i = 0; i < sizeof(a); i++) {
		memcpy(b, a, sizeof(a));
		b[i] ^= 1;
		EXPECT_NE(XXH64(a, sizeof(a), 0), XXH64(b, sizeof(b), 0));
	}
}

TEST_HARNESS_MAIN
