// SPDX-License-Identifier: GPL-2.0
/*
 * The same random program through the vDSO with a window and through bulk_xfer(2).
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "region.h"
#include "rng.h"

#define CALLS		40000
#define FEW_SEGS	12
#define RING		65536
#define IN_SIZE		(64UL << 20)
/* With so much on its way, echo has room for any record. */
#define BUDGET		MAX_RECORD
/* A region ends with the record that begins before. */
#define REGION		65536
#define REGIONS		(16UL << 20)

/* One of the two ways to run a program, and what came of it. */
struct way {
	int fd;
	void *window;		/* NULL: bulk_xfer(2) */
	long ret;
	struct bulk_seg segs[BULK_MAX_SEGS + 1];
	char *in;
};

struct program {
	struct rng rng;
	struct way vdso, call;
	vdso_bulk_xfer function;
	unsigned int nr;
	unsigned int flags;
	long long on_way;	/* bytes that echo holds */
	char *out;
	char *regions;		/* for both */
	size_t used;
	unsigned long completed;
	unsigned long errors[128]; /* how often each was seen */
};

FIXTURE(same)
{
	struct windowed w;
	struct program *p;
};

FIXTURE_VARIANT(same)
{
	const char *channel;
	bool echoes;
	bool takes_requests;
};

FIXTURE_VARIANT_ADD(same, echo) { .channel = "echo", .echoes = true };
FIXTURE_VARIANT_ADD(same, sink) { .channel = "sink" };
FIXTURE_VARIANT_ADD(same, source)
{
	.channel = "source", .takes_requests = true
};

FIXTURE_SETUP(same)
{
	int ret = open_windowed(&self->w, variant->channel);
	struct program *p = calloc(1, sizeof(*p));

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel, or no vDSO");
	ASSERT_EQ(0, ret);
	p->function = self->w.call;
	p->vdso.fd = self->w.fd;
	p->vdso.window = self->w.window;
	p->call.fd = open_channel(variant->channel, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, p->call.fd);
	p->vdso.in = malloc(IN_SIZE);
	p->call.in = malloc(IN_SIZE);
	p->out = malloc(2 * MAX_RECORD);
	fill(p->out, 2 * MAX_RECORD, 1);
	p->regions = calloc(1, REGIONS);
	p->rng = rng_from_environment();
	TH_LOG("BULK_SEED=%llu", p->rng.seed);
	self->p = p;
}

FIXTURE_TEARDOWN(same)
{
	close_windowed(&self->w);
	close(self->p->call.fd);
}

static __u32 random_len(struct rng *rng)
{
	unsigned int kind = below(rng, 256);

	if (kind < 1)
		return MAX_RECORD - 2 + below(rng, 5);
	if (kind < 3)
		return below(rng, 3 * RING + 1);
	if (kind < 16)
		return RING / 8 - 32 + below(rng, 33);
	return below(rng, kind < 64 ? 1024 : 100);
}

/* A request to source, or what it takes for none. */
static __u32 random_request(struct program *p, char *at)
{
	struct bulk_source_request req = {
		.count = below(&p->rng, 2000),
		.size = random_len(&p->rng),
		.reserved = one_in(&p->rng, 16),
		.seed = draw(&p->rng),
	};

	memcpy(at, &req, sizeof(req));
	return one_in(&p->rng, 16) ? below(&p->rng, 40) : sizeof(req);
}

static struct bulk_seg random_send(struct program *p, bool is_request)
{
	__u32 len = random_len(&p->rng);
	char *from = p->out + below(&p->rng, 4096);
	struct bulk_seg seg;

	if (is_request)
		len = random_request(p, from);
	/* No byte is read of a record that has none. */
	seg = seg_send(len ? from : NULL, len, draw(&p->rng));
	seg.flags = one_in(&p->rng, 16) ? BULK_SEG_PIN : 0;
	return seg;
}

/* Records of many lengths, and once in a while what is none. */
static struct bulk_seg random_region(struct program *p)
{
	struct region r = { .at = p->regions + p->used };
	unsigned int n = below(&p->rng, 20);
	struct bulk_packed *rec;

	while (n-- && r.used < REGION) {
		rec = (struct bulk_packed *)(r.at + r.used);
		/* Not so long that echo might have no room for all of a call. */
		rec->len = below(&p->rng, one_in(&p->rng, 16) ? RING / 8 + 32 : 300);
		rec->lost = one_in(&p->rng, 256);
		rec->tag = draw(&p->rng);
		r.used += BULK_PACKED_SIZE(rec->len);
		if (one_in(&p->rng, 256))
			rec->len = draw(&p->rng);
	}
	if (one_in(&p->rng, 64))
		r.used -= r.used ? below(&p->rng, r.used) : 0;
	p->used += REGION + RING;
	return seg_send_region(r.at, r.used);
}

/* At most @left of the buffers that the two ways receive into. */
static struct bulk_seg random_recv(struct program *p, size_t left)
{
	__u32 room = random_len(&p->rng);

	if (!one_in(&p->rng, 8))
		room = MAX_RECORD + below(&p->rng, 2);
	return seg_recv(NULL, room < left ? room : left);
}

/* Mostly such as mean something. */
static void spoil(struct rng *rng, struct bulk_seg *seg)
{
	switch (below(rng, 256)) {
	case 0 ... 3:
		/* Those in place are for a window, which one of the two has. */
		seg->op = one_in(rng, 8) ? 0 : BULK_OP_RETURN + 1 + below(rng, 6);
		break;
	case 4:
		seg->op = draw(rng) | 8;
		break;
	case 5 ... 7:
		seg->flags = BULK_SEG_DISCARD << below(rng, 15);
		break;
	case 8 ... 10:
		seg->lost = draw(rng);
		break;
	case 11:
		seg->len = MAX_RECORD + 1 + below(rng, MAX_RECORD / 2);
		break;
	}
}

static void make_segs(struct program *p, bool is_request)
{
	bool full = p->on_way > BUDGET;
	struct bulk_seg *seg;
	size_t used = 0;
	unsigned int i;

	p->used = 0;
	for (i = 0; i < p->nr; i++) {
		seg = &p->vdso.segs[i];
		if (!full && one_in(&p->rng, is_request ? 16 : 2))
			*seg = one_in(&p->rng, 4) && !is_request &&
			       p->used + REGION + RING < REGIONS ?
			       random_region(p) : random_send(p, is_request);
		else
			*seg = random_recv(p, IN_SIZE / 4 - used);
		spoil(&p->rng, seg);
		p->call.segs[i] = *seg;
		if (seg->op == BULK_OP_SEND)
			continue;
		seg->addr = (unsigned long)p->vdso.in + used;
		p->call.segs[i].addr = (unsigned long)p->call.in + used;
		used += used < IN_SIZE / 4 ? seg->len : 0;
	}
}

static bool can_block(const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->vdso.segs[i].op == BULK_OP_RECV)
			return true;
	return false;
}

static void make_program(struct program *p, bool is_request)
{
	struct rng *rng = &p->rng;

	p->nr = below(rng, FEW_SEGS + 1);
	if (one_in(rng, 256))
		p->nr = BULK_MAX_SEGS - 1 + below(rng, 3);
	make_segs(p, is_request);
	p->flags = one_in(rng, 2) || can_block(p) ? BULK_DONTWAIT : 0;
	if (one_in(rng, 8))
		p->flags |= BULK_FLUSH;
	if (one_in(rng, 64))
		p->flags |= 1U << (3 + below(rng, 29));
}

static void run_both(struct program *p)
{
	p->vdso.ret = p->function(p->vdso.fd, p->vdso.segs, p->nr, p->flags,
				  p->vdso.window);
	p->call.ret = bulk_xfer(p->call.fd, p->call.segs, p->nr, p->flags);
}

static void compare_seg(struct __test_metadata *_metadata, struct program *p,
			const struct bulk_seg *a, const struct bulk_seg *b)
{
	ASSERT_EQ(b->res, a->res);
	ASSERT_EQ(b->len, a->len);
	ASSERT_EQ(b->tag, a->tag);
	ASSERT_EQ(b->op, a->op);
	ASSERT_EQ(b->flags, a->flags);
	ASSERT_EQ(b->lost, a->lost);
	/* Each way receives into memory of its own. */
	if (a->op == BULK_OP_SEND) {
		ASSERT_EQ(b->addr, a->addr);
		return;
	}
	ASSERT_EQ(b->addr - (unsigned long)p->call.in,
		  a->addr - (unsigned long)p->vdso.in);
}

static void note_seg(struct __test_metadata *_metadata, struct program *p,
		     unsigned int i)
{
	const struct bulk_seg *a = &p->vdso.segs[i], *b = &p->call.segs[i];

	p->completed++;
	p->on_way += a->op == BULK_OP_SEND ? a->res : -a->res;
	if (a->op == BULK_OP_RECV)
		ASSERT_EQ(0, memcmp((void *)(unsigned long)b->addr,
				    (void *)(unsigned long)a->addr, a->res));
}

static void compare(struct __test_metadata *_metadata, struct program *p)
{
	long done = p->vdso.ret, i;

	ASSERT_EQ(p->call.ret, p->vdso.ret);
	for (i = 0; i < p->nr; i++)
		compare_seg(_metadata, p, &p->vdso.segs[i], &p->call.segs[i]);
	for (i = 0; i < done; i++)
		note_seg(_metadata, p, i);
	if (i < p->nr && p->vdso.segs[i].res < 0)
		p->errors[-p->vdso.segs[i].res]++;
	/* What a flush has done can be told from outside. */
	if (done >= 0 && (p->flags & BULK_FLUSH))
		ASSERT_EQ(figure(p->call.fd, "tx-records"),
			  figure(p->vdso.fd, "tx-records"));
}

/* Without BULK_DONTWAIT, too, the two answer rather than sleep, or not. */
static void toggle_nonblock(struct program *p)
{
	int flags = fcntl(p->vdso.fd, F_GETFL) ^ O_NONBLOCK;

	fcntl(p->vdso.fd, F_SETFL, flags);
	fcntl(p->call.fd, F_SETFL, flags);
}

/* One RECV of any record, after a SEND of @request if there is one. */
static void make_recv(struct program *p, const struct bulk_source_request *request)
{
	p->nr = 0;
	p->flags = BULK_DONTWAIT;
	if (request)
		p->vdso.segs[p->nr++] = seg_send(request, sizeof(*request), 0);
	memcpy(p->call.segs, p->vdso.segs, sizeof(p->vdso.segs[0]));
	p->vdso.segs[p->nr] = seg_recv(p->vdso.in, MAX_RECORD);
	p->call.segs[p->nr++] = seg_recv(p->call.in, MAX_RECORD);
}

/* Both come to the end of what the random programs left at the same record. */
static void run_dry(struct __test_metadata *_metadata, struct program *p,
		    bool takes_requests)
{
	static const struct bulk_source_request one = { .count = 1, .size = 1 };

	make_recv(p, takes_requests ? &one : NULL);
	do {
		run_both(p);
		compare(_metadata, p);
		make_recv(p, NULL);
	} while (p->vdso.ret > 0);
}

TEST_F(same, random_programs)
{
	struct program *p = self->p;
	unsigned long calls = rounds(CALLS, CALLS, CALLS / 50), i;

	for (i = 0; i < calls; i++) {
		if (one_in(&p->rng, 512))
			toggle_nonblock(p);
		make_program(p, variant->takes_requests);
		if (!variant->echoes)
			p->on_way = 0;
		run_both(p);
		compare(_metadata, p);
	}
	if (variant->echoes || variant->takes_requests)
		run_dry(_metadata, p, variant->takes_requests);
	/* It all has happened. */
	EXPECT_LT(0, p->completed);
	EXPECT_LT(0, p->errors[EINVAL]);
	EXPECT_LT(0, p->errors[EMSGSIZE]);
	if (variant->echoes || variant->takes_requests)
		EXPECT_LT(0, p->errors[EAGAIN]);
	TH_LOG("%lu calls, %lu segments completed", calls, p->completed);
	TH_LOG("%lu EINVAL, %lu EMSGSIZE, %lu EAGAIN", p->errors[EINVAL],
	       p->errors[EMSGSIZE], p->errors[EAGAIN]);
}

TEST_HARNESS_MAIN
