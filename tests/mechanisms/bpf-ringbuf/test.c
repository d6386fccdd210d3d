// SPDX-License-Identifier: GPL-2.0
/*
 * BPF ring buffers: both directions, notification, a full ring, torn positions, bad programs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdlib.h>

#include "lab_test.h"
#include "programs.h"
#include "ring.h"

#define RING	65536

/* What a test works with. */
struct lab_bpf {
	struct bpf_ring ring;
	int ctl;
	int state;
	int slots;
	int link;
};

static char verifier_log[65536];

static int load(struct lab_bpf *b, uint32_t type)
{
	if (type == BPF_MAP_TYPE_USER_RINGBUF)
		return load_drainer(b->ring.fd, b->state, b->slots, 64, verifier_log,
				    sizeof(verifier_log));
	return load_copier(b->ring.fd, b->state, 64, 64, verifier_log, sizeof(verifier_log));
}

/* 0, or the line that failed. */
static int set_up(struct lab_bpf *b, uint32_t type)
{
	struct lab_bpf_maps maps;
	int prog;

	kmodule_remove_soon("bpf-ringbuf");
	if (kmodule_insert("bpf-ringbuf", ""))
		return __LINE__;
	b->ctl = lab_open("bpf-ringbuf");
	if (bpf_ring_map(&b->ring, map_create(type, 0, RING, 0), RING,
			 type == BPF_MAP_TYPE_USER_RINGBUF))
		return __LINE__;
	b->state = map_create(BPF_MAP_TYPE_ARRAY, sizeof(struct lab_bpf_state), 1, 0);
	b->slots = map_create(BPF_MAP_TYPE_ARRAY, 64, LAB_BPF_SLOTS, 0);
	maps = (struct lab_bpf_maps){ b->state, b->slots };
	if (ioctl(b->ctl, LAB_BPF_MAPS, &maps))
		return __LINE__;
	prog = load(b, type);
	if (prog < 0)
		return __LINE__;
	b->link = tracepoint_attach(LAB_BPF_EVENT, prog);
	close(prog);
	return b->link < 0 ? __LINE__ : 0;
}

static int tear_down(struct lab_bpf *b)
{
	bpf_ring_unmap(&b->ring);
	close(b->link);
	close(b->ring.fd);
	close(b->state);
	close(b->slots);
	close(b->ctl);
	return kmodule_remove_soon("bpf-ringbuf");
}

FIXTURE(to_user) { struct lab_bpf b; };
FIXTURE(to_kernel) { struct lab_bpf b; };

FIXTURE_SETUP(to_user)
{
	ASSERT_EQ(0, set_up(&self->b, BPF_MAP_TYPE_RINGBUF)) TH_LOG("%s", verifier_log);
}

FIXTURE_SETUP(to_kernel)
{
	ASSERT_EQ(0, set_up(&self->b, BPF_MAP_TYPE_USER_RINGBUF)) TH_LOG("%s", verifier_log);
}

FIXTURE_TEARDOWN(to_user)
{
	EXPECT_EQ(0, tear_down(&self->b));
}

FIXTURE_TEARDOWN(to_kernel)
{
	EXPECT_EQ(0, tear_down(&self->b));
}

static uint64_t dropped(int state)
{
	struct lab_bpf_state value = { 0 };

	return map_get(state, 0, &value) ? ~0ULL : value.dropped;
}

static int send_sample(struct bpf_ring *ring, uint32_t len, uint64_t seq)
{
	uint8_t *sample = bpf_ring_reserve(ring, len);

	if (!sample)
		return -1;
	if (len >= 16) {
		lab_prepare(sample, len);
		lab_produce(sample, len, seq);
	}
	bpf_ring_submit(sample, len);
	return 0;
}

TEST(unloads_and_loads_again)
{
	kmodule_remove_soon("bpf-ringbuf");
	ASSERT_EQ(0, kmodule_insert("bpf-ringbuf", ""));
	ASSERT_EQ(0, kmodule_remove("bpf-ringbuf"));
	ASSERT_EQ(0, kmodule_insert("bpf-ringbuf", ""));
	ASSERT_EQ(0, kmodule_remove("bpf-ringbuf"));
}

TEST_F(to_user, records_are_read_in_the_ring)
{
	uint8_t *record;
	uint32_t len;
	int i;

	ASSERT_EQ(100, ioctl(self->b.ctl, LAB_PRODUCE, 100));
	for (i = 0; i < 100; i++) {
		record = bpf_ring_peek(&self->b.ring, &len);
		ASSERT_NE(NULL, record);
		EXPECT_EQ(64, len);
		EXPECT_TRUE(lab_is_record(record, 64, i));
		bpf_ring_release(&self->b.ring, len);
	}
	EXPECT_EQ(NULL, bpf_ring_peek(&self->b.ring, &len));
}

TEST_F(to_user, poll_tells_of_records)
{
	struct pollfd pfd = { .fd = self->b.ring.fd, .events = POLLIN };
	uint32_t len;

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(1, ioctl(self->b.ctl, LAB_PRODUCE, 1));
	EXPECT_EQ(1, poll(&pfd, 1, 10000));
	ASSERT_NE(NULL, bpf_ring_peek(&self->b.ring, &len));
	bpf_ring_release(&self->b.ring, len);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
}

TEST_F(to_user, full_ring_refuses_and_only_the_program_knows)
{
	uint64_t seq = 0, lost;
	uint8_t *record;
	uint32_t len;

	ASSERT_EQ(2000, ioctl(self->b.ctl, LAB_PRODUCE, 2000));
	lost = dropped(self->b.state);
	EXPECT_GT(lost, 0);
	while ((record = bpf_ring_peek(&self->b.ring, &len))) {
		EXPECT_EQ(seq++, lab_seq(record));
		bpf_ring_release(&self->b.ring, len);
	}
	EXPECT_EQ(2000, seq + lost);
	ASSERT_EQ(1, ioctl(self->b.ctl, LAB_PRODUCE, 1));
	record = bpf_ring_peek(&self->b.ring, &len);
	ASSERT_NE(NULL, record);
	EXPECT_EQ(2000, lab_seq(record));
}

TEST_F(to_user, reader_cannot_write_the_data)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED,
				   self->b.ring.fd, RING_PAGE));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, mprotect(self->b.ring.producer, RING_PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(to_user, kernel_survives_a_torn_position)
{
	*self->b.ring.consumer = ~0ULL;
	ASSERT_EQ(10, ioctl(self->b.ctl, LAB_PRODUCE, 10));
	*self->b.ring.consumer = 1ULL << 40;
	ASSERT_EQ(10, ioctl(self->b.ctl, LAB_PRODUCE, 10));
}

TEST_F(to_kernel, samples_are_taken_in_order)
{
	uint64_t i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, send_sample(&self->b.ring, 64, i));
	EXPECT_EQ(0, ioctl(self->b.ctl, LAB_CONSUME, 100));
	EXPECT_EQ(6400, lab_received(self->b.ctl));
	EXPECT_EQ(*self->b.ring.producer, *self->b.ring.consumer);
	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_CONSUME, 1));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(to_kernel, full_user_ring_has_no_room)
{
	int sent = 0;

	while (!send_sample(&self->b.ring, 64, sent))
		sent++;
	EXPECT_EQ(RING / 72, sent);
	EXPECT_EQ(0, ioctl(self->b.ctl, LAB_CONSUME, sent));
	EXPECT_EQ(64 * sent, lab_received(self->b.ctl));
	EXPECT_EQ(0, send_sample(&self->b.ring, 64, sent));
}

TEST_F(to_kernel, short_sample_is_refused_by_the_program)
{
	ASSERT_EQ(0, send_sample(&self->b.ring, 8, 0));
	ASSERT_EQ(0, send_sample(&self->b.ring, 64, 1));
	EXPECT_EQ(0, ioctl(self->b.ctl, LAB_CONSUME, 1));
	EXPECT_EQ(64, lab_received(self->b.ctl));
	EXPECT_EQ(1, dropped(self->b.state));
}

/* A length beyond what was produced, a position that is not aligned. */
TEST_F(to_kernel, torn_samples_are_refused)
{
	ASSERT_EQ(0, send_sample(&self->b.ring, 64, 0));
	*(uint32_t *)self->b.ring.data = 4096;
	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_CONSUME, 1));
	*(uint32_t *)self->b.ring.data = 64;
	*self->b.ring.producer = 71;
	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_CONSUME, 1));
	EXPECT_EQ(0, lab_received(self->b.ctl));
	*self->b.ring.producer = 72;
	EXPECT_EQ(0, ioctl(self->b.ctl, LAB_CONSUME, 1));
	EXPECT_EQ(64, lab_received(self->b.ctl));
}

/* The kernel takes what the ring holds for samples, and nothing beside it. */
TEST_F(to_kernel, kernel_survives_a_position_far_ahead)
{
	memset(self->b.ring.data, 0xff, RING);
	*self->b.ring.producer = ~7ULL;
	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_CONSUME, 1));
	EXPECT_EQ(0, lab_received(self->b.ctl));
}

TEST_F(to_kernel, user_cannot_write_the_consumer)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				   self->b.ring.fd, 0));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(to_user, module_refuses_other_maps)
{
	struct lab_bpf_maps maps = { self->b.state, self->b.ring.fd };

	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_BPF_MAPS, &maps));
	EXPECT_EQ(EINVAL, errno);
	maps.slots = 9999;
	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_BPF_MAPS, &maps));
	EXPECT_EQ(EBADF, errno);
	maps.slots = self->b.ctl;
	EXPECT_EQ(-1, ioctl(self->b.ctl, LAB_BPF_MAPS, &maps));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(to_user, verifier_refuses_what_would_leak_or_overrun)
{
	const struct bpf_insn leak[] = {
		MAP(R1, self->b.ring.fd), SET(R2, 64), SET(R3, 0), CALL(ringbuf_reserve),
		SET(R0, 0), EXIT(),
	};
	const struct bpf_insn overrun[] = {
		MAP(R1, self->b.ring.fd), SET(R2, 64), SET(R3, 0), CALL(ringbuf_reserve),
		JUMP_IF(BPF_JEQ, R0, 0, 4),
		SET(R1, 0), STORE(R0, 64, R1), MOV(R1, R0), CALL(ringbuf_submit),
		SET(R0, 0), EXIT(),
	};

	EXPECT_EQ(-1, prog_load(leak, 7, 0, NULL, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, prog_load(overrun, 12, 0, NULL, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, map_create(BPF_MAP_TYPE_RINGBUF, 0, 5000, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(to_user, privilege_is_needed)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setuid(65534))
			_exit(1);
		_exit(map_create(BPF_MAP_TYPE_RINGBUF, 0, RING, 0) != -1 || errno != EPERM);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(to_user, attached_program_keeps_the_module)
{
	close(self->b.ctl);
	EXPECT_EQ(-EAGAIN, kmodule_remove("bpf-ringbuf"));
}

TEST_HARNESS_MAIN
