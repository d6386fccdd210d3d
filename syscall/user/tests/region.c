// SPDX-License-Identifier: MIT
/*
 * Regions sent to the channel echo and received from it, with a window and
 * without.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <fcntl.h>

#include "echo.h"
#include "internal.h"
#include "numbered.h"
#include "seccomp.h"
#include "tap.h"

#define SIZE		65536
#define RECORDS		1000
#define SMALL_WINDOW	100000	/* bytes: rings of 16 KiB */

static uint64_t memory[SIZE / 8], other[SIZE / 8];

static struct bulk_region empty_region(void)
{
	return (struct bulk_region){ .buf = memory, .room = sizeof(memory) };
}

static struct bulk *b;

#define OPEN(flags, size)						\
	do {								\
		if (!have_channel())					\
			return no_channel();				\
		b = bulk_open_window("echo", O_RDWR | (flags), (size));	\
		CHECK(b);						\
	} while (0)

static enum result there_and_back(size_t window)
{
	struct bulk_region r = empty_region();
	unsigned int i = 0, back, round;
	ssize_t len;

	OPEN(0, window);
	for (round = 0; round < 20; round++) {
		back = i;
		r.used = 0;
		while (add_numbered(&r, i))
			i++;
		CHECK(bulk_send_region(b, memory, r.used) == (ssize_t)r.used);
		while (back < i) {
			len = bulk_recv_region(b, other, sizeof(other));
			CHECK(len > 0);
			back = take_numbered(other, len, back);
			CHECK(back);
		}
		CHECK(back == i);
	}
	CHECK(!bulk_flush(b));
	bulk_close(b);
	return PASS;
}

static enum result there_and_back_with_a_window(void)
{
	return there_and_back(BULK_WINDOW_DEFAULT);
}

/* The region is larger than the rings. */
static enum result there_and_back_with_a_small_window(void)
{
	return there_and_back(SMALL_WINDOW);
}

static enum result there_and_back_without_a_window(void)
{
	return there_and_back(0);
}

/* Records that go one by one and those in regions keep their order. */
static enum result mixed_with_single_records(void)
{
	struct bulk_region r;
	unsigned int i;
	uint64_t tag;
	char buf[LONGEST + 1];
	ssize_t len;

	OPEN(0, SMALL_WINDOW);
	for (i = 0; i < RECORDS; i += 3) {
		r = empty_region();
		CHECK(add_numbered(&r, i) && add_numbered(&r, i + 1));
		CHECK(bulk_send_region(b, memory, r.used) == (ssize_t)r.used);
		memset(buf, i + 2, sizeof(buf));
		CHECK(!bulk_send(b, buf, (i + 2) % (LONGEST + 1), ~(uint64_t)(i + 2)));
	}
	for (i = 0; i < RECORDS; ) {
		len = bulk_recv(b, buf, sizeof(buf), &tag, NULL);
		CHECK(is_numbered(buf, len, tag, i));
		len = bulk_recv_region(b, other, 2 * BULK_PACKED_SIZE(LONGEST));
		CHECK(len > 0);
		i = take_numbered(other, len, i + 1);
		CHECK(i);
	}
	bulk_close(b);
	return PASS;
}

static enum result waits_for_the_first_only(void)
{
	struct bulk_seg seg = bulk_seg_recv_region(other, sizeof(other));
	struct bulk_cursor c = { .at = other };
	uint64_t tag;
	size_t len;

	OPEN(O_NONBLOCK, BULK_WINDOW_DEFAULT);
	CHECK(bulk_recv_region(b, other, sizeof(other)) == -1);
	CHECK(errno == EAGAIN);
	CHECK(!bulk_send(b, "a", 1, 1) && !bulk_send(b, "", 0, 2) &&
	      !bulk_send(b, "bc", 2, 3));
	CHECK(bulk_call(b, &seg, 1, 0) == 1 && seg.tag == 3);
	c.left = seg.res;
	CHECK(bulk_region_next(&c, &len, &tag, NULL) && len == 1 && tag == 1);
	CHECK(bulk_region_next(&c, &len, &tag, NULL) && !len && tag == 2);
	CHECK(bulk_region_next(&c, &len, &tag, NULL) && len == 2 && tag == 3);
	CHECK(!c.left);
	bulk_close(b);
	return PASS;
}

static enum result room_that_is_too_small(size_t window)
{
	size_t need = BULK_PACKED_SIZE(100);
	struct bulk_seg seg;
	int i;

	OPEN(0, window);
	for (i = 0; i < 3; i++) {
		CHECK(!bulk_send(b, memory, 100, i));
		seg = bulk_seg_recv_region(other, need - 1);
		CHECK(bulk_call(b, &seg, 1, 0) == -1 && errno == EMSGSIZE);
		CHECK(seg.res == -EMSGSIZE && seg.len == need);
		seg = bulk_seg_recv_region(other, HEAD - 1);
		CHECK(bulk_call(b, &seg, 1, 0) == -1 && errno == EMSGSIZE);
		CHECK(seg.len == HEAD);
		CHECK(bulk_recv_region(b, (char *)other + 4, SIZE - 4) == -1);
		CHECK(errno == EINVAL);
		CHECK(bulk_recv_region(b, other, need) == (ssize_t)need);
	}
	bulk_close(b);
	return PASS;
}

static enum result room_too_small_with_a_window(void)
{
	return room_that_is_too_small(BULK_WINDOW_DEFAULT);
}

static enum result room_too_small_without_a_window(void)
{
	return room_that_is_too_small(0);
}

/* A record, and behind it what can't be sent. */
static enum result sent_up_to(size_t window, const struct bulk_packed *second,
			      int error)
{
	struct bulk_region r = empty_region();
	char *at;

	OPEN(O_NONBLOCK, window);
	CHECK(!bulk_region_add(&r, "a", 1, 1));
	at = (char *)memory + r.used;
	memcpy(at, second, HEAD);
	CHECK(bulk_send_region(b, memory, SIZE) == (ssize_t)r.used);
	CHECK(bulk_send_region(b, at, SIZE - r.used) == -1 && errno == error);
	CHECK(bulk_recv_region(b, other, SIZE) == (ssize_t)r.used);
	CHECK(bulk_recv_region(b, other, SIZE) == -1 && errno == EAGAIN);
	bulk_close(b);
	return PASS;
}

static enum result sent_up_to_what_is_no_record(void)
{
	struct bulk_packed cut = { .len = SIZE }, lost = { .lost = 1 };
	size_t windows[] = { 0, BULK_WINDOW_DEFAULT };
	enum result result = PASS;
	unsigned int i;

	for (i = 0; i < 2 && result == PASS; i++) {
		result = sent_up_to(windows[i], &cut, EINVAL);
		if (result == PASS)
			result = sent_up_to(windows[i], &lost, EINVAL);
	}
	return result;
}

/* The longest record of echo has 1 MiB. */
static enum result sent_up_to_what_is_too_long(void)
{
	size_t len = (1 << 20) + 1, room = 2 << 20;
	struct bulk_region r = { calloc(1, room), room, 0 };
	ssize_t first, back, n;

	OPEN(O_NONBLOCK, BULK_WINDOW_DEFAULT);
	CHECK(r.buf && !bulk_region_add(&r, "a", 1, 1));
	first = r.used;
	CHECK(bulk_region_room(&r, len, 2));
	CHECK(bulk_send_region(b, r.buf, r.used) == first);
	CHECK(bulk_send_region(b, (char *)r.buf + first, r.used - first) == -1);
	CHECK(errno == EMSGSIZE);
	r.used = 0;
	CHECK(bulk_region_room(&r, len - 1, 2));
	CHECK(bulk_send_region(b, r.buf, r.used) == (ssize_t)r.used);
	for (back = 0; back < first + (ssize_t)r.used; back += n) {
		n = bulk_recv_region(b, r.buf, r.room);
		CHECK(n > 0);
	}
	CHECK(back == first + (ssize_t)r.used);
	bulk_close(b);
	free(r.buf);
	return PASS;
}

static enum result nothing_overtakes_the_rest(void)
{
	static struct bulk_seg segs[BULK_MAX_SEGS + 1];
	struct bulk_packed no_record = { .lost = 1 };
	struct bulk_region r = empty_region();
	unsigned int i, at[] = { 0, BULK_MAX_SEGS - 1 };
	long n;

	OPEN(O_NONBLOCK, BULK_WINDOW_DEFAULT);
	CHECK(!bulk_region_add(&r, "a", 1, 1));
	memcpy((char *)memory + r.used, &no_record, HEAD);
	for (i = 0; i < 2; i++) {
		for (n = 0; n < BULK_MAX_SEGS + 1; n++)
			segs[n] = bulk_seg_send_region(memory, 0);
		segs[at[i]] = bulk_seg_send_region(memory, r.used + HEAD);
		segs[at[i] + 1] = bulk_seg_send("b", 1, 2);
		n = bulk_call(b, segs, BULK_MAX_SEGS + 1, 0);
		CHECK(n == at[i] + 1 && segs[at[i]].res == (__s32)r.used);
		CHECK(bulk_recv_region(b, other, SIZE) == (ssize_t)r.used);
		CHECK(bulk_recv_region(b, other, SIZE) == -1);
		CHECK(errno == EAGAIN);
	}
	bulk_close(b);
	return PASS;
}

static enum result empty_region_is_nothing(void)
{
	OPEN(O_NONBLOCK, BULK_WINDOW_DEFAULT);
	CHECK(bulk_send_region(b, memory, 0) == 0);
	CHECK(bulk_send_region(b, (char *)memory + 4, 0) == -1);
	CHECK(errno == EINVAL);
	CHECK(bulk_recv_region(b, other, SIZE) == -1 && errno == EAGAIN);
	bulk_close(b);
	return PASS;
}

/* As much as there is room for, and not a record more is gone or comes twice. */
static enum result does_not_wait_for_room(size_t window)
{
	size_t room = 3 << 20, sent = 0, back = 0;
	struct bulk_region r = { malloc(room), room, 0 };
	unsigned int i = 0, next = 0;
	ssize_t len;

	OPEN(O_NONBLOCK, window);
	CHECK(r.buf);
	while (add_numbered(&r, i))
		i++;
	while (back < r.used) {
		len = bulk_send_region(b, (char *)r.buf + sent, r.used - sent);
		CHECK(len >= 0 || errno == EAGAIN);
		if (len > 0) {
			sent += len;
			continue;
		}
		CHECK(sent > back);
		while ((len = bulk_recv_region(b, other, SIZE)) > 0) {
			next = take_numbered(other, len, next);
			CHECK(next);
			back += len;
		}
		CHECK(errno == EAGAIN && back == sent);
	}
	CHECK(next == i);
	bulk_close(b);
	free(r.buf);
	return PASS;
}

static enum result no_waiting_with_a_window(void)
{
	return does_not_wait_for_room(BULK_WINDOW_DEFAULT);
}

static enum result no_waiting_without_a_window(void)
{
	return does_not_wait_for_room(0);
}

static enum result no_system_call(void)
{
	struct bulk_region r = empty_region();
	unsigned int i;
	char c;

	OPEN(0, BULK_WINDOW_DEFAULT);
	if (!bulk_window(b))
		return skip("no window");
	CHECK(!bulk_send(b, "x", 1, 0));
	for (i = 0; i < 100; i++)
		CHECK(add_numbered(&r, i));
	CHECK(bulk_send_region(b, memory, r.used) == (ssize_t)r.used);
	CHECK(bulk_recv(b, &c, 1, NULL, NULL) == 1);
	CHECK(take_away_call(__NR_bulk_xfer, SECCOMP_RET_KILL_PROCESS));
	CHECK(bulk_send_region(b, memory, r.used) == (ssize_t)r.used);
	CHECK(bulk_recv_region(b, other, SIZE) == (ssize_t)r.used);
	CHECK(take_numbered(other, r.used, 0) == 100);
	return PASS;
}

/* The filter comes when there is a window already. */
static enum result call_held_back_later(void)
{
	struct bulk_region r = empty_region();
	ssize_t len, sent;
	unsigned int i;

	OPEN(0, SMALL_WINDOW);
	CHECK(take_away_call(__NR_bulk_xfer, SECCOMP_RET_ERRNO | EPERM));
	while (!bulk_region_add(&r, "some bytes", 10, 0))
		;
	for (sent = 0; sent < (ssize_t)r.used; sent += len) {
		len = bulk_send_region(b, (char *)memory + sent, r.used - sent);
		CHECK(len > 0);
	}
	/* Records in the window take no call, the rest a read(2) for each. */
	for (i = 0; (len = bulk_recv_region(b, other, SIZE)) > 0;)
		i += len / BULK_PACKED_SIZE(10);
	CHECK(len == -1 && errno == ENOSYS);
	CHECK(i > 0 && i < r.used / BULK_PACKED_SIZE(10));
	for (; i < r.used / BULK_PACKED_SIZE(10); i++)
		CHECK(bulk_recv(b, other, SIZE, NULL, NULL) == 10);
	bulk_close(b);
	return PASS;
}

static const struct test tests[] = {
	{ "there_and_back_with_a_window", there_and_back_with_a_window },
	{ "there_and_back_with_a_small_window", there_and_back_with_a_small_window },
	{ "there_and_back_without_a_window", there_and_back_without_a_window },
	{ "mixed_with_single_records", mixed_with_single_records },
	{ "waits_for_the_first_only", waits_for_the_first_only },
	{ "room_too_small_with_a_window", room_too_small_with_a_window },
	{ "room_too_small_without_a_window", room_too_small_without_a_window },
	{ "sent_up_to_what_is_no_record", sent_up_to_what_is_no_record },
	{ "sent_up_to_what_is_too_long", sent_up_to_what_is_too_long },
	{ "nothing_overtakes_the_rest", nothing_overtakes_the_rest },
	{ "empty_region_is_nothing", empty_region_is_nothing },
	{ "no_waiting_with_a_window", no_waiting_with_a_window },
	{ "no_waiting_without_a_window", no_waiting_without_a_window },
	{ "no_system_call", no_system_call },
	{ "call_held_back_later", call_held_back_later },
};

int main(void)
{
	return TAP_RUN(tests);
}
