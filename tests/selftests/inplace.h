/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records in place, by the call and by the vDSO: to reserve, commit, borrow and return.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef INPLACE_H
#define INPLACE_H

#include "region.h"

#define RING		16384
#define WINDOW		(2 * 4096 + 4 * RING)
#define LONGEST		(RING / 8 - 16)

FIXTURE(inplace)
{
	struct windowed w;
	struct region out;	/* what was reserved */
	size_t room;
	char in[RING];
};

FIXTURE_VARIANT(inplace)
{
	bool by_call;	/* by bulk_xfer(2), not by the vDSO */
};

FIXTURE_VARIANT_ADD(inplace, call) { .by_call = true };
FIXTURE_VARIANT_ADD(inplace, vdso) { .by_call = false };

FIXTURE_SETUP(inplace)
{
	int ret = open_windowed(&self->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	munmap(self->w.window, self->w.params.window_default);
	self->w.window = map_window(&self->w, WINDOW);
	ASSERT_NE(NULL, self->w.window);
}

FIXTURE_TEARDOWN(inplace)
{
	if (self->w.window)
		munmap(self->w.window, WINDOW);
	close(self->w.fd);
}

/* One segment by the variant's way, as bulk_xfer(). */
static inline long run(struct _test_data_inplace *self,
		       const struct _fixture_variant_inplace *variant,
		       struct bulk_seg *seg, unsigned int flags)
{
	if (variant->by_call)
		return bulk_xfer(self->w.fd, seg, 1, flags);
	return self->w.call(self->w.fd, seg, 1, flags, self->w.window);
}

/* Have @least bytes of room, or more, for self->out: 0 or an errno. */
static inline int reserve(struct _test_data_inplace *self,
			  const struct _fixture_variant_inplace *variant,
			  size_t least)
{
	struct bulk_seg seg = seg_op(BULK_OP_RESERVE, 0, least, 0);
	long ret = run(self, variant, &seg, BULK_DONTWAIT);

	if (ret != 1)
		return ret;
	self->out.at = (char *)(unsigned long)seg.addr;
	self->out.used = 0;
	self->room = seg.res;
	return seg.len == (__u32)seg.res && self->room >= least ? 0 : -EPROTO;
}

/* The segment, with what became of it; @ret is what the call returned. */
static inline struct bulk_seg commit(struct _test_data_inplace *self,
				     const struct _fixture_variant_inplace *variant,
				     size_t len, unsigned int flags, long *ret)
{
	struct bulk_seg seg = seg_op(BULK_OP_COMMIT, 0, len, flags);

	*ret = run(self, variant, &seg, BULK_DONTWAIT);
	return seg;
}

/* Commit all of self->out: 0, or -EPROTO. */
static inline int commit_all(struct _test_data_inplace *self,
			     const struct _fixture_variant_inplace *variant,
			     unsigned int flags)
{
	struct bulk_seg seg;
	long ret;

	seg = commit(self, variant, self->out.used, flags, &ret);
	return ret == 1 && seg.res == (int)self->out.used ? 0 : -EPROTO;
}

/* Up to @most bytes of records, and where they lie: bytes or an errno. */
static inline long borrow(struct _test_data_inplace *self,
			  const struct _fixture_variant_inplace *variant,
			  size_t most, char **at)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0, most, 0);
	long ret = run(self, variant, &seg, BULK_DONTWAIT);

	if (at)
		*at = (char *)(unsigned long)seg.addr;
	return ret == 1 ? seg.res : ret;
}

/* 1 or an errno. */
static inline long give_back(struct _test_data_inplace *self,
			     const struct _fixture_variant_inplace *variant,
			     size_t len, unsigned int flags)
{
	struct bulk_seg seg = seg_op(BULK_OP_RETURN, 0, len, flags);
	long ret = run(self, variant, &seg, BULK_DONTWAIT);

	return ret == 1 && seg.res != (int)len ? -EPROTO : ret;
}

/* Receive @want records in place, whose tags rise from @tag on. */
static inline void
expect_borrowed(struct __test_metadata *_metadata,
		struct _test_data_inplace *self,
		const struct _fixture_variant_inplace *variant, long want,
		__u64 tag)
{
	long len, n;
	char *at;

	while (want) {
		len = borrow(self, variant, -1, &at);
		ASSERT_LT(0, len);
		n = region_count(at, len, tag);
		ASSERT_LT(0, n);
		ASSERT_GE(want, n);
		ASSERT_EQ(1, give_back(self, variant, len, 0));
		want -= n;
		tag += n;
	}
	ASSERT_EQ(-EAGAIN, borrow(self, variant, -1, NULL));
}

#endif /* INPLACE_H */
