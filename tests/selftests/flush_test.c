// SPDX-License-Identifier: GPL-2.0
/*
 * BULK_FLUSH, of a provider that has no room, or that refuses what was sent.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "window.h"

#include "module.h"

#define LONG	8000	/* bytes; some 500 of these fill echo's queue */

static long flush(const struct windowed *w, unsigned int flags)
{
	return w->call(w->fd, NULL, 0, BULK_FLUSH | flags, w->window);
}

TEST(waits_for_room)
{
	char *buf = calloc(1, LONG);
	__u64 sent = 0, tag, i;
	struct windowed w;
	int ret = open_windowed(&w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	while (!bulk_send(w.fd, buf, LONG, sent))
		sent++;
	EXPECT_EQ(0, flush(&w, BULK_DONTWAIT));
	while (!window_send(&w, buf, LONG, sent, BULK_NO_SYSCALL))
		sent++;
	EXPECT_EQ(-EAGAIN, flush(&w, BULK_DONTWAIT));
	EXPECT_EQ(0, bulk_xfer(w.fd, NULL, 0, 0));
	EXPECT_GT(sent, figure(w.fd, "tx-records"));
	for (i = 0; i < sent / 2; i++) {
		ASSERT_EQ(LONG, bulk_recv(w.fd, buf, LONG, &tag));
		ASSERT_EQ(i, tag);
	}
	EXPECT_EQ(0, flush(&w, BULK_DONTWAIT));
	EXPECT_EQ(sent, figure(w.fd, "tx-records"));
	for (; i < sent; i++) {
		ASSERT_EQ(LONG, bulk_recv(w.fd, buf, LONG, &tag));
		ASSERT_EQ(i, tag);
	}
	free(buf);
	close_windowed(&w);
}

static int open_refuse(struct windowed *w)
{
	int ret = load_module("bulk_refuse", "");

	return ret ?: open_windowed(w, "refuse");
}

static int send_errno(const struct windowed *w, unsigned char error)
{
	return window_send(w, &error, 1, 0, BULK_NO_SYSCALL);
}

/* The first error is told once, by the flush that has nothing else to tell. */
TEST(tells_the_providers_error)
{
	struct bulk_seg seg = seg_send("", 1, 0);
	struct windowed w;
	int ret = open_refuse(&w);

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no module bulk_refuse, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, send_errno(&w, 0));
	ASSERT_EQ(0, send_errno(&w, EIO));
	ASSERT_EQ(0, send_errno(&w, ENOSPC));
	ASSERT_EQ(0, send_errno(&w, 0));
	EXPECT_EQ(1, w.call(w.fd, &seg, 1, BULK_FLUSH, w.window));
	EXPECT_EQ(3, figure(w.fd, "tx-records"));
	EXPECT_EQ(2, figure(w.fd, "tx-refused"));
	EXPECT_EQ(-EIO, flush(&w, 0));
	EXPECT_EQ(0, flush(&w, 0));
	ASSERT_EQ(0, send_errno(&w, EPERM));
	EXPECT_EQ(-EPERM, flush(&w, BULK_DONTWAIT));
	EXPECT_EQ(3, figure(w.fd, "tx-records"));
	EXPECT_EQ(3, figure(w.fd, "tx-refused"));
	close_windowed(&w);
	EXPECT_EQ(0, unload_module("bulk_refuse"));
}

TEST_HARNESS_MAIN
