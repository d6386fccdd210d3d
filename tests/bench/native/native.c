// SPDX-License-Identifier: GPL-2.0
/*
 * Cycles of this processor for a record through the vDSO's function, against a window in plain memory.
 *
 * The vDSO's own sources are compiled in. Beside them, in the same run: a copy of
 * the same bytes, without and with the head that a record has in a region, and a
 * ring of Concurrency Kit for one producer and one consumer, to which records are
 * copied. A cycle is one of the time stamp counter.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <ck_ring.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include <uapi/linux/bulk_xfer.h>

#include "window.h"

#define RING		(1U << 20)
#define SLOTS		256		/* records a run, all of which fit; a power of two */
#define RUNS		2000
#define LONGEST		4096
#define STREAM		400000		/* records from one thread to another */

long __vdso_bulk_xfer(int fd, struct bulk_seg *segs, unsigned int nr_segs,
		      unsigned int flags, void *window);

/* Bytes of a record in each row. */
static const uint32_t sizes[] = { 16, 64, 256, 1024, 4096 };

static struct window window;
static unsigned char source[LONGEST], target[LONGEST];
static unsigned char (*slots)[LONGEST];
/* Two regions, that is copied from and that is copied to. */
static unsigned char *from_region, *to_region;
static ck_ring_t ring;
static ck_ring_buffer_t ring_buffer[2 * SLOTS];
static unsigned long runs = RUNS, stream = STREAM;

static void die(const char *what)
{
	fprintf(stderr, "native: %s\n", what);
	exit(1);
}

static uint64_t now(void)
{
	unsigned int cpu;
	uint64_t t = __rdtscp(&cpu);

	_mm_lfence();
	return t;
}

/* A thread that is moved to another processor in the middle would measure that. */
static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static long send_record(uint32_t len, uint64_t tag)
{
	struct bulk_seg seg = {
		.addr = (uintptr_t)source, .len = len, .tag = tag, .op = BULK_OP_SEND,
	};

	return __vdso_bulk_xfer(0, &seg, 1, BULK_NO_SYSCALL, window.base);
}

static long recv_record(uint32_t room, uint64_t *tag)
{
	struct bulk_seg seg = { .addr = (uintptr_t)target, .len = room, .op = BULK_OP_RECV };
	long ret = __vdso_bulk_xfer(0, &seg, 1, BULK_NO_SYSCALL, window.base);

	*tag = seg.tag;
	return ret == 1 ? seg.res : ret;
}

/* --- One thread: a run is timed, what the other side does is not --- */

static unsigned int records(uint32_t len)
{
	/* Beyond half of the ring, the function calls the kernel. */
	unsigned int most = RING / 2 / (len + sizeof(struct bulk_record));

	return most < SLOTS ? most : SLOTS;
}

static uint64_t time_send(uint32_t len, unsigned int n)
{
	uint64_t start = now(), end;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (send_record(len, i) != 1)
			die("a record was not sent through the window");
	end = now();
	if (window_take(&window, target) != n || memcmp(source, target, len))
		die("what was taken is not what was sent");
	return end - start;
}

static uint64_t time_recv(uint32_t len, unsigned int n)
{
	uint64_t start, end, tag;
	unsigned int i;

	for (i = 0; i < n; i++)
		window_put(&window, source, len, i);
	start = now();
	for (i = 0; i < n; i++)
		if (recv_record(len, &tag) != (long)len || tag != i)
			die("a record was not received through the window");
	end = now();
	if (memcmp(source, target, len))
		die("what was received is not what was put there");
	return end - start;
}

static uint64_t time_memcpy(uint32_t len, unsigned int n)
{
	uint64_t start = now();
	unsigned int i;

	for (i = 0; i < n; i++) {
		memcpy(slots[i], source, len);
		/* Each copy is made. */
		asm volatile ("" : : "r" (slots[i]) : "memory");
	}
	return now() - start;
}

static void ck_send(uint32_t len, unsigned int i)
{
	unsigned char *slot = slots[i % SLOTS];

	memcpy(slot, source, len);
	if (!ck_ring_enqueue_spsc(&ring, ring_buffer, slot))
		die("the ring of ck is full");
}

static uint64_t time_ck_send(uint32_t len, unsigned int n)
{
	uint64_t start = now(), end;
	unsigned int i;
	void *slot;

	for (i = 0; i < n; i++)
		ck_send(len, i);
	end = now();
	while (ck_ring_dequeue_spsc(&ring, ring_buffer, &slot))
		;
	return end - start;
}

static uint64_t time_ck_recv(uint32_t len, unsigned int n)
{
	uint64_t start;
	unsigned int i;
	void *slot;

	for (i = 0; i < n; i++)
		ck_send(len, i);
	start = now();
	for (i = 0; i < n; i++) {
		if (!ck_ring_dequeue_spsc(&ring, ring_buffer, &slot))
			die("the ring of ck is empty");
		memcpy(target, slot, len);
	}
	return now() - start;
}

/* --- Regions, and records in place --- */

static long run_seg(struct bulk_seg *seg)
{
	return __vdso_bulk_xfer(0, seg, 1, BULK_NO_SYSCALL, window.base);
}

static size_t region_bytes(uint32_t len, unsigned int n)
{
	return n * BULK_PACKED_SIZE(len);
}

/* Memory of a region, into which a record is copied with its head. */
static inline unsigned char *put_record(unsigned char *at, uint32_t len, uint64_t tag)
{
	struct bulk_packed *rec = (struct bulk_packed *)at;

	rec->len = len;
	rec->lost = 0;
	rec->tag = tag;
	memcpy(rec->data, source, len);
	return at + BULK_PACKED_SIZE(len);
}

static void fill_region(unsigned char *at, uint32_t len, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		at = put_record(at, len, i);
}

static uint64_t time_memcpy_region(uint32_t len, unsigned int n)
{
	size_t size = BULK_PACKED_SIZE(len);
	uint64_t start = now();
	unsigned int i;

	for (i = 0; i < n; i++) {
		memcpy(to_region + i * size, from_region + i * size, size);
		/* Each copy is made. */
		asm volatile ("" : : "r" (to_region) : "memory");
	}
	return now() - start;
}

static void check_taken(uint32_t len, unsigned int n)
{
	if (window_take(&window, target) != n || memcmp(source, target, len))
		die("what was taken is not what was sent");
}

static uint64_t time_send_region(uint32_t len, unsigned int n)
{
	struct bulk_seg seg = {
		.addr = (uintptr_t)from_region, .len = region_bytes(len, n),
		.op = BULK_OP_SEND, .flags = BULK_SEG_PACKED,
	};
	uint64_t start, end;

	fill_region(from_region, len, n);
	start = now();
	if (run_seg(&seg) != 1 || seg.tag != n)
		die("a region was not sent through the window");
	end = now();
	check_taken(len, n);
	return end - start;
}

static uint64_t time_recv_region(uint32_t len, unsigned int n)
{
	struct bulk_seg seg = {
		.addr = (uintptr_t)to_region, .len = region_bytes(len, n),
		.op = BULK_OP_RECV, .flags = BULK_SEG_PACKED,
	};
	uint64_t start, end;
	unsigned int i;

	for (i = 0; i < n; i++)
		window_put(&window, source, len, i);
	start = now();
	if (run_seg(&seg) != 1 || seg.tag != n)
		die("a region was not received through the window");
	end = now();
	if (memcmp(source, to_region + sizeof(struct bulk_packed), len))
		die("what was received is not what was put there");
	return end - start;
}

static uint64_t time_send_in_place(uint32_t len, unsigned int n)
{
	struct bulk_seg reserve = { .len = region_bytes(len, n), .op = BULK_OP_RESERVE };
	struct bulk_seg commit = {
		.len = region_bytes(len, n), .op = BULK_OP_COMMIT, .flags = BULK_SEG_DISCARD,
	};
	uint64_t start = now(), end;

	if (run_seg(&reserve) != 1)
		die("no room was reserved in the window");
	fill_region((unsigned char *)(uintptr_t)reserve.addr, len, n);
	if (run_seg(&commit) != 1 || commit.tag != n)
		die("what was reserved was not committed");
	end = now();
	check_taken(len, n);
	return end - start;
}

static uint64_t time_recv_in_place(uint32_t len, unsigned int n)
{
	struct bulk_seg borrow = { .len = region_bytes(len, n), .op = BULK_OP_BORROW };
	struct bulk_seg give_back = { .len = region_bytes(len, n), .op = BULK_OP_RETURN };
	const unsigned char *at;
	uint64_t start, end;
	unsigned int i;

	for (i = 0; i < n; i++)
		window_put(&window, source, len, i);
	start = now();
	if (run_seg(&borrow) != 1 || borrow.len != give_back.len)
		die("the window was not borrowed");
	at = (const unsigned char *)(uintptr_t)borrow.addr;
	for (i = 0; i < n; i++, at += BULK_PACKED_SIZE(len)) {
		const struct bulk_packed *rec = (const struct bulk_packed *)at;

		if (rec->len != len)
			die("what was borrowed is not what was put there");
		memcpy(slots[i], rec->data, len);
		asm volatile ("" : : "r" (slots[i]) : "memory");
	}
	if (run_seg(&give_back) != 1 || give_back.tag != n)
		die("what was borrowed was not returned");
	end = now();
	return end - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void one_thread(const char *name, uint64_t (*run)(uint32_t len, unsigned int n))
{
	double *cycles = calloc(runs, sizeof(*cycles));
	unsigned long i;
	size_t s;

	if (!cycles)
		die("no memory");
	for (s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		unsigned int n = records(sizes[s]);

		for (i = 0; i < runs; i++)
			cycles[i] = (double)run(sizes[s], n) / n;
		qsort(cycles, runs, sizeof(*cycles), compare);
		printf("%-22s %7u %8d %10.1f %10.1f\n", name, sizes[s], 1, cycles[0],
		       cycles[runs / 2]);
	}
	free(cycles);
}

/* --- Two threads: from one processor to another --- */

struct stream {
	uint32_t len;
	unsigned long got;
};

static void *take_from_window(void *arg)
{
	static unsigned char to[LONGEST];
	struct stream *s = arg;

	pin(1);
	while (s->got < stream)
		s->got += window_take(&window, to);
	return NULL;
}

static void *take_from_ck(void *arg)
{
	static unsigned char to[LONGEST];
	struct stream *s = arg;
	void *slot;

	pin(1);
	while (s->got < stream)
		if (ck_ring_dequeue_spsc(&ring, ring_buffer, &slot)) {
			memcpy(to, slot, s->len);
			s->got++;
		}
	return NULL;
}

/* The ring holds half of the slots at most, so that none is written to while it is read. */
static void stream_to_ck(uint32_t len)
{
	unsigned long i;

	for (i = 0; i < stream; i++) {
		unsigned char *slot = slots[i % SLOTS];

		while (ck_ring_size(&ring) >= SLOTS / 2)
			_mm_pause();
		memcpy(slot, source, len);
		while (!ck_ring_enqueue_spsc(&ring, ring_buffer, slot))
			_mm_pause();
	}
}

static void stream_to_window(uint32_t len)
{
	unsigned long i;

	for (i = 0; i < stream; i++)
		while (send_record(len, i) != 1)
			_mm_pause();
}

static void two_threads(const char *name, void *(*take)(void *), void (*give)(uint32_t len))
{
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct stream s = { .len = sizes[i] };
		pthread_t other;
		uint64_t start;

		if (pthread_create(&other, NULL, take, &s))
			die("pthread_create");
		start = now();
		give(s.len);
		pthread_join(other, NULL);
		printf("%-22s %7u %8d %10s %10.1f\n", name, s.len, 2, "",
		       (double)(now() - start) / stream);
	}
}

int main(int argc, char **argv)
{
	size_t i;

	/* Fewer, to see that it works. */
	if (argc > 1) {
		runs = strtoul(argv[1], NULL, 10);
		stream = 100 * runs;
	}
	if (!runs || argc > 2)
		die("usage: native [RUNS]");
	slots = aligned_alloc(64, SLOTS * sizeof(*slots));
	from_region = aligned_alloc(64, RING);
	to_region = aligned_alloc(64, RING);
	if (!slots || !from_region || !to_region || window_make(&window, RING))
		die("no memory for a window");
	memset(slots, 0, SLOTS * sizeof(*slots));
	memset(from_region, 0, RING);
	memset(to_region, 0, RING);
	for (i = 0; i < sizeof(source); i++)
		source[i] = i * 31 + 7;
	ck_ring_init(&ring, 2 * SLOTS);
	pin(0);
	printf("%-22s %7s %8s %10s %10s\n", "cycles a record", "bytes", "threads", "minimum", "median");
	one_thread("memcpy", time_memcpy);
	one_thread("vDSO SEND", time_send);
	one_thread("ck_ring and copy, in", time_ck_send);
	one_thread("vDSO RECV", time_recv);
	one_thread("ck_ring and copy, out", time_ck_recv);
	one_thread("memcpy with a head", time_memcpy_region);
	one_thread("vDSO SEND, region", time_send_region);
	one_thread("vDSO RECV, region", time_recv_region);
	one_thread("copy in place, in", time_send_in_place);
	one_thread("copy in place, out", time_recv_in_place);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return 0;
	two_threads("vDSO SEND and taking", take_from_window, stream_to_window);
	two_threads("ck_ring and copies", take_from_ck, stream_to_ck);
	return 0;
}
