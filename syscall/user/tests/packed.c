// SPDX-License-Identifier: MIT
/*
 * Regions without a kernel: building and walking them, also where they hold
 * nonsense, and what is sent of them where the call is missing.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "internal.h"
#include "numbered.h"
#include "tap.h"

#define SIZE		65536

static uint64_t memory[SIZE / 8];

static struct bulk_region empty_region(void)
{
	return (struct bulk_region){ .buf = memory, .room = sizeof(memory) };
}

static struct bulk_cursor start_of(const struct bulk_region *r)
{
	return (struct bulk_cursor){ r->buf, r->used };
}

static enum result records_come_out_as_they_went_in(void)
{
	struct bulk_region r = empty_region();
	unsigned int i, nr = 0;
	struct bulk_cursor c;
	const void *data;
	uint32_t lost;
	uint64_t tag;
	size_t len;

	while (add_numbered(&r, nr))
		nr++;
	CHECK(errno == ENOSPC && nr > SIZE / BULK_PACKED_SIZE(LONGEST) && r.used % 8 == 0);
	CHECK(r.room - r.used < BULK_PACKED_SIZE(nr % (LONGEST + 1)));
	c = start_of(&r);
	for (i = 0; i < nr; i++) {
		lost = 1;
		data = bulk_region_next(&c, &len, &tag, &lost);
		CHECK(data && is_numbered(data, len, tag, i) && !lost);
	}
	CHECK(!bulk_region_next(&c, &len, &tag, &lost) && !c.left);
	return PASS;
}

static enum result region_is_full_to_the_last_byte(void)
{
	struct bulk_region r = empty_region();
	size_t len = sizeof(memory) - HEAD;

	CHECK(!bulk_region_room(&r, len + 1, 0) && errno == ENOSPC);
	CHECK(!r.used);
	CHECK(bulk_region_room(&r, len, 0) && r.used == r.room);
	CHECK(bulk_region_add(&r, NULL, 0, 0) == -1 && errno == ENOSPC);
	return PASS;
}

static enum result no_region_holds_what_is_too_long(void)
{
	struct bulk_region r = { .buf = memory, .room = SIZE_MAX };
	size_t lens[] = { INT32_MAX, UINT32_MAX, (size_t)1 << 32,
			  SIZE_MAX - 23, SIZE_MAX };
	unsigned int i;

	for (i = 0; i < 5; i++)
		CHECK(!bulk_region_room(&r, lens[i], 0) && errno == EMSGSIZE);
	CHECK(!r.used);
	return PASS;
}

static enum result record_is_written_in_its_place(void)
{
	struct bulk_region r = empty_region();
	struct bulk_cursor c;
	uint64_t tag;
	size_t len;
	char *to;

	to = bulk_region_room(&r, 5, 7);
	CHECK(to == (char *)memory + HEAD);
	memcpy(to, "hello", 5);
	c = start_of(&r);
	CHECK(bulk_region_next(&c, &len, &tag, NULL) == to);
	CHECK(len == 5 && tag == 7 && !c.left);
	return PASS;
}

/* A read beyond its end raises a signal. */
static char *end_of_memory(void)
{
	char *area = mmap(NULL, SIZE + 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED || mprotect(area + SIZE, 4096, PROT_NONE))
		abort();
	return area + SIZE;
}

static enum result cut_record_is_none(void)
{
	size_t whole = BULK_PACKED_SIZE(21), left, len;
	char *end = end_of_memory();
	struct bulk_packed head = { .len = 21 };
	struct bulk_cursor c;

	for (left = 0; left <= whole; left++) {
		memcpy(end - left, &head, left < HEAD ? left : HEAD);
		c = (struct bulk_cursor){ end - left, left };
		CHECK(!bulk_region_next(&c, &len, NULL, NULL) == (left < whole));
		CHECK(c.left == (left < whole ? left : 0));
	}
	return PASS;
}

static enum result length_of_any_size_stays_inside(void)
{
	uint32_t lens[] = { 1, 8, INT32_MAX, 1U << 31, UINT32_MAX - 23,
			    UINT32_MAX };
	char *end = end_of_memory();
	struct bulk_cursor c;
	unsigned int i;
	size_t len;

	for (i = 0; i < 6; i++) {
		c = (struct bulk_cursor){ end - HEAD, HEAD };
		memcpy(end - HEAD, &lens[i], sizeof(lens[i]));
		CHECK(!bulk_region_next(&c, &len, NULL, NULL));
		CHECK(c.left == HEAD);
	}
	return PASS;
}

/* Lengths are short often enough that walks get far. */
static void make_nonsense(char *at, size_t size)
{
	uint32_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		word = rand() % 8 ? rand() % 64 : rand();
		memcpy(at + i, &word, sizeof(word));
	}
}

static enum result nonsense_is_walked_inside_of_it(void)
{
	char *end = end_of_memory();
	unsigned int round, far = 0;
	struct bulk_cursor c;
	const char *data;
	uint32_t lost;
	uint64_t tag;
	size_t len, size;

	srand(1);
	for (round = 0; round < 2000; round++) {
		size = rand() % 2048;
		make_nonsense(end - size, size);
		c = (struct bulk_cursor){ end - size, size };
		while ((data = bulk_region_next(&c, &len, &tag, &lost))) {
			CHECK(data >= end - size && data + len <= end);
			CHECK((const char *)c.at + c.left == end);
			far++;
		}
	}
	CHECK(far > 10000);
	return PASS;
}

/* --- The call is missing: a socket keeps records apart, too. --- */

static int sockets[2];

static bool make_sockets(void)
{
	return !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets);
}

static bool arrives(const char *want)
{
	char buf[16];
	ssize_t len = read(sockets[1], buf, sizeof(buf));

	if (!want)
		return len < 0 && errno == EAGAIN;
	return len == (ssize_t)strlen(want) && !memcmp(buf, want, len);
}

static enum result written_record_by_record(void)
{
	struct bulk_region r = empty_region();
	struct bulk_seg segs[2];

	CHECK(make_sockets());
	CHECK(!bulk_region_add(&r, "a", 1, 0));
	CHECK(!bulk_region_add(&r, "bcdefghij", 9, 0));
	segs[0] = bulk_seg_send_region(memory, r.used);
	segs[1] = bulk_seg_send("k", 1, 0);
	CHECK(bulk_fallback(sockets[0], segs, 2, 0) == 2);
	CHECK(segs[0].res == (__s32)r.used && segs[0].tag == 2);
	CHECK(arrives("a") && arrives("bcdefghij") && arrives("k"));
	segs[0] = bulk_seg_send_region(memory, 0);
	segs[0].tag = 5;
	CHECK(bulk_fallback(sockets[0], segs, 1, 0) == 1);
	CHECK(!segs[0].res && !segs[0].tag && arrives(NULL));
	return PASS;
}

/* Nothing that comes behind goes before the rest. */
static enum result written_up_to_a_tag(void)
{
	struct bulk_region r = empty_region();
	struct bulk_seg segs[2];
	size_t first;

	CHECK(make_sockets());
	CHECK(!bulk_region_add(&r, "a", 1, 0));
	first = r.used;
	CHECK(!bulk_region_add(&r, "b", 1, 7));
	segs[0] = bulk_seg_send_region(memory, r.used);
	segs[1] = bulk_seg_send("c", 1, 0);
	CHECK(bulk_fallback(sockets[0], segs, 2, 0) == 1);
	CHECK(segs[0].res == (__s32)first && segs[0].tag == 1);
	CHECK(arrives("a") && arrives(NULL));
	segs[0] = bulk_seg_send_region((char *)memory + first, r.used - first);
	CHECK(bulk_fallback(sockets[0], segs, 2, 0) == -ENOSYS);
	CHECK(segs[0].res == -ENOSYS && arrives(NULL));
	return PASS;
}

static enum result written_up_to_what_is_no_record(void)
{
	struct bulk_region r = empty_region();
	struct bulk_packed *head;
	struct bulk_seg seg;
	size_t first;

	CHECK(make_sockets());
	CHECK(!bulk_region_add(&r, "a", 1, 0));
	first = r.used;
	CHECK(!bulk_region_add(&r, "b", 1, 0));
	head = (void *)((char *)memory + first);
	head->lost = 1;
	seg = bulk_seg_send_region(memory, r.used);
	CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == 1);
	CHECK(seg.res == (__s32)first && arrives("a"));
	seg = bulk_seg_send_region(head, r.used - first);
	CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == -EINVAL);
	head->lost = 0;
	seg = bulk_seg_send_region(head, r.used - first - 8);
	CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == -EINVAL);
	seg = bulk_seg_send_region((char *)head + 4, 16);
	CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == -EINVAL);
	CHECK(arrives(NULL));
	return PASS;
}

static enum result without_call_nothing_else_does(void)
{
	struct bulk_seg seg = bulk_seg_recv_region(memory, SIZE);
	struct bulk_seg in_place[] = {
		bulk_seg_reserve(64), bulk_seg_commit(64, BULK_SEG_DISCARD),
		bulk_seg_borrow(64), bulk_seg_return(0, BULK_SEG_DISCARD),
	};
	unsigned int i;

	CHECK(make_sockets());
	CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == -ENOSYS);
	CHECK(bulk_stay(&seg, 1, BULK_NO_SYSCALL) == -EAGAIN);
	for (i = 0; i < 4; i++) {
		seg = in_place[i];
		CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == -EOPNOTSUPP);
		CHECK(bulk_stay(&seg, 1, BULK_NO_SYSCALL) == -EOPNOTSUPP);
		seg.flags |= BULK_SEG_PACKED;
		CHECK(bulk_fallback(sockets[0], &seg, 1, 0) == -EINVAL);
		seg = in_place[i];
		seg.lost = 1;
		CHECK(bulk_stay(&seg, 1, BULK_NO_SYSCALL) == -EINVAL);
	}
	seg.lost = 0;
	seg.op = BULK_OP_RETURN + 1;
	CHECK(bulk_stay(&seg, 1, BULK_NO_SYSCALL) == -EINVAL);
	return PASS;
}

static const struct test tests[] = {
	{ "records_come_out_as_they_went_in", records_come_out_as_they_went_in },
	{ "region_is_full_to_the_last_byte", region_is_full_to_the_last_byte },
	{ "no_region_holds_what_is_too_long", no_region_holds_what_is_too_long },
	{ "record_is_written_in_its_place", record_is_written_in_its_place },
	{ "cut_record_is_none", cut_record_is_none },
	{ "length_of_any_size_stays_inside", length_of_any_size_stays_inside },
	{ "nonsense_is_walked_inside_of_it", nonsense_is_walked_inside_of_it },
	{ "written_record_by_record", written_record_by_record },
	{ "written_up_to_a_tag", written_up_to_a_tag },
	{ "written_up_to_what_is_no_record", written_up_to_what_is_no_record },
	{ "without_call_nothing_else_does", without_call_nothing_else_does },
};

int main(void)
{
	return TAP_RUN(tests);
}
