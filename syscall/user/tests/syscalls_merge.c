// SPDX-License-Identifier: GPL-2.0
/*
 * What bulkctl makes of received records before it prints them, without a kernel:
 * their order, and which of them are none. Also which calls a filter names.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulkctl/syscalls/filter.h"
#include "bulkctl/syscalls/record.h"
#include "syscalls_records.h"

#define MOST		4096

static uint64_t times[MOST];
static uint32_t losses[MOST];
static unsigned int nr;

static void note(const struct event *e, void *arg)
{
	(void)arg;
	times[nr] = e->time;
	losses[nr] = e->lost;
	nr++;
}

static void put_end(unsigned int cpu, uint64_t time, uint32_t lost)
{
	struct bulk_syscalls_end end = {
		.head = head_of(BULK_SYSCALLS_END, PID),
	};

	put(cpu, time, lost, &end, sizeof(end));
}

static enum result oldest_goes_first(void)
{
	unsigned int i;

	srand(1);
	for (i = 0; i < MOST; i++)
		put_end(rand() % CPUS, i, 0);
	merge_until(&merge, UINT64_MAX, note, NULL);
	CHECK(nr == MOST && !merge_waits(&merge));
	for (i = 0; i < MOST; i++)
		CHECK(times[i] == i);
	return PASS;
}

static enum result young_ones_are_held_back(void)
{
	put_end(0, 10, 0);
	put_end(1, 20, 0);
	put_end(2, 30, 0);
	merge_until(&merge, 20, note, NULL);
	CHECK(nr == 1 && times[0] == 10 && merge_waits(&merge));
	put_end(0, 15, 0);
	merge_until(&merge, 31, note, NULL);
	CHECK(nr == 4 && times[1] == 15 && times[2] == 20 && times[3] == 30);
	CHECK(!merge_waits(&merge));
	return PASS;
}

static enum result order_within_a_queue_stays(void)
{
	put_end(0, 30, 0);
	put_end(0, 10, 0);
	put_end(1, 20, 0);
	merge_until(&merge, UINT64_MAX, note, NULL);
	CHECK(nr == 3);
	CHECK(times[0] == 20 && times[1] == 30 && times[2] == 10);
	return PASS;
}

/* Many chunks, taken while others are added. */
static enum result nothing_is_lost_between_chunks(void)
{
	static union record r;
	unsigned int i;

	r.head = head_of(BULK_SYSCALLS_END, PID);
	for (i = 0; i < MOST; i++) {
		put(0, i, 0, &r, sizeof(r.end) + i % (sizeof(r) - sizeof(r.end)));
		if (i % 7 == 0)
			merge_until(&merge, i / 2, note, NULL);
	}
	merge_until(&merge, UINT64_MAX, note, NULL);
	CHECK(nr == MOST && !queues[0].skipped);
	for (i = 0; i < MOST; i++)
		CHECK(times[i] == i);
	return PASS;
}

static bool is_skipped(const void *data, size_t len)
{
	uint64_t before = queues[0].skipped;

	put(0, 1, 0, data, len);
	merge_until(&merge, UINT64_MAX, note, NULL);
	return !nr && queues[0].skipped == before + 1;
}

static enum result short_ones_are_skipped(void)
{
	static const size_t sizes[] = {
		[BULK_SYSCALLS_STARTED] = sizeof(struct bulk_syscalls_started),
		[BULK_SYSCALLS_ENTER] = sizeof(struct bulk_syscalls_enter),
		[BULK_SYSCALLS_EXIT] = sizeof(struct bulk_syscalls_exit),
		[BULK_SYSCALLS_EXEC] = sizeof(struct bulk_syscalls_exec),
		[BULK_SYSCALLS_FORK] = sizeof(struct bulk_syscalls_fork),
		[BULK_SYSCALLS_END] = sizeof(struct bulk_syscalls_end),
		[BULK_SYSCALLS_COMM] = sizeof(struct bulk_syscalls_comm),
		[BULK_SYSCALLS_TOTALS] = sizeof(struct bulk_syscalls_totals),
	};
	union record r = { .words = { 0 } };
	unsigned int type;
	size_t len;

	for (type = BULK_SYSCALLS_STARTED; type <= BULK_SYSCALLS_TOTALS; type++) {
		r.head.type = type;
		for (len = 0; len < sizes[type]; len++)
			CHECK(is_skipped(&r, len));
		CHECK(record_valid(&r.head, sizes[type]));
	}
	return PASS;
}

static enum result unknown_types_are_skipped(void)
{
	static const unsigned int types[] = { 0, BULK_SYSCALLS_TOTALS + 1,
					      0x8000, 0xffff };
	union record r = { .words = { 0 } };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		r.head.type = types[i];
		CHECK(is_skipped(&r, sizeof(r)));
	}
	return PASS;
}

static enum result parts_stay_inside(void)
{
	static const uint32_t lens[] = { 9, 16, 0x7fffffff, 0xfffffff8,
					 0xffffffff };
	const uint64_t args[6] = { 0 };
	union record r = enter_of(PID, "open", args);
	struct bulk_syscalls_part *part = (void *)(&r.enter + 1);
	size_t len = sizeof(r.enter);
	unsigned int i;

	r.enter.parts = 16;
	CHECK(is_skipped(&r, len + 15));
	part->len = 8;
	CHECK(record_valid(&r.head, len + 16));
	for (i = 0; i < 5; i++) {
		part->len = lens[i];
		CHECK(is_skipped(&r, len + 16));
	}
	for (i = 0; i < 5; i++) {
		r.enter.parts = lens[i];
		CHECK(is_skipped(&r, len + 8));
	}
	r.enter.parts = 4; /* no room for the head of a part */
	CHECK(is_skipped(&r, len + 16));
	return PASS;
}

static enum result lengths_stay_inside(void)
{
	union record r = { .exec = { .len = 5 } };

	r.head.type = BULK_SYSCALLS_EXEC;
	CHECK(record_valid(&r.head, sizeof(r.exec) + 5));
	CHECK(is_skipped(&r, sizeof(r.exec) + 4));
	r.exec.len = UINT32_MAX;
	CHECK(is_skipped(&r, sizeof(r.exec) + 4));
	r = (union record){ .totals = { .nr_losses = 2 } };
	r.head.type = BULK_SYSCALLS_TOTALS;
	CHECK(record_valid(&r.head, sizeof(r.totals) + 2 * 32));
	CHECK(is_skipped(&r, sizeof(r.totals) + 2 * 32 - 1));
	r.totals.nr_losses = UINT32_MAX;
	CHECK(is_skipped(&r, sizeof(r.totals) + 2 * 32));
	r = (union record){ .leave = { .nr = 0 } };
	r.head.type = BULK_SYSCALLS_EXIT;
	r.head.flags = BULK_SYSCALLS_ARGS;
	CHECK(is_skipped(&r, sizeof(r.leave) + 47));
	CHECK(record_valid(&r.head, sizeof(r.leave) + 48));
	r.head = head_of(BULK_SYSCALLS_COMM, PID);
	memset(r.comm.comm, 'x', sizeof(r.comm.comm));
	CHECK(is_skipped(&r, sizeof(r.comm)));
	return PASS;
}

/* What was lost before one that is skipped is not forgotten. */
static enum result losses_are_told_with_the_next(void)
{
	union record unknown = { .words = { 0 } };

	put(0, 1, 5, &unknown, 3);
	put(0, 2, 7, &unknown, sizeof(unknown));
	put_end(0, 3, 1);
	put_end(0, 4, 0);
	put(0, 5, UINT32_MAX, &unknown, 0);
	put_end(0, 6, 2);
	merge_until(&merge, UINT64_MAX, note, NULL);
	CHECK(nr == 3 && losses[0] == 13 && !losses[1]);
	CHECK(losses[2] == UINT32_MAX && queues[0].skipped == 3);
	return PASS;
}

/* Reads all that a record says it has: what is outside is another one's. */
static void walk(const struct event *e, void *arg)
{
	const struct bulk_syscalls_part *part = NULL;
	const char *end = (const char *)e->head + e->len;
	bool *inside = arg;

	while ((part = record_part(e->head, part)))
		*inside = *inside && (const char *)part->data + part->len <= end;
	nr++;
}

static enum result nonsense_is_skipped_or_inside(void)
{
	bool inside = true;
	union record r;
	unsigned int i, j;

	srand(1);
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < 32; j++)
			r.words[j] = rand() % 4 ? rand() % 32 : rand();
		r.head.type = rand() % (BULK_SYSCALLS_TOTALS + 2);
		r.enter.parts = rand() % 128;
		put(0, i, 0, &r, rand() % 256);
		merge_until(&merge, UINT64_MAX, walk, &inside);
	}
	CHECK(inside && nr > 1000 && queues[0].skipped > 1000);
	CHECK(nr + queues[0].skipped == 20000);
	return PASS;
}

static enum result cut_region_is_no_record(void)
{
	struct bulk_packed head = { .len = 4096, .tag = 1 };
	size_t room;
	void *at = queue_room(&queues[0], &room);

	memcpy(at, &head, sizeof(head));
	queue_filled(&queues[0], sizeof(head));
	merge_until(&merge, UINT64_MAX, note, NULL);
	CHECK(!nr && queues[0].skipped == 1);
	put_end(0, 2, 0);
	merge_until(&merge, UINT64_MAX, note, NULL);
	CHECK(nr == 1 && queues[0].skipped == 1);
	return PASS;
}

/* --- Which calls a filter names. --- */

static bool chosen(const struct bulk_syscalls_filter *f, const char *name)
{
	int call = number_of(name);

	return f->calls[call / 64] >> call % 64 & 1;
}

static enum result filter_names_calls(void)
{
	struct bulk_syscalls_filter f = { .flags = 0 };
	int old = call_number(BULK_SYSCALLS_ABI_32, "waitpid");
	int x32 = call_number(BULK_SYSCALLS_ABI_X32, "ioctl");

	filter_calls(&f, "trace=openat,ioctl,waitpid");
	CHECK(f.flags == BULK_SYSCALLS_CALLS);
	CHECK(chosen(&f, "openat") && chosen(&f, "ioctl"));
	CHECK(!chosen(&f, "read") && !chosen(&f, "open"));
	CHECK(old == 7 && f.calls32[0] >> old & 1);
	CHECK(x32 == 514 && f.calls[x32 / 64] >> x32 % 64 & 1);
	return PASS;
}

static enum result filter_names_all_others(void)
{
	struct bulk_syscalls_filter f = { .flags = 0 };

	filter_calls(&f, "!read,write");
	CHECK(!chosen(&f, "read") && !chosen(&f, "write"));
	CHECK(chosen(&f, "openat") && chosen(&f, "exit_group"));
	CHECK(f.calls[31] == UINT64_MAX); /* those that have no name, too */
	return PASS;
}

static enum result filter_names_classes(void)
{
	struct bulk_syscalls_filter f = { .flags = 0 };

	filter_calls(&f, "%file,%memory");
	CHECK(chosen(&f, "openat") && chosen(&f, "execve"));
	CHECK(chosen(&f, "mmap") && chosen(&f, "brk"));
	CHECK(!chosen(&f, "read") && !chosen(&f, "socket"));
	filter_calls(&f, "%desc");
	CHECK(chosen(&f, "read") && chosen(&f, "openat"));
	CHECK(!chosen(&f, "brk") && !chosen(&f, "unlink"));
	filter_calls(&f, "%network,%process,getpid");
	CHECK(chosen(&f, "connect") && chosen(&f, "clone"));
	CHECK(chosen(&f, "getpid") && !chosen(&f, "getppid"));
	return PASS;
}

static const struct test tests[] = {
	{ "oldest_goes_first", oldest_goes_first },
	{ "young_ones_are_held_back", young_ones_are_held_back },
	{ "order_within_a_queue_stays", order_within_a_queue_stays },
	{ "nothing_is_lost_between_chunks", nothing_is_lost_between_chunks },
	{ "short_ones_are_skipped", short_ones_are_skipped },
	{ "unknown_types_are_skipped", unknown_types_are_skipped },
	{ "parts_stay_inside", parts_stay_inside },
	{ "lengths_stay_inside", lengths_stay_inside },
	{ "losses_are_told_with_the_next", losses_are_told_with_the_next },
	{ "nonsense_is_skipped_or_inside", nonsense_is_skipped_or_inside },
	{ "cut_region_is_no_record", cut_region_is_no_record },
	{ "filter_names_calls", filter_names_calls },
	{ "filter_names_all_others", filter_names_all_others },
	{ "filter_names_classes", filter_names_classes },
};

int main(void)
{
	return TAP_RUN(tests);
}
