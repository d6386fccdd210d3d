// SPDX-License-Identifier: GPL-2.0
/*
 * The channel /dev/bulk/lab: records by the call and the vDSO, regions, limits, stalls, bad input, unload.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <xxhash.h>

#include "bulk_xfer.h"
#include "lab_channel.h"
#include "lab_test.h"
#include "lib/internal.h"

#define CHANNEL	"/dev/bulk/lab"
#define RECORD	64
#define RECORDS	200
#define PACKED	BULK_PACKED_SIZE(RECORD)
#define REGION	(RECORDS * PACKED)
#define MANY	1000	/* more than a window holds */

FIXTURE_LAB("syscall")

/* An endpoint and, where it was asked for, its window. */
struct end {
	bulk_vdso_call call;
	struct bulk_params params;
	void *window;
	int fd;
};

static struct end open_end(void)
{
	return (struct end){ .fd = open(CHANNEL, O_RDWR | O_CLOEXEC) };
}

static struct end open_window(void)
{
	struct end end = open_end();

	end.call = bulk_vdso_find();
	if (end.call && !bulk_query(end.call, &end.params))
		end.window = bulk_map(end.fd, &end.params, end.params.window_default);
	return end;
}

static void close_end(struct end *end)
{
	if (end->window)
		munmap(end->window, end->params.window_default);
	if (end->fd >= 0)
		close(end->fd);
}

static long run(const struct end *end, struct bulk_seg *segs, unsigned int nr)
{
	if (end->window)
		return end->call(end->fd, segs, nr, BULK_DONTWAIT, end->window);
	return bulk_xfer(end->fd, segs, nr, BULK_DONTWAIT);
}

/* How many of RECORDS are sent, with their numbers. */
static int send_all(const struct end *end)
{
	char buf[RECORD];
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	int i;

	lab_prepare(buf, RECORD);
	for (i = 0; i < RECORDS; i++) {
		lab_produce(buf, RECORD, i);
		if (run(end, &seg, 1) != 1)
			break;
	}
	return bulk_xfer(end->fd, NULL, 0, BULK_FLUSH) ? -1 : i;
}

/* How many of RECORDS are received whole and in order. */
static int recv_all(const struct end *end)
{
	char buf[RECORD];
	struct bulk_seg seg = bulk_seg_recv(buf, RECORD);
	int i;

	for (i = 0; i < RECORDS; i++)
		if (run(end, &seg, 1) != 1 || seg.res != RECORD || seg.tag != (__u64)i ||
		    seg.lost || !lab_is_record(buf, RECORD, i))
			break;
	return i;
}

/* The kernel half's total must be that of the first @records. */
static int took(int ctl, int records)
{
	char *all = malloc(records * RECORD);
	struct lab_totals totals;
	__u64 sum;
	int i;

	lab_prepare(all, records * RECORD);
	for (i = 0; i < records; i++)
		lab_produce(all + i * RECORD, RECORD, i);
	sum = XXH64(all, records * RECORD, 0);
	free(all);
	return !ioctl(ctl, LAB_TOTALS, &totals) && totals.bytes == (__u64)records * RECORD &&
	       totals.checksum == sum;
}

static int took_all(int ctl)
{
	return took(ctl, RECORDS);
}

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

TEST_F(lab, records_go_both_ways)
{
	struct end end = open_end();

	ASSERT_GE(self->ctl, 0);
	ASSERT_GE(end.fd, 0);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORDS, send_all(&end));
	EXPECT_TRUE(took_all(self->ctl));
	EXPECT_EQ(RECORDS, recv_all(&end));
	close_end(&end);
}

TEST_F(lab, records_go_both_ways_through_a_window)
{
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORDS, send_all(&end));
	EXPECT_TRUE(took_all(self->ctl));
	EXPECT_EQ(RECORDS, recv_all(&end));
	close_end(&end);
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

TEST_F(lab, records_go_by_read_and_write)
{
	int fd = open(CHANNEL, O_RDWR | O_CLOEXEC);
	char buf[RECORD];

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(RECORD, read(fd, buf, RECORD));
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	EXPECT_EQ(RECORD, write(fd, buf, RECORD));
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	close(fd);
}

TEST_F(lab, one_call_does_both)
{
	char out[RECORD] = "", in[2][RECORD];
	struct bulk_seg segs[] = {
		bulk_seg_send(out, RECORD, 0),
		bulk_seg_recv(in[0], RECORD), bulk_seg_recv(in[1], RECORD),
	};
	struct end end = open_end();

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, 0));
	EXPECT_EQ(3, run(&end, segs, 3));
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	EXPECT_TRUE(lab_is_record(in[0], RECORD, 0));
	EXPECT_TRUE(lab_is_record(in[1], RECORD, 1));
	close_end(&end);
}

TEST_F(lab, largest_record)
{
	char *buf = calloc(1, LAB_MAX_BYTES + 1);
	struct bulk_seg seg = bulk_seg_send(buf, LAB_MAX_BYTES, 0);
	struct end end = open_end();

	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(LAB_MAX_BYTES, lab_received(self->ctl));
	seg.len = LAB_MAX_BYTES + 1;
	EXPECT_EQ(-EMSGSIZE, run(&end, &seg, 1));
	EXPECT_EQ(-EMSGSIZE, seg.res);
	EXPECT_EQ(LAB_MAX_BYTES, lab_received(self->ctl));
	close_end(&end);
	free(buf);
}

static void check_small_room(struct __test_metadata *_metadata, int ctl, struct end *end)
{
	char buf[RECORD];
	struct bulk_seg seg = bulk_seg_recv(buf, RECORD - 1);

	ASSERT_EQ(0, lab_set(ctl, RECORD, 1, LAB_QUEUED));
	ASSERT_EQ(1, ioctl(ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(-EMSGSIZE, run(end, &seg, 1));
	EXPECT_EQ(-EMSGSIZE, seg.res);
	EXPECT_EQ(RECORD, seg.len);
	EXPECT_EQ(1, run(end, &seg, 1));
	EXPECT_EQ(RECORD, seg.res);
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	EXPECT_EQ(-EAGAIN, run(end, &seg, 1));
	close_end(end);
}

TEST_F(lab, small_room_keeps_the_record)
{
	struct end end = open_end();

	check_small_room(_metadata, self->ctl, &end);
}

TEST_F(lab, small_room_keeps_the_record_in_a_window)
{
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	check_small_room(_metadata, self->ctl, &end);
}

TEST_F(lab, poll_tells_of_records)
{
	struct end end = open_end();
	struct pollfd pfd = { .fd = end.fd, .events = POLLIN | POLLOUT };

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_QUEUED));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, pfd.revents);
	close_end(&end);
}

TEST_F(lab, stalled_provider_refuses)
{
	char buf[RECORD] = "";
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_end();
	struct pollfd pfd = { .fd = end.fd, .events = POLLOUT };

	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_CHANNEL_STALLED));
	EXPECT_EQ(-EAGAIN, run(&end, &seg, 1));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, lab_received(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_CHANNEL_RESUME));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	close_end(&end);
}

TEST_F(lab, window_holds_what_a_stalled_provider_does_not_take)
{
	char buf[RECORD] = "";
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_window();
	__u64 sent = 0;

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(0, lab_set(self->ctl, RECORD, 1, LAB_CHANNEL_STALLED));
	while (run(&end, &seg, 1) == 1)
		sent++;
	EXPECT_EQ(-EAGAIN, seg.res);
	EXPECT_LT(0, sent);
	EXPECT_EQ(-EAGAIN, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH | BULK_DONTWAIT));
	EXPECT_EQ(0, lab_received(self->ctl));
	ASSERT_EQ(0, ioctl(self->ctl, LAB_CHANNEL_RESUME));
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(sent * RECORD, lab_received(self->ctl));
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

/* Nobody reads: the kernel half keeps what the queue has no room for. */
TEST_F(lab, full_queue_refuses_the_kernel)
{
	char *buf = calloc(1, 65536);
	struct bulk_seg seg = bulk_seg_recv(buf, 65536);
	struct end end = open_end();
	int sent, i;

	ASSERT_EQ(0, lab_set(self->ctl, 65536, 1, LAB_QUEUED | LAB_CHANNEL_PUSHED));
	sent = ioctl(self->ctl, LAB_PRODUCE, 1000);
	EXPECT_LT(0, sent);
	EXPECT_GT(1000, sent);
	for (i = 0; i < sent; i++) {
		ASSERT_EQ(1, run(&end, &seg, 1));
		EXPECT_EQ(i, lab_seq(buf));
		EXPECT_EQ(0, seg.lost);
	}
	EXPECT_EQ(-EAGAIN, run(&end, &seg, 1));
	ASSERT_EQ(1, ioctl(self->ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, run(&end, &seg, 1));
	EXPECT_EQ(sent, lab_seq(buf));
	close_end(&end);
	free(buf);
}

TEST_F(lab, refuses_bad_calls)
{
	char buf[RECORD] = "";
	struct bulk_seg seg = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_end();

	EXPECT_EQ(-EINVAL, bulk_xfer(end.fd, &seg, 1, 1U << 30));
	EXPECT_EQ(-EINVAL, bulk_xfer(end.fd, &seg, BULK_MAX_SEGS + 1, 0));
	EXPECT_EQ(-EFAULT, bulk_xfer(end.fd, (void *)8, 1, 0));
	EXPECT_EQ(-EBADF, bulk_xfer(-1, &seg, 1, 0));
	seg.flags = 1U << 15;
	EXPECT_EQ(-EINVAL, run(&end, &seg, 1));
	seg = bulk_seg_send((void *)8, RECORD, 0);
	EXPECT_EQ(-EFAULT, run(&end, &seg, 1));
	EXPECT_EQ(0, lab_received(self->ctl));
	close_end(&end);
}

/* Two records, of which the second one can't be read. */
TEST_F(lab, call_ends_at_a_bad_segment)
{
	char buf[RECORD] = "";
	struct bulk_seg segs[] = {
		bulk_seg_send(buf, RECORD, 0), bulk_seg_send((void *)8, RECORD, 0),
	};
	struct end end = open_end();

	EXPECT_EQ(1, run(&end, segs, 2));
	EXPECT_EQ(-EFAULT, segs[1].res);
	EXPECT_EQ(RECORD, lab_received(self->ctl));
	close_end(&end);
}

/* An open endpoint does not keep the module: it learns that the channel is gone. */
TEST_F(lab, open_endpoint_outlives_the_module)
{
	char buf[RECORD] = "";
	struct bulk_seg out = bulk_seg_send(buf, RECORD, 0), in = bulk_seg_recv(buf, RECORD);
	struct end old = open_end(), new;

	ASSERT_EQ(1, run(&old, &out, 1));
	close(self->ctl);
	ASSERT_EQ(0, kmodule_remove("syscall"));
	EXPECT_EQ(-1, access(CHANNEL, F_OK));
	EXPECT_EQ(-ENODEV, run(&old, &out, 1));
	EXPECT_EQ(-ENODEV, run(&old, &in, 1));
	EXPECT_EQ(-1, write(old.fd, buf, RECORD));
	EXPECT_EQ(ENODEV, errno);
	ASSERT_EQ(0, kmodule_insert("syscall", ""));
	self->ctl = lab_open("syscall");
	new = open_end();
	EXPECT_EQ(1, run(&new, &in, 1));
	EXPECT_TRUE(lab_is_record(buf, RECORD, 0));
	EXPECT_EQ(-ENODEV, run(&old, &out, 1));
	close_end(&new);
	close_end(&old);
}

TEST_F(lab, window_outlives_the_module)
{
	char buf[RECORD] = "";
	struct bulk_seg out = bulk_seg_send(buf, RECORD, 0);
	struct end end = open_window();

	ASSERT_NE(NULL, end.window);
	ASSERT_EQ(1, run(&end, &out, 1));
	close(self->ctl);
	self->ctl = -1;
	ASSERT_EQ(0, kmodule_remove("syscall"));
	EXPECT_EQ(-ENODEV, run(&end, &out, 1));
	/* What was sent before has been taken. */
	EXPECT_EQ(0, bulk_xfer(end.fd, NULL, 0, BULK_FLUSH));
	close_end(&end);
	ASSERT_EQ(0, kmodule_insert("syscall", ""));
}

TEST_F(lab, open_control_device_keeps_the_module)
{
	EXPECT_EQ(-EAGAIN, kmodule_remove("syscall"));
}

TEST_HARNESS_MAIN
