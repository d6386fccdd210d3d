// SPDX-License-Identifier: GPL-2.0
/*
 * One endpoint used by many threads and by signal handlers at once.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#define PAIRS		4	/* as many senders and as many receivers */
#define PER_THREAD	2000
#define RECORDS		(PAIRS * PER_THREAD)
#define STOP_TAG	(~0ULL)

/* Tags are THREAD << 32 | NUMBER. */
static __u64 make_tag(unsigned int thread, unsigned int number)
{
	return (__u64)thread << 32 | number;
}

FIXTURE(thread) {
	int fd;
};

FIXTURE_SETUP(thread)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(thread)
{
	close(self->fd);
}

struct worker {
	pthread_t thread;
	int fd;
	unsigned int id;
	unsigned int seen[PAIRS][PER_THREAD];
	unsigned int next[PAIRS]; /* of each sender, what may come at least */
	unsigned int errors;
};

/* Records of all lengths that fit, with contents that their tag gives. */
static void *sender(void *arg)
{
	struct worker *w = arg;
	__u64 content[64];
	struct bulk_seg seg;
	unsigned int i;

	for (i = 0; i < PER_THREAD; i++) {
		seg = seg_send(content, i % sizeof(content),
			       make_tag(w->id, i));
		fill(content, seg.len, seg.tag);
		if (bulk_xfer(w->fd, &seg, 1, 0) != 1)
			w->errors++;
	}
	return NULL;
}

static void note(struct worker *w, const struct bulk_seg *seg)
{
	unsigned int thread = seg->tag >> 32, number = seg->tag;

	if (thread >= PAIRS || number >= PER_THREAD || number < w->next[thread] ||
	    seg->res != (int)(number % 512) || seg->lost ||
	    filled((void *)(unsigned long)seg->addr, seg->res, seg->tag) !=
	    (size_t)seg->res) {
		w->errors++;
		return;
	}
	w->seen[thread][number]++;
	w->next[thread] = number + 1;
}

static void *receiver(void *arg)
{
	struct worker *w = arg;
	char content[512];
	struct bulk_seg seg;

	for (;;) {
		seg = seg_recv(content, sizeof(content));
		if (bulk_xfer(w->fd, &seg, 1, 0) != 1)
			break;
		if (seg.tag == STOP_TAG)
			return NULL;
		note(w, &seg);
	}
	w->errors++;
	return NULL;
}

/* Each record is seen once by one receiver; of a sender each sees a rising row. */
TEST_F(thread, nothing_lost_or_doubled)
{
	struct worker *senders = calloc(PAIRS, sizeof(*senders));
	struct worker *receivers = calloc(PAIRS, sizeof(*receivers));
	unsigned int i, j, k, seen, errors = 0, wrong = 0;

	for (i = 0; i < PAIRS; i++) {
		senders[i].fd = self->fd;
		receivers[i].fd = self->fd;
		senders[i].id = i;
		pthread_create(&receivers[i].thread, NULL, receiver,
			       &receivers[i]);
		pthread_create(&senders[i].thread, NULL, sender, &senders[i]);
	}
	for (i = 0; i < PAIRS; i++)
		pthread_join(senders[i].thread, NULL);
	for (i = 0; i < PAIRS; i++)
		EXPECT_EQ(0, bulk_send(self->fd, "", 0, STOP_TAG));
	for (i = 0; i < PAIRS; i++)
		pthread_join(receivers[i].thread, NULL);

	for (i = 0; i < PAIRS; i++)
		errors += senders[i].errors + receivers[i].errors;
	EXPECT_EQ(0, errors);
	for (j = 0; j < PAIRS; j++)
		for (k = 0; k < PER_THREAD; k++) {
			for (seen = 0, i = 0; i < PAIRS; i++)
				seen += receivers[i].seen[j][k];
			wrong += seen != 1;
		}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(RECORDS + PAIRS, figure(self->fd, "tx-records"));
	EXPECT_EQ(RECORDS + PAIRS, figure(self->fd, "rx-records"));
}

/* Threads on one sink: the totals miss nothing. */
static void *sink_sender(void *arg)
{
	struct worker *w = arg;
	char content[100] = { };
	unsigned int i;

	for (i = 0; i < PER_THREAD; i++)
		if (bulk_send(w->fd, content, i % 100, 0))
			w->errors++;
	return NULL;
}

TEST_F(thread, sink_counts_all)
{
	struct worker *w = calloc(PAIRS, sizeof(*w));
	struct bulk_sink_totals totals;
	int fd = open_channel("sink", O_RDWR), i;

	if (fd == -ENOENT)
		SKIP(return, "no /dev/bulk/sink");
	for (i = 0; i < PAIRS; i++) {
		w[i].fd = fd;
		pthread_create(&w[i].thread, NULL, sink_sender, &w[i]);
	}
	for (i = 0; i < PAIRS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].errors);
	}
	ASSERT_EQ(sizeof(totals), bulk_recv(fd, &totals, sizeof(totals), NULL));
	EXPECT_EQ(RECORDS, totals.records);
	EXPECT_EQ(RECORDS / 100 * 99 * 50, totals.bytes);
	close(fd);
}

struct one_recv {
	pid_t tid;
	int fd;
	long ret;
};

static void *recv_once(void *arg)
{
	struct one_recv *r = arg;
	char room[8];
	struct bulk_seg seg = seg_recv(room, sizeof(room));

	__atomic_store_n(&r->tid, gettid(), __ATOMIC_RELEASE);
	r->ret = bulk_xfer(r->fd, &seg, 1, 0);
	return NULL;
}

/* Sink and source serialize their directions; a sleeper holds up neither. */
TEST_F(thread, sleeping_receiver_does_not_stop_senders)
{
	struct bulk_source_request req = { .count = 1, .reserved = 1 };
	struct one_recv r = { .fd = open_channel("source", O_RDWR) };
	pthread_t thread;
	int i;

	if (r.fd == -ENOENT)
		SKIP(return, "no /dev/bulk/source");
	pthread_create(&thread, NULL, recv_once, &r);
	while (!__atomic_load_n(&r.tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	wait_blocked(r.tid, __NR_bulk_xfer);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EINVAL, bulk_send(r.fd, &req, sizeof(req), 0));
	req.reserved = 0;
	EXPECT_EQ(0, bulk_send(r.fd, &req, sizeof(req), 0));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, r.ret);
	close(r.fd);
}

static int handler_fd;
static unsigned int handler_runs, handler_errors;

/* One record there and one back, of the endpoint that was interrupted. */
static void transfer_in_handler(int sig)
{
	char byte = 'h';
	struct bulk_seg segs[] = { seg_send(&byte, 1, 0), seg_recv(&byte, 1) };

	handler_runs++;
	if (bulk_xfer(handler_fd, segs, 2, BULK_DONTWAIT) != 2 ||
	    segs[1].tag)
		handler_errors++;
}

/*
 * A timer's handler moves a pair of records in the middle of pairs that the
 * interrupted code moves. The queue is first in first out, so that an
 * interrupted pair may end up with each other's record, and no record is lost.
 */
TEST_F(thread, signal_handler_transfers)
{
	struct itimerval every = { { 0, 200 }, { 0, 200 } };
	struct bulk_seg segs[2];
	char byte;
	unsigned int pairs = 0;
	long ret;

	handler_fd = self->fd;
	signal(SIGVTALRM, transfer_in_handler);
	setitimer(ITIMER_VIRTUAL, &every, NULL);
	while (__atomic_load_n(&handler_runs, __ATOMIC_RELAXED) < 50) {
		segs[0] = seg_send("m", 1, 0);
		segs[1] = seg_recv(&byte, 1);
		ret = bulk_xfer(self->fd, segs, 2, 0);
		ASSERT_LT(0, ret);
		/* A signal between the two leaves the second to be done. */
		if (ret == 1)
			ASSERT_EQ(1, bulk_xfer(self->fd, &segs[1], 1, 0));
		pairs++;
	}
	memset(&every, 0, sizeof(every));
	setitimer(ITIMER_VIRTUAL, &every, NULL);
	EXPECT_EQ(0, handler_errors);
	EXPECT_EQ(pairs + handler_runs, figure(self->fd, "tx-records"));
	EXPECT_EQ(pairs + handler_runs, figure(self->fd, "rx-records"));
	EXPECT_EQ(0, figure(self->fd, "rx-queued"));
}

/* What one thread stores to a segment that another's calls don't reach. */
struct storer {
	struct bulk_seg *seg;
	bool stop;
	unsigned int undone;
};

#define STORES		200000	/* at least */
#define CALLS		20000

static void *storer(void *arg)
{
	struct storer *s = arg;
	unsigned int i;

	for (i = 0; i < STORES || !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
	     i++) {
		__atomic_store_n(&s->seg->len, i, __ATOMIC_SEQ_CST);
		sched_yield();
		if (__atomic_load_n(&s->seg->len, __ATOMIC_SEQ_CST) != i)
			s->undone++;
	}
	return NULL;
}

/* The first segment fails: the others are not reached, and left as they are. */
TEST_F(thread, later_segments_are_left)
{
	struct bulk_seg segs[16];
	struct storer s = { .seg = &segs[15] };
	unsigned int i, other = 0;
	pthread_t thread;
	char in;

	for (i = 0; i < ARRAY_SIZE(segs); i++)
		segs[i] = seg_recv(&in, 1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, storer, &s));
	for (i = 0; i < CALLS; i++)
		if (bulk_xfer(self->fd, segs, ARRAY_SIZE(segs),
			      BULK_DONTWAIT) != -EAGAIN)
			other++;
	__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, s.undone);
	EXPECT_EQ(0, other);
	EXPECT_EQ(SEG_UNTOUCHED, segs[15].res);
}

TEST_HARNESS_MAIN
