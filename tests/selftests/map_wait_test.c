// SPDX-License-Identifier: GPL-2.0
/*
 * RECV into a page room that waits: for a record, or for the end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages.h"

#define ROOM	MAX_RECORD
#define LEN	(IN_PAGES + 100)	/* of a record, and so five pages */

FIXTURE(wait)
{
	int fd;
	char *room;
	struct waiter waiter;
};

FIXTURE_SETUP(wait)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->room = map_room(self->fd, ROOM);
	ASSERT_NE(NULL, self->room);
}

/* Nothing is lost, and nothing is left. */
FIXTURE_TEARDOWN(wait)
{
	__u64 tag;

	EXPECT_EQ(-EAGAIN, bulk_map(self->fd, self->room, ROOM, NULL));
	ASSERT_EQ(0, send_filled(self->fd, LEN, 99));
	EXPECT_EQ(LEN, bulk_map(self->fd, self->room, LEN, &tag));
	EXPECT_EQ(99, tag);
	EXPECT_TRUE(is_mapped(self->room, LEN, 99));
	EXPECT_EQ(figure(self->fd, "tx-records"),
		  figure(self->fd, "rx-records"));
	close(self->fd);
}

/* A thread waits for a record to be mapped at the start of the room. */
static void start_receiver(struct _test_data_wait *self)
{
	start_waiter(&self->waiter, self->fd, seg_map(self->room, ROOM));
}

static void end_receiver(struct __test_metadata *_metadata,
			 struct _test_data_wait *self, long ret, int res)
{
	pthread_join(self->waiter.thread, NULL);
	EXPECT_EQ(ret, self->waiter.ret);
	EXPECT_EQ(res, self->waiter.seg.res);
}

TEST_F(wait, record_comes)
{
	int i;

	for (i = 0; i < 10; i++) {
		start_receiver(self);
		ASSERT_EQ(0, send_filled(self->fd, LEN + i, i));
		end_receiver(_metadata, self, 1, LEN + i);
		EXPECT_EQ(i, self->waiter.seg.tag);
		ASSERT_TRUE(is_mapped(self->room, LEN + i, i));
	}
}

/* It ends the wait, and waits itself for another RECV. */
TEST_F(wait, short_record_comes)
{
	char in[100];

	start_receiver(self);
	ASSERT_EQ(0, send_filled(self->fd, sizeof(in), 1));
	end_receiver(_metadata, self, -EOPNOTSUPP, -EOPNOTSUPP);
	ASSERT_EQ(sizeof(in), bulk_recv(self->fd, in, sizeof(in), NULL));
	EXPECT_EQ(sizeof(in), filled(in, sizeof(in), 1));
}

static void on_signal(int sig)
{
}

TEST_F(wait, signal_comes)
{
	struct sigaction action = { .sa_handler = on_signal };

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	start_receiver(self);
	ASSERT_EQ(0, pthread_kill(self->waiter.thread, SIGUSR1));
	end_receiver(_metadata, self, -EINTR, -EINTR);
}

/* The room may go and come meanwhile: what counts is what is there in the end. */
TEST_F(wait, room_goes)
{
	start_receiver(self);
	ASSERT_EQ(0, munmap(self->room, ROOM));
	ASSERT_EQ(0, send_filled(self->fd, LEN, 1));
	end_receiver(_metadata, self, -EINVAL, -EINVAL);
	ASSERT_EQ(self->room, mmap(self->room, ROOM, PROT_READ, MAP_SHARED |
				   MAP_FIXED_NOREPLACE, self->fd,
				   BULK_OFF_PAGES));
	EXPECT_EQ(LEN, bulk_map(self->fd, self->room, LEN, NULL));
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
}

TEST_F(wait, room_is_another)
{
	start_receiver(self);
	ASSERT_EQ(self->room, mmap(self->room, ROOM, PROT_READ, MAP_SHARED |
				   MAP_FIXED, self->fd, BULK_OFF_PAGES));
	ASSERT_EQ(0, send_filled(self->fd, LEN, 1));
	end_receiver(_metadata, self, 1, LEN);
	EXPECT_TRUE(is_mapped(self->room, LEN, 1));
}

/* A child that waits in a room of its own. */
TEST_F(wait, killed)
{
	pid_t pid = fork_child();

	if (!pid) {
		struct bulk_seg seg = seg_map(map_room(self->fd, ROOM), ROOM);

		bulk_xfer(self->fd, &seg, 1, 0);
		_exit(1);
	}
	wait_blocked(pid, __NR_bulk_xfer);
	EXPECT_TRUE(kill_child(pid));
}

/* Receiving makes room at the provider: a sender wakes up. */
TEST_F(wait, sender_goes_on)
{
	size_t len = 256 << 10;
	char *buf = calloc(1, len);
	__u64 tag, got, sent = 0;
	struct bulk_seg seg;

	while (!bulk_send(self->fd, buf, len, sent))
		sent++;
	ASSERT_LT(0, sent);
	start_waiter(&self->waiter, self->fd, seg_send(buf, len, sent));
	for (tag = 0; tag < sent; tag++) {
		ASSERT_EQ(len, bulk_map(self->fd, self->room, len, &got));
		ASSERT_EQ(tag, got);
	}
	seg = seg_map(self->room, len);
	ASSERT_EQ(1, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(sent, seg.tag);
	end_receiver(_metadata, self, 1, len);
	free(buf);
}

TEST_HARNESS_MAIN
