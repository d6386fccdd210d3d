// SPDX-License-Identifier: GPL-2.0
/*
 * A process that writes nonsense into its window all the time disturbs nobody else.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "fuzz.h"
#include "region.h"

#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

#define CHECK_EVERY	32
#define REMAP_EVERY	512
#define LIE_EVERY	4

/* The variants share the lies and the operations: over a million in full. */
static int lies(void)
{
	return rounds(200000, 200000, 50000);
}

static int operations(void)
{
	return rounds(200000, 100000, 5000);
}

/* A record through each of two endpoints, and what must come of it. */
static bool check_good(const struct windowed *w, __u64 number)
{
	__u64 content[8], tag;
	size_t len = number % sizeof(content) + 1;

	fill(content, len, number);
	if (window_send(w, content, len, number, 0))
		return false;
	memset(content, 0, sizeof(content));
	return window_recv(w, content, sizeof(content), &tag, 0) == (int)len &&
	       tag == number && filled(content, len, number) == len;
}

/* Another process: exits with 0 when it is told to, unless it was disturbed. */
static void run_other(int until)
{
	struct windowed w;
	__u64 number;
	char byte;

	if (open_windowed(&w, "echo"))
		_exit(1);
	for (number = 0; read(until, &byte, 1) < 0; number++) {
		if (!check_good(&w, number))
			_exit(2);
		usleep(1000);
	}
	_exit(figure(w.fd, "window-errors") ? 3 : 0);
}

static pid_t start_other(int *until)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_NONBLOCK))
		return -1;
	pid = fork();
	if (!pid) {
		close(ends[1]);
		run_other(ends[0]);
	}
	close(ends[0]);
	*until = ends[1];
	return pid;
}

static __u64 random_word(__u64 *word)
{
	return bulk_source_word((*word)++, 0);
}

/* A number that is wrong in a way that matters. */
static __u64 random_lie(__u64 *word, __u64 truth)
{
	__u64 r = random_word(word);

	switch (r % 8) {
	case 0:
		return truth + 8 * (r >> 32 & 7);
	case 1:
		return truth - 8 * (r >> 32 & 7);
	case 2:
		return truth + (1ULL << (r >> 32 & 63));
	case 3:
		return truth - (1ULL << (r >> 32 & 63));
	case 4:
		return truth + (r >> 32 & 0xffff);
	case 5:
		return 1ULL << (r >> 32 & 63);
	case 6:
		return truth;
	default:
		return random_word(word);
	}
}

static void tell_index(__u64 *index, __u64 *word)
{
	__atomic_store_n(index, random_lie(word, *index), __ATOMIC_RELAXED);
}

/* Twice in a row, so that it changes between two looks. */
static void tell_length(__u32 *length, __u64 *word)
{
	__u32 truth = *length;

	__atomic_store_n(length, (__u32)random_lie(word, truth),
			 __ATOMIC_RELAXED);
	if (random_word(word) % 2)
		__atomic_store_n(length, truth, __ATOMIC_RELAXED);
}

static void tell_lie(struct windowed *w, __u64 *word)
{
	__u64 r = random_word(word), at = r >> 8;
	unsigned char *ring = w->window + 2 * BULK_WINDOW_PAGE;

	switch (r % 16) {
	case 0:
		tell_index(&user_page(w)->tx_head, word);
		break;
	case 1:
		tell_index(&user_page(w)->rx_tail, word);
		break;
	case 2:
		if (r >> 12 & 1)
			user_page(w)->rx_tail ^= BULK_RX_BORROWED;
		else
			user_page(w)->tx_head ^= r >> 16 & BULK_TX_BUSY;
		break;
	case 4:
		tell_index(r >> 12 & 1 ? &user_page(w)->tx_end
				       : &user_page(w)->rx_end, word);
		break;
	case 3:
		((unsigned char *)w->window)[at % BULK_WINDOW_PAGE] = r >> 32;
		break;
	case 5 ... 9:
		tell_length(tx_length(w), word);
		break;
	default:
		ring[at % (2 * ring_size(w))] = r >> 32;
	}
}

static void lie(struct _test_data_fuzz *self, __u64 *word)
{
	tell_lie(&self->w, word);
	__atomic_add_fetch(&self->told, 1, __ATOMIC_RELAXED);
}

/*
 * The other thread: bursts of lies with pauses, some of them of no length, so
 * that they come between any two instructions. The window stays mapped at its
 * address, or for a moment nothing is there.
 */
static void *run_liar(void *arg)
{
	struct _test_data_fuzz *self = arg;
	struct timespec pause = { };
	__u64 word = 1;
	int burst;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		for (burst = random_word(&word) % 64; burst; burst--)
			lie(self, &word);
		if (random_word(&word) % 4)
			sched_yield();
		else
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static void add_random(struct _test_data_fuzz *self, struct region *region,
		       __u64 r)
{
	struct bulk_packed *rec = region_add(region, r % 256, r);

	rec->lost = r % 1024 == 1;
	/* An errno that is not mistaken for one of bulk_xfer(2)'s own. */
	if (self->refuses)
		rec->data[0] = EXFULL;
}

/* A region, of records that may be none. */
static size_t random_region(struct _test_data_fuzz *self, char *at, size_t room)
{
	struct region region = { .at = at };
	__u64 r = random_word(&self->word);
	unsigned int i;

	for (i = r % 8; i && room - region.used > 400; i--)
		add_random(self, &region, r >> 8 * i);
	return region.used - (r % 16 ? 0 : 8);
}

/* Both ends of what was reserved or borrowed may be somewhere else. */
static long random_inplace(struct _test_data_fuzz *self,
			   const struct windowed *path, __u64 r)
{
	static const unsigned int ops[] = {
		BULK_OP_RESERVE, BULK_OP_COMMIT, BULK_OP_BORROW, BULK_OP_RETURN,
	};
	struct bulk_seg seg = seg_op(ops[r % 4], 0, (r >> 8) % LONGEST & ~7, 0);
	struct windowed *w = &self->w;
	char *at;
	long ret;

	if (r % 2 && r >> 20 & 1)
		seg.flags = BULK_SEG_DISCARD;
	if (seg.op == BULK_OP_RETURN && r >> 21 & 1)
		seg.len = self->borrowed;
	if (seg.op == BULK_OP_BORROW && r >> 21 & 1)
		seg.len = -1;
	ret = path->call(path->fd, &seg, 1, BULK_DONTWAIT, path->window);
	if (ret != 1)
		return ret;
	at = (char *)(unsigned long)seg.addr;
	if (seg.op == BULK_OP_BORROW)
		self->borrowed = seg.res;
	/* An address outside of the window would be a fault of the kernel's. */
	if (seg.op % 2 && (at < (char *)w->window || at + seg.res >
	    (char *)w->window + w->params.window_default))
		return -EPROTO;
	if (seg.op == BULK_OP_RESERVE)
		random_region(self, at, seg.res);
	return ret;
}

static long random_packed(struct _test_data_fuzz *self,
			  const struct windowed *path, __u64 r)
{
	struct bulk_seg seg;
	size_t len;

	if (r & 1) {
		seg = seg_recv_region(self->buf, LONGEST & ~7);
	} else {
		len = random_region(self, self->buf, LONGEST);
		seg = seg_send_region(self->buf, len);
	}
	return path->call(path->fd, &seg, 1, BULK_DONTWAIT, path->window);
}

static long random_op(struct _test_data_fuzz *self)
{
	struct bulk_source_request req = { .count = 20, .size = 100 };
	struct windowed *w = &self->w, path = *w;
	struct pollfd pfd = { .fd = w->fd, .events = POLLIN | POLLOUT };
	__u64 r = random_word(&self->word);
	size_t len = r >> 32 & 1 ? (r >> 40) % LONGEST : (r >> 40) % 200;

	memcpy(self->buf, &req, sizeof(req));
	if (r >> 16 & 1)
		path.window = NULL;
	switch (r % 14) {
	case 0 ... 2:
		if (r >> 17 & 1)
			len = sizeof(req);
		return window_send(&path, self->buf, len, r, BULK_DONTWAIT);
	case 3 ... 5:
		return window_recv(&path, self->buf, LONGEST, NULL,
				   BULK_DONTWAIT);
	case 6 ... 9:
		return random_inplace(self, &path, r >> 8);
	case 10 ... 11:
		return random_packed(self, &path, r >> 8);
	case 12:
		return w->call(w->fd, NULL, 0, BULK_FLUSH | BULK_DONTWAIT,
			       w->window);
	default:
		return r >> 16 & 1 ? poll(&pfd, 1, 0) :
				     bulk_xfer(w->fd, NULL, 0, 0);
	}
}

/* A wrong result for the liar is one that says what cannot be. */
static bool count_result(struct _test_data_fuzz *self, long ret)
{
	switch (ret) {
	case 0 ... LONGEST:
		self->results[0]++;
		return true;
	case -EAGAIN:
		self->results[1]++;
		return true;
	case -EBADMSG:
	case -EMSGSIZE:
	case -EINVAL: /* source, of what is no request; nothing is borrowed */
	case -EBUSY: /* and is not returned */
	case -EOPNOTSUPP: /* without a window, or on source */
		self->results[2]++;
		return true;
	default:
		self->results[2]++;
		return self->refuses && ret >= -255;
	}
}

static void check_others(struct __test_metadata *_metadata,
			 struct _test_data_fuzz *self)
{
	struct windowed plain = self->good;

	plain.fd = self->plain;
	plain.window = NULL;
	ASSERT_TRUE(check_good(&self->good, self->checks));
	ASSERT_TRUE(check_good(&plain, self->checks));
	self->checks++;
}

static void run_operations(struct __test_metadata *_metadata,
			   struct _test_data_fuzz *self)
{
	__u64 wanted = operations(), wanted_lies = lies(), i;
	long ret;

	for (i = 0; i < wanted ||
	     __atomic_load_n(&self->told, __ATOMIC_RELAXED) < wanted_lies; i++) {
		/* Some lies at the right place, beside those at any time. */
		if (random_word(&self->word) % LIE_EVERY == 0)
			lie(self, &self->word);
		ret = random_op(self);
		ASSERT_TRUE(count_result(self, ret)) {
			TH_LOG("result %ld", ret);
		}
		if (ret == -EBADMSG)
			self->windows++;
		if (ret == -EBADMSG || i % REMAP_EVERY == 0)
			ASSERT_EQ(0, renew(self));
		if (i % CHECK_EVERY == 0)
			check_others(_metadata, self);
		tell_progress(i, wanted);
	}
}

TEST_F_TIMEOUT(fuzz, second_thread_writes_nonsense, 3600)
{
	int until, status;

	self->other = start_other(&until);
	ASSERT_LT(0, self->other);
	ASSERT_EQ(0, pthread_create(&self->liar, NULL, run_liar, self));
	run_operations(_metadata, self);
	__atomic_store_n(&self->stop, 1, __ATOMIC_RELAXED);
	pthread_join(self->liar, NULL);
	close(until);
	ASSERT_EQ(self->other, waitpid(self->other, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, figure(self->good.fd, "window-errors"));
	EXPECT_EQ(0, figure(self->plain, "window-errors"));
	EXPECT_LT(0, self->windows);
	EXPECT_LE(self->windows, figure(self->w.fd, "window-errors"));
	/* The endpoint outlives it all. */
	ASSERT_EQ(0, renew(self));
	EXPECT_EQ(0, bulk_xfer(self->w.fd, NULL, 0, 0));
	TH_LOG("%llu lies, %llu windows spoilt, %llu checks of others",
	       self->told, self->windows, self->checks);
	TH_LOG("operations: %llu done, %llu EAGAIN, %llu other errors",
	       self->results[0], self->results[1], self->results[2]);
}

TEST_HARNESS_MAIN
