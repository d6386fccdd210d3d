// SPDX-License-Identifier: GPL-2.0
/*
 * What a channel's policy loses is counted exactly, also for who reads by a window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The module bulk_lossy pushes half of the records by a timer in hard interrupt
 * context, or in NMIs; see loss_test for the same without a window.
 */
#include "window.h"

#include "module.h"

#define BURST	500

FIXTURE(loss)
{
	struct windowed w;
	__u64 received;
	__u64 uncalled; /* those received without a system call */
	__u64 lost; /* told in-band */
	__u64 next; /* the tag that must come, but for what is lost */
};

FIXTURE_VARIANT(loss)
{
	const char *channel;
	bool loses;
	const char *params; /* of the module */
};

FIXTURE_VARIANT_ADD(loss, refuse_newest) {
	.channel = "lossy-new",
	.loses = true,
	.params = "",
};

FIXTURE_VARIANT_ADD(loss, overwrite_oldest) {
	.channel = "lossy-old",
	.loses = true,
	.params = "",
};

FIXTURE_VARIANT_ADD(loss, block) {
	.channel = "lossy-block",
	.params = "",
};

FIXTURE_VARIANT_ADD(loss, refuse_newest_in_nmis) {
	.channel = "lossy-new",
	.loses = true,
	.params = "nmi=1",
};

FIXTURE_VARIANT_ADD(loss, overwrite_oldest_in_nmis) {
	.channel = "lossy-old",
	.loses = true,
	.params = "nmi=1",
};

FIXTURE_VARIANT_ADD(loss, block_in_nmis) {
	.channel = "lossy-block",
	.params = "nmi=1",
};

FIXTURE_SETUP(loss)
{
	int ret = load_module("bulk_lossy", variant->params);

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_lossy");
	ASSERT_EQ(0, ret);
	ret = open_windowed(&self->w, variant->channel);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(loss)
{
	close_windowed(&self->w);
	EXPECT_EQ(0, unload_module("bulk_lossy"));
}

static int produce(struct _test_data_loss *self, __u64 count)
{
	return window_send(&self->w, &count, sizeof(count), 0, 0);
}

/* Without a system call if there is a record in the window. */
static long receive(struct _test_data_loss *self, struct bulk_seg *seg)
{
	long ret = self->w.call(self->w.fd, seg, 1, BULK_NO_SYSCALL,
				self->w.window);

	self->uncalled += ret == 1;
	return ret == -EAGAIN ? self->w.call(self->w.fd, seg, 1, BULK_DONTWAIT,
					     self->w.window) : ret;
}

/* Take one record; whatever is missing before it must have been told. */
static bool take(struct __test_metadata *_metadata, struct _test_data_loss *self)
{
	__u64 content;
	struct bulk_seg seg = seg_recv(&content, sizeof(content));
	long ret = receive(self, &seg);

	if (ret == -EAGAIN || ret == -ENODEV)
		return false;
	ASSERT_EQ(1, ret);
	ASSERT_EQ(sizeof(content), seg.res);
	EXPECT_EQ(seg.tag, content);
	EXPECT_EQ(self->next + seg.lost, seg.tag);
	self->next = seg.tag + 1;
	self->lost += seg.lost;
	self->received++;
	return true;
}

static bool is_ticking(void)
{
	return get_module_param("bulk_lossy", "ticking");
}

/* Take until the timer is through and nothing is left. */
static void take_all(struct __test_metadata *_metadata,
		     struct _test_data_loss *self)
{
	while (is_ticking())
		while (take(_metadata, self))
			;
	while (take(_metadata, self))
		;
}

/* A loss after the last record is told by the next one: make one. */
static void check_sum(struct __test_metadata *_metadata,
		      struct _test_data_loss *self, __u64 produced)
{
	ASSERT_EQ(0, produce(self, 1));
	take_all(_metadata, self);
	EXPECT_EQ(produced + 1, self->received + self->lost);
	EXPECT_EQ(produced + 1, self->next);
	EXPECT_EQ(self->lost, figure(self->w.fd, "rx-lost"));
	EXPECT_LT(0, self->uncalled);
	TH_LOG("%llu received, %llu of them without a system call, %llu lost",
	       self->received, self->uncalled, self->lost);
}

TEST_F(loss, reader_beside_interrupts)
{
	int many = rounds(10, 6, 2);
	int round;

	for (round = 0; round < many; round++) {
		while (produce(self, BURST) == -EBUSY)
			take(_metadata, self);
		take_all(_metadata, self);
	}
	check_sum(_metadata, self, many * BURST);
	if (!variant->loses)
		EXPECT_EQ(0, self->lost);
}

/* What is in the window is out of the policy's reach: nothing is lost twice. */
TEST_F(loss, slow_reader)
{
	int many = rounds(10, 6, 2);
	int round;

	for (round = 0; round < many; round++) {
		ASSERT_EQ(0, produce(self, BURST));
		ASSERT_TRUE(take(_metadata, self));
		while (variant->loses && is_ticking())
			usleep(1000);
		if (!variant->loses)
			take_all(_metadata, self);
	}
	take_all(_metadata, self);
	check_sum(_metadata, self, many * BURST);
	EXPECT_EQ(variant->loses, self->lost > 0);
}

/* The window comes and goes while interrupts produce. */
TEST_F(loss, window_that_comes_and_goes)
{
	int many = rounds(10, 6, 2);
	int round;

	for (round = 0; round < many; round++) {
		while (produce(self, BURST) == -EBUSY)
			take(_metadata, self);
		take(_metadata, self);
		ASSERT_EQ(0, munmap(self->w.window,
				    self->w.params.window_default));
		self->w.window = NULL;
		take(_metadata, self);
		self->w.window = map_window(&self->w,
					    self->w.params.window_default);
		ASSERT_NE(NULL, self->w.window);
	}
	take_all(_metadata, self);
	check_sum(_metadata, self, many * BURST);
}

/*
 * The record that tells of a loss is in the middle of the queue, and comes
 * through the window with those before it.
 */
TEST_F(loss, told_by_the_window)
{
	int i;

	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	self->w.window = NULL;
	ASSERT_EQ(0, produce(self, BURST));
	while (variant->loses && is_ticking())
		usleep(1000);
	for (i = 0; i < 5; i++)
		ASSERT_TRUE(take(_metadata, self));
	while (produce(self, BURST) == -EBUSY)
		take(_metadata, self);
	self->w.window = map_window(&self->w, self->w.params.window_default);
	ASSERT_NE(NULL, self->w.window);
	take_all(_metadata, self);
	check_sum(_metadata, self, 2 * BURST);
}

TEST_HARNESS_MAIN
