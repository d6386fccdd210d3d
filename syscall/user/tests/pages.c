// SPDX-License-Identifier: MIT
/*
 * Records of the channel echo received by page: mapped, or else copied.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "paged.h"
#include "seccomp.h"

#define SMALL_WINDOW	100000	/* bytes: rings of 16 KiB */
#define SOME		100000	/* bytes that end within a page */
#define ROUNDS		5

/* --- What comes back --- */

static enum result there_and_back(size_t window)
{
	size_t lens[] = { IN_PAGES, IN_PAGES + 1, 20480, 20479, 32767, 32768,
			  SOME, LONGEST, LONGEST - 1 };
	unsigned int i;
	uint64_t n = 0;

	OPEN_ROOM(0, window, LONGEST);
	while (n < ROUNDS * sizeof(lens) / sizeof(lens[0])) {
		for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++, n++) {
			CHECK(sent(lens[i], n));
			CHECK(is_mapped(lens[i], n));
		}
	}
	CHECK(!p->copy && !bulk_flush(b));
	return close_room();
}

static enum result there_and_back_with_a_window(void)
{
	return there_and_back(BULK_WINDOW_DEFAULT);
}

static enum result there_and_back_with_a_small_window(void)
{
	return there_and_back(SMALL_WINDOW);
}

static enum result there_and_back_without_a_window(void)
{
	return there_and_back(0);
}

static enum result short_records_are_copied(void)
{
	size_t lens[] = { 0, 1, 100, PAGE, PAGE + 1, IN_PAGES - 1 };
	unsigned int i;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		CHECK(sent(lens[i], i));
		CHECK(is_copied(lens[i], i));
	}
	return close_room();
}

/* Records that wait, of both kinds. */
static enum result order_is_kept(void)
{
	size_t lens[] = { 100, SOME, 0, 5000, IN_PAGES, LONGEST, 1, 200000 };
	unsigned int round, i;

	OPEN_ROOM(O_NONBLOCK, BULK_WINDOW_DEFAULT, LONGEST);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
			CHECK(sent(lens[i], round + i));
		for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
			CHECK(lens[i] < IN_PAGES ?
			      is_copied(lens[i], round + i) :
			      is_mapped(lens[i], round + i));
		CHECK(fails_with(EAGAIN));
	}
	return close_room();
}

static enum result others_copy_what_is_in_pages(void)
{
	static uint64_t region[LONGEST / 8];
	struct bulk_cursor c = { .at = region };
	const void *data;
	uint64_t tag;
	size_t len;

	OPEN_ROOM(O_NONBLOCK, BULK_WINDOW_DEFAULT, LONGEST);
	CHECK(sent(SOME, 1) && sent(SOME, 2) && sent(SOME, 3) && sent(SOME, 4));
	CHECK(bulk_recv(b, record, LONGEST, &tag, NULL) == SOME && tag == 1);
	CHECK(is_record(record, SOME, 1));
	CHECK(read(bulk_fd(b), record, LONGEST) == SOME);
	CHECK(is_record(record, SOME, 2));
	c.left = bulk_recv_region(b, region, BULK_PACKED_SIZE(SOME));
	CHECK(c.left == BULK_PACKED_SIZE(SOME));
	data = bulk_region_next(&c, &len, &tag, NULL);
	CHECK(data && len == SOME && tag == 3 && is_record(data, SOME, 3));
	CHECK(is_mapped(SOME, 4));
	return close_room();
}

/* The record waits for who has room. */
static enum result room_that_is_too_small(void)
{
	size_t len = 0;

	OPEN_ROOM(O_NONBLOCK, 0, IN_PAGES);
	CHECK(sent(IN_PAGES + 1, 1));
	CHECK(!bulk_recv_pages(p, &len, NULL, NULL) && errno == EMSGSIZE);
	CHECK(len == IN_PAGES + 1);
	CHECK(bulk_recv(b, record, len, NULL, NULL) == (ssize_t)len);
	CHECK(is_record(record, len, 1) && fails_with(EAGAIN));
	return close_room();
}

static enum result one_direction(void)
{
	if (!have_channel())
		return no_channel();
	b = bulk_open("echo", O_WRONLY);
	CHECK(b);
	p = bulk_pages_open(b, LONGEST);
	CHECK(p && fails_with(EBADF));
	CHECK(sent(LONGEST, 1));
	close_room();
	b = bulk_open("echo", O_RDONLY | O_NONBLOCK);
	CHECK(b);
	p = bulk_pages_open(b, LONGEST);
	CHECK(p && fails_with(EAGAIN));
	CHECK(!sent(LONGEST, 1) && errno == EBADF);
	return close_room();
}

/* --- How long a page is there --- */

static enum result each_room_keeps_its_record(void)
{
	struct bulk_pages *other;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	other = bulk_pages_open(b, SOME);
	CHECK(other && other->room);
	CHECK(sent(LONGEST, 1) && sent(SOME, 2) && sent(SOME, 3));
	CHECK(is_mapped(LONGEST, 1));
	CHECK(received(other, SOME, 2) == other->room);
	CHECK(is_record(p->room, LONGEST, 1));
	CHECK(is_mapped(SOME, 3) && is_record(other->room, SOME, 2));
	bulk_pages_close(other);
	CHECK(is_record(p->room, SOME, 3));
	return close_room();
}

static bool is_there(void *page)
{
	unsigned char vec;

	return !mincore(page, PAGE, &vec);
}

static enum result pages_outlive_the_endpoint(void)
{
	void *room;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	room = p->room;
	CHECK(sent(SOME, 1) && is_mapped(SOME, 1));
	bulk_close(b);
	CHECK(is_record(room, SOME, 1) && rest_is_zero(room, SOME));
	CHECK(is_there(room));
	bulk_pages_close(p);
	CHECK(!is_there(room) && errno == ENOMEM);
	return PASS;
}

static enum result received_pages_are_sent_on(void)
{
	struct bulk_pages *other;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	other = bulk_pages_open(b, LONGEST);
	CHECK(other && sent(LONGEST, 1) && is_mapped(LONGEST, 1));
	CHECK(!bulk_send_pages(b, p->room, LONGEST, 1));
	CHECK(received(other, LONGEST, 1) && is_record(p->room, LONGEST, 1));
	bulk_pages_close(other);
	return close_room();
}

/* --- Without a room --- */

static enum result all_is_copied(size_t len)
{
	CHECK(p && !p->room);
	CHECK(sent(100, 1) && sent(len, 2));
	CHECK(is_copied(100, 1) && is_copied(len, 2));
	return close_room();
}

static enum result no_room_wanted(void)
{
	OPEN(0, BULK_WINDOW_DEFAULT);
	p = bulk_pages_open(b, 0);
	return all_is_copied(LONGEST);
}

static enum result more_than_a_room_may_have(void)
{
	OPEN(0, BULK_WINDOW_DEFAULT);
	p = bulk_pages_open(b, SIZE_MAX);
	return all_is_copied(LONGEST);
}

/* Enough for records that wait, too little for the room. */
static enum result memory_that_may_not_be_locked(void)
{
	struct rlimit limit = { 65536, 65536 };

	if (!have_channel())
		return no_channel();
	if (geteuid())
		return skip("not root");
	CHECK(make_node_for_all());
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	b = bulk_open(ECHO_FOR_ALL, O_RDWR);
	CHECK(b);
	p = bulk_pages_open(b, LONGEST);
	return all_is_copied(IN_PAGES);
}

/* The room is the parent's. What the child has in its place is not touched. */
static enum result use_in_child(void)
{
	char *at = mmap(p->room, p->size, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(at == p->room);
	CHECK(is_copied(SOME, 2) && sent(SOME, 3) && !*at);
	bulk_pages_close(p);
	CHECK(is_there(at));
	return PASS;
}

static enum result forked_child_has_none(void)
{
	int child, status;

	OPEN_ROOM(O_NONBLOCK, BULK_WINDOW_DEFAULT, LONGEST);
	CHECK(sent(LONGEST, 1) && is_mapped(LONGEST, 1) && sent(SOME, 2));
	child = fork();
	if (!child)
		_exit(use_in_child());
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == PASS);
	CHECK(is_record(p->room, LONGEST, 1) && is_mapped(SOME, 3));
	return close_room();
}

/* The filter comes when there is a room already. */
static enum result call_held_back_later(void)
{
	uint64_t tag;
	size_t len;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	CHECK(take_away_call(__NR_bulk_xfer, SECCOMP_RET_ERRNO | EPERM));
	CHECK(!bulk_send_pages(b, make_record(SOME, 1), SOME, 0));
	CHECK(bulk_send_pages(b, record, SOME, 1) == -1 && errno == ENOSYS);
	CHECK(!bulk_recv_pages(p, &len, &tag, NULL) && errno == ENOSYS);
	CHECK(bulk_recv_pages(p, &len, NULL, NULL) == p->copy && p->copy);
	CHECK(len == SOME && is_record(p->copy, SOME, 1));
	return close_room();
}

/* --- Waiting --- */

static void do_nothing(int sig)
{
	(void)sig;
}

static enum result signal_interrupts(void)
{
	struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	struct sigaction sa = { .sa_handler = do_nothing };
	timer_t timer;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &timer));
	CHECK(!timer_settime(timer, 0, &every, NULL));
	CHECK(fails_with(EINTR));
	CHECK(!timer_delete(timer));
	CHECK(sent(SOME, 1) && is_mapped(SOME, 1));
	return close_room();
}

static void *waits_for_some(void *tag)
{
	return is_mapped(SOME, *(uint64_t *)tag) ? tag : NULL;
}

static enum result sleeper_is_woken(void)
{
	pthread_t thread;
	uint64_t n;
	void *ret;

	OPEN_ROOM(0, BULK_WINDOW_DEFAULT, LONGEST);
	for (n = 0; n < ROUNDS; n++) {
		CHECK(!pthread_create(&thread, NULL, waits_for_some, &n));
		usleep(1000);
		CHECK(sent(SOME, n));
		CHECK(!pthread_join(thread, &ret) && ret == &n);
	}
	return close_room();
}

static uint64_t tags_seen;

/* Return: @arg if all that it received was as it should be. */
static void *receives_until_none_is_left(void *arg)
{
	struct bulk_pages *own = bulk_pages_open(b, IN_PAGES);
	uint64_t tag, bit;
	const void *at;
	size_t len;

	if (!own)
		return NULL;
	while ((at = bulk_recv_pages(own, &len, &tag, NULL))) {
		bit = 1ULL << tag;
		if (at != own->room || len != IN_PAGES ||
		    !is_record(at, len, tag) ||
		    (__atomic_fetch_or(&tags_seen, bit, __ATOMIC_RELAXED) & bit))
			return NULL;
	}
	bulk_pages_close(own);
	return errno == EAGAIN ? arg : NULL;
}

static enum result each_thread_has_a_room(void)
{
	pthread_t threads[4];
	unsigned int i;
	void *ret;

	OPEN(O_NONBLOCK, BULK_WINDOW_DEFAULT);
	for (i = 0; i < 64; i++)
		CHECK(sent(IN_PAGES, i));
	for (i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL,
				      receives_until_none_is_left, b));
	for (i = 0; i < 4; i++)
		CHECK(!pthread_join(threads[i], &ret) && ret == b);
	CHECK(tags_seen == UINT64_MAX);
	bulk_close(b);
	return PASS;
}

static const struct test tests[] = {
	{ "there_and_back_with_a_window", there_and_back_with_a_window },
	{ "there_and_back_with_a_small_window", there_and_back_with_a_small_window },
	{ "there_and_back_without_a_window", there_and_back_without_a_window },
	{ "short_records_are_copied", short_records_are_copied },
	{ "order_is_kept", order_is_kept },
	{ "others_copy_what_is_in_pages", others_copy_what_is_in_pages },
	{ "room_that_is_too_small", room_that_is_too_small },
	{ "one_direction", one_direction },
	{ "each_room_keeps_its_record", each_room_keeps_its_record },
	{ "pages_outlive_the_endpoint", pages_outlive_the_endpoint },
	{ "received_pages_are_sent_on", received_pages_are_sent_on },
	{ "no_room_wanted", no_room_wanted },
	{ "more_than_a_room_may_have", more_than_a_room_may_have },
	{ "memory_that_may_not_be_locked", memory_that_may_not_be_locked },
	{ "forked_child_has_none", forked_child_has_none },
	{ "call_held_back_later", call_held_back_later },
	{ "signal_interrupts", signal_interrupts },
	{ "sleeper_is_woken", sleeper_is_woken },
	{ "each_thread_has_a_room", each_thread_has_a_room },
};

int main(void)
{
	return TAP_RUN(tests);
}
