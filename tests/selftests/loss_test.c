// SPDX-License-Identifier: GPL-2.0
/*
 * What a channel's policy loses is counted, exactly and in its place.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The module bulk_lossy makes the channels lossy-new, lossy-old, lossy-block.
 */
#include "bulk_test.h"

#include "module.h"

FIXTURE(loss) {
	int fd;
	__u64 received;
	__u64 lost; /* told in-band */
	__u64 next; /* the tag that must come, but for what is lost */
};

FIXTURE_VARIANT(loss) {
	const char *channel;
	const char *policy;
	const char *params; /* of the module */
};

FIXTURE_VARIANT_ADD(loss, refuse_newest) {
	.channel = "lossy-new",
	.policy = "refuse-newest\n",
	.params = "",
};

FIXTURE_VARIANT_ADD(loss, overwrite_oldest) {
	.channel = "lossy-old",
	.policy = "overwrite-oldest\n",
	.params = "",
};

FIXTURE_VARIANT_ADD(loss, block) {
	.channel = "lossy-block",
	.policy = "block\n",
	.params = "",
};

FIXTURE_VARIANT_ADD(loss, refuse_newest_in_nmis) {
	.channel = "lossy-new",
	.policy = "refuse-newest\n",
	.params = "nmi=1",
};

FIXTURE_VARIANT_ADD(loss, overwrite_oldest_in_nmis) {
	.channel = "lossy-old",
	.policy = "overwrite-oldest\n",
	.params = "nmi=1",
};

FIXTURE_VARIANT_ADD(loss, block_in_nmis) {
	.channel = "lossy-block",
	.policy = "block\n",
	.params = "nmi=1",
};

FIXTURE_SETUP(loss)
{
	int ret = load_module("bulk_lossy", variant->params);

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_lossy");
	ASSERT_EQ(0, ret);
	self->fd = open_channel(variant->channel, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(loss)
{
	close(self->fd);
	EXPECT_EQ(0, unload_module("bulk_lossy"));
}

static int produce(int fd, __u64 count)
{
	return bulk_send(fd, &count, sizeof(count), 0);
}

/* Take one record; whatever is missing before it must have been told. */
static bool take(struct __test_metadata *_metadata, struct _test_data_loss *self)
{
	__u64 content;
	struct bulk_seg seg = seg_recv(&content, sizeof(content));
	long ret = bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT);

	if (ret == -EAGAIN || ret == -ENODEV)
		return false;
	ASSERT_EQ(1, ret);
	EXPECT_EQ(seg.tag, content);
	EXPECT_EQ(self->next + seg.lost, seg.tag);
	self->next = seg.tag + 1;
	self->lost += seg.lost;
	self->received++;
	return true;
}

/* Take until the timer is through and nothing is left. */
static void take_all(struct __test_metadata *_metadata,
		     struct _test_data_loss *self)
{
	while (get_module_param("bulk_lossy", "ticking"))
		while (take(_metadata, self))
			;
	while (take(_metadata, self))
		;
}

static void wait_for_timer(void)
{
	while (get_module_param("bulk_lossy", "ticking"))
		usleep(1000);
}

/* A loss after the last record is told by the next one: make one. */
static void take_last(struct __test_metadata *_metadata,
		      struct _test_data_loss *self)
{
	ASSERT_EQ(0, produce(self->fd, 1));
	take_all(_metadata, self);
}

static bool is_lossy(const struct _fixture_variant_loss *variant)
{
	return strcmp(variant->channel, "lossy-block");
}

TEST_F(loss, policy_in_sysfs)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/sys/class/bulk/%s/rx_policy",
		 variant->channel);
	read_text(path, text, sizeof(text));
	EXPECT_STREQ(variant->policy, text);
}

TEST_F(loss, nothing_while_there_is_room)
{
	ASSERT_EQ(0, produce(self->fd, 20));
	take_all(_metadata, self);
	EXPECT_EQ(20, self->received);
	EXPECT_EQ(0, self->lost);
	EXPECT_EQ(0, figure(self->fd, "rx-lost"));
}

/*
 * Produce more than there is room for. With a policy that loses, all of it is
 * produced before the first record is received.
 */
static void produce_too_many(struct __test_metadata *_metadata,
			     struct _test_data_loss *self, bool lossy)
{
	ASSERT_EQ(0, produce(self->fd, 1000));
	if (lossy)
		wait_for_timer();
}

TEST_F(loss, slow_reader)
{
	produce_too_many(_metadata, self, is_lossy(variant));
	take_all(_metadata, self);
	EXPECT_LT(0, self->received);
	take_last(_metadata, self);
	EXPECT_EQ(1001, self->received + self->lost);
	EXPECT_EQ(1001, self->next);
	EXPECT_EQ(is_lossy(variant), self->lost > 0);
	EXPECT_EQ(self->lost, figure(self->fd, "rx-lost"));
}

/*
 * Which ones are lost is what the policy's name says. In an NMI, which can free
 * nothing, it is the newest all the same.
 */
TEST_F(loss, the_right_ones)
{
	bool oldest = !strcmp(variant->channel, "lossy-old");
	bool newest = is_lossy(variant) && (!oldest || *variant->params);
	__u64 content;
	struct bulk_seg seg = seg_recv(&content, sizeof(content));

	produce_too_many(_metadata, self, is_lossy(variant));
	ASSERT_EQ(1, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(seg.lost, seg.tag);
	EXPECT_EQ(oldest, seg.lost > 0);
	self->next = seg.tag + 1;
	take_all(_metadata, self);
	EXPECT_EQ(newest, self->next < 1000);
}

/* The reader and the interrupts that produce run beside each other. */
TEST_F(loss, concurrent_reader)
{
	int many = rounds(10, 6, 2);
	int round;

	for (round = 0; round < many; round++) {
		while (produce(self->fd, 500) == -EBUSY)
			take(_metadata, self);
		take_all(_metadata, self);
	}
	take_last(_metadata, self);
	EXPECT_EQ(many * 500 + 1, self->received + self->lost);
	EXPECT_EQ(many * 500 + 1, self->next);
	EXPECT_EQ(self->lost, figure(self->fd, "rx-lost"));
	if (!is_lossy(variant))
		EXPECT_EQ(0, self->lost);
}

/* A record that could not be delivered keeps its place and what was lost. */
TEST_F(loss, short_room_keeps_the_count)
{
	__u64 content;
	struct bulk_seg seg = seg_recv(&content, 1);
	int produced = 1000;

	produce_too_many(_metadata, self, is_lossy(variant));
	EXPECT_EQ(-EMSGSIZE, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
	EXPECT_EQ(sizeof(content), seg.len);
	if (is_lossy(variant)) {
		produce_too_many(_metadata, self, true);
		produced += 1000;
	}
	take_all(_metadata, self);
	take_last(_metadata, self);
	EXPECT_EQ(produced + 1, self->received + self->lost);
	EXPECT_EQ(produced + 1, self->next);
}

/* Closing and unloading while the timer produces frees all of it. */
TEST_F(loss, close_while_producing)
{
	int many = rounds(10, 6, 2);
	int round, fd;

	for (round = 0; round < many; round++) {
		fd = open_channel(variant->channel, O_RDWR);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, produce(fd, 4000));
		close(fd);
	}
	EXPECT_EQ(0, get_module_param("bulk_lossy", "ticking"));
}

TEST_F(loss, unload_while_producing)
{
	ASSERT_EQ(0, produce(self->fd, 4000));
	ASSERT_EQ(0, unload_module("bulk_lossy"));
	while (take(_metadata, self))
		;
	EXPECT_LT(0, self->received);
	EXPECT_EQ(-ENODEV, produce(self->fd, 1));
	ASSERT_EQ(0, load_module("bulk_lossy", variant->params));
}

TEST_HARNESS_MAIN
