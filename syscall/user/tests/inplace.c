// SPDX-License-Identifier: MIT
/*
 * Records of the channel echo in place: written and read in the window.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "echo.h"
#include "internal.h"
#include "numbered.h"
#include "seccomp.h"
#include "tap.h"

#define SMALL_WINDOW	100000	/* bytes: rings of 16 KiB */
#define ROUNDS		2000

static struct bulk *b;

#define OPEN(flags)							\
	do {								\
		if (!have_channel())					\
			return no_channel();				\
		b = bulk_open_window("echo", O_RDWR | (flags),		\
				     SMALL_WINDOW);			\
		CHECK(b);						\
		if (!bulk_window(b))					\
			return skip("no window");			\
	} while (0)

static struct bulk_region reserved(size_t least)
{
	struct bulk_region r = { 0 };

	r.buf = bulk_reserve(b, least, &r.room);
	return r;
}

/* Records @from to @to - 1 are there, and no other: all are received. */
static bool has_numbered(unsigned int from, unsigned int to)
{
	static uint64_t room[1024];
	ssize_t len;

	while (from < to) {
		len = bulk_recv_region(b, room, sizeof(room));
		if (len < 0)
			return false;
		from = take_numbered(room, len, from);
		if (!from)
			return false;
	}
	len = bulk_recv_region(b, room, sizeof(room));
	return from == to && len < 0 && errno == EAGAIN;
}

static bool send_numbered(unsigned int from, unsigned int to)
{
	uint64_t room[1024];
	struct bulk_region r = { room, sizeof(room), 0 };

	while (from < to)
		if (!add_numbered(&r, from++))
			return false;
	return bulk_send_region(b, room, r.used) == (ssize_t)r.used;
}

static bool reserve_is(int error)
{
	size_t room;

	return !bulk_reserve(b, HEAD, &room) && errno == error;
}

static bool borrow_is(int error)
{
	size_t len;

	return !bulk_borrow(b, SIZE_MAX, &len) && errno == error;
}

static bool commit_is(size_t len, unsigned int flags, int error)
{
	return bulk_commit(b, len, flags) == -1 && errno == error;
}

static bool return_is(size_t len, unsigned int flags, int error)
{
	return bulk_return(b, len, flags) == -1 && errno == error;
}

/* --- To the kernel --- */

static enum result reserved_room_is_sent_in_parts(void)
{
	struct bulk_region r;
	size_t first;

	OPEN(O_NONBLOCK);
	r = reserved(1000);
	CHECK(r.buf && r.room >= 1000 && (unsigned long)r.buf % 8 == 0);
	CHECK(add_numbered(&r, 1) && add_numbered(&r, 2));
	first = r.used;
	CHECK(bulk_commit(b, first, 0) == (ssize_t)first);
	CHECK(add_numbered(&r, 3));
	CHECK(bulk_commit(b, r.used - first, BULK_SEG_DISCARD) ==
	      (ssize_t)(r.used - first));
	CHECK(commit_is(0, 0, EINVAL));
	CHECK(has_numbered(1, 4));
	bulk_close(b);
	return PASS;
}

static enum result one_reservation_at_a_time(void)
{
	struct bulk_region r;

	OPEN(O_NONBLOCK);
	CHECK(commit_is(0, BULK_SEG_DISCARD, EINVAL));
	CHECK(reserved(HEAD).buf && reserve_is(EBUSY));
	CHECK(bulk_commit(b, 0, 0) == 0 && reserve_is(EBUSY));
	CHECK(bulk_commit(b, 0, BULK_SEG_DISCARD) == 0);
	r = reserved(HEAD);
	CHECK(r.buf && add_numbered(&r, 1));
	CHECK(bulk_commit(b, r.used, BULK_SEG_DISCARD) == (ssize_t)r.used);
	CHECK(has_numbered(1, 2));
	bulk_close(b);
	return PASS;
}

static enum result more_than_a_window_has(void)
{
	size_t room;

	OPEN(O_NONBLOCK);
	CHECK(!bulk_reserve(b, SMALL_WINDOW, &room) && errno == EMSGSIZE);
	CHECK(!bulk_reserve(b, SIZE_MAX, &room) && errno == EMSGSIZE);
	CHECK(reserved(8192).buf);
	CHECK(bulk_commit(b, 0, BULK_SEG_DISCARD) == 0);
	bulk_close(b);
	return PASS;
}

/* The order is that of the commits, whichever way the others take. */
static enum result others_send_meanwhile(void)
{
	struct bulk_region r;
	size_t first;

	OPEN(O_NONBLOCK);
	CHECK(send_numbered(1, 3));
	r = reserved(1000);
	CHECK(r.buf && add_numbered(&r, 3));
	first = r.used;
	CHECK(bulk_commit(b, first, 0) == (ssize_t)first);
	CHECK(add_numbered(&r, 9));
	CHECK(send_numbered(4, 8));
	CHECK(!bulk_send(b, "\010\010\010\010\010\010\010\010", 8, ~8ULL));
	CHECK(bulk_commit(b, r.used - first, BULK_SEG_DISCARD) > 0);
	CHECK(has_numbered(1, 10));
	bulk_close(b);
	return PASS;
}

/* A malformed record stays reserved, and can be mended. */
static enum result sent_up_to_what_is_no_record(void)
{
	struct bulk_packed *second;
	struct bulk_region r;
	size_t first;

	OPEN(O_NONBLOCK);
	r = reserved(1000);
	CHECK(r.buf && add_numbered(&r, 1));
	first = r.used;
	second = (void *)((char *)r.buf + first);
	CHECK(add_numbered(&r, 2));
	second->lost = 1;
	CHECK(bulk_commit(b, r.used, BULK_SEG_DISCARD) == (ssize_t)first);
	CHECK(commit_is(r.used - first, BULK_SEG_DISCARD, EINVAL));
	second->lost = 0;
	CHECK(commit_is(r.used - first - 4, 0, EINVAL));
	CHECK(commit_is(r.used - first, 1 << 16, EINVAL));
	CHECK(commit_is(1 << 20, 0, EINVAL));
	CHECK(bulk_commit(b, r.used - first, BULK_SEG_DISCARD) ==
	      (ssize_t)(r.used - first));
	CHECK(has_numbered(1, 3));
	bulk_close(b);
	return PASS;
}

/* A record is sent, or is not, by way of a segment of a list as well. */
static enum result short_commit_ends_the_call(void)
{
	struct bulk_seg segs[2];
	struct bulk_region r;
	size_t first;

	OPEN(O_NONBLOCK);
	r = reserved(1000);
	CHECK(r.buf && add_numbered(&r, 1));
	first = r.used;
	CHECK(add_numbered(&r, 2));
	((struct bulk_packed *)((char *)r.buf + first))->len = 1 << 20;
	segs[0] = bulk_seg_commit(r.used, 0);
	segs[1] = bulk_seg_send("x", 1, 0);
	CHECK(bulk_call(b, segs, 2, 0) == 1);
	CHECK(segs[0].res == (__s32)first && segs[0].tag == 1);
	CHECK(bulk_commit(b, 0, BULK_SEG_DISCARD) == 0);
	CHECK(has_numbered(1, 2));
	bulk_close(b);
	return PASS;
}

static void *let_go(void *arg)
{
	return bulk_commit(b, 0, BULK_SEG_DISCARD) ? NULL : arg;
}

static void *reserve_and_end(void *arg)
{
	return reserved(HEAD).buf ? arg : NULL;
}

static bool in_thread(void *(*run)(void *arg))
{
	pthread_t thread;
	void *ret = NULL;

	return !pthread_create(&thread, NULL, run, b) &&
	       !pthread_join(thread, &ret) && ret;
}

static enum result reservation_is_the_handles(void)
{
	OPEN(O_NONBLOCK);
	CHECK(in_thread(reserve_and_end) && reserve_is(EBUSY));
	CHECK(in_thread(let_go));
	CHECK(reserved(HEAD).buf);
	bulk_close(b);
	return PASS;
}

/* --- To user space --- */

static enum result borrowed_records_are_returned_in_parts(void)
{
	const char *at;
	size_t len, first = BULK_PACKED_SIZE(1) + BULK_PACKED_SIZE(2);

	OPEN(O_NONBLOCK);
	CHECK(borrow_is(EAGAIN));
	CHECK(send_numbered(1, 6));
	at = bulk_borrow(b, SIZE_MAX, &len);
	CHECK(at && take_numbered(at, len, 1) == 6);
	CHECK(!bulk_return(b, 0, 0) && borrow_is(EBUSY));
	CHECK(!bulk_return(b, first, 0) && borrow_is(EBUSY));
	CHECK(take_numbered(at + first, len - first, 3) == 6);
	CHECK(!bulk_return(b, len - first, 0));
	CHECK(return_is(0, 0, EINVAL));
	CHECK(has_numbered(6, 6));
	bulk_close(b);
	return PASS;
}

static enum result rest_is_received_again(void)
{
	size_t len;

	OPEN(O_NONBLOCK);
	CHECK(send_numbered(1, 6));
	CHECK(bulk_borrow(b, SIZE_MAX, &len));
	CHECK(!bulk_return(b, BULK_PACKED_SIZE(1), BULK_SEG_DISCARD));
	CHECK(bulk_borrow(b, SIZE_MAX, &len));
	CHECK(!bulk_return(b, 0, BULK_SEG_DISCARD));
	CHECK(has_numbered(2, 6));
	bulk_close(b);
	return PASS;
}

static enum result nobody_else_receives(void)
{
	struct bulk_seg seg;
	uint64_t room[16];
	size_t len;

	OPEN(O_NONBLOCK);
	CHECK(send_numbered(1, 3));
	CHECK(bulk_borrow(b, BULK_PACKED_SIZE(1), &len));
	CHECK(bulk_recv(b, room, sizeof(room), NULL, NULL) == -1);
	CHECK(errno == EBUSY);
	CHECK(bulk_recv_region(b, room, sizeof(room)) == -1 && errno == EBUSY);
	seg = bulk_seg_borrow(64);
	CHECK(bulk_call(b, &seg, 1, 0) == -1 && seg.res == -EBUSY);
	CHECK(!bulk_return(b, len, 0));
	CHECK(has_numbered(2, 3));
	bulk_close(b);
	return PASS;
}

static enum result no_more_than_was_asked_for(void)
{
	size_t len;

	OPEN(O_NONBLOCK);
	CHECK(send_numbered(3, 6));
	CHECK(!bulk_borrow(b, BULK_PACKED_SIZE(3) - 1, &len));
	CHECK(errno == EMSGSIZE && len == BULK_PACKED_SIZE(3));
	CHECK(bulk_borrow(b, len + HEAD, &len) && len == BULK_PACKED_SIZE(3));
	CHECK(return_is(len + BULK_PACKED_SIZE(4), 1 << 16, EINVAL));
	CHECK(!bulk_return(b, len, 0));
	CHECK(has_numbered(4, 6));
	bulk_close(b);
	return PASS;
}

static enum result longer_than_any_in_a_window(void)
{
	size_t size = 100000, len;
	char *record = calloc(1, size);

	OPEN(0);
	CHECK(record && !bulk_send(b, record, size, 0));
	CHECK(!bulk_borrow(b, SIZE_MAX, &len) && errno == EMSGSIZE);
	CHECK(len == BULK_PACKED_SIZE(size));
	CHECK(bulk_recv(b, record, size, NULL, NULL) == (ssize_t)size);
	bulk_close(b);
	free(record);
	return PASS;
}

static enum result returned_up_to_the_end_of_a_record(void)
{
	size_t len;

	OPEN(O_NONBLOCK);
	CHECK(return_is(0, BULK_SEG_DISCARD, EINVAL));
	CHECK(send_numbered(1, 4));
	CHECK(bulk_borrow(b, SIZE_MAX, &len));
	CHECK(return_is(BULK_PACKED_SIZE(1) - 8, 0, EINVAL));
	CHECK(return_is(BULK_PACKED_SIZE(1) + 8, BULK_SEG_DISCARD, EINVAL));
	CHECK(return_is(len + 8, 0, EINVAL) && return_is(SIZE_MAX, 0, EINVAL));
	CHECK(!bulk_return(b, len, 0));
	CHECK(has_numbered(4, 4));
	bulk_close(b);
	return PASS;
}

/* --- Both --- */

static bool send_in_place(unsigned int *sent, unsigned int to)
{
	struct bulk_region r = reserved(BULK_PACKED_SIZE(LONGEST));

	if (!r.buf)
		return false;
	while (*sent < to && add_numbered(&r, *sent))
		++*sent;
	return bulk_commit(b, r.used, BULK_SEG_DISCARD) == (ssize_t)r.used;
}

static bool recv_in_place(unsigned int *got)
{
	const void *at;
	size_t len;

	at = bulk_borrow(b, SIZE_MAX, &len);
	if (!at)
		return false;
	*got = take_numbered(at, len, *got);
	return *got && !bulk_return(b, len, 0);
}

/* Many times around both rings. */
static enum result there_and_back(void)
{
	unsigned int round, sent = 1, got = 1;

	OPEN(0);
	for (round = 1; round <= ROUNDS; round++) {
		CHECK(send_in_place(&sent, sent + round % 100 + 1));
		while (got < sent)
			CHECK(recv_in_place(&got));
	}
	CHECK(!bulk_flush(b));
	bulk_close(b);
	return PASS;
}

static enum result no_system_call(void)
{
	unsigned int sent = 1, got = 1;
	size_t len;

	OPEN(0);
	CHECK(send_in_place(&sent, 50));
	CHECK(bulk_borrow(b, SIZE_MAX, &len));
	CHECK(!bulk_return(b, 0, BULK_SEG_DISCARD));
	CHECK(take_away_call(__NR_bulk_xfer, SECCOMP_RET_KILL_PROCESS));
	CHECK(recv_in_place(&got) && got == 50);
	CHECK(send_in_place(&sent, 100) && sent == 100);
	return PASS;
}

static enum result no_window(void)
{
	if (!have_channel())
		return no_channel();
	b = bulk_open_window("echo", O_RDWR, 0);
	CHECK(b && reserve_is(EOPNOTSUPP) && commit_is(0, 0, EOPNOTSUPP));
	CHECK(borrow_is(EOPNOTSUPP) && return_is(0, 0, EOPNOTSUPP));
	bulk_close(b);
	return PASS;
}

/* The parent's reservation is not the child's, and stays as it is. */
static enum result use_in_child(void)
{
	CHECK(reserve_is(EOPNOTSUPP) && borrow_is(EOPNOTSUPP));
	CHECK(commit_is(0, BULK_SEG_DISCARD, EOPNOTSUPP));
	CHECK(return_is(0, BULK_SEG_DISCARD, EOPNOTSUPP));
	CHECK(send_numbered(2, 3));
	return PASS;
}

static enum result forked_child_has_none(void)
{
	struct bulk_region r;
	int child, status;
	const void *at;
	size_t len;

	OPEN(O_NONBLOCK);
	CHECK(send_numbered(1, 2));
	at = bulk_borrow(b, SIZE_MAX, &len);
	r = reserved(1000);
	CHECK(at && r.buf);
	child = fork();
	if (!child)
		_exit(use_in_child());
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == PASS);
	CHECK(take_numbered(at, len, 1) == 2 && !bulk_return(b, len, 0));
	CHECK(add_numbered(&r, 3));
	CHECK(bulk_commit(b, r.used, BULK_SEG_DISCARD) == (ssize_t)r.used);
	CHECK(has_numbered(2, 4));
	bulk_close(b);
	return PASS;
}

static const struct test tests[] = {
	{ "reserved_room_is_sent_in_parts", reserved_room_is_sent_in_parts },
	{ "one_reservation_at_a_time", one_reservation_at_a_time },
	{ "more_than_a_window_has", more_than_a_window_has },
	{ "others_send_meanwhile", others_send_meanwhile },
	{ "sent_up_to_what_is_no_record", sent_up_to_what_is_no_record },
	{ "short_commit_ends_the_call", short_commit_ends_the_call },
	{ "reservation_is_the_handles", reservation_is_the_handles },
	{ "borrowed_records_are_returned_in_parts", borrowed_records_are_returned_in_parts },
	{ "rest_is_received_again", rest_is_received_again },
	{ "nobody_else_receives", nobody_else_receives },
	{ "no_more_than_was_asked_for", no_more_than_was_asked_for },
	{ "longer_than_any_in_a_window", longer_than_any_in_a_window },
	{ "returned_up_to_the_end_of_a_record", returned_up_to_the_end_of_a_record },
	{ "there_and_back", there_and_back },
	{ "no_system_call", no_system_call },
	{ "no_window", no_window },
	{ "forked_child_has_none", forked_child_has_none },
};

int main(void)
{
	return TAP_RUN(tests);
}
