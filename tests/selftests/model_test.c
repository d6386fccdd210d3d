// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs on echo, by every path there is, against a model: a queue.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <poll.h>
#include <sys/uio.h>

#include "region.h"
#include "rng.h"

#define MAX_SEGS	64
#define MODEL_QUEUE	16384
#define PATTERN		(2 * MAX_RECORD)
#define RX_LIMIT	(4U << 20)	/* of echo */
/* With so much on its way, a SEND of any length has room in echo's queue. */
#define BUDGET		(RX_LIMIT / 2)
#define PHASE		1000
/* Records of a region, and the memory that they take. */
#define PACKED		24
#define REGION		(64U << 10)

/* A record's bytes are those of the pattern from a random place on. */
struct record {
	__u64 tag;
	__u32 len;
	__u32 from;
};

enum path { BY_WINDOW, BY_VDSO, BY_SYSCALL, BY_FILE };

struct batch {
	struct bulk_seg segs[MAX_SEGS];
	struct record recs[MAX_SEGS];	/* sent, or to be received */
	unsigned int nr;
	unsigned int flags;
	enum path path;
	unsigned int good;	/* segments that complete */
	int error;		/* of the one that follows, or 0 */
};

struct model {
	struct windowed w;
	struct rng rng;
	struct record queue[MODEL_QUEUE];
	unsigned int head, tail;
	size_t bytes;		/* on their way */
	unsigned int target;	/* records that should be */
	size_t mapped;		/* bytes of the window, or 0 */
	size_t largest;		/* of the windows so far */
	unsigned int ring;
	unsigned long operations;
	unsigned long sent;
	char *pattern, *in;
	char *region;
};

FIXTURE(model)
{
	struct model *m;
	struct batch *b;
};

FIXTURE_SETUP(model)
{
	struct model *m = calloc(1, sizeof(*m));
	int ret = open_windowed(&m->w, "echo");

	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel echo, or no vDSO");
	ASSERT_EQ(0, ret);
	m->mapped = m->w.params.window_default;
	m->largest = m->mapped;
	m->ring = 1 << 16;
	m->pattern = malloc(PATTERN);
	m->region = malloc(REGION);
	fill(m->pattern, PATTERN, 1);
	m->in = malloc(MAX_SEGS * (MAX_RECORD + 64UL));
	m->rng = rng_from_environment();
	TH_LOG("BULK_SEED=%llu", m->rng.seed);
	self->m = m;
	self->b = malloc(sizeof(*self->b));
}

FIXTURE_TEARDOWN(model)
{
	close(self->m->w.fd);
}

/* More than a waiting record takes of echo's queue. */
static size_t cost(__u32 len)
{
	return len + 128;
}

static unsigned int waiting(const struct model *m)
{
	return m->head - m->tail;
}

/* Mostly short, many just around the longest that a ring takes, some longer. */
static __u32 random_len(struct model *m)
{
	unsigned int kind = below(&m->rng, 256);
	__u64 len;

	if (kind < 1)
		len = below(&m->rng, 3 * m->ring + 1);
	else if (kind < 4)
		len = below(&m->rng, m->ring);
	else if (kind < 12)
		len = m->ring / 8 - 32 + below(&m->rng, 33);
	else
		len = below(&m->rng, kind < 48 ? 1024 : 160);
	return len < MAX_RECORD ? len : MAX_RECORD;
}

static void add_send(struct model *m, struct batch *b, struct record *rec)
{
	rec->len = random_len(m);
	rec->tag = b->path == BY_FILE ? 0 : draw(&m->rng);
	rec->from = below(&m->rng, PATTERN - rec->len);
	b->segs[b->nr] = seg_send(m->pattern + rec->from, rec->len, rec->tag);
	if (b->path != BY_FILE && one_in(&m->rng, 16))
		b->segs[b->nr].flags = BULK_SEG_PIN;
	b->recs[b->nr] = *rec;
}

/* Room that is enough but once in a while. @rec: what comes, or NULL. */
static void add_recv(struct model *m, struct batch *b, const struct record *rec,
		     char *in)
{
	__u32 len = rec ? rec->len : 0;
	__u32 room = len + below(&m->rng, 64);

	if (!rec)
		b->error = -EAGAIN;
	else
		b->recs[b->nr] = *rec;
	if (len && one_in(&m->rng, 32)) {
		room = below(&m->rng, len);
		b->error = -EMSGSIZE;
	}
	b->segs[b->nr] = seg_recv(in, room);
}

static bool next_is_send(struct model *m, unsigned int on_way, size_t bytes)
{
	unsigned int percent = on_way < m->target ? 70 : 30;

	if (bytes > BUDGET || on_way >= MODEL_QUEUE / 2)
		return false;
	return below(&m->rng, 100) < percent;
}

/* Segments, with what becomes of them; none that would block is made. */
static void make_segs(struct model *m, struct batch *b, unsigned int nr)
{
	unsigned int head = m->head, tail = m->tail;
	bool nowait = b->flags & BULK_DONTWAIT;
	size_t bytes = m->bytes;
	char *in = m->in;

	for (b->nr = 0; b->nr < nr; b->nr++) {
		struct record *rec = &m->queue[head % MODEL_QUEUE];

		if (next_is_send(m, head - tail, bytes) ||
		    (head == tail && !nowait)) {
			add_send(m, b, rec);
			head++;
			bytes += cost(rec->len);
		} else {
			rec = &m->queue[tail % MODEL_QUEUE];
			add_recv(m, b, head == tail ? NULL : rec, in);
			in += b->segs[b->nr].len;
			if (!b->error)
				bytes -= cost(rec->len);
			tail++;
		}
		if (b->error)
			break;
		b->good++;
	}
	/* What comes after the one that fails must not be reached. */
	for (; b->nr < nr; b->nr++)
		if (b->nr > b->good)
			b->segs[b->nr] = seg_send(m->pattern, 1, 1);
}

static void make_batch(struct model *m, struct batch *b)
{
	static const enum path paths[] = {
		BY_WINDOW, BY_WINDOW, BY_WINDOW, BY_WINDOW, BY_WINDOW,
		BY_VDSO, BY_SYSCALL, BY_SYSCALL, BY_FILE,
	};
	unsigned int nr = 1;

	b->path = paths[below(&m->rng, ARRAY_SIZE(paths))];
	b->flags = one_in(&m->rng, 2) ? BULK_DONTWAIT : 0;
	b->good = 0;
	b->error = 0;
	if (b->path != BY_FILE) {
		if (one_in(&m->rng, 3))
			nr = 1 + below(&m->rng, one_in(&m->rng, 8) ? MAX_SEGS : 8);
		/* With more than the queue takes, it would wait. */
		if (one_in(&m->rng, 32) && m->bytes <= BUDGET)
			b->flags |= BULK_FLUSH;
	}
	if (b->path == BY_WINDOW && m->mapped && one_in(&m->rng, 4))
		b->flags = BULK_NO_SYSCALL | BULK_DONTWAIT;
	make_segs(m, b, nr);
	/* Of no bytes, read(2) and write(2) end before they get to the file. */
	if (b->path == BY_FILE && !b->segs[0].len)
		b->path = BY_SYSCALL;
}

/* One read(2) or write(2), told as a segment's result. */
static long run_file(struct model *m, struct batch *b)
{
	struct bulk_seg *seg = &b->segs[0];
	struct iovec iov = { (void *)(unsigned long)seg->addr, seg->len };
	ssize_t ret;

	if (b->flags & BULK_DONTWAIT)
		fcntl(m->w.fd, F_SETFL, O_NONBLOCK);
	if (seg->op == BULK_OP_SEND)
		ret = writev(m->w.fd, &iov, 1);
	else
		ret = readv(m->w.fd, &iov, 1);
	seg->res = ret < 0 ? -errno : ret;
	if (b->flags & BULK_DONTWAIT)
		fcntl(m->w.fd, F_SETFL, 0);
	/* This path doesn't tell these. */
	seg->tag = b->recs[0].tag;
	seg->lost = 0;
	if (seg->res == -EMSGSIZE)
		seg->len = b->recs[0].len;
	return ret < 0 ? seg->res : 1;
}

static long run(struct model *m, struct batch *b)
{
	void *window = b->path == BY_WINDOW ? m->w.window : NULL;

	if (b->path == BY_FILE)
		return run_file(m, b);
	if (b->path == BY_SYSCALL)
		return bulk_xfer(m->w.fd, b->segs, b->nr, b->flags);
	return m->w.call(m->w.fd, b->segs, b->nr, b->flags, window);
}

static void check_received(struct __test_metadata *_metadata, struct model *m,
			   const struct bulk_seg *seg, const struct record *rec)
{
	ASSERT_EQ(rec->tag, seg->tag);
	ASSERT_EQ(0, seg->lost);
	ASSERT_EQ(0, memcmp((void *)(unsigned long)seg->addr,
			    m->pattern + rec->from, rec->len));
}

static void check_segment(struct __test_metadata *_metadata, struct model *m,
			  const struct bulk_seg *seg, const struct record *rec)
{
	ASSERT_EQ(rec->len, seg->res);
	if (seg->op == BULK_OP_RECV) {
		check_received(_metadata, m, seg, rec);
		m->tail++;
		m->bytes -= cost(rec->len);
	} else {
		m->head++;
		m->bytes += cost(rec->len);
		m->sent++;
	}
}

static void check_failed(struct __test_metadata *_metadata, struct batch *b,
			 unsigned int done)
{
	const struct bulk_seg *seg = &b->segs[done];

	ASSERT_EQ(b->error, seg->res);
	if (b->error == -EMSGSIZE)
		ASSERT_EQ(b->recs[done].len, seg->len);
}

static void check_batch(struct __test_metadata *_metadata, struct model *m,
			struct batch *b, long ret)
{
	unsigned int i, done = ret < 0 ? 0 : ret;

	for (i = 0; i < done; i++)
		check_segment(_metadata, m, &b->segs[i], &b->recs[i]);
	/* Without a system call any of it may be left undone. */
	if ((b->flags & BULK_NO_SYSCALL) && done <= b->good &&
	    b->segs[done].res == SEG_UNTOUCHED) {
		ASSERT_TRUE(ret == -EAGAIN || ret > 0);
		return;
	}
	ASSERT_EQ(b->good, done);
	if (b->error)
		check_failed(_metadata, b, done);
	if (ret < 0)
		ASSERT_EQ(b->error, ret);
	for (i = done + 1; i < b->nr; i++)
		ASSERT_EQ(SEG_UNTOUCHED, b->segs[i].res);
}

static void step_batch(struct __test_metadata *_metadata, struct model *m,
		       struct batch *b)
{
	long ret;

	make_batch(m, b);
	ret = run(m, b);
	check_batch(_metadata, m, b, ret);
	m->operations += b->good ?: 1;
	if ((b->flags & BULK_FLUSH) && ret >= 0 && one_in(&m->rng, 4))
		ASSERT_EQ(m->sent, figure(m->w.fd, "tx-records"));
}

static void step_flush(struct __test_metadata *_metadata, struct model *m)
{
	void *window = one_in(&m->rng, 2) ? m->w.window : NULL;

	m->operations++;
	if (m->bytes > BUDGET)
		return;
	ASSERT_EQ(0, m->w.call(m->w.fd, NULL, 0, BULK_FLUSH, window));
	ASSERT_EQ(m->sent, figure(m->w.fd, "tx-records"));
}

static void step_poll(struct __test_metadata *_metadata, struct model *m)
{
	struct pollfd p = { .fd = m->w.fd, .events = POLLIN | POLLOUT };
	bool room = m->bytes <= BUDGET;

	m->operations++;
	ASSERT_LE(0, poll(&p, 1, 0));
	ASSERT_EQ(waiting(m) ? POLLIN : 0, p.revents & POLLIN);
	if (room)
		ASSERT_EQ(POLLOUT, p.revents & POLLOUT);
}

/* A window of another size; for a while there may be none. */
static void step_remap(struct __test_metadata *_metadata, struct model *m)
{
	unsigned int shift = 12 + below(&m->rng, one_in(&m->rng, 8) ? 11 : 7);
	size_t size = 2 * getpagesize() + (4UL << shift);

	m->operations++;
	if (m->mapped)
		ASSERT_EQ(0, munmap(m->w.window, m->mapped));
	m->mapped = 0;
	m->w.window = NULL;
	if (one_in(&m->rng, 8))
		return;
	if (size < m->w.params.window_max)
		size += below(&m->rng, 16) * getpagesize() % (4UL << shift);
	m->w.window = map_window(&m->w, size);
	if (!m->w.window) {
		/* Records that wait in what was a larger ring. */
		ASSERT_EQ(EBUSY, errno);
		ASSERT_LT(0, waiting(m));
		ASSERT_LT(size, m->largest);
		return;
	}
	m->ring = 1U << shift;
	m->mapped = size;
	m->largest = size > m->largest ? size : m->largest;
}

/* One SEND of @len bytes, until there is no room for it. */
static void flood_with(struct __test_metadata *_metadata, struct model *m,
		       __u32 len)
{
	struct record *rec;
	int ret;

	do {
		rec = &m->queue[m->head % MODEL_QUEUE];
		rec->len = len;
		rec->tag = draw(&m->rng);
		rec->from = below(&m->rng, PATTERN - len);
		ret = window_send(&m->w, m->pattern + rec->from, len, rec->tag,
				  BULK_DONTWAIT);
		if (ret)
			break;
		m->head++;
		m->sent++;
		m->bytes += cost(len);
	} while (++m->operations && waiting(m) < MODEL_QUEUE - MAX_SEGS);
	ASSERT_EQ(-EAGAIN, ret);
}

/* Until echo's queue is full, and then the ring before it. */
static void step_flood(struct __test_metadata *_metadata, struct model *m)
{
	if (waiting(m) > MODEL_QUEUE / 4)
		return;
	flood_with(_metadata, m, MAX_RECORD / 4);
	ASSERT_LE(RX_LIMIT, m->bytes + cost(MAX_RECORD / 4));
	flood_with(_metadata, m, 2000 + below(&m->rng, 2000));
	ASSERT_LE(RX_LIMIT, m->bytes + cost(4000));
	ASSERT_GE(RX_LIMIT + m->largest + MAX_RECORD + MODEL_QUEUE * cost(0),
		  m->bytes);
}

/* --- Regions, and records in place --- */

static long run_seg(struct model *m, struct bulk_seg *seg)
{
	switch (below(&m->rng, 4)) {
	case 0:
		return bulk_xfer(m->w.fd, seg, 1, BULK_DONTWAIT);
	case 1:
		return m->w.call(m->w.fd, seg, 1, BULK_DONTWAIT, NULL);
	default:
		return m->w.call(m->w.fd, seg, 1, BULK_DONTWAIT, m->w.window);
	}
}

/* Records that come next, up to @most bytes of a region; none is in the queue yet. */
static unsigned int choose_records(struct model *m, size_t most, __u32 longest)
{
	unsigned int n, nr = 1 + below(&m->rng, PACKED);
	struct record *rec;
	size_t used = 0;

	for (n = 0; n < nr; n++) {
		rec = &m->queue[(m->head + n) % MODEL_QUEUE];
		rec->len = random_len(m);
		if (rec->len > longest)
			rec->len = longest;
		if (used + BULK_PACKED_SIZE(rec->len) > most)
			break;
		used += BULK_PACKED_SIZE(rec->len);
		rec->tag = draw(&m->rng);
		rec->from = below(&m->rng, PATTERN - rec->len);
	}
	return n;
}

static size_t write_records(const struct model *m, char *at, unsigned int nr)
{
	const struct record *rec;
	struct bulk_packed *head;
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		rec = &m->queue[(m->head + i) % MODEL_QUEUE];
		head = (struct bulk_packed *)(at + used);
		head->len = rec->len;
		head->lost = 0;
		head->tag = rec->tag;
		memcpy(head->data, m->pattern + rec->from, rec->len);
		used += BULK_PACKED_SIZE(rec->len);
	}
	return used;
}

static void note_sent(struct model *m, unsigned int nr)
{
	for (; nr; nr--, m->head++, m->sent++)
		m->bytes += cost(m->queue[m->head % MODEL_QUEUE].len);
}

/* All of a piece of a region is what the model has; how many records it is. */
static void note_received(struct __test_metadata *_metadata, struct model *m,
			  char *at, size_t len, __u64 nr)
{
	const struct record *rec;
	struct bulk_packed *head;
	size_t pos;

	for (pos = 0; pos < len; pos += BULK_PACKED_SIZE(head->len), nr--) {
		ASSERT_LT(0, waiting(m));
		rec = &m->queue[m->tail++ % MODEL_QUEUE];
		head = region_at(at, len, pos);
		ASSERT_NE(NULL, head);
		ASSERT_EQ(rec->len, head->len);
		ASSERT_EQ(rec->tag, head->tag);
		ASSERT_EQ(0, head->lost);
		ASSERT_EQ(0, memcmp(head->data, m->pattern + rec->from,
				    rec->len));
		m->bytes -= cost(rec->len);
	}
	ASSERT_EQ(0, nr);
}

static void send_region(struct __test_metadata *_metadata, struct model *m)
{
	unsigned int nr = choose_records(m, REGION, MAX_RECORD);
	struct bulk_seg seg;

	seg = seg_send_region(m->region, write_records(m, m->region, nr));
	ASSERT_EQ(1, run_seg(m, &seg));
	ASSERT_EQ(seg.len, seg.res);
	ASSERT_EQ(nr, seg.tag);
	note_sent(m, nr);
}

/* A window's records come by themselves, so a call may leave others waiting. */
static void recv_region(struct __test_metadata *_metadata, struct model *m)
{
	const struct record *rec = &m->queue[m->tail % MODEL_QUEUE];
	struct bulk_seg seg;
	long ret;

	seg = seg_recv_region(m->in, 16 + below(&m->rng, REGION));
	ret = run_seg(m, &seg);
	if (!waiting(m)) {
		ASSERT_EQ(-EAGAIN, ret);
	} else if (BULK_PACKED_SIZE(rec->len) > (seg.len & ~7) ||
		   ret == -EMSGSIZE) {
		ASSERT_EQ(-EMSGSIZE, ret);
		ASSERT_EQ(BULK_PACKED_SIZE(rec->len), seg.len);
	} else {
		ASSERT_EQ(1, ret);
		ASSERT_LT(0, seg.tag);
		note_received(_metadata, m, m->in, seg.res, seg.tag);
	}
}

/* In one piece, or in two. */
static void send_in_place(struct __test_metadata *_metadata, struct model *m)
{
	unsigned int nr = choose_records(m, m->ring / 2, m->ring / 8 - 16), half;
	struct bulk_seg seg = seg_op(BULK_OP_RESERVE, 0, m->ring / 2, 0);
	size_t used;
	char *at;

	ASSERT_EQ(1, run_seg(m, &seg));
	at = (char *)(unsigned long)seg.addr;
	if (one_in(&m->rng, 2)) {
		half = below(&m->rng, nr + 1);
		used = write_records(m, at, half);
		seg = seg_op(BULK_OP_COMMIT, 0, used, 0);
		ASSERT_EQ(1, run_seg(m, &seg));
		ASSERT_EQ(used, seg.res);
		ASSERT_EQ(half, seg.tag);
		note_sent(m, half);
		nr -= half;
		at += used;
	}
	used = write_records(m, at, nr);
	seg = seg_op(BULK_OP_COMMIT, 0, used, BULK_SEG_DISCARD);
	ASSERT_EQ(1, run_seg(m, &seg));
	ASSERT_EQ(used, seg.res);
	ASSERT_EQ(nr, seg.tag);
	note_sent(m, nr);
}

/* Some are given back, so that whoever comes next receives them. */
static void recv_in_place(struct __test_metadata *_metadata, struct model *m)
{
	struct bulk_seg seg = seg_op(BULK_OP_BORROW, 0, -1, 0);
	struct bulk_packed *head;
	unsigned int n = 0, most;
	size_t used = 0;
	char *at;
	long ret;

	ret = run_seg(m, &seg);
	if (ret == -EMSGSIZE) {
		ASSERT_EQ(BULK_PACKED_SIZE(m->queue[m->tail % MODEL_QUEUE].len),
			  seg.len);
		return;
	}
	if (!waiting(m)) {
		ASSERT_EQ(-EAGAIN, ret);
		return;
	}
	ASSERT_EQ(1, ret);
	at = (char *)(unsigned long)seg.addr;
	most = below(&m->rng, 2 * PACKED);
	for (; n < most && used < seg.len; n++) {
		head = region_at(at, seg.len, used);
		ASSERT_NE(NULL, head);
		used += BULK_PACKED_SIZE(head->len);
	}
	note_received(_metadata, m, at, used, n);
	seg = seg_op(BULK_OP_RETURN, 0, used, BULK_SEG_DISCARD);
	ASSERT_EQ(1, run_seg(m, &seg));
	ASSERT_EQ(n, seg.tag);
}

static void step_packed(struct __test_metadata *_metadata, struct model *m)
{
	bool in_place = m->mapped && one_in(&m->rng, 2);

	m->operations++;
	if (next_is_send(m, waiting(m), m->bytes) &&
	    waiting(m) < MODEL_QUEUE - PACKED)
		return in_place ? send_in_place(_metadata, m) :
				  send_region(_metadata, m);
	return in_place ? recv_in_place(_metadata, m) :
			  recv_region(_metadata, m);
}

static void step(struct __test_metadata *_metadata, struct model *m,
		 struct batch *b)
{
	switch (below(&m->rng, 4096)) {
	case 0:
		return step_remap(_metadata, m);
	case 1:
		return one_in(&m->rng, 8) ? step_flood(_metadata, m) : (void)0;
	case 2 ... 33:
		return step_poll(_metadata, m);
	case 34 ... 65:
		return step_flush(_metadata, m);
	case 66 ... 1000:
		return step_packed(_metadata, m);
	default:
		return step_batch(_metadata, m, b);
	}
}

/* Also what is in flight at the end comes out, and nothing else. */
static void drain(struct __test_metadata *_metadata, struct model *m)
{
	const struct record *rec;
	struct bulk_seg seg;

	while (waiting(m)) {
		rec = &m->queue[m->tail % MODEL_QUEUE];
		seg = seg_recv(m->in, MAX_RECORD);
		ASSERT_EQ(1, bulk_xfer(m->w.fd, &seg, 1, BULK_DONTWAIT));
		check_segment(_metadata, m, &seg, rec);
	}
	ASSERT_EQ(-EAGAIN, bulk_recv(m->w.fd, m->in, MAX_RECORD, NULL));
}

TEST_F(model, random_programs)
{
	unsigned long operations = rounds(1000000, 1000000, 20000), phase = 0;
	struct model *m = self->m;

	while (m->operations < operations) {
		if (m->operations >= phase) {
			phase += PHASE;
			m->target = below(&m->rng, one_in(&m->rng, 3) ? 4000 : 64);
		}
		step(_metadata, m, self->b);
	}
	drain(_metadata, m);
	EXPECT_EQ(m->sent, figure(m->w.fd, "tx-records"));
	EXPECT_EQ(m->sent, figure(m->w.fd, "rx-records"));
	EXPECT_EQ(0, figure(m->w.fd, "rx-lost"));
	TH_LOG("%lu operations, %lu records", m->operations, m->sent);
}

TEST_HARNESS_MAIN
