// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs on source, against a model: a request discards what is left.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <poll.h>

#include "rng.h"
#include "window.h"

#define MAX_SEGS	16
#define RING		65536U
#define LONGEST		(3 * RING)

/* What source is to produce. */
struct state {
	struct bulk_source_request req;
	__u64 next;
};

struct batch {
	struct bulk_seg segs[MAX_SEGS];
	struct bulk_source_request reqs[MAX_SEGS];
	struct state before[MAX_SEGS + 1]; /* each segment, if it gets there */
	unsigned int nr;
	unsigned int flags;
	unsigned int good;	/* segments that complete */
	int error;		/* of the one that follows, or 0 */
};

struct model {
	struct windowed w;
	struct rng rng;
	struct state state;
	unsigned long operations, received, discarded;
	char *in;
	__u64 want[LONGEST / 8 + 2];
};

FIXTURE(source)
{
	struct model *m;
	struct batch *b;
};

FIXTURE_SETUP(source)
{
	struct model *m = calloc(1, sizeof(*m));
	int ret = open_windowed(&m->w, "source");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel source, or no vDSO");
	ASSERT_EQ(0, ret);
	m->in = malloc(MAX_SEGS * (LONGEST + 64UL));
	m->rng = rng_from_environment();
	TH_LOG("BULK_SEED=%llu", m->rng.seed);
	self->m = m;
	self->b = malloc(sizeof(*self->b));
}

FIXTURE_TEARDOWN(source)
{
	close_windowed(&self->m->w);
}

static __u32 random_size(struct rng *rng)
{
	unsigned int kind = below(rng, 16);

	if (kind < 1)
		return below(rng, LONGEST + 1);
	if (kind < 4)
		return RING / 8 - 32 + below(rng, 33);
	return below(rng, kind < 8 ? 1024 : 100);
}

/* @state becomes what the request makes of it. */
static void add_request(struct model *m, struct batch *b, struct state *state)
{
	struct bulk_source_request *req = &b->reqs[b->nr];

	*req = (struct bulk_source_request){
		.count = below(&m->rng, one_in(&m->rng, 2) ? 20 : 2000),
		.size = random_size(&m->rng),
		.reserved = one_in(&m->rng, 8),
		.seed = draw(&m->rng),
	};
	b->segs[b->nr] = seg_send(req, sizeof(*req), draw(&m->rng));
	if (req->reserved) {
		b->error = -EINVAL;
		return;
	}
	*state = (struct state){ .req = *req };
}

static void add_recv(struct model *m, struct batch *b, struct state *state,
		     char *in)
{
	__u32 room = state->req.size + below(&m->rng, 64);

	if (state->next == state->req.count) {
		b->error = -EAGAIN;
	} else if (state->req.size && one_in(&m->rng, 64)) {
		room = below(&m->rng, state->req.size);
		b->error = -EMSGSIZE;
	} else {
		state->next++;
	}
	b->segs[b->nr] = seg_recv(in, room);
}

static void make_batch(struct model *m, struct batch *b)
{
	unsigned int nr = 1 + below(&m->rng, one_in(&m->rng, 2) ? MAX_SEGS : 2);
	struct state state = m->state;
	char *in = m->in;

	b->flags = one_in(&m->rng, 2) ? BULK_DONTWAIT : 0;
	b->good = 0;
	b->error = 0;
	for (b->nr = 0; b->nr < nr && !b->error; b->nr++) {
		b->before[b->nr] = state;
		/* Nothing is left and it may not fail: ask for more. */
		if (one_in(&m->rng, 64) ||
		    (state.next == state.req.count && !b->flags)) {
			add_request(m, b, &state);
		} else {
			add_recv(m, b, &state, in);
			in += b->segs[b->nr].len;
		}
		b->good += !b->error;
	}
	b->before[b->nr] = state;
}

static long run(struct model *m, struct batch *b)
{
	switch (below(&m->rng, 8)) {
	case 0:
		return bulk_xfer(m->w.fd, b->segs, b->nr, b->flags);
	case 1:
		return m->w.call(m->w.fd, b->segs, b->nr, b->flags, NULL);
	case 2:
		b->flags |= BULK_NO_SYSCALL;
		break;
	case 3:
		b->flags |= BULK_FLUSH;
		break;
	}
	return m->w.call(m->w.fd, b->segs, b->nr, b->flags, m->w.window);
}

static bool has_content(struct model *m, const struct bulk_seg *seg,
			const struct state *state)
{
	__u64 at = state->next * state->req.size;
	size_t words = (seg->res + 15) / 8, i;

	for (i = 0; i < words; i++)
		m->want[i] = bulk_source_word(state->req.seed, at / 8 + i);
	return !memcmp((char *)m->want + at % 8,
		       (void *)(unsigned long)seg->addr, seg->res);
}

static void check_done(struct __test_metadata *_metadata, struct model *m,
		       const struct bulk_seg *seg, const struct state *before)
{
	if (seg->op == BULK_OP_SEND) {
		ASSERT_EQ(sizeof(struct bulk_source_request), seg->res);
		m->discarded += before->req.count - before->next;
		return;
	}
	ASSERT_EQ(before->req.size, seg->res);
	ASSERT_EQ(before->next, seg->tag);
	ASSERT_EQ(0, seg->lost);
	ASSERT_TRUE(has_content(m, seg, before));
	m->received++;
}

static void check_batch(struct __test_metadata *_metadata, struct model *m,
			struct batch *b, long ret)
{
	unsigned int done = ret < 0 ? 0 : ret, i;

	ASSERT_LE(done, b->good);
	for (i = 0; i < done; i++)
		check_done(_metadata, m, &b->segs[i], &b->before[i]);
	m->state = b->before[done];
	if (done < b->nr && b->segs[done].res == SEG_UNTOUCHED) {
		/* Only who may not enter the kernel leaves it at that. */
		ASSERT_TRUE(b->flags & BULK_NO_SYSCALL);
		ASSERT_TRUE(ret == -EAGAIN || ret > 0);
		return;
	}
	ASSERT_EQ(b->good, done);
	if (!b->error)
		return;
	ASSERT_EQ(b->error, b->segs[done].res);
	if (!done)
		ASSERT_EQ(b->error, ret);
	if (b->error == -EMSGSIZE)
		ASSERT_EQ(m->state.req.size, b->segs[done].len);
}

static void step_poll(struct __test_metadata *_metadata, struct model *m)
{
	struct pollfd p = { .fd = m->w.fd, .events = POLLIN | POLLOUT };
	bool some = m->state.next < m->state.req.count;

	ASSERT_EQ(1, poll(&p, 1, 0));
	ASSERT_EQ(some ? POLLIN | POLLOUT : POLLOUT, p.revents);
}

/* What was produced ahead is still to be received. */
static void step_remap(struct __test_metadata *_metadata, struct model *m)
{
	if (m->w.window)
		ASSERT_EQ(0, munmap(m->w.window, m->w.params.window_default));
	m->w.window = NULL;
	if (one_in(&m->rng, 4))
		return;
	m->w.window = map_window(&m->w, m->w.params.window_default);
	ASSERT_NE(NULL, m->w.window);
}

TEST_F(source, random_programs)
{
	unsigned long operations = rounds(200000, 200000, 4000);
	struct model *m = self->m;
	long ret;

	while (m->operations < operations) {
		switch (below(&m->rng, 1024)) {
		case 0:
			step_remap(_metadata, m);
			break;
		case 1 ... 16:
			step_poll(_metadata, m);
			break;
		default:
			make_batch(m, self->b);
			ret = run(m, self->b);
			check_batch(_metadata, m, self->b, ret);
			m->operations += self->b->good;
		}
		m->operations++;
	}
	EXPECT_LT(0, m->received);
	EXPECT_LT(0, m->discarded);
	TH_LOG("%lu operations, %lu records received, %lu discarded",
	       m->operations, m->received, m->discarded);
}

TEST_HARNESS_MAIN
