// SPDX-License-Identifier: GPL-2.0
/*
 * The deadline, and a provider that has no room, no memory, or goes away.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "deadline.h"

#include "puppet.h"

#define RECORDS		100
#define ROUNDS		20

/* Every record whose SEND said so was taken, and no other. */
TEST(unload_while_it_runs)
{
	struct windowed w;
	struct sender s;
	int round, ret;

	ret = open_windowed(&w, "sink");
	if (ret || access("/sys/module/bulk_sink/refcnt", F_OK))
		SKIP(return, "no module bulk_sink to unload, or no vDSO");
	close_windowed(&w);
	for (round = 0; round < ROUNDS; round++) {
		s = (struct sender){ .w = &w, .most = ULLONG_MAX };
		ASSERT_EQ(0, set_deadline("sink", round % 2 ? LONG : "50"));
		ASSERT_EQ(0, open_windowed(&w, "sink"));
		pthread_create(&s.thread, NULL, run_sender, &s);
		while (__atomic_load_n(&s.sent, __ATOMIC_RELAXED) < RECORDS)
			usleep(1000);
		ASSERT_EQ(0, unload_module("bulk_sink"));
		pthread_join(s.thread, NULL);
		EXPECT_EQ(-ENODEV, s.ret);
		EXPECT_EQ(s.sent, (__u64)figure(w.fd, "tx-records"));
		close_windowed(&w);
		ASSERT_EQ(0, load_module("bulk_sink", ""));
		EXPECT_EQ(0, sysfs_figure("sink", "deadline_us"));
	}
}

FIXTURE(puppet)
{
	struct windowed w;
};

/* A channel that is registered with a deadline. */
FIXTURE_SETUP(puppet)
{
	int ret;

	ret = open_puppet(&self->w, "deadline_us=" SHORT);
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no module bulk_puppet, or no vDSO");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(atoll(SHORT), sysfs_figure("puppet", "deadline_us"));
}

FIXTURE_TEARDOWN(puppet)
{
	close_windowed(&self->w);
	stop_counting();
	unload_module("bulk_puppet");
}

TEST_F(puppet, has_the_deadline_of_its_registration)
{
	int sent = send_uncalled(&self->w);

	ASSERT_LT(0, sent);
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", sent));
}

TEST(too_long_a_deadline_is_refused)
{
	int ret;

	ret = load_puppet("deadline_us=10000001");
	if (ret == -ENOENT)
		SKIP(return, "no module bulk_puppet");
	EXPECT_EQ(-EINVAL, ret);
}

/* A provider that has no room says so when it has: until then no timer runs. */
TEST_F(puppet, stalls_without_a_timer)
{
	long long before;

	start_counting();
	ASSERT_EQ(0, set_puppet("send", -EAGAIN));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	/* The timer that was started for it, if there was one. */
	usleep(IDLE);
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	before = expired();
	usleep(IDLE);
	EXPECT_EQ(before, expired());
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(0, set_puppet("room", 1));
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", 2));
}

/* Nobody tells of memory. */
TEST_F(puppet, tries_again_for_memory)
{
	ASSERT_EQ(0, set_puppet("send", -ENOMEM));
	ASSERT_EQ(0, window_send(&self->w, "x", 1, 0, 0));
	usleep(IDLE);
	EXPECT_EQ(0, figure(self->w.fd, "tx-records"));
	ASSERT_EQ(0, set_puppet("send", 0));
	EXPECT_TRUE(reaches(self->w.fd, "tx-records", 1));
}

TEST_HARNESS_MAIN
