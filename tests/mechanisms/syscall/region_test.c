// SPDX-License-Identifier: GPL-2.0
/*
 * The channel /dev/bulk/lab by region: whole ones by the call and the vDSO, in place, in part.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "lab_channel_test.h"

#define PACKED	BULK_PACKED_SIZE(RECORD)
#define REGION	(RECORDS * PACKED)
#define MANY	1000	/* more than a window holds */

FIXTURE_LAB("syscall")

static struct bulk_seg seg_of(unsigned int op, unsigned int flags, void *at, __u32 len)
{
	return (struct bulk_seg){
		.op = op, .flags = flags, .addr = (unsigned long)at, .len = len,
	};
}

/* A region of records, with numbers from @first on, as tags, too. */
static void fill_region(void *at, int records, __u64 first)
{
	struct bulk_packed *rec = at;
	int i;

	lab_prepare(at, records * PACKED);
	for (i = 0; i < records; i++, rec = (void *)rec + PACKED) {
		*rec = (struct bulk_packed){ .len = RECORD, .tag = first + i };
		lab_produce(rec->data, RECORD, first + i);
	}
}

/* How many records a region begins with that are whole, and numbered from @first on. */
static int count_region(const void *at, size_t len, __u64 first)
{
	const struct bulk_packed *rec = at;
	int n;

	for (n = 0; len >= (n + 1) * PACKED; n++, rec = (const void *)rec + PACKED)
		if (rec->len != RECORD || rec->lost || rec->tag != first + n ||
		    !lab_is_record(rec->data, RECORD, first + n))
			break;
	return n;
}

/* How many of RECORDS are sent by one segment, with their numbers. */
static int send_region(const struct end *end)
{
	struct bulk_seg seg = seg_of(BULK_OP_SEND, BULK_SEG_PACKED, aligned_alloc(8, REGION), REGION);
	void *at = (void *)(unsigned long)seg.addr;
	long ret;

	fill_region(at, RECORDS, 0);
	ret = run(end, &seg, 1);
	free(at);
	if (ret != 1 || seg.res != (__s32)(seg.tag * PACKED) || bulk_xfer(end->fd, NULL, 0, BULK_FLUSH))
		return -1;
	return seg.tag;
}

/* How many of RECORDS are received in regions, whole and in order. */
static int recv_regions(const struct end *end)
{
	void *at = aligned_alloc(8, REGION);
	struct bulk_seg seg;
	int n, got;

	for (n = 0; n < RECORDS; n += got) {
		seg = seg_of(BULK_OP_RECV, BULK_SEG_PACKED, at, REGION - n * PACKED);
		if (run(end, &seg, 1) != 1)
			break;
		got = count_region(at, seg.res, n);
		if (!got || seg.tag != (__u64)got || seg.res != (__s32)(got * PACKED))
			break;
	}
	free(at);
	return n;
}

TEST_F(lab, regions_go_both_ways)
{
	struct end end = open_end();

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORDS, send_region(&end));
	EXPECT_TRUE(took_all(self->ctl));
	EXPECT_EQ(RECORDS, recv_regions(&end));
	close_end(&end);
}

TEST_F(lab, regions_go_both_ways_through_a_window)
{
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORDS, send_region(&end));
	EXPECT_TRUE(took_all(self->ctl));
	EXPECT_EQ(RECORDS, recv_regions(&end));
	close_end(&end);
}

/* The region has room for a record and a half; a plain RECV gets the one between. */
TEST_F(lab, region_has_whole_records)
{
	__u64 at[(PACKED + PACKED / 2) / sizeof(__u64)];
	struct bulk_seg seg = seg_of(BULK_OP_RECV, BULK_SEG_PACKED, at, sizeof(at));
	char buf[RECORD];
	struct bulk_seg one = bulk_seg_recv(buf, RECORD);
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ((__s32)PACKED, seg.res);
	EXPECT_EQ(1, count_region(at, seg.res, 0));
	EXPECT_EQ(1, run(&end, &one, 1));
	EXPECT_TRUE(lab_is_record(buf, RECORD, 1));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(1, count_region(at, seg.res, 2));
	close_end(&end);
}

/* The second commit is of what the first one has left. */
TEST_F(lab, records_are_sent_in_place)
{
	struct bulk_seg room = seg_of(BULK_OP_RESERVE, 0, NULL, REGION);
	struct bulk_seg some = seg_of(BULK_OP_COMMIT, 0, NULL, 3 * PACKED);
	struct bulk_seg rest = seg_of(BULK_OP_COMMIT, BULK_SEG_DISCARD, NULL, REGION - 3 * PACKED);
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	ASSERT_EQ(1, run(&end, &room, 1));
	ASSERT_LE(REGION, room.len);
	fill_region((void *)(unsigned long)room.addr, RECORDS, 0);
	EXPECT_EQ(0, lab_received(self->ctl));
	EXPECT_EQ(1, run(&end, &some, 1));
	EXPECT_EQ(3, some.tag);
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	EXPECT_TRUE(took(self->ctl, 3));
	EXPECT_EQ(1, run(&end, &rest, 1));
	EXPECT_EQ(RECORDS - 3, rest.tag);
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	EXPECT_TRUE(took_all(self->ctl));
	close_end(&end);
}

/* A borrowed record that is let go comes again. */
TEST_F(lab, records_are_received_in_place)
{
	struct bulk_seg there = seg_of(BULK_OP_BORROW, 0, NULL, 5 * PACKED);
	struct bulk_seg some = seg_of(BULK_OP_RETURN, 0, NULL, 2 * PACKED);
	struct bulk_seg rest = seg_of(BULK_OP_RETURN, BULK_SEG_DISCARD, NULL, PACKED);
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	ASSERT_EQ(1, run(&end, &there, 1));
	ASSERT_EQ(5 * PACKED, there.len);
	EXPECT_EQ(5, count_region((void *)(unsigned long)there.addr, there.len, 0));
	EXPECT_EQ(1, run(&end, &some, 1));
	EXPECT_EQ(2, some.tag);
	EXPECT_EQ(1, run(&end, &rest, 1));
	EXPECT_EQ(1, rest.tag);
	there.len = 4 * PACKED;
	ASSERT_EQ(1, run(&end, &there, 1));
	EXPECT_EQ(4, count_region((void *)(unsigned long)there.addr, there.len, 3));
	close_end(&end);
}

TEST_F(lab, nothing_is_in_place_without_a_window)
{
	struct bulk_seg room = seg_of(BULK_OP_RESERVE, 0, NULL, PACKED);
	struct bulk_seg there = seg_of(BULK_OP_BORROW, 0, NULL, PACKED);
	struct end end = open_end();

	EXPECT_EQ(-EOPNOTSUPP, run(&end, &room, 1));
	EXPECT_EQ(-EOPNOTSUPP, run(&end, &there, 1));
	close_end(&end);
}

TEST_F(lab, stalled_provider_refuses_a_region)
{
	__u64 at[3 * PACKED / sizeof(__u64)];
	struct bulk_seg seg = seg_of(BULK_OP_SEND, BULK_SEG_PACKED, at, sizeof(at));
	struct end end = open_end();

	fill_region(at, 3, 0);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_CHANNEL_STALLED));
	EXPECT_EQ(-EAGAIN, run(&end, &seg, 1));
	EXPECT_EQ(0, lab_received(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_CHANNEL_RESUME));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(3, seg.tag);
	EXPECT_TRUE(took(self->ctl, 3));
	close_end(&end);
}

/* The window takes the first records of a region, and its sender keeps the rest. */
TEST_F(lab, window_holds_a_part_of_a_region)
{
	void *at = aligned_alloc(8, MANY * PACKED);
	struct bulk_seg seg = seg_of(BULK_OP_SEND, BULK_SEG_PACKED, at, MANY * PACKED);
	struct end end = open_window();
	__u64 sent;

	ASSERT_NE(NULL, end.window);
	fill_region(at, MANY, 0);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_CHANNEL_STALLED));
	ASSERT_EQ(1, run(&end, &seg, 1));
	sent = seg.tag;
	EXPECT_LT(0, sent);
	EXPECT_GT(MANY, sent);
	EXPECT_EQ((__s32)(sent * PACKED), seg.res);
	seg = seg_of(BULK_OP_SEND, BULK_SEG_PACKED, at + sent * PACKED, (MANY - sent) * PACKED);
	EXPECT_EQ(-EAGAIN, run(&end, &seg, 1));
	EXPECT_EQ(0, lab_received(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_CHANNEL_RESUME));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(MANY - sent, seg.tag);
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	EXPECT_TRUE(took(self->ctl, MANY));
	close_end(&end);
	free(at);
}

TEST_HARNESS_MAIN
