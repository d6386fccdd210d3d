// SPDX-License-Identifier: GPL-2.0
/*
 * What a provider refuses it is asked once, and what is lost is counted once.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include "module.h"

#define LONG	1000	/* bytes of a record that is not copied to the stack */

FIXTURE(counted) {
	int fd;
	int before; /* calls of the provider */
	char good[LONG];
	char bad[LONG];
};

FIXTURE_SETUP(counted)
{
	int ret = load_module("bulk_counted", "");

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_counted");
	ASSERT_EQ(0, ret);
	self->fd = open_channel("counted", O_RDWR);
	ASSERT_LE(0, self->fd);
	self->bad[0] = EIO;
	self->before = get_module_param("bulk_counted", "asked");
}

FIXTURE_TEARDOWN(counted)
{
	close(self->fd);
	EXPECT_EQ(0, unload_module("bulk_counted"));
}

static int asked(const struct _test_data_counted *self)
{
	return get_module_param("bulk_counted", "asked") - self->before;
}

FIXTURE_VARIANT(counted) {
	size_t len;
};

FIXTURE_VARIANT_ADD(counted, short_record) { .len = 8 };
FIXTURE_VARIANT_ADD(counted, long_record) { .len = LONG };

TEST_F(counted, refused_first)
{
	struct bulk_seg seg = seg_send(self->bad, variant->len, 0);

	EXPECT_EQ(-EIO, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(-EIO, seg.res);
	EXPECT_EQ(1, asked(self));
}

TEST_F(counted, refused_after_others)
{
	struct bulk_seg segs[] = {
		seg_send(self->good, variant->len, 0),
		seg_send(self->good, variant->len, 1),
		seg_send(self->bad, variant->len, 2),
		seg_send(self->good, variant->len, 3),
	};

	EXPECT_EQ(2, bulk_xfer(self->fd, segs, 4, 0));
	EXPECT_EQ(-EIO, segs[2].res);
	EXPECT_EQ(SEG_UNTOUCHED, segs[3].res);
	EXPECT_EQ(3, asked(self));
}

TEST_F(counted, error_in_place_of_a_record)
{
	struct bulk_seg seg = seg_recv(self->good, LONG);

	set_module_param("bulk_counted", "recv_errno", EIO);
	EXPECT_EQ(-EIO, bulk_xfer(self->fd, &seg, 1, 0));
	EXPECT_EQ(-EIO, seg.res);
	EXPECT_EQ(1, asked(self));
}

TEST_F(counted, lost_once)
{
	struct bulk_seg seg;
	unsigned int sent = 0, lost = 0, i;

	while (!bulk_send(self->fd, self->good, variant->len, sent))
		sent++;
	for (i = 1; i < 10; i++)
		EXPECT_EQ(-ENOSPC, bulk_send(self->fd, self->good,
					     variant->len, 0));
	EXPECT_EQ(-ENOSPC, write(self->fd, self->good, variant->len) < 0 ?
			   -errno : 0);
	EXPECT_EQ(11, figure(self->fd, "rx-lost"));
	for (i = 0; i <= sent; i++) {
		seg = seg_recv(self->good, LONG);
		ASSERT_EQ(1, bulk_xfer(self->fd, &seg, 1, BULK_DONTWAIT));
		lost += seg.lost;
		/* There is room for one that tells of the losses. */
		if (!i)
			ASSERT_EQ(0, bulk_send(self->fd, self->good,
					       variant->len, 0));
	}
	EXPECT_EQ(11, lost);
}

TEST_HARNESS_MAIN
