// SPDX-License-Identifier: GPL-2.0
/*
 * The vDSO's bulk_xfer(): the query, and the same results as the system call.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "bulk_test.h"
#include "../vDSO/parse_vdso.h"

#define ROUNDS	2000

typedef long (*vdso_bulk_xfer)(int fd, struct bulk_seg *segs,
			       unsigned int nr_segs, unsigned int flags,
			       void *window);

FIXTURE(vdso)
{
	vdso_bulk_xfer call;
	int fd;
};

FIXTURE_SETUP(vdso)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);

	self->fd = -1;
	if (!base)
		SKIP(return, "no vDSO (vdso=0)");
	vdso_init_from_sysinfo_ehdr(base);
	self->call = vdso_sym("LINUX_2.6", "__vdso_bulk_xfer");
	ASSERT_NE(NULL, self->call);
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no channel echo");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(vdso)
{
	close(self->fd);
}

TEST_F(vdso, query_tells_the_number)
{
	struct bulk_params params;

	memset(&params, 0xff, sizeof(params));
	EXPECT_EQ(0, self->call(-1, NULL, 0, BULK_QUERY, &params));
	EXPECT_EQ(__NR_bulk_xfer, params.syscall_nr);
	EXPECT_EQ(BULK_ABI, params.abi);
}

TEST_F(vdso, query_writes_every_field)
{
	unsigned char params[sizeof(struct bulk_params) + 1];
	struct bulk_params a, b;

	memset(&a, 0x00, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	EXPECT_EQ(0, self->call(-1, NULL, 0, BULK_QUERY, &a));
	EXPECT_EQ(0, self->call(-1, NULL, 0, BULK_QUERY, &b));
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	/* And nothing behind them. */
	memset(params, 0xa5, sizeof(params));
	EXPECT_EQ(0, self->call(-1, NULL, 0, BULK_QUERY, params));
	EXPECT_EQ(0xa5, params[sizeof(params) - 1]);
}

TEST_F(vdso, query_needs_no_kernel)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bulk_xfer, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(filter),
		.filter = filter,
	};
	struct bulk_params params;
	struct bulk_seg seg = seg_send("x", 1, 0);

	ASSERT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		SKIP(return, "no seccomp filters");
	/* The filter is there, and the function does enter the kernel. */
	ASSERT_EQ(-ENOTTY, self->call(self->fd, &seg, 1, 0, NULL));
	EXPECT_EQ(0, self->call(-1, NULL, 0, BULK_QUERY, &params));
	EXPECT_EQ(-EAGAIN,
		  self->call(self->fd, &seg, 1, BULK_NO_SYSCALL, NULL));
}

TEST_F(vdso, no_syscall_has_no_effect)
{
	struct bulk_seg seg = seg_send("x", 1, 0);
	char in[8];

	EXPECT_EQ(-EAGAIN,
		  self->call(self->fd, &seg, 1, BULK_NO_SYSCALL, NULL));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, in, sizeof(in), NULL));
}

static void check_refused(struct __test_metadata *_metadata,
			  struct _test_data_vdso *self, struct bulk_seg seg,
			  int err)
{
	EXPECT_EQ(err, self->call(self->fd, &seg, 1, BULK_NO_SYSCALL, NULL)) {
		TH_LOG("op %u flags %#x lost %#x", seg.op, seg.flags, seg.lost);
	}
	EXPECT_EQ(err, seg.res);
}

/* EAGAIN would say that it may be tried again. */
TEST_F(vdso, no_syscall_refuses_unknown_call)
{
	struct bulk_seg seg = seg_send("x", 1, 0);
	unsigned int bit;

	for (bit = 4; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, self->call(self->fd, &seg, 1,
					      1U << bit | BULK_NO_SYSCALL,
					      NULL))
			TH_LOG("bit %u", bit);
	EXPECT_EQ(-EINVAL, self->call(self->fd, &seg, BULK_MAX_SEGS + 1,
				      BULK_NO_SYSCALL, NULL));
	EXPECT_EQ(-EINVAL, self->call(self->fd, &seg, UINT_MAX,
				      BULK_NO_SYSCALL, NULL));
	EXPECT_EQ(-EAGAIN, self->call(self->fd, NULL, 0, BULK_NO_SYSCALL,
				      NULL));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
}

/* An operation has either of two flags, and no other. */
static void check_flags(struct __test_metadata *_metadata,
			struct _test_data_vdso *self, __u16 op, __u16 one,
			__u16 other)
{
	struct bulk_seg seg = { .op = op };

	for (seg.flags = 1; seg.flags; seg.flags <<= 1)
		if (seg.flags != one && seg.flags != other)
			check_refused(_metadata, self, seg, -EINVAL);
	seg.flags = one | other;
	check_refused(_metadata, self, seg, -EINVAL);
	seg.res = SEG_UNTOUCHED;
	for (seg.flags = one; seg.flags; seg.flags = seg.flags == one ? other : 0)
		EXPECT_EQ(-EAGAIN, self->call(self->fd, &seg, 1,
					      BULK_NO_SYSCALL, NULL));
	EXPECT_EQ(SEG_UNTOUCHED, seg.res);
}

TEST_F(vdso, no_syscall_refuses_unknown_segment)
{
	struct bulk_seg seg = seg_recv(NULL, 0);

	/* There is no window. */
	for (seg.op = BULK_OP_RESERVE; seg.op <= BULK_OP_RETURN; seg.op++)
		check_refused(_metadata, self, seg, -EOPNOTSUPP);
	for (; seg.op; seg.op++)
		check_refused(_metadata, self, seg, -EINVAL);
	check_refused(_metadata, self, seg, -EINVAL);
	check_flags(_metadata, self, BULK_OP_SEND, BULK_SEG_PACKED, BULK_SEG_PIN);
	check_flags(_metadata, self, BULK_OP_RECV, BULK_SEG_PACKED, BULK_SEG_MAP);
	seg = seg_send(NULL, 0, 0);
	seg.lost = 1;
	check_refused(_metadata, self, seg, -EINVAL);
}

/* The query is -1 and BULK_QUERY alone; the system call refuses all others. */
TEST_F(vdso, query_flag_elsewhere_is_refused)
{
	struct bulk_params params;

	EXPECT_EQ(-EINVAL, self->call(self->fd, NULL, 0, BULK_QUERY, &params));
	EXPECT_EQ(-EINVAL, self->call(-1, NULL, 0, BULK_QUERY | BULK_DONTWAIT,
				      &params));
	EXPECT_EQ(-EINVAL, bulk_xfer(-1, NULL, 0, BULK_QUERY));
}

static struct bulk_seg random_seg(unsigned int *seed, char *buf, size_t room)
{
	struct bulk_seg seg = {
		.op = rand_r(seed) % 8,
		.addr = (unsigned long)buf,
		.len = rand_r(seed) % room,
		.tag = rand_r(seed),
		.res = SEG_UNTOUCHED,
	};

	/* Mostly such as mean something. */
	if (rand_r(seed) % 8)
		seg.op = 1 + rand_r(seed) % 2;
	if (!(rand_r(seed) % 16))
		seg.addr = 0;
	if (!(rand_r(seed) % 32))
		seg.flags = 1;
	if (!(rand_r(seed) % 32))
		seg.lost = 1;
	return seg;
}

/* The same random calls on two endpoints, one each way: all must be equal. */
TEST_F(vdso, same_results_as_the_call)
{
	struct bulk_seg a[8], b[8];
	char in_a[512], in_b[512];
	unsigned int seed = 1, round, nr, flags, i;
	int other = open_channel("echo", O_RDWR);
	long ret;

	ASSERT_LE(0, other);
	for (round = 0; round < ROUNDS; round++) {
		nr = rand_r(&seed) % 8;
		flags = BULK_DONTWAIT | (rand_r(&seed) % 2 ? BULK_FLUSH : 0);
		memset(in_a, round, sizeof(in_a));
		memset(in_b, round, sizeof(in_b));
		for (i = 0; i < nr; i++) {
			a[i] = random_seg(&seed, in_a, sizeof(in_a));
			b[i] = a[i];
			if (b[i].addr)
				b[i].addr = (unsigned long)in_b;
		}
		ret = bulk_xfer(self->fd, a, nr, flags);
		ASSERT_EQ(ret, self->call(other, b, nr, flags, NULL));
		for (i = 0; i < nr; i++)
			b[i].addr = a[i].addr;
		ASSERT_EQ(0, memcmp(a, b, nr * sizeof(a[0])));
		ASSERT_EQ(0, memcmp(in_a, in_b, sizeof(in_a)));
	}
	close(other);
}

TEST_HARNESS_MAIN
