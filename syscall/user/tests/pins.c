// SPDX-License-Identifier: MIT
/*
 * Records sent to the channel echo by page: pinned, or else copied.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <sys/mman.h>

#include "paged.h"

static bulk_vdso_call vdso;
static unsigned int pins;
static bool refuses_to_pin;

/* Stands between libbulk and the vDSO. */
static long counts_pins(int fd, struct bulk_seg *segs, unsigned int nr,
			unsigned int flags, void *window)
{
	bool pin = nr && (segs->flags & BULK_SEG_PIN);

	pins += pin;
	return pin && refuses_to_pin ? -EFAULT :
				       vdso(fd, segs, nr, flags, window);
}

#define OPEN_COUNTED()							\
	do {								\
		OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);		\
		if (!bulk_window(b))					\
			return skip("no window");			\
		vdso = b->vdso;						\
		b->vdso = counts_pins;					\
	} while (0)

static enum result only_long_records_are_pinned(void)
{
	OPEN_COUNTED();
	CHECK(sent(0, 1) && sent(100, 2) && !pins);
	CHECK(sent(LONGEST, 3) && pins == 1);
	CHECK(is_copied(0, 1) && is_copied(100, 2) && is_mapped(LONGEST, 3));
	return close_room();
}

static enum result pinned_at_any_address(void)
{
	size_t offsets[] = { 0, 1, 8, PAGE - 1 };
	size_t len = LONGEST - PAGE, i, got;
	uint64_t tag;

	OPEN_COUNTED();
	make_record(LONGEST, 1);
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		CHECK(!bulk_send_pages(b, record + offsets[i], len, i));
		CHECK(pins == i + 1);
	}
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		CHECK(bulk_recv_pages(p, &got, &tag, NULL) == p->room);
		CHECK(got == len && tag == i);
		CHECK(!memcmp(p->room, record + offsets[i], len));
	}
	return close_room();
}

static enum result copied_where_pages_cannot_be_pinned(void)
{
	OPEN_COUNTED();
	refuses_to_pin = true;
	CHECK(sent(LONGEST, 1) && pins == 1);
	CHECK(is_mapped(LONGEST, 1));
	return close_room();
}

/* A part of it is there. */
static enum result memory_that_is_not_there(void)
{
	char *at = mmap(NULL, LONGEST, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	OPEN_ROOM(O_NONBLOCK, 0, LONGEST);
	CHECK(at != MAP_FAILED);
	CHECK(!mprotect(at + LONGEST - PAGE, PAGE, PROT_NONE));
	CHECK(bulk_send_pages(b, at, LONGEST, 0) == -1 && errno == EFAULT);
	CHECK(fails_with(EAGAIN));
	CHECK(!bulk_send_pages(b, at + 1, LONGEST - PAGE - 1, 0));
	CHECK(bulk_recv(b, record, LONGEST, NULL, NULL) == LONGEST - PAGE - 1);
	return close_room();
}

static enum result longer_than_any(void)
{
	char *at = calloc(1, LONGEST + 1);

	OPEN(O_NONBLOCK, BULK_WINDOW_DEFAULT);
	CHECK(at && bulk_send_pages(b, at, LONGEST + 1, 0) == -1);
	CHECK(errno == EMSGSIZE);
	CHECK(bulk_send_pages(b, at, (size_t)1 << 32, 0) == -1);
	CHECK(errno == EMSGSIZE);
	bulk_close(b);
	free(at);
	return PASS;
}

static const struct test tests[] = {
	{ "only_long_records_are_pinned", only_long_records_are_pinned },
	{ "pinned_at_any_address", pinned_at_any_address },
	{ "copied_where_pages_cannot_be_pinned", copied_where_pages_cannot_be_pinned },
	{ "memory_that_is_not_there", memory_that_is_not_there },
	{ "longer_than_any", longer_than_any },
};

int main(void)
{
	return TAP_RUN(tests);
}
