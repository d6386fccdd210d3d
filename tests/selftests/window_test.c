// SPDX-License-Identifier: GPL-2.0
/*
 * The window of an endpoint: records without a system call, and what mmap(2) allows.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#define RECORDS	200

FIXTURE(window)
{
	struct windowed w;
};

FIXTURE_SETUP(window)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(window)
{
	close_windowed(&self->w);
}

TEST_F(window, records_go_round)
{
	unsigned char out[4096], in[4096];
	int i, len;
	__u64 tag;

	for (i = 0; i < RECORDS; i++) {
		len = i * 19 % sizeof(out);
		fill(out, len, i);
		ASSERT_EQ(0, window_send(&self->w, out, len, i, 0));
		ASSERT_EQ(len, window_recv(&self->w, in, sizeof(in), &tag, 0));
		ASSERT_EQ(i, tag);
		ASSERT_EQ(len, filled(in, len, i));
	}
}

TEST_F(window, sends_without_system_call)
{
	char out[64] = "no call", in[64];
	int i;
	__u64 tag;

	for (i = 0; i < RECORDS; i++)
		ASSERT_EQ(0, window_send(&self->w, out, sizeof(out), i,
					 BULK_NO_SYSCALL));
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(sizeof(in), window_recv(&self->w, in, sizeof(in), &tag, 0));
	EXPECT_EQ(RECORDS, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(0, tag);
	for (i = 1; i < RECORDS; i++) {
		ASSERT_EQ(sizeof(in), window_recv(&self->w, in, sizeof(in),
						  &tag, BULK_NO_SYSCALL));
		ASSERT_EQ(i, tag);
	}
	EXPECT_EQ(-EAGAIN, window_recv(&self->w, in, sizeof(in), &tag,
				       BULK_NO_SYSCALL));
}

TEST_HARNESS_MAIN
