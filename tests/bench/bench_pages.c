// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of a record that goes by its pages, of that of one that is copied, to and from the channel blind.
 *
 * Nobody looks at a byte: rows have a checksum, which hides what this is about.
 * Each line, which begins with "# pages", has the ticks of the time stamp counter
 * that one call took, the least of many; with --icount these are instructions. In a
 * folio of 2 MiB is the program's memory for a SEND, the kernel's for a RECV. To
 * push a record costs the kernel the same, whether it is copied then or mapped.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mman.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "blind/lab_blind.h"
#include "bulk_xfer.h"
#include "clock.h"
#include "kmodule.h"

#define LEAST		4096U
#define MOST		(1U << 20)
#define LONGEST		((size_t)LAB_BLIND_MAX_BYTES)	/* a folio */
#define ROUNDS		9	/* the fastest counts */

/**
 * struct place - where records of one kind of memory are
 * @out: those that are sent
 * @in: those that are copied there
 * @room: those whose pages are mapped there
 * @push: has the kernel push one
 */
struct place {
	uint8_t *out;
	uint8_t *in;
	uint8_t *room;
	unsigned long push;
};

static int fd, ctl;

/* LONGEST bytes at a multiple of it. */
static void *map(int prot, int flags, int file, off_t off)
{
	uintptr_t at = (uintptr_t)mmap(NULL, 2 * LONGEST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *place;

	if ((void *)at == MAP_FAILED)
		err(1, "mmap");
	at = (at + LONGEST - 1) & ~(LONGEST - 1);
	place = mmap((void *)at, LONGEST, prot, flags | MAP_FIXED, file, off);
	if (place == MAP_FAILED)
		err(1, "mmap");
	return place;
}

static uint8_t *memory(int advice)
{
	uint8_t *at = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(at, LAB_PATTERN, LONGEST);
	if (advice && madvise(at, LONGEST, advice))
		err(1, "no folio of 2 MiB");
	return at;
}

static struct place place_of(int advice, unsigned long push)
{
	return (struct place){
		.out = memory(advice), .in = memory(0), .push = push,
		.room = map(PROT_READ, MAP_SHARED, fd, BULK_OFF_PAGES),
	};
}

static uint64_t run(uint16_t op, uint16_t flags, void *at, size_t len)
{
	struct bulk_seg seg = bulk_seg_of(op, flags, at, len);
	uint64_t begun = clock_ticks(), ticks;
	long ret = bulk_xfer(fd, &seg, 1, 0);

	ticks = clock_ticks() - begun;
	if (ret != 1 || (size_t)seg.res != len)
		errx(1, "operation %u of %zu bytes, flags %u: %ld, %d", op, len, flags, ret, seg.res);
	return ticks;
}

static uint64_t send_one(const struct place *p, size_t len, bool by_page)
{
	return run(BULK_OP_SEND, by_page ? BULK_SEG_PIN : 0, p->out, len);
}

static uint64_t recv_one(const struct place *p, size_t len, bool by_page)
{
	if (ioctl(ctl, p->push, len))
		err(1, "push of %zu bytes", len);
	if (by_page)
		return run(BULK_OP_RECV, BULK_SEG_MAP, p->room, len);
	return run(BULK_OP_RECV, 0, p->in, len);
}

/* The work that is done before a RECV. */
static uint64_t push_one(const struct place *p, size_t len, bool by_page)
{
	uint64_t begun = clock_ticks(), ticks;

	if (ioctl(ctl, p->push, len))
		err(1, "push of %zu bytes", len);
	ticks = clock_ticks() - begun;
	run(BULK_OP_RECV, by_page ? BULK_SEG_MAP : 0, by_page ? p->room : p->in, len);
	return ticks;
}

typedef uint64_t (*move_t)(const struct place *p, size_t len, bool by_page);

static uint64_t fastest(move_t move, const struct place *p, size_t len, bool by_page)
{
	uint64_t best = UINT64_MAX, ticks;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		ticks = move(p, len, by_page);
		if (ticks < best)
			best = ticks;
	}
	/* Those of the last record would be in the way of later ones. */
	if (madvise(p->room, LONGEST, MADV_DONTNEED))
		err(1, "madvise");
	return best;
}

/* Ticks that the pages cost more than the copy. */
static double compare(const char *what, move_t move, const struct place *p, size_t len, const char *name)
{
	uint64_t copied = fastest(move, p, len, false), by_page = fastest(move, p, len, true);

	printf("# pages: %s of %s takes %" PRIu64 " ticks by its pages, %.4f times the %" PRIu64 " by a copy\n",
	       what, name, by_page, (double)by_page / copied, copied);
	return (double)by_page - copied;
}

/* Where straight lines through the two sizes' costs cross. */
static void print_break_even(const char *what, double at_least, double at_most)
{
	if (at_least <= 0)
		printf("# pages: %s costs no more by its pages at any size\n", what);
	else if (at_most < 0)
		printf("# pages: %s breaks even at %.0f B\n", what,
		       LEAST + (MOST - LEAST) * at_least / (at_least - at_most));
}

static void compare_all(const char *what, move_t move, const struct place *single, const struct place *folio)
{
	double at_least = compare(what, move, single, LEAST, "4 KiB"), at_most;

	compare(what, move, single, 16 << 10, "16 KiB");
	compare(what, move, single, 64 << 10, "64 KiB");
	at_most = compare(what, move, single, MOST, "1 MiB");
	compare(what, move, folio, LONGEST, "2 MiB in a folio");
	print_break_even(what, at_least, at_most);
}

int main(void)
{
	struct place single, folio;

	kmodule_load("blind");
	ctl = open("/dev/lab_blind", O_RDWR | O_CLOEXEC);
	fd = open("/dev/bulk/blind", O_RDWR | O_CLOEXEC);
	if (ctl < 0 || fd < 0)
		err(1, "channel blind");
	single = place_of(0, LAB_BLIND_PAGES);
	folio = place_of(MADV_COLLAPSE, LAB_BLIND_FOLIO);
	compare_all("SEND", send_one, &single, &folio);
	compare_all("RECV", recv_one, &single, &folio);
	printf("# pages: to push 1 MiB takes %" PRIu64 " ticks, 2 MiB in a folio %" PRIu64 "\n",
	       fastest(push_one, &single, MOST, true), fastest(push_one, &folio, LONGEST, true));
	munmap(single.room, LONGEST);
	munmap(folio.room, LONGEST);
	close(fd);
	close(ctl);
	kmodule_unload("blind");
	return 0;
}
