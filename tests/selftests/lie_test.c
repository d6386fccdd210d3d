// SPDX-License-Identifier: GPL-2.0
/*
 * Each lie that a process can tell in its window: it is found out, and that is all.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "liar.h"

#include <poll.h>

#include "module.h"

#define LONGEST	20000

static int remap(struct windowed *w)
{
	if (w->window)
		munmap(w->window, w->params.window_default);
	w->window = map_window(w, w->params.window_default);
	return w->window ? 0 : -errno;
}

FIXTURE(lie)
{
	struct windowed w;
	int errors;
};

FIXTURE_SETUP(lie)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(lie)
{
	close_windowed(&self->w);
}

/* What a process may say of its TX ring, in which there is one record of 64. */
static void head_far_ahead(const struct windowed *w)
{
	user_page(w)->tx_head += ring_size(w);
}

static void head_just_ahead(const struct windowed *w)
{
	user_page(w)->tx_head = kernel_page(w)->tx_tail + ring_size(w) + 8;
}

static void head_far_behind(const struct windowed *w)
{
	user_page(w)->tx_head -= 2 * ring_size(w);
}

static void head_just_behind(const struct windowed *w)
{
	user_page(w)->tx_head = kernel_page(w)->tx_tail - 8;
}

static void head_wrapped(const struct windowed *w)
{
	user_page(w)->tx_head = 1ULL << 63;
}

static void head_all_ones(const struct windowed *w)
{
	user_page(w)->tx_head = ~0ULL;
}

static void head_misaligned(const struct windowed *w)
{
	user_page(w)->tx_head += 4;
}

static void head_odd(const struct windowed *w)
{
	user_page(w)->tx_head -= 1;
}

static void head_without_a_header(const struct windowed *w)
{
	user_page(w)->tx_head = kernel_page(w)->tx_tail + 8;
}

static void length_beyond_head(const struct windowed *w)
{
	*tx_length(w) = 65;
}

static void length_beyond_limit(const struct windowed *w)
{
	user_page(w)->tx_head += ring_size(w) / 2;
	*tx_length(w) = ring_size(w) / 8;
}

static void length_huge(const struct windowed *w)
{
	*tx_length(w) = ~0U;
}

static void length_short(const struct windowed *w)
{
	/* The rest is a header of zeroes, then one that is cut. */
	*tx_length(w) = 40;
}

typedef void (*lie_fn)(const struct windowed *w);

static const struct {
	const char *name;
	lie_fn tell;
} tx_lies[] = {
	{ "head far ahead", head_far_ahead },
	{ "head just ahead", head_just_ahead },
	{ "head far behind", head_far_behind },
	{ "head just behind", head_just_behind },
	{ "head wrapped", head_wrapped },
	{ "head all ones", head_all_ones },
	{ "head misaligned", head_misaligned },
	{ "head odd", head_odd },
	{ "head without a header", head_without_a_header },
	{ "length beyond head", length_beyond_head },
	{ "length beyond limit", length_beyond_limit },
	{ "length huge", length_huge },
	{ "length short", length_short },
};

/* What enters the kernel and finds out. */
static long op_send(struct windowed *w)
{
	return bulk_send(w->fd, "x", 1, 0);
}

static long op_recv(struct windowed *w)
{
	char room[64];

	return bulk_recv(w->fd, room, sizeof(room), NULL);
}

static long op_flush(struct windowed *w)
{
	return bulk_xfer(w->fd, NULL, 0, BULK_FLUSH);
}

static long op_flush_nowait(struct windowed *w)
{
	return bulk_xfer(w->fd, NULL, 0, BULK_FLUSH | BULK_DONTWAIT);
}

static long op_bell(struct windowed *w)
{
	return bulk_xfer(w->fd, NULL, 0, 0);
}

static long op_write(struct windowed *w)
{
	return write(w->fd, "x", 1) < 0 ? -errno : 0;
}

static long op_read(struct windowed *w)
{
	char room[64];

	return read(w->fd, room, sizeof(room)) < 0 ? -errno : 0;
}

static long op_poll(struct windowed *w)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLIN | POLLOUT };

	poll(&pfd, 1, 0);
	/* An error to read and to write, and the channel is still there. */
	return pfd.revents == (POLLIN | POLLOUT | POLLERR) ? -EBADMSG : 0;
}

typedef long (*op_fn)(struct windowed *w);

static const struct {
	const char *name;
	op_fn run;
} ops[] = {
	{ "send", op_send },
	{ "recv", op_recv },
	{ "flush", op_flush },
	{ "flush, no wait", op_flush_nowait },
	{ "bell", op_bell },
	{ "write", op_write },
	{ "read", op_read },
	{ "poll", op_poll },
};

/* Once found out, all that there is to do is to unmap the window. */
static void check_bad(struct __test_metadata *_metadata,
		      struct _test_data_lie *self)
{
	__u64 tag;
	size_t i;
	char c;

	self->errors++;
	EXPECT_EQ(self->errors, figure(self->w.fd, "window-errors"));
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_EQ(-EBADMSG, ops[i].run(&self->w)) {
			TH_LOG("operation %zu", i);
		}
	EXPECT_EQ(-EBADMSG, window_send(&self->w, "x", 1, 0, 0));
	EXPECT_EQ(-EBADMSG, window_recv(&self->w, &c, 1, &tag, 0));
	EXPECT_EQ(-EAGAIN, window_send(&self->w, "x", 1, 0, BULK_NO_SYSCALL));
	/* Counted once. */
	EXPECT_EQ(self->errors, figure(self->w.fd, "window-errors"));
}

/* A window that is new has forgotten, and the endpoint works. */
static void check_new_window(struct __test_metadata *_metadata,
			     struct _test_data_lie *self)
{
	char room[LONGEST];
	__u64 tag;

	ASSERT_EQ(0, remap(&self->w));
	while (bulk_recv(self->w.fd, room, sizeof(room), &tag) >= 0)
		;
	ASSERT_EQ(0, window_send(&self->w, "right", 6, 7, BULK_NO_SYSCALL));
	ASSERT_EQ(6, window_recv(&self->w, room, sizeof(room), &tag, 0));
	EXPECT_STREQ("right", room);
	EXPECT_EQ(7, tag);
	EXPECT_EQ(self->errors, figure(self->w.fd, "window-errors"));
}

static void check_tx_lie(struct __test_metadata *_metadata,
			 struct _test_data_lie *self, lie_fn tell, op_fn run)
{
	char record[64] = "";

	/* Something was taken before: indices are not those of a new ring. */
	ASSERT_EQ(0, window_send(&self->w, record, sizeof(record), 0, 0));
	ASSERT_EQ(0, bulk_xfer(self->w.fd, NULL, 0, BULK_FLUSH));
	ASSERT_EQ(0, window_send(&self->w, record, sizeof(record), 0,
				 BULK_NO_SYSCALL));
	tell(&self->w);
	EXPECT_EQ(-EBADMSG, run(&self->w));
	check_bad(_metadata, self);
	check_new_window(_metadata, self);
}

/* Every lie against everything that looks. */
TEST_F(lie, of_the_sender)
{
	size_t lie, op;

	for (lie = 0; lie < ARRAY_SIZE(tx_lies); lie++)
		for (op = 0; op < ARRAY_SIZE(ops); op++) {
			check_tx_lie(_metadata, self, tx_lies[lie].tell,
				     ops[op].run);
			if (!_metadata->exit_code)
				continue;
			TH_LOG("lie: %s, found by: %s", tx_lies[lie].name,
			       ops[op].name);
			return;
		}
}

/* What a process may say of an RX ring, in which there are records of 64. */
static void tail_far_ahead(const struct windowed *w)
{
	user_page(w)->rx_tail += ring_size(w);
}

static void tail_just_ahead(const struct windowed *w)
{
	user_page(w)->rx_tail = kernel_page(w)->rx_head + 8;
}

static void tail_behind(const struct windowed *w)
{
	user_page(w)->rx_tail -= 8;
}

static void tail_wrapped(const struct windowed *w)
{
	user_page(w)->rx_tail = 1ULL << 62;
}

static void tail_all_ones(const struct windowed *w)
{
	user_page(w)->rx_tail = ~0ULL;
}

static void tail_misaligned(const struct windowed *w)
{
	user_page(w)->rx_tail += 1;
}

static void tail_in_a_record(const struct windowed *w)
{
	/* Where there are bytes that are no length. */
	user_page(w)->rx_tail += 16;
}

static void tail_before_a_header(const struct windowed *w)
{
	user_page(w)->rx_tail = kernel_page(w)->rx_head - 8;
}

static const struct {
	const char *name;
	lie_fn tell;
} rx_lies[] = {
	{ "tail far ahead", tail_far_ahead },
	{ "tail just ahead", tail_just_ahead },
	{ "tail behind", tail_behind },
	{ "tail wrapped", tail_wrapped },
	{ "tail all ones", tail_all_ones },
	{ "tail misaligned", tail_misaligned },
	{ "tail in a record", tail_in_a_record },
	{ "tail before a header", tail_before_a_header },
};

static void check_rx_lie(struct __test_metadata *_metadata,
			 struct _test_data_lie *self, lie_fn tell, op_fn run)
{
	unsigned char record[64];
	int i;

	memset(record, 0xff, sizeof(record));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, window_send(&self->w, record, sizeof(record), i,
					 0));
	/* This one comes with the others in the window. */
	ASSERT_EQ(64, window_recv(&self->w, record, sizeof(record), NULL, 0));
	ASSERT_EQ(64, window_recv(&self->w, record, sizeof(record), NULL,
				  BULK_NO_SYSCALL));
	tell(&self->w);
	EXPECT_EQ(-EBADMSG, run(&self->w));
	check_bad(_metadata, self);
	check_new_window(_metadata, self);
}

TEST_F(lie, of_the_receiver)
{
	size_t lie;

	for (lie = 0; lie < ARRAY_SIZE(rx_lies); lie++) {
		check_rx_lie(_metadata, self, rx_lies[lie].tell, op_recv);
		check_rx_lie(_metadata, self, rx_lies[lie].tell, op_read);
		if (!_metadata->exit_code)
			continue;
		TH_LOG("lie: %s", rx_lies[lie].name);
		return;
	}
}

/* Who looks away does no harm either: it is all gone with the window. */
TEST_F(lie, that_only_munmap_sees)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tx_lies); i++) {
		ASSERT_EQ(0, window_send(&self->w, "x", 1, 0,
					 BULK_NO_SYSCALL));
		tx_lies[i].tell(&self->w);
		ASSERT_EQ(0, remap(&self->w));
	}
	self->errors = figure(self->w.fd, "window-errors");
	EXPECT_LT(0, self->errors);
	check_new_window(_metadata, self);
}

/* Somebody died with the lock, or pretends it: SENDs then take the long way. */
TEST_F(lie, that_the_ring_is_locked)
{
	char room[8];
	__u64 tag;

	ASSERT_EQ(0, window_send(&self->w, "1", 2, 1, BULK_NO_SYSCALL));
	user_page(&self->w)->tx_head |= BULK_TX_TAKEN;
	EXPECT_EQ(-EAGAIN, window_send(&self->w, "2", 2, 2, BULK_NO_SYSCALL));
	EXPECT_EQ(0, window_send(&self->w, "2", 2, 2, 0));
	EXPECT_EQ(2, figure(self->w.fd, "tx-records"));
	EXPECT_EQ(2, window_recv(&self->w, room, sizeof(room), &tag, 0));
	EXPECT_EQ(1, tag);
	EXPECT_EQ(2, window_recv(&self->w, room, sizeof(room), &tag, 0));
	EXPECT_EQ(2, tag);
	user_page(&self->w)->tx_head &= ~BULK_TX_TAKEN;
	EXPECT_EQ(0, window_send(&self->w, "3", 2, 3, BULK_NO_SYSCALL));
	EXPECT_EQ(0, figure(self->w.fd, "window-errors"));
}

/* A ring may hold longer ones than the channel has. */
TEST(of_a_record_that_is_too_long)
{
	char one[8] = "";	/* no errno */
	struct windowed w;
	int ret = load_module("bulk_refuse", "");
	__u64 max;

	if (ret == -ENOENT)
		SKIP(return, "no module bulk_refuse");
	ASSERT_EQ(0, ret);
	ret = open_windowed(&w, "refuse");
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no vDSO");
	ASSERT_EQ(0, ret);
	munmap(w.window, w.params.window_default);
	w.params.window_default = BULK_WINDOW_SIZE(1024 * 1024);
	w.window = map_window(&w, w.params.window_default);
	ASSERT_NE(NULL, w.window);
	max = sysfs_figure("refuse", "max_record");
	ASSERT_LT(max, ring_size(&w) / 8 - 16);
	ASSERT_EQ(0, window_send(&w, one, sizeof(one), 0, BULK_NO_SYSCALL));
	*tx_length(&w) = max;
	user_page(&w)->tx_head = BULK_PACKED_SIZE(max);
	EXPECT_EQ(0, bulk_xfer(w.fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(max, figure(w.fd, "tx-bytes"));
	ASSERT_EQ(0, window_send(&w, one, sizeof(one), 0, BULK_NO_SYSCALL));
	*tx_length(&w) = max + 1;
	user_page(&w)->tx_head = BULK_PACKED_SIZE(max) + BULK_PACKED_SIZE(max + 1);
	EXPECT_EQ(-EBADMSG, bulk_xfer(w.fd, NULL, 0, BULK_FLUSH));
	EXPECT_EQ(max, figure(w.fd, "tx-bytes"));
	close_windowed(&w);
	EXPECT_EQ(0, unload_module("bulk_refuse"));
}

/* Zeroes look like records without a byte, of which there would be many. */
TEST_F(lie, no_more_waits_than_was_put_there)
{
	static const char zeroes[1000];

	ASSERT_EQ(0, bulk_send(self->w.fd, zeroes, sizeof(zeroes), 0));
	ASSERT_EQ(1, figure(self->w.fd, "rx-queued"));
	user_page(&self->w)->rx_tail = sizeof(struct bulk_record);
	EXPECT_GE(1, figure(self->w.fd, "rx-queued"));
	EXPECT_GE(1, figure(self->w.fd, "rx-records"));
	EXPECT_GE((int)sizeof(zeroes), figure(self->w.fd, "rx-bytes"));
}

TEST_HARNESS_MAIN
