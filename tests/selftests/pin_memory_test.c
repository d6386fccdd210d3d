// SPDX-License-Identifier: GPL-2.0
/*
 * SEND of pinned memory of all kinds: the sink sees the same bytes as of a copy.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages.h"

#define MEMORY	(MAX_RECORD + 2 * PAGE)

FIXTURE(sums)
{
	int pinned, copied;
	__u64 sent;
	char *buf;
};

FIXTURE_SETUP(sums)
{
	self->pinned = open_channel("sink", O_RDWR);
	if (self->pinned == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	self->copied = open_channel("sink", O_RDWR);
	ASSERT_LE(0, self->pinned);
	ASSERT_LE(0, self->copied);
	self->buf = map_pages(MEMORY / PAGE);
	ASSERT_NE(MAP_FAILED, self->buf);
	fill(self->buf, MEMORY, 1);
}

/* A record that was not sent by both was sent by none. */
FIXTURE_TEARDOWN(sums)
{
	struct bulk_sink_totals a, b;

	EXPECT_EQ(sizeof(a), bulk_recv(self->pinned, &a, sizeof(a), NULL));
	EXPECT_EQ(sizeof(b), bulk_recv(self->copied, &b, sizeof(b), NULL));
	EXPECT_EQ(self->sent, a.records);
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	EXPECT_EQ(self->sent, figure(self->pinned, "tx-records"));
	EXPECT_EQ(figure(self->copied, "tx-bytes"),
		  figure(self->pinned, "tx-bytes"));
	close(self->pinned);
	close(self->copied);
}

static void send_both(struct __test_metadata *_metadata,
		      struct _test_data_sums *self, const void *at, size_t len)
{
	struct bulk_seg seg = seg_pin(at, len, self->sent);

	ASSERT_EQ(1, bulk_xfer(self->pinned, &seg, 1, BULK_DONTWAIT));
	ASSERT_EQ(len, seg.res);
	ASSERT_EQ(0, bulk_send(self->copied, at, len, self->sent));
	self->sent++;
}

static void expect_error(struct __test_metadata *_metadata,
			 struct _test_data_sums *self, struct bulk_seg seg,
			 int error)
{
	struct bulk_seg before = seg;

	EXPECT_EQ(error, bulk_xfer(self->pinned, &seg, 1, BULK_DONTWAIT)) {
		TH_LOG("op %u flags %#x len %u addr %#llx", before.op,
		       before.flags, before.len, before.addr);
	}
	before.res = error;
	EXPECT_EQ(0, memcmp(&before, &seg, sizeof(seg)));
}

static void expect_fault(struct __test_metadata *_metadata,
			 struct _test_data_sums *self, const void *at,
			 size_t len)
{
	expect_error(_metadata, self, seg_pin(at, len, 9), -EFAULT);
}

TEST_F(sums, every_alignment)
{
	static const size_t lens[] = { 1, 100, PAGE - 1, PAGE, PAGE + 1 };
	size_t step = rounds(1, 7, 61), from;
	unsigned int i;

	for (from = 0; from <= PAGE; from += step)
		for (i = 0; i < ARRAY_SIZE(lens); i++)
			send_both(_metadata, self, self->buf + from, lens[i]);
}

TEST_F(sums, long_records)
{
	static const size_t lens[] = { (64 << 10) + 3, MAX_RECORD };
	static const size_t starts[] = { 0, 1, 8, 2049, PAGE - 1, PAGE };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		for (j = 0; j < ARRAY_SIZE(lens); j++)
			send_both(_metadata, self, self->buf + starts[i],
				  lens[j]);
}

TEST_F(sums, no_bytes)
{
	send_both(_metadata, self, self->buf + 5, 0);
	send_both(_metadata, self, NULL, 0);
}

TEST_F(sums, memory_that_is_only_read)
{
	ASSERT_EQ(0, mprotect(self->buf, MEMORY, PROT_READ));
	send_both(_metadata, self, self->buf + 100, 5 * PAGE);
	/* And such as nobody has touched yet. */
	send_both(_metadata, self, map_pages(8), 8 * PAGE);
}

/* Of files, shared and private, and on both sides of a border. */
TEST_F(sums, memory_of_several_kinds)
{
	char *at = map_pages(4);
	int fd = memfd_create("bulk", 0);

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2 * PAGE, pwrite(fd, self->buf + 1, 2 * PAGE, 0));
	ASSERT_NE(MAP_FAILED, mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fd, 0));
	ASSERT_NE(MAP_FAILED, mmap(at + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	fill(at, PAGE, 2);
	send_both(_metadata, self, at + 7, 4 * PAGE - 7);
	/* The private page has a copy of its own now. */
	fill(at + 2 * PAGE, PAGE, 3);
	send_both(_metadata, self, at, 4 * PAGE);
	munmap(at, 4 * PAGE);
	close(fd);
}

/* Huge pages, where the kernel has them. */
TEST_F(sums, memory_that_may_be_huge)
{
	size_t huge = 2 << 20;
	char *map = map_pages(3 * huge / PAGE), *at;

	ASSERT_NE(MAP_FAILED, map);
	at = (char *)(((unsigned long)map + huge - 1) & ~(huge - 1));
	madvise(at, 2 * huge, MADV_HUGEPAGE);
	fill(at + huge / 2, huge, 4);
	send_both(_metadata, self, at + huge / 2 + 1, MAX_RECORD);
	/* From one into the next. */
	send_both(_metadata, self, at + huge - 12345, MAX_RECORD);
	munmap(map, 3 * huge);
}

/* Its pages are memory as any other; what is read there is no matter. */
TEST_F(sums, window_of_the_endpoint)
{
	struct windowed w;
	size_t pos, size;
	int ret = open_windowed(&w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	size = w.params.window_default;
	for (pos = 0; pos < size; pos += PAGE) {
		ASSERT_EQ(0, bulk_pin(w.fd, w.window + pos, PAGE, pos));
		ASSERT_EQ(PAGE, bulk_recv(w.fd, self->buf, PAGE, NULL));
	}
	/* Nobody writes to them now. */
	send_both(_metadata, self, w.window + size - PAGE, PAGE);
	ASSERT_EQ(0, window_send(&w, "x", 1, 0, BULK_NO_SYSCALL));
	EXPECT_EQ(1, window_recv(&w, self->buf, 1, NULL, 0));
	EXPECT_EQ(0, figure(w.fd, "window-errors"));
	close_windowed(&w);
}

TEST_F(sums, memory_that_is_not_there)
{
	char *at = self->buf;

	expect_fault(_metadata, self, NULL, 1);
	expect_fault(_metadata, self, (void *)~0UL, 1);
	expect_fault(_metadata, self, (void *)-PAGE, 2 * PAGE);
	expect_fault(_metadata, self, (void *)0x00007ffffffff000, 1);
	expect_fault(_metadata, self, (void *)0x0000800000000000, 1);
	expect_fault(_metadata, self, (void *)0xffff888000100000, PAGE);
	expect_fault(_metadata, self, (void *)0xffffffff81000000, PAGE);
	ASSERT_EQ(0, munmap(at + 3 * PAGE, PAGE));
	expect_fault(_metadata, self, at, 5 * PAGE);
	expect_fault(_metadata, self, at + 3 * PAGE - 1, 2);
	expect_fault(_metadata, self, at + 3 * PAGE, 1);
	expect_fault(_metadata, self, at + 4 * PAGE - 1, 2);
	expect_fault(_metadata, self, at + 1, MAX_RECORD);
	/* It ends where the record does. */
	send_both(_metadata, self, at + 1, 3 * PAGE - 1);
	send_both(_metadata, self, at + 4 * PAGE, PAGE);
}

TEST_F(sums, memory_without_access)
{
	char *at = self->buf;

	ASSERT_EQ(0, mprotect(at + 3 * PAGE, PAGE, PROT_NONE));
	expect_fault(_metadata, self, at, 5 * PAGE);
	expect_fault(_metadata, self, at + 3 * PAGE, 1);
	ASSERT_EQ(0, mprotect(at + 3 * PAGE, PAGE, PROT_READ));
	send_both(_metadata, self, at, 5 * PAGE);
}

TEST_F(sums, file_that_was_truncated)
{
	int fd = memfd_create("bulk", 0);
	char *at;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 4 * PAGE));
	at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, at);
	fill(at, 4 * PAGE, 5);
	send_both(_metadata, self, at, 4 * PAGE);
	ASSERT_EQ(0, ftruncate(fd, 2 * PAGE));
	expect_fault(_metadata, self, at, 4 * PAGE);
	expect_fault(_metadata, self, at + 2 * PAGE, 1);
	send_both(_metadata, self, at, 2 * PAGE);
	munmap(at, 4 * PAGE);
	close(fd);
}

/* Start of a mapping of what is no memory (VM_PFNMAP), or NULL. */
static void *find_device_memory(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end, at = 0;
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			at = start;
		found = !strncmp(line, "VmFlags:", 8) && strstr(line, " pf");
	}
	if (f)
		fclose(f);
	return found ? (void *)at : NULL;
}

TEST_F(sums, memory_of_a_device)
{
	void *at = find_device_memory();

	if (!at)
		SKIP(return, "no such mapping");
	expect_fault(_metadata, self, at, 1);
	expect_fault(_metadata, self, at, PAGE);
}

TEST_F(sums, longer_than_max_record)
{
	expect_error(_metadata, self, seg_pin(self->buf, MAX_RECORD + 1, 0),
		     -EMSGSIZE);
	expect_error(_metadata, self, seg_pin(self->buf, UINT_MAX, 0),
		     -EMSGSIZE);
	expect_error(_metadata, self, seg_pin(NULL, 1U << 31, 0), -EMSGSIZE);
}

TEST_F(sums, fields_that_must_be_zero)
{
	struct bulk_seg seg;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		seg = seg_pin(self->buf, 100, 0);
		seg.lost = 1U << bit;
		expect_error(_metadata, self, seg, -EINVAL);
	}
	for (bit = 0; bit < 16; bit++) {
		seg = seg_pin(self->buf, 100, 0);
		seg.flags |= 1U << bit;
		if (seg.flags != BULK_SEG_PIN)
			expect_error(_metadata, self, seg, -EINVAL);
	}
}

TEST_F(sums, flags_of_other_operations)
{
	static const unsigned int flags[] = {
		BULK_SEG_PIN, BULK_SEG_PIN | BULK_SEG_MAP, BULK_SEG_MAP,
		BULK_SEG_PIN | BULK_SEG_PACKED, BULK_SEG_MAP | BULK_SEG_PACKED,
		BULK_SEG_PIN | BULK_SEG_DISCARD, BULK_SEG_MAP | BULK_SEG_DISCARD,
	};
	unsigned int op, i;

	for (op = BULK_OP_SEND; op <= BULK_OP_RETURN; op++)
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			if ((op == BULK_OP_SEND && flags[i] == BULK_SEG_PIN) ||
			    (op == BULK_OP_RECV && flags[i] == BULK_SEG_MAP))
				continue;
			expect_error(_metadata, self,
				     seg_op(op, (unsigned long)self->buf, PAGE,
					    flags[i]), -EINVAL);
		}
}

TEST_HARNESS_MAIN
