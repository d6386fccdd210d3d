// SPDX-License-Identifier: GPL-2.0
/*
 * A process that frees its TX ring all the time, while it sends, disturbs nobody else.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "fuzz.h"

/* Another thread: the ring begins at 0, and nobody has it. */
static void *run_thief(void *arg)
{
	struct _test_data_fuzz *self = arg;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED))
		__atomic_store_n(&user_page(&self->w)->tx_head, 0,
				 __ATOMIC_RELAXED);
	return NULL;
}

TEST_F(fuzz, second_thread_frees_the_ring)
{
	int i, sends = rounds(200000, 50000, 500);

	ASSERT_EQ(0, pthread_create(&self->liar, NULL, run_thief, self));
	for (i = 0; i < sends; i++) {
		if (window_send(&self->w, self->buf, 64, i, BULK_DONTWAIT) ==
		    -EBADMSG)
			ASSERT_EQ(0, renew(self));
	}
	__atomic_store_n(&self->stop, 1, __ATOMIC_RELAXED);
	pthread_join(self->liar, NULL);
	EXPECT_EQ(0, figure(self->good.fd, "window-errors"));
}

TEST_HARNESS_MAIN
